"""One training in a process of its own: `python -m compare.training.trainer CELL`.

Reads CELL/run.json, writes CELL/sample.npz and CELL/record.json, each whole or not at all.
"""

import json
import os
import sys
import tempfile
import traceback
from collections.abc import Callable, Mapping, Sequence
from math import isfinite
from pathlib import Path
from statistics import median
from time import monotonic, perf_counter
from typing import Any

import numpy as np

import problems
from backends import Engine, Fit, Unavailable, Watch
from backends._tiers import CACHES
from compare.processes import machine, sources
from compare.processes.usage import HostMemory, Usage, busy_s
from compare.records.predictions import predictions_of, write_predictions
from compare.records.record import SWEEP, Run, judged, now, record_of, write_record
from compare.text import blamed, one_line
from problems import Array, Data, Metric, Part, Predict, Problem, count, mapped

FRAMEWORKS = ("jax", "tensorflow", "torch")
LEFT, LEAST_S = 0.05, 0.005  # of an epoch, and seconds: what waiting for an idle device may take


def main(cell: Path) -> None:
    """Do the run of a cell folder and leave its record there."""
    asked = json.loads((cell / "run.json").read_text())
    processors, since, scratch, files = (
        asked.pop(name) for name in ("processors", "asked", "scratch", "files")
    )
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, processors)
    run = Run(**asked)
    started = now()
    # What compiling takes, it takes anew. A fork knows the folder of its server from before.
    os.environ |= dict.fromkeys((*CACHES, "TMPDIR"), scratch)
    tempfile.tempdir = None
    looked = monotonic()
    measured = changed(run, files)
    since += monotonic() - looked  # looking at files is no part of a start
    measured = measured or trained(run, processors, since, cell)
    measured = changed(run, files) or measured
    facts = machine.facts() | {"started": started, "processors": processors}
    write_record(record_of(run, **facts, **measured), cell)


def changed(run: Run, files: Mapping[str, str] | None) -> dict[str, Any]:
    """Return the fields of a Record if the files of a run are not what they were; else none."""
    if files is None:
        return {}
    try:
        reason = sources.change(files, run.problem, run.side)
    except OSError as error:
        reason = one_line(error)
    return {"status": "failed", "reason": reason} if reason else {}


def trained(run: Run, processors: list[int], since: float, cell: Path) -> dict[str, Any]:
    """Return what `train` does, or the fields of a Record that say why there is nothing."""
    try:
        return train(run, processors, since, cell)
    except Unavailable as error:
        return {"status": "unavailable", "reason": one_line(error)}
    except Exception as error:
        traceback.print_exc()
        return {"status": "failed", "reason": blamed(error)}


def train(run: Run, processors: list[int], since: float, cell: Path) -> dict[str, Any]:
    """Train, question and score; return the fields of a Record that this measured.

    `since` is when the process was asked for, on the clock `monotonic`. A few predictions are
    left in the folder `cell`.
    """
    problem, engine = definition(run), ready(run)
    start_s = monotonic() - since
    data = problem.make_data(run.seed)

    metric = problem.metrics[0] if run.score_epochs else None
    scoring = Scoring(problem, metric, data["validation"], engine.synchronize)
    memory, busy, usage = HostMemory(), busy_s(processors), Usage()
    fit = engine.train(problem, data, seed=run.seed, kept=run.kept, watch=Watch(epoch=scoring))
    trained = perf_counter()
    answers = problem.ask(fit.predict, data)
    predict_s = perf_counter() - trained
    used = usage.so_far()
    busy = None if busy is None else (busy_s(processors) or 0.0) - busy
    if reason := unlike_recipe(problem, fit) or scoring.unfinished(fit.epoch_s):
        return {"status": "failed", "reason": reason}
    first = mapped(lambda array: array[:1], data["validation"].x)
    if run.device == "gpu" and (seen := fit.devices(first)) != {"gpu"}:
        where = " and ".join(sorted(seen))
        return {
            "status": "failed",
            "reason": f"asked for the gpu, but weights or outputs are on {where}",
        }

    measured = judgement(problem, fit, answers, data) | times(fit)
    measured |= {
        "epoch_scores": scoring.scores,
        "examples": count(data["train"].x),
        "start_s": start_s,
        "predict_s": predict_s + scoring.first_s,
        "scoring_s": scoring.spent["total_s"] if run.score_epochs else None,
        "total_s": used["total_s"] - scoring.spent["total_s"],
        "cpu_s": used["cpu_s"] - scoring.spent["cpu_s"],
        # Ticks of the system's clock are long: less than none is none.
        "others_cpu_s": None if busy is None else max(0.0, busy - used["cpu_s"]),
        "host_peak_bytes": memory.peak(),
        "host_growth_bytes": memory.growth(),
        "gpu_peak_bytes": engine.gpu_peak_bytes(),
        "gpu_reserved_bytes": engine.gpu_reserved_bytes(),
        "parameters": fit.parameters,
        "draws": fit.own_draws,
        "versions": versions() | engine.versions(),
        "frameworks": [name for name in FRAMEWORKS if name in sys.modules],
    }
    if run.recipe != SWEEP:  # whose answers nobody looks at
        write_predictions(
            predictions_of(problem, answers, data), cell
        )  # last: it takes memory, too
    return measured


def ready(run: Run) -> Engine:
    """Return the engine of a run, with its framework imported and its device set.

    Raises:
        Unavailable: one of these cannot be had.
    """
    try:
        engine = run.side.definition.engine()
    except ImportError as error:
        raise Unavailable(f"{type(error).__name__}: {one_line(error)}") from error
    engine.prepare(
        device=run.device, threads=run.threads, precision=run.precision, tier=run.tier or ""
    )
    return engine


def judgement(
    problem: Problem, fit: Fit, answers: Mapping[str, Array], data: Data
) -> dict[str, Any]:
    """Return status, reason and scores; a training with a number that is not finite has none."""
    reason = why_diverged(fit.train_loss, fit.validation_loss, answers)
    scores = {} if reason else problem.score(answers, data)
    for name, score in scores.items():
        if not isfinite(score):
            reason, scores = f"{name} is {score}", {}
            break
    status = "diverged" if reason else "ok"
    return {"status": status, "reason": reason, "scores": judged(problem, scores)}


def times(fit: Fit) -> dict[str, Any]:
    """Return the losses of a training and the times that its engine took."""
    return {
        "train_loss": fit.train_loss,
        "validation_loss": fit.validation_loss,
        "build_s": fit.build_s,
        "first_step_s": fit.first_step_s,
        "first_epoch_s": fit.epoch_s[0],
        "epoch_s": fit.epoch_s[1:],
        "validation_s": fit.validation_s,
    }


def unlike_recipe(problem: Problem, fit: Fit) -> str:
    """Say in what a training was another than the recipe asks for; empty if in nothing."""
    recipe = problem.recipe
    steps = recipe.epochs * -(-recipe.examples["train"] // recipe.batch_size)
    counted = {
        "steps": (steps, fit.steps),
        "epochs that were timed": (recipe.epochs, len(fit.epoch_s)),
        "losses of training": (recipe.epochs, len(fit.train_loss)),
        "losses of validation": (recipe.epochs, len(fit.validation_loss)),
    }
    return "; ".join(
        f"{what}: expected {expected} by the recipe, came {came}"
        for what, (expected, came) in counted.items()
        if expected != came
    )


class Scoring:
    """Takes the score on the validation part after every epoch, and the time that it spends.

    The first time counts as prediction: what a framework has to trace for it, it has to trace once.
    Before, it sees whether the device was done when the engine read its clock. Without a metric, it
    sees to that alone.
    """

    def __init__(
        self,
        problem: Problem,
        metric: Metric | None,
        part: Part,
        synchronize: Callable[[], None],
    ) -> None:
        self.problem, self.metric, self.part = problem, metric, part
        self.synchronize = synchronize
        self.scores: list[float] = []
        self.waited_s: list[float] = []
        self.first_s, self.spent = 0.0, {"total_s": 0.0, "cpu_s": 0.0}

    def __call__(self, predict: Predict) -> None:
        """Ask the network and note what it is worth."""
        usage = Usage()
        self.synchronize()
        self.waited_s.append(usage.so_far()["total_s"])
        if self.metric is not None:
            answers = self.metric.ask(predict, self.part.x)
            self.scores.append(self.problem.measured(self.metric, answers, self.part))
        spent = usage.so_far()
        if len(self.scores) == 1:
            self.first_s = spent["total_s"]
            return
        for name in self.spent:
            self.spent[name] += spent[name]

    def unfinished(self, epoch_s: Sequence[float]) -> str:
        """Say how much work was left when the clock was read; empty if none."""
        left_s = median(self.waited_s) if self.waited_s else 0.0
        if left_s <= max(LEFT * median(epoch_s), LEAST_S):
            return ""
        return (
            f"the clock does not wait: {left_s:.3g} s of work were left when that of an epoch was "
            f"read, at {median(epoch_s):.3g} s"
        )


def why_diverged(
    train_loss: list[float], validation_loss: list[float], answers: Mapping[str, Any]
) -> str | None:
    """Say what is not finite in a training and its answers; None if all is."""
    for name, losses in (("training", train_loss), ("validation", validation_loss)):
        for epoch, loss in enumerate(losses, start=1):
            if not np.isfinite(loss):
                return f"{name} loss is {loss} in epoch {epoch}"
    for name, given in answers.items():
        if not np.all(np.isfinite(given)):
            return f"answers for {name} are not finite"
    return None


def versions() -> dict[str, str]:
    """Return the versions that matter whatever the backend."""
    return {"python": sys.version.split()[0], "numpy": np.__version__}


EPOCHS = 4  # of a training that is timed at a size; the first, with tracing, does not count
STEPS = 8  # in such an epoch, at least


def definition(run: Run) -> Problem:
    """Return the problem that a run is about, with the recipe and the sizes that it asks for."""
    problem = problems.load(run.problem, quick=run.recipe != "full")
    problem = problem.scaled(batch_size=run.batch_size, unit=run.unit)
    return timed(problem) if run.recipe == SWEEP else problem


def timed(problem: Problem) -> Problem:
    """Return the problem with a recipe to be timed by: EPOCHS epochs of whole batches.

    They have as many examples as the recipe, less what would be a partial batch, and at least
    STEPS batches, for which examples come again if the recipe has too few.
    """
    recipe = problem.recipe
    steps = max(STEPS, recipe.examples["train"] // recipe.batch_size)
    examples = {**recipe.examples, "train": steps * recipe.batch_size}
    return problem.resized(examples, epochs=EPOCHS)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
