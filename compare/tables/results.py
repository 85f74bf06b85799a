"""Records -> table. A pure function of the records: no framework is needed."""

import math
from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean

import pandas as pd

from compare.records.record import UNPROVEN, Record
from compare.tables.measures import (
    epoch_s,
    epochs_to_target,
    repeat_differences,
    samples_per_s,
    time_to_target_s,
    warnings,
)
from compare.tables.statistics import geometric_mean

# Column of table.csv: what it means. In this order.
TABLE_COLUMNS = {
    "problem": "what is learned; see `problems/`",
    "backend": "framework, and for Keras the engine under it",
    "device": "where it was trained: cpu or gpu",
    "mode": "matched: the same data, initial weights, batch order and optimizer on every backend; "
    "native: each framework keeps its defaults, the data stay the same",
    "tier": "by what means the network was run: eager, operation after operation; graph, a graph "
    "without a compiler; compiled, by torch.compile or XLA; `diptych list` says more of each",
    "seeds": "trainings asked for, one per seed; of a run that was broken off, those that ended. A "
    "seed draws data, initial weights and the order of batches; where the data are real, they are "
    "the same for every seed, and the deviation of scores is none over data",
    "failed": "trainings without a score: diverged, failed, timed out, unavailable or refused",
    "metric": "what is scored, on the test set, in NumPy, by the same code for every backend",
    "better": "whether a higher or a lower score is better",
    "score_mean": "mean of the score over the seeds",
    "score_std": "standard deviation of the score over the seeds (n - 1)",
    "score_min": "smallest score of a seed",
    "target": "score to reach: at least this, or at most this for an error",
    "reached": "seeds whose test score is at the target or better",
    "baseline": "what a constant answer scores, derived in the problem's file",
    "reference": "what a known method scores: the exact solution, or for real data a simple method "
    "that a network may pass, which the problem's file names",
    "start_s_geomean": "seconds from asking for the process until the framework is imported and "
    "the device set; in no other figure. Geometric mean over the seeds that have a score, as are "
    "all seconds and rates: the ratio of two of them is that in verdicts.csv, if both sides have "
    "the same seeds",
    "build_s_geomean": "seconds until network and optimizer are made and initial weights written",
    "first_step_s_geomean": "seconds from there to the end of the first step, with tracing and "
    "compilation; part of the first epoch",
    "first_epoch_s_geomean": "seconds of the first epoch, with tracing and compilation",
    "compile_s_geomean": "first_epoch_s_geomean - epoch_s_geomean, of trainings that have both: "
    "tracing and compilation, by a compiler that finds nothing on the disk from before; more of it "
    "is in the first validation and prediction; below 0 it is less than epochs differ by chance",
    "epoch_s_geomean": "seconds of a training's median epoch after the first, batches gathered and "
    "trained on",
    "validation_s_geomean": "seconds of validation, all epochs together",
    "predict_s_geomean": "seconds of answering all questions of all metrics, and of the score "
    "after the first epoch, for which the answering is traced",
    "wall_s_geomean": "seconds from the start of the model's build to the last test answer: build, "
    "training, validation, prediction",
    "cpu_s_geomean": "processor seconds that all threads of the training took in the wall time",
    "samples_per_s_geomean": "examples of an epoch / seconds of a training's median later epoch",
    "target_seen": "seeds in which the target was seen in validation: the validation score of the "
    "first metric was at the target after some epoch",
    "epochs_to_target_mean": "epochs until then, mean over the seeds; inf if some seed never saw "
    "it, as one without a score",
    "time_to_target_s_geomean": "seconds of build and epochs until then, validation not counted; "
    "inf as above",
    "host_peak_bytes": "most resident memory of the process in the training; of a fork, code of "
    "libraries only as far as it ran; largest over the seeds, as are the next four",
    "host_growth_bytes": "that, less what was resident before the build; library code that ran for "
    "the first time included",
    "gpu_peak_bytes": "most GPU memory in tensors, as the framework counts it",
    "gpu_reserved_bytes": "most GPU memory that the framework's allocator took from the driver",
    "gpu_device_bytes": "most memory taken on the whole GPU, over what was taken before",
    "parameters": "trainable numbers of the network",
    "draws": "own: the network drew random numbers while it trained, as dropout does, each "
    "framework its own; empty: nothing was drawn, or that was not noted",
    "kernel": "what computed the recurrent layers, as seen in a short run apart; several, if seeds "
    "differ; matched mode only",
    "proof": "proven: `diptych check` had shown that the backends train the same model; unproven: "
    "timed without it; empty: a backend alone, or records older than the check",
    "parity": "largest relative difference between the backends that the check found in float64: "
    "layers, loss, gradients, a short training, what it leaves, scores; matched mode only",
    "repeat_difference": "largest relative difference of a loss, in any epoch, between two "
    "trainings of the same seed on the same backend; 0: equal to the bit; empty: not repeated",
    "warnings": "what makes the row's times doubtful; below its table stands what to do about each",
}
# Field of a Record: its mean over the seeds goes into the column of that name with "_geomean".
TIMES = (
    "start_s",
    "build_s",
    "first_step_s",
    "first_epoch_s",
    "validation_s",
    "predict_s",
    "cpu_s",
)
# Field of a Record: its largest value over the seeds goes into the column of that name.
LARGEST = (
    "host_peak_bytes",
    "host_growth_bytes",
    "gpu_peak_bytes",
    "gpu_reserved_bytes",
    "gpu_device_bytes",
    "parameters",
)
WHOLE = ("seeds", "failed", "reached", "target_seen", *LARGEST)
FRACTIONS = ("_geomean", "_to_target_mean", "parity", "_difference")  # ends of their names


def table(records: Sequence[Record]) -> pd.DataFrame:
    """Return the table of some records: a row per problem, side, device, mode and metric.

    Missing is empty (NA), never 0.
    """
    groups: dict[tuple[str, tuple[int, str], str, str], list[Record]] = {}
    for record in records:
        group = (record.problem, record.side.rank, record.device, record.mode)
        groups.setdefault(group, []).append(record)
    rows, again = [], repeat_differences(records)
    for _, seeds in sorted(groups.items()):
        training = _training(seeds, again)
        metrics = dict.fromkeys(name for record in seeds for name in record.scores)
        rows += [training | _scores(seeds, metric) for metric in metrics]
    frame = pd.DataFrame(rows, columns=list(TABLE_COLUMNS))
    for column in TABLE_COLUMNS:
        if column in WHOLE:
            frame[column] = frame[column].astype("Int64")
        elif column.endswith(FRACTIONS):
            frame[column] = frame[column].astype(float)
    return frame


def _scores(records: Sequence[Record], metric: str) -> dict[str, object]:
    """Return the columns of a row that depend on the metric."""
    judged = [record.scores[metric] for record in records if metric in record.scores]
    scores = pd.Series(_numbers(one.score for one in judged), dtype=float)
    judge = judged[-1]
    has_target = judge.target is not None
    return {
        "failed": len(records) - len(scores),
        "metric": metric,
        "better": judge.better,
        "score_mean": scores.mean(),
        "score_std": scores.std(),
        "score_min": scores.min(),
        "target": judge.target,
        "reached": sum(bool(one.reached) for one in judged) if has_target else None,
        "baseline": judge.baseline,
        "reference": judge.reference,
    }


def _training(records: Sequence[Record], again: Mapping[str, float]) -> dict[str, object]:
    """Return the columns that the rows of all metrics share; `again` by how much losses differ."""
    proofs = [record.proof for record in records if record.status != "refused"]
    epochs = _numbers(map(epochs_to_target, records))
    scored = [record for record in records if record.status == "ok"]
    kernels = dict.fromkeys(record.kernel for record in records if record.kernel)
    return {
        **{name: getattr(records[0], name) for name in ("problem", "backend", "device", "mode")},
        "tier": records[0].side.runs_in or None,
        "seeds": len(records),
        **{f"{name}_geomean": geometric_mean(_named(name, scored)) for name in TIMES},
        **{name: max(_named(name, records), default=None) for name in LARGEST},
        "compile_s_geomean": _compile_s(scored),
        "wall_s_geomean": geometric_mean(_named("total_s", scored)),
        "epoch_s_geomean": geometric_mean(_numbers(map(epoch_s, scored))),
        "samples_per_s_geomean": geometric_mean(_numbers(map(samples_per_s, scored))),
        "target_seen": sum(map(math.isfinite, epochs)) if epochs else None,
        "epochs_to_target_mean": fmean(epochs) if epochs else None,
        "time_to_target_s_geomean": geometric_mean(_numbers(map(time_to_target_s, records))),
        "draws": "own" if any(record.draws for record in records) else None,
        "kernel": ", ".join(kernels) or None,
        "proof": UNPROVEN if UNPROVEN in proofs else next(filter(None, proofs), None),
        "parity": max(_named("parity", records), default=None),
        "repeat_difference": max((again[r.key] for r in records if r.key in again), default=None),
        "warnings": "; ".join(warnings(records)) or None,
    }


def _compile_s(records: Iterable[Record]) -> float | None:
    """Return by how many seconds first epochs are longer than later ones; None if none have both.

    It may be below 0, so it is a difference of means, and no mean of differences.
    """
    both = [(one.first_epoch_s, epoch_s(one)) for one in records]
    first, later = (
        geometric_mean([pair[i] for pair in both if None not in pair])  # type: ignore[misc]
        for i in (0, 1)
    )
    return None if first is None or later is None else first - later


def _named(name: str, records: Iterable[Record]) -> list[float]:
    return _numbers(getattr(record, name) for record in records)


def _numbers(values: Iterable[float | None]) -> list[float]:
    """Return what was measured: neither None nor NaN."""
    return [value for value in values if value is not None and not math.isnan(value)]
