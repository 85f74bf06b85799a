"""A problem timed at several sizes: the runs, and of their records a row per side and size.

Pure functions; `sweep_pairs` says who is the faster from what size on.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import groupby
from statistics import median

import pandas as pd

from compare.flags import flags
from compare.groups import SIDE, Side, sides
from compare.records.record import Record, Run
from compare.records.record import sizes as sizes_of
from compare.tables.results import samples_per_s

Size = tuple[str, int]  # what is varied, a field of Run; how large it is

# Column of sweep.csv: what it means. In this order.
COLUMNS = {
    "problem": "what is learned",
    "backend": "framework, and for Keras the engine under it",
    "device": "where it was trained: cpu or gpu",
    "mode": "matched: the same data, initial weights, batch order and optimizer on every side",
    "sweep": "what is varied: batch_size, examples in a batch; or unit, how wide the network is, "
    "all else being the problem's own",
    "size": "how large that is",
    "seeds": "trainings asked for, one per seed",
    "failed": "trainings without a time: failed, diverged, timed out, unavailable or refused",
    "samples_per_s_median": "examples of an epoch / seconds of a training's median later epoch; "
    "median over the seeds, as are epoch_s and first_step_s",
    "samples_per_s_min": "the least of a seed",
    "samples_per_s_max": "the most of a seed",
    "epoch_s_median": "seconds of a training's median later epoch",
    "first_step_s_median": "seconds of the first step, with tracing and compilation; in no rate",
    "host_peak_bytes": "most resident memory of the process; largest over the seeds, as are the "
    "next two",
    "gpu_peak_bytes": "most GPU memory in tensors, as the framework counts it",
    "parameters": "trainable numbers of the network: the same on all sides, or they are not twins "
    "at this size",
    "loss_difference": "relative difference of the mean loss of the first epoch from that of the "
    "first side, at the same size and seed; largest over the seeds. Started alike and fed alike, "
    "the sides should differ by rounding",
    "flags": "what makes the row's times doubtful",
}
WHOLE = ("size", "seeds", "failed", "host_peak_bytes", "gpu_peak_bytes", "parameters")


def points(runs: Iterable[Run], name: str, asked: Sequence[int]) -> list[Run]:
    """Return the runs at each of the sizes asked for, from seed to seed up and down.

    So a machine that grows slower with time does it to all sizes alike; and at each size, all sides
    are timed one after the other.
    """
    return [
        replace(run, **{name: size})  # type: ignore[arg-type]
        for seed, mine in groupby(runs, key=lambda run: run.seed)
        for same in [list(mine)]
        for size in (asked if seed % 2 == 0 else reversed(asked))
        for run in same
    ]


def sweep(records: Sequence[Record]) -> pd.DataFrame:
    """Return a row per side and size of one problem's sweep. Missing is empty, never 0."""
    everyone = sides(records)
    reference = at_sizes(everyone[0])
    rows = []
    for side in everyone:
        which = dict(zip(SIDE, side.key, strict=True))
        for (name, size), same in at_sizes(side).items():
            row = {"problem": same[0].problem, **which, "sweep": name, "size": size}
            other = reference.get((name, size), []) if side is not everyone[0] else []
            rows.append(row | _measured(same) | {"loss_difference": _loss_difference(same, other)})
    frame = pd.DataFrame(rows, columns=list(COLUMNS)).astype(dict.fromkeys(WHOLE, "Int64"))
    rates = [name for name in COLUMNS if name.endswith(("_median", "_min", "_max", "_difference"))]
    return frame.astype(dict.fromkeys(rates, float))


def at_sizes(side: Side) -> dict[Size, list[Record]]:
    """Return the trainings of a side by what was varied and how large it was, rising."""
    found: dict[Size, list[Record]] = {}
    for record in side.records:
        for size in sizes_of(record).items():
            found.setdefault(size, []).append(record)
    return dict(sorted(found.items()))


def rates(records: Iterable[Record]) -> dict[int, float]:
    """Return samples per second by seed, of the trainings that went well."""
    return {
        one.seed: rate for one in records if one.status == "ok" and (rate := samples_per_s(one))
    }


def _measured(same: Sequence[Record]) -> dict[str, object]:
    found = list(rates(same).values())
    timed = [one for one in same if one.status == "ok"]
    epochs = [median(one.epoch_s) for one in timed if one.epoch_s]
    first = [one.first_step_s for one in timed if one.first_step_s is not None]
    most = {
        name: max((n for one in timed if (n := getattr(one, name)) is not None), default=None)
        for name in ("host_peak_bytes", "gpu_peak_bytes", "parameters")
    }
    return most | {
        "seeds": len(same),
        "failed": len(same) - len(found),
        "samples_per_s_median": median(found) if found else None,
        "samples_per_s_min": min(found, default=None),
        "samples_per_s_max": max(found, default=None),
        "epoch_s_median": median(epochs) if epochs else None,
        "first_step_s_median": median(first) if first else None,
        "flags": "; ".join(flags(same)) or None,
    }


def _loss_difference(same: Sequence[Record], reference: Sequence[Record]) -> float | None:
    """Return the largest relative difference of a first epoch's loss, paired by seed."""
    losses = {one.seed: one.train_loss[0] for one in reference if one.train_loss}
    pairs = [(one.train_loss[0], losses.get(one.seed)) for one in same if one.train_loss]
    found = [abs(mine / other - 1) for mine, other in pairs if mine is not None and other]
    return max(found, default=None)
