"""The evidence for the ladder: what a backend's twin does, in a process of its own.

`python -m compare.proof.probe FOLDER` does what FOLDER/asked.json asks for, as JSON: a
problem, a side's name ("pytorch" or "pytorch:compiled"), a precision, a device, whether the side
is the reference, and whether the training is the whole one. It leaves FOLDER/evidence.npz, with

    drawn/NAME              three numbers of the data, by part and name: "train input"
    trainable/NAME          the shape of what is trained
    weight/NAME             initial weights, by Keras's names and in its layout
    kind/NAME               what a named layer is, with its settings
    initialisers            where the twin sets initial weights itself, which are not in use
    layer/NAME              the output of every named layer, and of the whole as "output", or of
                            several each as "output/NAME", for examples of the problem and random
                            ones; 0 after the end of a sequence
    again/output            the same, asked once more
    single/output           for the first of them alone; or `single error`, why it cannot be had
    far/NAME                the outputs for numbers far out of the range and near 0, where they can
                            be had
    loss, evaluation loss   of a batch, in training and in evaluation mode
    far loss                in float64: of outputs far out of the range, where it can be had
    gradient/NAME           of the former, for every weight
    average/NAME            running averages of batch normalizations after it, one step
    draws                   what dropout drew in it: layer, rate, shape of the mask, in order
    step/loss, step/rate    in float64: of each of the first steps of that training, on a new
                            network, and the learning rate of the step
    step/NAME               all weights, moments and averages after each of them (step, ...)
    rates                   the learning rate of each step of a short training by the recipe
    curve                   the mean loss of each of its epochs
    validation              the loss after each of its epochs
    trained/NAME            the weights after it
    state/NAME              moments of the optimizer, averages of normalizations, and as "steps" how
                            many steps were taken
    score/NAME              the metrics after it

and, of a reference in float64, spread/PRECISION/... of all that are differences: by how much they
move where everything is rounded as in that precision. It is what any implementation's rounding may
do to this very network.

Where a twin fails, what was to come is missing, and `error` says why; `unavailable` is there, too,
if it cannot be had in the tier, and `unfinished` if the process did not get to its end, or not for
want of memory: that says nothing of the twin.
"""

import ast
import json
import os
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

import problems
from backends import OTHERWISE, Engine, Side, Step, Unavailable, Watch, twin
from backends._seeded import Noise
from compare.options import STARTS
from compare.processes.launcher import ASKED, Kind, Launcher, several
from compare.proof.inputs import SEED, batch, cast, far, in_short, shortened, stretched, with_noise
from compare.records.record import FORK
from compare.text import blamed, one_line
from problems import Array, Arrays, Data, Part, Problem, cleared, mapped, named

Evidence = dict[str, Array]
Job = tuple[Side, str]  # and the precision
MODULE, FILE = "compare.proof.probe", "evidence.npz"

STEPS, NUMBERS = 8, 1_000_000  # looked at one by one; fewer of a network of more numbers
ROUNDING = {"float64": 2.0**-53, "float32": 2.0**-24}  # half a unit in the last place of 1
NOISE, DRAWS = 4.0, 3  # roundings of each number in a step; how often that is tried
TRIALS = dict.fromkeys(ROUNDING, DRAWS)
# A whole training is long: one trial, which moves it no farther than three would. So its bounds are
# stricter. In float32, rounding alone takes most of them too far apart to tell anything.
WHOLE = {"float64": 1}
NO_TRIALS: Mapping[str, int] = {}
SPREAD = (
    *("layer/", "far/", "loss", "evaluation loss", "far loss", "gradient/", "average/", "step/"),
    *("curve", "validation", "trained/", "state/", "score/"),
)
CURVES = ("curve", "validation")
TIMEOUT_S = 900.0  # per problem: compilers take their time


def probe(
    jobs: Sequence[Job],
    names: Sequence[str],
    *,
    reference: Side,
    at_a_time: int,
    device: str = "cpu",
    whole: bool = False,
    launcher: Launcher | None = None,
    tell: Callable[[str, Job], None] = lambda name, job: None,
) -> dict[Job, dict[str, Evidence]]:
    """Return the evidence, by job and problem; each job on a problem has a fresh process.

    `tell` is told of each as it begins. A launcher's servers are left running.
    """
    kinds = {job: Kind(job[0].in_default_tier, device, 1) for job in jobs}
    pairs = [(name, job) for name in names for job in jobs]
    patience_s = TIMEOUT_S * (10 if whole else 1)
    with several(at_a_time, launcher) as (starts, folder, pool):

        def ask(name: str, job: Job) -> Evidence:
            tell(name, job)
            side, precision = job
            asked: dict[str, object] = {"problem": name, "side": str(side), "device": device}
            asked |= {"precision": precision, "reference": side == reference, "whole": whole}
            cell = folder / f"{name}-{side}-{precision}"
            _, why = starts.work(MODULE, cell, asked, kinds[job], STARTS[0], patience_s)
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
        problem = problems.load(asked["problem"])
        problem = problem if asked["whole"] else shortened(problem)
        spread = asked["reference"] and precision == "float64"
        trials = WHOLE if asked["whole"] else TRIALS
        for found in gather(engine, problem, precision, trials if spread else {}):
            evidence |= found
    except (Exception, SystemExit) as error:
        traceback.print_exc()
        evidence["error"] = np.array(blamed(error))
        for kind, name in ((Unavailable, "unavailable"), (MemoryError, "unfinished")):
            if isinstance(error, kind):
                evidence[name] = np.array(one_line(error))
    partial = cell / f"{FILE}.partial"
    with partial.open("wb") as file:
        np.savez(file, **evidence)  # type: ignore[arg-type]  # names are arrays' alone
    partial.replace(cell / FILE)


def gather(
    engine: Engine, problem: Problem, precision: str, trials: Mapping[str, int] = NO_TRIALS
) -> Iterator[Evidence]:
    """Yield, rung by rung, what the problem's twin does in this precision.

    `trials` tells how often noise is tried, by the precision whose rounding it is like: then also
    how far it moves all that, at most.
    """
    drawn = problem.make_data(SEED)
    marks = _named("drawn", in_short(drawn))
    data = {name: part.changed(partial(cast, precision=precision)) for name, part in drawn.items()}
    part = batch(problem, data["train"], precision)

    def climbed(noise: Noise | None = None) -> Iterator[Evidence]:
        yield from _climbed(engine, problem, data, part, noise, steps=precision == "float64")

    moved = {
        name: [climbed(Noise(NOISE * ROUNDING[name], draw)) for draw in range(n)]
        for name, n in trials.items()
    }
    for evidence in climbed():
        found = marks | evidence
        for name, draws in moved.items():
            found |= _spread(name, evidence, list(map(next, draws)))
        yield found


def _climbed(
    engine: Engine,
    problem: Problem,
    data: Data,
    part: Part,
    noise: Noise | None,
    *,
    steps: bool,
) -> Iterator[Evidence]:
    """Yield what the twin does, rung by rung, with noise of the size of rounding or without."""
    probe = engine.probe(problem, seed=SEED, noise=noise)
    shapes = {name: np.array(shape) for name, shape in probe.trainable.items()}
    yield (
        _named("trainable", shapes)
        | _named("weight", probe.weights)
        | {
            **_named("kind", {name: np.array(kind) for name, kind in probe.kinds.items()}),
            "initialisers": np.asarray(initialisers(problem, engine), dtype=np.str_),
        }
    )

    x = with_noise(part.x, noise)

    def asked(x: Arrays) -> dict[str, Array]:
        found = probe.ask(x)
        for name, array in found.items():
            if array.dtype.kind != "f":
                raise TypeError(
                    f"{name}: expected numbers in float32 or float64, came {array.dtype}: a mixed "
                    "precision is not compared"
                )
        return _own(problem, found, x)

    def outputs(x: Arrays) -> dict[str, Array]:
        found = asked(x)
        return {name: found[name] for name in named(problem.output, "output")}

    def wide(found: Mapping[str, Array]) -> Arrays:
        names = named(problem.output, "output")
        arrays = {name.partition("/")[2]: stretched(found[name]) for name in names}
        return arrays if isinstance(problem.output, Mapping) else arrays[""]

    evidence = _named("layer", asked(x))
    if noise is None:
        evidence |= _named("again", outputs(x))
        try:
            evidence |= _named("single", outputs(mapped(lambda array: array[:1], x)))
        except Exception as error:  # a batch of one is a trap of its own: squeeze()
            evidence["single error"] = np.array(blamed(error))
    if any(array.dtype == np.float64 for array in named(x).values()):
        with suppress(Exception):  # a twin need not take what no data of its problem are
            evidence |= _named("far", asked(with_noise(far(problem, part).x, noise)))
    yield evidence

    slopes = engine.slopes(problem, replace(part, x=x), seed=SEED, noise=noise)
    losses = {"loss": slopes.loss, "evaluation loss": slopes.evaluation_loss}
    evidence = {name: np.array(loss) for name, loss in losses.items()}
    if steps:  # in float64: what is near a limit of a loss has no digits left in float32
        with suppress(Exception):  # nor need a loss take such outputs
            evidence["far loss"] = np.array(engine.loss_at(problem, wide(outputs(x)), part))
    evidence["draws"] = np.array([tuple(map(str, draw)) for draw in slopes.draws], dtype=np.str_)
    evidence |= _named("average", slopes.averages)
    yield evidence | _named("gradient", slopes.gradients)

    moved = {name: replace(one, x=with_noise(one.x, noise)) for name, one in data.items()}
    numbers = sum(array.size for array in probe.weights.values())
    n = max(2, min(STEPS, STEPS * NUMBERS // max(numbers, 1)))
    yield (
        _steps(engine.first_steps(problem, moved["train"], seed=SEED, n=n, noise=noise))
        if steps
        else {}
    )

    # As a timed training is asked for: it has its network scored after every epoch.
    watch = Watch(epoch=lambda predict: problem.metrics[0].ask(predict, data["validation"].x))
    fit = engine.train(problem, moved, seed=SEED, watch=watch, noise=noise, seeded_dropout=True)
    evidence = {"rates": np.array(fit.rates), "curve": np.array(fit.train_loss)}
    evidence["validation"] = np.array(fit.validation_loss)
    state = fit.state() | {"steps": np.array(fit.steps)}
    yield evidence | _named("trained", fit.weights()) | _named("state", state)

    scores = problem.score(problem.ask(fit.predict, moved), moved)
    yield _named("score", {name: np.array(score) for name, score in scores.items()})


def _steps(steps: Sequence[Step]) -> Evidence:
    """Return what steps left: (step, ...) of each thing. In a step, weights come last."""
    evidence = {
        "step/rate": np.array([one.rate for one in steps]),
        "step/loss": np.array([one.loss for one in steps]),
    }
    for kind in ("state", "weights"):
        for name in getattr(steps[0], kind):
            evidence[f"step/{name}"] = np.stack([getattr(one, kind)[name] for one in steps])
    return evidence


def _spread(precision: str, clean: Evidence, moved: Sequence[Evidence]) -> Evidence:
    """Return by how much draws moved the evidence: a loss of a curve up to then, a tensor at most.

    It is NaN, which nothing is within, where a draw has no finite number.
    """
    found = {}
    for name, value in clean.items():
        if name.startswith(SPREAD) and not (name.startswith("far/") and precision == "float32"):
            kept = np.isfinite(value)  # others have no number without noise either
            with np.errstate(invalid="ignore"):
                draws = [draw[name] for draw in moved if name in draw]
                away = [np.where(np.isfinite(one), np.abs(one - value), np.nan) for one in draws]
            most = np.maximum.reduce([np.where(kept, one, 0.0) for one in away or [0 * value]])
            curve = name in CURVES
            found[f"spread/{precision}/{name}"] = (
                np.maximum.accumulate(most) if curve else np.max(most, initial=0.0)
            )
    return found


def _own(problem: Problem, found: Mapping[str, Array], x: Arrays) -> dict[str, Array]:
    """Return outputs with 0 after the ends of sequences, where no two programs need agree."""
    own = problem.own_steps(x)
    outputs = named(problem.output, "output")
    axes = dict(problem.layers) | {name: f"batch {one.axes}" for name, one in outputs.items()}

    def cleaned(name: str, array: Array) -> Array:
        return cleared(array, axes.get(name.removesuffix(OTHERWISE), ""), own, problem.sizes)

    return {name: cleaned(name, array) for name, array in found.items()}


def initialisers(problem: Problem, engine: Engine) -> list[str]:
    """Return where a twin sets initial weights itself, which has no effect here: file and line.

    It does so by PyTorch's `nn.init`, by writing into a weight, or by an initializer of Keras's.
    To freeze a weight is not to set it.
    """
    found = []
    folder = Path(str(getattr(engine, "__file__", ""))).parent.name
    file = twin(folder, problem.name)
    tree = ast.walk(ast.parse(file.read_bytes(), str(file)))
    nodes = [node for node in tree if isinstance(node, ast.stmt | ast.expr)]  # what has a line
    imported = {
        name.asname or name.name
        for node in nodes
        if isinstance(node, ast.ImportFrom) and node.module == "torch.nn.init"
        for name in node.names
    }
    for node in nodes:
        writes = False
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func).split(".")
            kept = {"init", "weight", "bias"} & set(called[:-1])
            writes = bool(kept) and called[-1].endswith("_") and called[-1] != "requires_grad_"
            writes |= called[-1] in imported or called[-1] == "set_weights"
            writes |= any((one.arg or "").endswith("_initializer") for one in node.keywords)
        elif isinstance(node, ast.Assign):
            writes = ast.unparse(node.targets[0]).endswith((".weight.data", ".bias.data"))
        if writes:
            found.append(f"{file.parent.name}/{file.name}, line {node.lineno}")
    return found


def _named(kind: str, arrays: Mapping[str, Array]) -> Evidence:
    return {f"{kind}/{name}": array for name, array in arrays.items()}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
