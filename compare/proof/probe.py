"""The evidence for the ladder: what a backend's twins do, in a process of its own.

`python -m compare.proof.probe SIDE PRECISION DEVICE FOLDER PROBLEM ...` leaves
FOLDER/PROBLEM.npz for each problem, with the arrays

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
if it cannot be had in the tier. SIDE is "pytorch" or "pytorch:compiled".
"""

import sys
import traceback
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

import problems
from backends import Engine, Side, Unavailable, Watch
from compare.processes.interpreter import command, variables
from compare.processes.launcher import Launcher
from compare.text import one_line
from problems import Array, Part, Problem

Evidence = dict[str, Array]
Job = tuple[Side, str]  # and the precision

BATCH, SEED = 7, 0  # 7 is the length of no axis: a mix-up of batch and time shows
EPOCHS, STEPS = 4, 200
HELD_OUT = 100  # examples in each part that is not trained on
TIMEOUT_S = 900.0  # per problem: compilers take their time


def probe(
    jobs: Sequence[Job], names: Sequence[str], *, at_a_time: int, device: str = "cpu"
) -> dict[Job, dict[str, Evidence]]:
    """Return the evidence, by job and problem; each job has a fresh process."""
    launcher = Launcher()

    def ask(job: Job) -> dict[str, Evidence]:
        side, precision = job
        with TemporaryDirectory() as folder:
            given = (str(side), precision, device, folder, *names)
            asked = command(side, "compare.proof.probe", *given)
            environment = variables(side, device=device, threads=1) | {"TMPDIR": folder}
            log = Path(folder) / "log.txt"
            _, reason = launcher.call(asked, environment, log, TIMEOUT_S * len(names))
            last = (log.read_text(errors="replace").strip().splitlines() or [""])[-1]
            return {
                name: _read(Path(folder) / f"{name}.npz", f"{reason}: {last}") for name in names
            }

    with ThreadPoolExecutor(at_a_time) as pool:
        try:
            return dict(zip(jobs, pool.map(ask, jobs), strict=True))
        except BaseException:  # nothing may go on unwatched, also after Ctrl-C
            pool.shutdown(wait=False, cancel_futures=True)
            launcher.stop()
            raise


def _read(file: Path, reason: str) -> Evidence:
    if not file.exists():
        return {"error": np.array(reason)}
    with np.load(file) as arrays:  # which refuses what is pickled
        return dict(arrays)


def main(asked: str, precision: str, device: str, folder: str, *names: str) -> None:
    """Gather the evidence and leave it in a folder."""
    side = Side.parse(asked)
    engine = side.definition.engine()
    engine.prepare(device=device, threads=1, precision=precision, tier=side.tier)
    for name in names:
        evidence: Evidence = {}
        try:
            for found in gather(engine, problems.load(name), precision):
                evidence |= found
        except Exception as error:
            traceback.print_exc()
            evidence["error"] = np.array(f"{type(error).__name__}: {one_line(error)}")
            if isinstance(error, Unavailable):
                evidence["unavailable"] = np.array(one_line(error))
        np.savez(Path(folder) / f"{name}.npz", **evidence)  # type: ignore[arg-type]


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
    return replace(problem, recipe=replace(problem.recipe, epochs=EPOCHS, examples=examples))


def _cast(array: Array, precision: str) -> Array:
    return array.astype(precision) if array.dtype.kind == "f" else array


def _named(kind: str, arrays: Mapping[str, Array]) -> Evidence:
    return {f"{kind}/{name}": array for name, array in arrays.items()}


if __name__ == "__main__":
    main(*sys.argv[1:])
