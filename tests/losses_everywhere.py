"""How far apart losses are on all engines: `python tests/losses_everywhere.py FOLDER`.

Every loss with each option, without weights, with weights of examples and of steps, climbs the
ladder for 200 steps in both precisions. Printed, as a Markdown table: the worst relative difference
of each rung, of all that rounding alone does not move as far as it is from 0; and what failed.
Some 20 minutes on two cores; what the folder has is not gathered again.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from conftest import copied
from loss_pairs import MORE, PAIRS, files_of

from backends import BACKENDS, Side
from compare.console import markdown_table
from compare.proof.check import PRECISIONS
from compare.proof.ladder import TENSORS, Pair
from compare.proof.probe import Evidence

STEPS = 200
ALL_PAIRS = PAIRS | MORE


# It runs in a copy with the pairs, in the interpreter of a backend, which may have NumPy alone.
GATHER = """
import sys
from pathlib import Path
import numpy as np
import problems
from backends import BACKENDS
from compare.proof.probe import TRIALS, gather, shortened

backend, precision, out, *names = sys.argv[1:]
engine = BACKENDS[backend].engine()
engine.prepare(device="cpu", threads=1, precision=precision)
trials = TRIALS if (backend, precision) == ("pytorch", "float64") else {}
for name in names:
    evidence = {}
    try:
        for found in gather(engine, shortened(problems.load(name)), precision, trials):
            evidence |= found
    except Exception as error:
        evidence["error"] = np.array(f"{type(error).__name__}: {error}")
    np.savez(Path(out) / f"{name}-{backend}-{precision}.npz", **evidence)
"""


def rows(out: Path, backend: str, names: list[str]) -> list[list[str]]:
    """Return the cells of a backend: what the loss is, and the worst difference of each rung."""
    found = []
    for name in names:

        def of(side: str, name: str = name) -> dict[str, Evidence]:
            files = {one: out / f"{name}-{side}-{one}.npz" for one in PRECISIONS}
            return {one: dict(np.load(file)) for one, file in files.items()}

        defined: dict = {}
        exec(files_of(name, ALL_PAIRS[name], STEPS)[f"problems/{name}.py"], defined)
        findings = list(
            Pair(
                problem=defined["PROBLEM"],
                side=Side(backend),
                reference=Side("pytorch"),
                expected=of("pytorch"),
                came=of(backend),
            ).climb(past_failures=True)
        )
        for precision in PRECISIONS:
            mine = [one for one in findings if (one.precision, one.backend) == (precision, backend)]
            worst = [
                max((one.largest or 0.0 for one in mine if one.rung == rung), default=np.nan)
                for rung in TENSORS
            ]
            failed = [str(one) for one in findings if not one.passed]
            cells = [f"{one:.0e}" for one in worst]
            found.append([name, backend, precision, *cells, "; ".join(failed)])
    return found


def gather_in(out: Path, backend: str, precision: str, names: list[str], python: str) -> None:
    """Have the evidence of pairs gathered that is not there, in a process of its own."""
    with TemporaryDirectory() as made:
        folder = copied(Path(made) / "copy")
        for name in names:
            for path, text in files_of(name, ALL_PAIRS[name], STEPS).items():
                (folder / path).write_text(text)
        environment = BACKENDS[backend].variables(device="cpu", threads=1)
        left = [name for name in names if not (out / f"{name}-{backend}-{precision}.npz").exists()]
        subprocess.run(
            [python, "-c", GATHER, backend, precision, out.absolute(), *left],
            env=os.environ | environment | {"PYTHONPATH": str(folder)},
            cwd=folder,
            check=True,
        )


def main() -> None:
    """Gather, judge and print."""
    asked = argparse.ArgumentParser()
    asked.add_argument("folder", type=Path, help="where evidence is, and is left")
    asked.add_argument("--python", action="append", default=[], help="BACKEND=PATH")
    asked.add_argument("--backends", nargs="*", default=list(BACKENDS))
    asked.add_argument("--losses", nargs="*", default=list(ALL_PAIRS))
    options = asked.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    pythons = dict(one.split("=") for one in options.python)
    for precision in PRECISIONS:
        for backend in options.backends:
            python = pythons.get(backend, sys.executable)
            gather_in(options.folder, backend, precision, options.losses, python)
    heads = ["loss", "backend", "precision", *TENSORS, "failed"]
    others = [one for one in options.backends if one != "pytorch"]
    cells = [row for one in others for row in rows(options.folder, one, options.losses)]
    print(markdown_table(heads, heads[:3], cells))


if __name__ == "__main__":
    main()
