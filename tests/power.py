"""How small a fault the proof finds: `python tests/power.py FOLDER [BACKEND...]` writes power.md.

Figures of other backends that the folder has are kept.

All of them are installed in the environment that runs this, JAX beside the others.

A learning rate that is off is planted on one side, smaller and smaller, until the ladder does not
see it; of the other rungs it is told how large a difference passes. Some ten minutes on two cores.
"""

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from forks import Forks
from learning import ALL, GATHER, WHOLE

import problems
from backends import Side
from compare.console import markdown_table
from compare.processes import interpreter
from compare.proof.check import PRECISIONS
from compare.proof.finding import RUNGS
from compare.proof.ladder import TENSORS, Pair

REFERENCE = Side("pytorch")
STAGES = (str(ALL), str(WHOLE), " ".join(PRECISIONS))  # all, of the whole proof, with bounds
EXPONENTS = {"float64": range(-14, -3), "float32": range(-7, 0)}  # of the faults that are tried
# A training at a learning rate that is off, and all that it leaves.
OFF = """
import json, sys
from dataclasses import replace
import numpy as np
import problems
from backends import BACKENDS
from compare.proof import probe

backend, precision, off, folder, name = sys.argv[1:]
engine = BACKENDS[backend].engine()
engine.prepare(device="cpu", threads=1, precision=precision)
problem = probe.shortened(problems.load(name))
recipe = replace(problem.recipe, learning_rate=problem.recipe.learning_rate * (1 + float(off)))
problem = replace(problem, recipe=recipe)
data = {
    name: part.changed(lambda array: probe.cast(array, precision))
    for name, part in problem.make_data(probe.SEED).items()
}
fit = engine.train(problem, data, seed=probe.SEED)
evidence = {"curve": np.array(fit.train_loss), "validation": np.array(fit.validation_loss)}
evidence |= probe._named("trained", fit.weights()) | probe._named("state", fit.state())
np.savez(f"{folder}/evidence.npz", **evidence)
"""


class Power:
    """The smallest faults that are found, for one backend."""

    def __init__(self, forks: Forks, backend: str) -> None:
        self.forks, self.backend = forks, backend

    def evidence(self, backend: str, code: str, *asked: str) -> dict[str, np.ndarray]:
        """Return what code leaves that runs in a fork of a backend."""
        *settings, name = asked
        with TemporaryDirectory() as folder:
            done = self.forks.run(backend, code, backend, *settings, folder, name)
            assert done.returncode == 0, done.stderr
            with np.load(f"{folder}/evidence.npz") as arrays:
                return dict(arrays)

    def row(self, name: str) -> list[list[str]]:
        """Return the cells of a problem, a row per precision."""
        gathered = {
            backend: {
                precision: self.evidence(backend, GATHER, precision, *STAGES, name)
                for precision in PRECISIONS
            }
            for backend in (REFERENCE.backend, self.backend)
        }
        pair = Pair(
            problem=problems.load(name),
            side=Side(self.backend),
            reference=REFERENCE,
            expected=gathered[REFERENCE.backend],
            came=gathered[self.backend],
        )
        rows = []
        for precision in PRECISIONS:
            found = [pair._rung(rung, precision, pair.side) for rung in TENSORS]
            passing = ["" if one.bound is None else f"{one.bound:.0e}" for one in found]
            rows.append([name, precision, self.smallest(pair, precision), *passing])
        return rows

    def smallest(self, pair: Pair, precision: str) -> str:
        """Return the smallest fault of the learning rate that is found, of powers of ten."""
        tried = list(EXPONENTS[precision])
        low, high = 0, len(tried)  # what is found begins between them
        while low < high:
            middle = (low + high) // 2
            if self.found(pair, precision, 10.0 ** tried[middle]):
                high = middle
            else:
                low = middle + 1
        return f"{10.0 ** tried[low]:.0e}" if low < len(tried) else "none"

    def found(self, pair: Pair, precision: str, off: float) -> bool:
        """Say whether a learning rate that is off by so much fails the curve or the state."""
        wrong = self.evidence(self.backend, OFF, precision, str(off), pair.problem.name)
        came = {**pair.came, precision: pair.came[precision] | wrong}
        judged = Pair(
            problem=pair.problem,
            side=pair.side,
            reference=pair.reference,
            expected=pair.expected,
            came=came,
        )
        rungs = ("curve", "state")
        return any(not judged._rung(rung, precision, pair.side).passed for rung in rungs)


def main(folder: Path, backends: list[str]) -> None:
    """Write power.md and power.json into a folder."""
    forks, file = Forks(), folder / "power.json"
    figures = json.loads(file.read_text()) if file.exists() else {}  # those of other backends stay
    heads = ["problem", "precision", "learning rate", *TENSORS]
    for backend in backends:
        for one in (REFERENCE.backend, backend):  # here, for servers end with their thread
            forks.run(one, "")
        power = Power(forks, backend)
        with ThreadPoolExecutor(2) as pool:
            rows = list(chain.from_iterable(pool.map(power.row, problems.names())))
        figures[backend] = [dict(zip(heads, row, strict=True)) for row in rows]
    forks.close()
    tables = []
    for backend, found in figures.items():
        rows = [[row[head] for head in heads] for row in found]
        tables += [f"## {backend}", markdown_table(heads, heads[:2], rows)]
    text = [
        "# How small a fault the proof finds",
        "Learning rate: the smallest relative fault that is found, of powers of ten, planted on "
        "the side that is held against PyTorch. The other columns: the relative difference that "
        "passes on the rung, of the tensor nearest its bound. "
        f"The rungs are {', '.join(RUNGS)}.",
        f"`python tests/power.py results/check {' '.join(figures)}` repeats it.",
        *tables,
    ]
    (folder / "power.md").write_text("\n\n".join(text) + "\n")
    file.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    out, *asked = sys.argv[1:]
    usual = [side.backend for side in interpreter.known() if not interpreter.missing(side)]
    others = [name for name in dict.fromkeys(usual) if name != REFERENCE.backend]
    main(Path(out), asked or others)
