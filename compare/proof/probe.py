"""The evidence for the ladder: what a backend's twin does, in a process of its own.

`python -m compare.proof.probe FOLDER` does what FOLDER/asked.json asks for, as JSON: a
problem, a side's name ("pytorch" or "pytorch:compiled"), a precision and a device. It leaves
FOLDER/evidence.npz, with the arrays

    trainable/NAME          the shape of what is trained
    weight/NAME             initial weights, by Keras's names and in its layout
    layer/NAME              the output of every named layer, and of the whole as "output"
    loss                    of a batch
    gradient/NAME           of that loss, for every weight
    curve                   the loss of each step of a short training by the problem's own recipe
    validation              the loss after each of its epochs
    trained/NAME            the weights after it
    score/NAME              the metrics after it

Where a twin fails, what was to come is missing, and `error` says why; `unavailable` is there, too,
if it cannot be had in the tier, and `unfinished` if the process did not get to its end, or not for
want of memory: that says nothing of the twin.
"""

import json
import os
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

import problems
from backends import Engine, Side, Unavailable, Watch
from compare.options import STARTS
from compare.processes.launcher import ASKED, Kind, Launcher, several
from compare.records.record import FORK
from compare.text import blamed, one_line
from problems import Array, Part, Problem

Evidence = dict[str, Array]
Job = tuple[Side, str]  # and the precision
MODULE, FILE = "compare.proof.probe", "evidence.npz"

BATCH, SEED = 7, 0  # 7 is the length of no axis: a mix-up of batch and time shows
EPOCHS, STEPS = 4, 200
HELD_OUT = 100  # examples in each part that is not trained on
TIMEOUT_S = 900.0  # per problem: compilers take their time


def probe(
    jobs: Sequence[Job],
    names: Sequence[str],
    *,
    at_a_time: int,
    device: str = "cpu",
    launcher: Launcher | None = None,
    tell: Callable[[str, Job], None] = lambda name, job: None,
) -> dict[Job, dict[str, Evidence]]:
    """Return the evidence, by job and problem; each job on a problem has a fresh process.

    `tell` is told of each as it begins. A launcher's servers are left running.
    """
    kinds = {job: Kind(job[0].in_default_tier, device, 1) for job in jobs}
    pairs = [(name, job) for name in names for job in jobs]
    with several(at_a_time, launcher) as (starts, folder, pool):

        def ask(name: str, job: Job) -> Evidence:
            tell(name, job)
            side, precision = job
            asked = {"problem": name, "side": str(side), "precision": precision, "device": device}
            cell = folder / f"{name}-{side}-{precision}"
            _, why = starts.work(MODULE, cell, asked, kinds[job], STARTS[0], TIMEOUT_S)
            return _read(cell / FILE, f"{why}: {starts.last_words(cell, kinds[job])}")

        if STARTS[0] == FORK:
            starts.get_ready(kinds.values(), folder, TIMEOUT_S)
        found = dict(zip(pairs, pool.map(lambda pair: ask(*pair), pairs), strict=True))
    return {job: {name: found[name, job] for name in names} for job in jobs}


def _read(file: Path, reason: str) -> Evidence:
    if not file.exists():
        return {"error": np.array(reason), "unfinished": np.array(reason)}
    with np.load(file) as arrays:  # which refuses what is pickled
        return dict(arrays)


def main(cell: Path) -> None:
    """Gather the evidence that a folder asks for and leave it there."""
    # What frameworks write, they leave: in the folder, it goes with it.
    os.environ["TMPDIR"] = tempfile.tempdir = str(cell)
    asked = json.loads((cell / ASKED).read_text())
    evidence: Evidence = {}
    try:
        side, precision = Side.parse(asked["side"]), asked["precision"]
        engine = side.definition.engine()
        engine.prepare(device=asked["device"], threads=1, precision=precision, tier=side.tier)
        for found in gather(engine, problems.load(asked["problem"]), precision):
            evidence |= found
    except Exception as error:
        traceback.print_exc()
        evidence["error"] = np.array(blamed(error))
        for kind, name in ((Unavailable, "unavailable"), (MemoryError, "unfinished")):
            if isinstance(error, kind):
                evidence[name] = np.array(one_line(error))
    partial = cell / f"{FILE}.partial"
    with partial.open("wb") as file:
        np.savez(file, **evidence)  # type: ignore[arg-type]  # names are arrays' alone
    partial.replace(cell / FILE)


def gather(engine: Engine, problem: Problem, precision: str) -> Iterator[Evidence]:
    """Yield, rung by rung, what the problem's twin does in this precision."""
    problem = shortened(problem)
    x = _cast(problem.input.random(BATCH, SEED), precision)
    y = _cast(problem.target.random(BATCH, SEED + 1), precision)

    found = engine.probe(problem, x, seed=SEED)
    shapes = {name: np.array(shape) for name, shape in found.trainable.items()}
    evidence = _named("trainable", shapes) | _named("weight", found.weights)
    yield evidence | _named("layer", {**found.layers, "output": found.output})

    loss, gradients = engine.gradients(problem, Part(x, y), seed=SEED)
    yield {"loss": np.array(loss), **_named("gradient", gradients)}

    data = {
        name: Part(_cast(part.x, precision), _cast(part.y, precision))
        for name, part in problem.make_data(SEED).items()
    }
    curve: list[float] = []
    fit = engine.train(problem, data, seed=SEED, watch=Watch(step=curve.append))
    evidence = {"curve": np.array(curve), "validation": np.array(fit.validation_loss)}
    yield evidence | _named("trained", fit.weights())

    scores = problem.score(problem.ask(fit.predict, data), data)
    yield _named("score", {name: np.array(score) for name, score in scores.items()})


def shortened(problem: Problem) -> Problem:
    """Return the problem with a training of STEPS steps in EPOCHS epochs, the last batches partial.

    Loss, optimizer, learning rates and batch size are those of its recipe.
    """
    steps, size = STEPS // EPOCHS, problem.recipe.batch_size
    examples = dict.fromkeys(problem.recipe.examples, HELD_OUT)
    examples["train"] = steps * size - size // 2
    return problem.resized(examples, epochs=EPOCHS)


def _cast(array: Array, precision: str) -> Array:
    return array.astype(precision) if array.dtype.kind == "f" else array


def _named(kind: str, arrays: Mapping[str, Array]) -> Evidence:
    return {f"{kind}/{name}": array for name, array in arrays.items()}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
