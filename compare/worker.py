"""One training in a process of its own: `python -m compare.worker PARENT CELL`.

Reads CELL/run.json, writes CELL/record.json, whole or not at all.
"""

import json
import os
import resource
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

import problems
from backends import BACKENDS, UNWATCHED, Unavailable, Watch
from compare import machine
from compare.answer import answer, judged, now, one_line
from compare.launch import end_with
from compare.run import Run
from problems._problem import Predict

FRAMEWORKS = ("jax", "tensorflow", "torch")


def main(parent: int, cell: Path) -> None:
    """Do the run of a cell folder and leave its record there; end if the parent process does."""
    end_with(parent)
    asked = json.loads((cell / "run.json").read_text())
    processors = asked.pop("processors")
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, processors)
    run = Run(**asked)
    started = now()
    try:
        measured = train(run)
    except Unavailable as error:
        measured = {"status": "unavailable", "reason": one_line(error)}
    except Exception as error:
        traceback.print_exc()
        measured = {"status": "failed", "reason": f"{type(error).__name__}: {one_line(error)}"}
    record = answer(run, started=started, processors=processors, **measured)
    partial = cell / "record.json.partial"
    partial.write_text(record.to_json() + "\n")
    partial.replace(cell / "record.json")


def train(run: Run) -> dict[str, Any]:
    """Train, question and score; return the fields of a Record that this measured."""
    backend = BACKENDS[run.backend]
    problem = problems.load(run.problem, quick=run.recipe == "quick")
    data = problem.make_data(run.seed)
    try:
        engine = backend.engine()
    except ImportError as error:
        raise Unavailable(f"{type(error).__name__}: {one_line(error)}") from error
    engine.prepare(device=run.device, threads=run.threads)

    metric, validation = problem.metrics[0], data["validation"]
    epoch_scores: list[float] = []

    def score(predict: Predict) -> None:
        answers = metric.ask(predict, validation.x)
        epoch_scores.append(float(metric.measure(answers, validation.y)))

    watch = Watch(epoch=score) if run.score_epochs else UNWATCHED
    fit = engine.train(problem, data, seed=run.seed, own=run.own, watch=watch)
    answers = problem.ask(fit.predict, data)
    predict_s = fit.clock.lap()

    diverged = why_diverged(fit.train_loss, fit.validation_loss, answers)
    return {
        "status": "diverged" if diverged else "ok",
        "reason": diverged,
        "scores": judged(problem, {} if diverged else problem.score(answers, data)),
        "train_loss": fit.train_loss,
        "validation_loss": fit.validation_loss,
        "epoch_scores": epoch_scores,
        "build_s": fit.build_s,
        "first_epoch_s": fit.epoch_s[0],
        "epoch_s": fit.epoch_s[1:],
        "validation_s": fit.validation_s,
        "predict_s": predict_s,
        "total_s": fit.clock.total(),
        "host_peak_bytes": host_peak_bytes(),
        "gpu_peak_bytes": engine.gpu_peak_bytes(),
        "gpu": machine.gpus()[0] if run.device == "gpu" else None,
        "parameters": fit.parameters,
        "versions": versions() | engine.versions(),
        "frameworks": [name for name in FRAMEWORKS if name in sys.modules],
    }


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


def host_peak_bytes() -> int | None:
    """Return the most resident memory this process had: VmHWM, which a child does not inherit."""
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    if sys.platform == "darwin":
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # in bytes there
    return None


def versions() -> dict[str, str]:
    """Return the versions that matter whatever the backend."""
    return {"python": sys.version.split()[0], "numpy": np.__version__}


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
