"""How far apart losses are on all engines: `python tests/losses_everywhere.py [--python B=PATH]`.

Every loss with each option, without weights, with weights of examples and of steps, climbs the
ladder for 200 steps in both precisions. Printed, as a Markdown table: the worst relative difference
of each rung, of all that rounding alone does not move as far as it is from 0; and what failed.
Some 20 minutes on two cores.
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
from compare.processes.machine import ROOT
from compare.proof.check import PRECISIONS
from compare.proof.ladder import TENSORS, Pair
from compare.proof.probe import TRIALS, Evidence, gather

STEPS = 200
ALL_PAIRS = PAIRS | MORE


def gather_all(backend: str, precision: str, out: str) -> None:
    """Leave the evidence of all pairs of a backend and a precision; runs in a copy with them."""
    import problems
    from compare.proof.probe import shortened

    engine = BACKENDS[backend].engine()
    engine.prepare(device="cpu", threads=1, precision=precision)
    trials = TRIALS if (backend, precision) == ("pytorch", "float64") else {}
    for name in ALL_PAIRS:
        evidence: Evidence = {}
        try:
            for found in gather(engine, shortened(problems.load(name)), precision, trials):
                evidence |= found
        except Exception as error:
            evidence["error"] = np.array(f"{type(error).__name__}: {error}")
        np.savez(Path(out) / f"{name}-{backend}-{precision}.npz", **evidence)


def rows(out: Path, backend: str) -> list[list[str]]:
    """Return the cells of a backend: what the loss is, and the worst difference of each rung."""
    found = []
    for name, pair in ALL_PAIRS.items():

        def of(side: str, name: str = name) -> dict[str, Evidence]:
            files = {one: out / f"{name}-{side}-{one}.npz" for one in PRECISIONS}
            return {one: dict(np.load(file)) for one, file in files.items()}

        defined: dict = {}
        exec(files_of(name, pair, STEPS)[f"problems/{name}.py"], defined)
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


def main() -> None:
    """Gather, judge and print."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--python", action="append", default=[])
    asked.add_argument("--backends", nargs="*", default=list(BACKENDS))
    options = asked.parse_args()
    pythons = dict(one.split("=") for one in options.python)
    with TemporaryDirectory() as made:
        folder, out = copied(Path(made) / "copy"), Path(made)
        for name, pair in ALL_PAIRS.items():
            for path, text in files_of(name, pair, STEPS).items():
                (folder / path).write_text(text)
        for backend in options.backends:
            for precision in PRECISIONS:
                paths = os.pathsep.join(map(str, (folder, ROOT / "tests")))
                environment = BACKENDS[backend].variables(device="cpu", threads=1)
                subprocess.run(
                    [pythons.get(backend, sys.executable), __file__, backend, precision, out],
                    env=os.environ | environment | {"PYTHONPATH": paths},
                    check=True,
                )
        heads = ["loss", "backend", "precision", *TENSORS, "failed"]
        cells = [row for one in options.backends if one != "pytorch" for row in rows(out, one)]
        print(markdown_table(heads, heads[:3], cells))


if __name__ == "__main__":
    if len(sys.argv) == 4 and sys.argv[1] in BACKENDS:
        gather_all(*sys.argv[1:])
    else:
        main()
