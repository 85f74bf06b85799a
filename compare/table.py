"""Records -> table. A pure function of the records: no framework is needed."""

from collections.abc import Iterable, Sequence

import pandas as pd

from backends import BACKENDS
from compare.run import UNPROVEN, Record

# Column of table.csv: what it means. In this order.
COLUMNS = {
    "problem": "what is learned; see `problems/`",
    "backend": "framework, and for Keras the engine under it",
    "device": "where it was trained: cpu or gpu",
    "mode": "matched: the same data, initial weights, batch order and optimizer on every backend; "
    "native: each framework keeps its defaults, the data stay the same",
    "seeds": "trainings asked for, one per seed; of a run that was broken off, those that ended",
    "failed": "trainings without a score: diverged, failed, timed out, unavailable or refused",
    "metric": "what is scored, on the test set, in NumPy, by the same code for every backend",
    "score_mean": "mean of the score over the seeds",
    "score_std": "standard deviation of the score over the seeds (n - 1)",
    "score_min": "smallest score of a seed",
    "target": "score to reach: at least this, or at most this for an error",
    "reached": "seeds that reached the target",
    "baseline": "what a constant answer scores, derived in the problem's file",
    "wall_s_median": "seconds from the start of the model's build to the last test answer: build, "
    "training, validation, prediction; median over the seeds, as is the next",
    "first_epoch_s_median": "seconds of the first epoch, with tracing and compilation",
    "epoch_s_median": "seconds of an epoch after the first, batches gathered and trained on; "
    "median over all such epochs of all seeds",
    "host_peak_bytes": "most resident memory of the process, framework included; largest over the "
    "seeds, as is the next",
    "gpu_peak_bytes": "most GPU memory in tensors, as the framework counts it",
    "parameters": "trainable numbers of the network",
    "proof": "proven: `diptych check` had shown that the backends train the same model; unproven: "
    "timed without it; empty: a backend alone, or records older than the check",
    "parity": "largest relative difference between the backends that the check found in float64: "
    "layers, loss, gradients, a loss curve of 200 steps, scores; matched mode only",
}
WHOLE = ("seeds", "failed", "reached", "host_peak_bytes", "gpu_peak_bytes", "parameters")


def table(records: Sequence[Record]) -> pd.DataFrame:
    """Return the table of some records: a row per problem, backend, device, mode and metric.

    Missing is empty (NA), never 0.
    """
    rank = {name: i for i, name in enumerate(BACKENDS)}
    groups: dict[tuple[str, int, str, str, str], list[Record]] = {}
    for record in records:
        backend = rank.get(record.backend, len(rank))
        group = (record.problem, backend, record.backend, record.device, record.mode)
        groups.setdefault(group, []).append(record)
    rows = [
        _row(groups[group], metric)
        for group in sorted(groups)
        for metric in dict.fromkeys(name for record in groups[group] for name in record.scores)
    ]
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    for column in WHOLE:
        frame[column] = frame[column].astype("Int64")
    return frame


def _row(records: Sequence[Record], metric: str) -> dict[str, object]:
    judged = [record.scores[metric] for record in records if metric in record.scores]
    scores = pd.Series([one["score"] for one in judged if one["score"] is not None], dtype=float)
    judge = judged[-1]
    has_target = judge["target"] is not None
    proofs = [record.proof for record in records if record.status != "refused"]
    return {
        **{name: getattr(records[0], name) for name in ("problem", "backend", "device", "mode")},
        "seeds": len(records),
        "failed": len(records) - len(scores),
        "metric": metric,
        "score_mean": scores.mean(),
        "score_std": scores.std(),
        "score_min": scores.min(),
        "target": judge["target"],
        "reached": sum(bool(one["reached"]) for one in judged) if has_target else None,
        "baseline": judge["baseline"],
        "wall_s_median": _numbers(record.total_s for record in records).median(),
        "first_epoch_s_median": _numbers(record.first_epoch_s for record in records).median(),
        "epoch_s_median": _numbers(s for record in records for s in record.epoch_s).median(),
        "host_peak_bytes": _numbers(record.host_peak_bytes for record in records).max(),
        "gpu_peak_bytes": _numbers(record.gpu_peak_bytes for record in records).max(),
        "parameters": _numbers(record.parameters for record in records).max(),
        "proof": UNPROVEN if UNPROVEN in proofs else next(filter(None, proofs), None),
        "parity": _numbers(record.parity for record in records).max(),
    }


def _numbers(values: Iterable[float | None]) -> "pd.Series[float]":
    return pd.Series([value for value in values if value is not None], dtype=float)
