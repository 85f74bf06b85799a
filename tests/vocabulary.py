"""How far apart the sides are on all that a problem can have: `python tests/vocabulary.py FOLDER`.

Every network of vocabulary_cases.py climbs the ladder on every engine, for 200 steps, in both
precisions. FOLDER gets vocabulary.json, a row at a time, and vocabulary.md. What is there of the
same code is not done again; a run that was cut off goes on where it was, for the folder `evidence`
in FOLDER keeps what no row is made of yet. --only takes words of rows, as a regular expression;
other rows stay as they are. Half an hour on two processors.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock

import numpy as np
import vocabulary_cases
from conftest import copied
from vocabulary_cases import STEPS
from vocabulary_rows import REFERENCE, as_text, markdown, rows_of

from backends import BACKENDS, Side
from compare.processes import interpreter, machine
from compare.processes.fingerprint import digest
from compare.processes.sources import hashes
from compare.proof.check import PRECISIONS
from compare.records.files import write_whole

# Networks in a process: one import for all of them, and what a framework compiles stays in memory.
AT_ONCE = 24
MACHINERY = ("problems/_*.py", "backends/_*.py", "backends/*/_*.py", "compare/proof/*.py")
# It runs in a copy with the networks, in the interpreter of a backend, which may have NumPy alone.
GATHER = """
import json, sys, time
from pathlib import Path
import numpy as np
import problems
from backends import BACKENDS
from compare.proof import probe

backend, precision, asked = sys.argv[1:]
engine = BACKENDS[backend].engine()
engine.prepare(device="cpu", threads=1, precision=precision)
trials = probe.TRIALS if (backend, precision) == ("pytorch", "float64") else {}
for name, file in json.loads(asked).items():
    evidence, started, partial = {}, time.perf_counter(), Path(file + ".partial")
    try:
        problem = probe.shortened(problems.load(name))
        for found in probe.gather(engine, problem, precision, trials):
            evidence |= found
    except (Exception, SystemExit) as error:
        evidence["error"] = np.array(probe.blamed(error))
    with partial.open("wb") as opened:
        np.savez(opened, seconds=time.perf_counter() - started, **evidence)
    partial.replace(file)
    print(name, flush=True)
"""


class Table:
    """The rows, in a folder: those that it has, and those that are to be had."""

    def __init__(self, out: Path, engines: Iterable[str], only: str) -> None:
        every = vocabulary_cases.cases()
        self.out, self.lock = out, Lock()
        self.engines = list(dict.fromkeys([REFERENCE, *engines]))
        self.cases = {
            name: case
            for name, case in every.items()
            if re.search(only, f"{case.subject}: {case.what}", re.IGNORECASE)
        }
        self.environments = {
            engine: asdict(interpreter.environment(Side(engine))) for engine in self.engines
        }
        machinery = hashes(file for names in MACHINERY for file in machine.ROOT.glob(names))
        self.code = digest(machinery)[:12]
        found = {"environments": {}, "rows": []}
        with suppress(FileNotFoundError):
            found = json.loads((out / "vocabulary.json").read_text())
        self.environments = found["environments"] | self.environments
        keys = product(every, BACKENDS, PRECISIONS)
        self.order = {key: place for place, key in enumerate(keys)}
        rows = {(row["problem"], row["engine"], row["precision"]): row for row in found["rows"]}
        self.rows = {
            (name, engine, precision): row
            for (name, engine, precision), row in rows.items()
            if (name, engine, precision) in self.order
            and (
                not (name in self.cases and engine in self.engines)
                or row["fingerprint"] == self.fingerprint(name, engine)
            )
        }

    def fingerprint(self, name: str, engine: str) -> str:
        """Return a hash of a network, one of the code, and one of what it runs in."""
        there = [self.environments[one] for one in (REFERENCE, engine)]
        parts = digest(self.cases[name].files)[:12], self.code, digest({"in": there})[:12]
        return "-".join(parts)

    def lacks(self, name: str, engine: str) -> bool:
        """Say whether there is a row to be had; that of the reference is the one in float32."""
        precisions = PRECISIONS[1:] if engine == REFERENCE else PRECISIONS
        return any((name, engine, precision) not in self.rows for precision in precisions)

    def missing(self) -> list[str]:
        """Return the networks that have not all their rows."""
        return [name for name in self.cases if any(self.lacks(name, one) for one in self.engines)]

    def file(self, name: str, engine: str, precision: str) -> Path:
        """Return where the evidence of a network is, or comes to be."""
        mark = self.fingerprint(name, engine)
        return self.out.absolute() / "evidence" / f"{name}-{engine}-{precision}-{mark}.npz"

    def jobs(self) -> Iterator[tuple[str, str, dict[str, str]]]:
        """Yield what a process is to gather: engine, precision, files by network."""
        todo = self.missing()
        for start in range(0, len(todo), AT_ONCE):
            for engine in self.engines:
                for precision in PRECISIONS:
                    files = {
                        name: self.file(name, engine, precision)
                        for name in todo[start : start + AT_ONCE]
                        if engine == REFERENCE or self.lacks(name, engine)
                    }
                    asked = {name: str(file) for name, file in files.items() if not file.exists()}
                    if asked:
                        yield engine, precision, asked

    def fill(self) -> None:
        """Gather what is missing, as many processes at a time as there are processors."""
        (self.out / "evidence").mkdir(parents=True, exist_ok=True)
        for name in self.missing():
            self.judge(name)
        with TemporaryDirectory() as made, ThreadPoolExecutor(len(machine.processors())) as pool:
            folder = copied(Path(made) / "copy")
            for case in self.cases.values():
                for path, text in case.files.items():
                    (folder / path).write_text(text)
            list(pool.map(lambda job: self.gather(folder, *job), list(self.jobs())))
        if not self.missing():
            shutil.rmtree(self.out / "evidence")
        write_whole(self.out / "vocabulary.md", markdown(self.found()))

    def gather(self, folder: Path, engine: str, precision: str, asked: dict[str, str]) -> None:
        """Have the evidence of networks gathered in a process of its own, and judge each."""
        python = interpreter.PYTHONS.get(engine, sys.executable)
        variables = interpreter.variables(Side(engine), device="cpu", threads=1)
        with (
            (self.out / "evidence" / f"{engine}-{precision}.log").open("a") as log,
            subprocess.Popen(
                [python, "-c", GATHER, engine, precision, json.dumps(asked)],
                cwd=folder,
                env=variables | {"PYTHONPATH": str(folder)},
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            ) as process,
        ):
            for line in process.stdout:
                if line.strip() in asked:
                    self.judge(line.strip())

    def judge(self, name: str) -> None:
        """Make the rows of a network for which all is there, and drop what they were made of."""
        with self.lock:
            for engine in self.engines:
                sides = {
                    one: {each: self.file(name, one, each) for each in PRECISIONS}
                    for one in (REFERENCE, engine)
                }
                if not self.lacks(name, engine) or not all(
                    file.exists() for files in sides.values() for file in files.values()
                ):
                    continue
                evidence = {
                    one: {each: dict(np.load(file)) for each, file in files.items()}
                    for one, files in sides.items()
                }
                for row in rows_of(self.cases[name], engine, evidence):
                    row |= {"fingerprint": self.fingerprint(name, engine)}
                    self.rows[name, engine, row["precision"]] = row
                write_whole(self.out / "vocabulary.json", as_text(self.found()))
                if engine != REFERENCE:
                    for file in sides[engine].values():
                        file.unlink()

    def found(self) -> dict:
        """Return all that is published, in the order of the cases."""
        rows = [self.rows[key] for key in sorted(self.rows, key=self.order.__getitem__)]
        return {"steps": STEPS, "environments": self.environments, "rows": rows}


def main(arguments: list[str] | None = None) -> int:
    """Fill the table; return 0 where all rows are there and within their bounds."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("folder", type=Path, help="where the table is, or comes to be")
    asked.add_argument("--python", action="append", default=[], help="BACKEND=PATH")
    asked.add_argument("--backends", nargs="*", default=list(BACKENDS))
    asked.add_argument("--only", default="", help="of rows, e.g. '^layers: attention$'")
    options = asked.parse_args(arguments)
    interpreter.use(options.python)
    for side in map(Side, dict.fromkeys([REFERENCE, *options.backends])):
        if packages := interpreter.missing(side):
            asked.error(f"{side} needs {', '.join(packages)}: see --python and --backends")
    table = Table(options.folder, options.backends, options.only)
    table.fill()
    asked_for = [row for row in table.found()["rows"] if row["problem"] in table.cases]
    wrong = [line for row in asked_for for line in row["wrong"][:1]]
    wrong += [f"{name}: rows are missing; see the logs in evidence" for name in table.missing()]
    print("\n".join(wrong) or f"{len(asked_for)} rows, all within their bounds")
    return int(bool(wrong))


if __name__ == "__main__":
    raise SystemExit(main())
