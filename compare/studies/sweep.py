"""A problem timed at several sizes: the runs, and of their records a row per side and size.

Pure functions. Below: which of two sides is faster, and from what size on.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, groupby

import numpy as np
import pandas as pd

from compare.drawing.groups import SIDE, Group, groups
from compare.records.record import SIZES, Record, Run
from compare.records.record import sizes as sizes_of
from compare.studies.crossover import Crossing, Stretch, crossings, undecided
from compare.tables.measures import epoch_s, samples_per_s, warnings
from compare.tables.statistics import geometric_mean
from problems import Array

Size = tuple[str, int]  # what is varied, a field of Run; how large it is

# Column of sweep.csv: what it means. In this order.
SWEEP_COLUMNS = {
    "problem": "what is learned",
    "backend": "framework, and for Keras the engine under it",
    "device": "where it was trained: cpu or gpu",
    "mode": "matched: the same data, initial weights, batch order and optimizer on every side",
    "sweep": "what is varied: batch_size, examples in a batch; or unit, how wide the network is, "
    "all else being the problem's own",
    "size": "how large that is",
    "seeds": "trainings asked for, one per seed",
    "failed": "trainings without a time: failed, diverged, timed out, unavailable or refused",
    "samples_per_s_geomean": "examples of an epoch / seconds of a training's median later epoch; "
    "geometric mean over the seeds, as are epoch_s and first_step_s: the ratio of two of them is "
    "the ratio in crossovers.csv, if both sides have the same seeds",
    "samples_per_s_min": "the least of a seed",
    "samples_per_s_max": "the most of a seed",
    "epoch_s_geomean": "seconds of a training's median later epoch",
    "first_step_s_geomean": "seconds of the first step, with tracing and compilation; in no rate",
    "host_peak_bytes": "most resident memory of the process; largest over the seeds, as are the "
    "next two",
    "gpu_peak_bytes": "most GPU memory in tensors, as the framework counts it",
    "parameters": "trainable numbers of the network: the same on all sides, or they are not twins "
    "at this size",
    "loss_difference": "relative difference of the mean loss of the first epoch from that of the "
    "first side, at the same size and seed; largest over the seeds. Started alike and fed alike, "
    "the sides should differ by rounding",
    "warnings": "what makes the row's times doubtful",
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
    everyone = groups(records)
    reference = at_sizes(everyone[0])
    rows = []
    for side in everyone:
        which = dict(zip(SIDE, side.key, strict=True))
        for (name, size), same in at_sizes(side).items():
            row = {"problem": same[0].problem, **which, "sweep": name, "size": size}
            other = reference.get((name, size), []) if side is not everyone[0] else []
            rows.append(row | _measured(same) | {"loss_difference": _loss_difference(same, other)})
    frame = pd.DataFrame(rows, columns=list(SWEEP_COLUMNS)).astype(dict.fromkeys(WHOLE, "Int64"))
    rates = [
        name for name in SWEEP_COLUMNS if name.endswith(("_geomean", "_min", "_max", "_difference"))
    ]
    return frame.astype(dict.fromkeys(rates, float))


def at_sizes(side: Group) -> dict[Size, list[Record]]:
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
    epochs = [seconds for one in timed if (seconds := epoch_s(one)) is not None]
    first = [one.first_step_s for one in timed if one.first_step_s is not None]
    most = {
        name: max((n for one in timed if (n := getattr(one, name)) is not None), default=None)
        for name in ("host_peak_bytes", "gpu_peak_bytes", "parameters")
    }
    return most | {
        "seeds": len(same),
        "failed": len(same) - len(found),
        "samples_per_s_geomean": geometric_mean(found),
        "samples_per_s_min": min(found, default=None),
        "samples_per_s_max": max(found, default=None),
        "epoch_s_geomean": geometric_mean(epochs),
        "first_step_s_geomean": geometric_mean(first),
        "warnings": "; ".join(warnings(same)) or None,
    }


def _loss_difference(same: Sequence[Record], reference: Sequence[Record]) -> float | None:
    """Return the largest relative difference of a first epoch's loss, paired by seed."""
    losses = {one.seed: one.train_loss[0] for one in reference if one.train_loss}
    pairs = [(one.train_loss[0], losses.get(one.seed)) for one in same if one.train_loss]
    found = [abs(mine / other - 1) for mine, other in pairs if mine is not None and other]
    return max(found, default=None)


# Column of crossovers.csv: what it means. In this order.
CROSSOVERS = {
    "problem": "what is learned",
    "sweep": "what is varied: batch_size or unit",
    "side": "one of two sides that differ in backend, in device or in mode",
    "reference": "the other",
    "pairs": "seeds timed on both sides at all sizes that count; a size counts if some seed was",
    "smallest": "smallest size that counts",
    "largest": "largest",
    "ratio_smallest": "samples per second of the side / of the reference at the smallest size, "
    "geometric mean over the pairs",
    "ratio_largest": "the same at the largest",
    "crossover": "size at which both are equally fast; a row for each, empty if there is none",
    "low": "lower end of its 95 % interval; 0 where it reaches below the smallest size",
    "high": "upper end; inf where it reaches beyond the largest size",
    "faster_above": "which side is the faster above it; without a crossover, which is throughout",
}


@dataclass(frozen=True)
class Pair:
    """Two sides at the sizes that count, and how many times as fast one is as the other."""

    sweep: str  # what is varied
    side: Group
    reference: Group
    sizes: tuple[int, ...]
    changes: Array  # (seeds, sizes): logarithms of the side's rate over the reference's

    @property
    def ratios(self) -> Array:
        """How many times as fast as the reference the side is, by size: geometric means."""
        return np.asarray(np.exp(self.changes.mean(axis=0)))

    @property
    def crossings(self) -> list[Crossing]:
        """Where the two are equally fast."""
        return crossings(self.sizes, self.changes)

    @property
    def undecided(self) -> list[Stretch]:
        """Where they are not told apart."""
        return undecided(self.sizes, self.changes)

    def faster(self, *, side: bool) -> str:
        """Return the name of the side, or of the reference."""
        return self.side.name if side else self.reference.name


def pairs(records: Sequence[Record]) -> Iterator[Pair]:
    """Yield, for each thing that was varied, all two sides that differ in one thing alone.

    Those that share no size and seed are left out.
    """
    for name in SIZES:
        for reference, side in combinations(groups(records), 2):
            if sum(a != b for a, b in zip(reference.key, side.key, strict=True)) == 1:
                mine, theirs = _rates(side, name), _rates(reference, name)
                if changes := _changes(mine, theirs):
                    counting, logarithms = changes
                    yield Pair(name, side, reference, counting, logarithms)


def _rates(side: Group, name: str) -> dict[int, dict[int, float]]:
    """Return samples per second of a side, by size and seed."""
    return {size: rates(same) for (varied, size), same in at_sizes(side).items() if varied == name}


def _changes(
    mine: dict[int, dict[int, float]], theirs: dict[int, dict[int, float]]
) -> tuple[tuple[int, ...], Array] | None:
    """Return the sizes at which some seed was timed on both sides; and the changes (seeds, sizes).

    The seeds are those that were timed on both sides at all of these sizes.
    """
    both = {n: mine[n].keys() & theirs[n].keys() for n in sorted(mine.keys() & theirs.keys())}
    counting = tuple(n for n, seeds in both.items() if seeds)
    seeds = set.intersection(*(set(both[n]) for n in counting)) if counting else set()
    if not seeds:
        return None
    changes = [[math.log(mine[n][i] / theirs[n][i]) for n in counting] for i in sorted(seeds)]
    return counting, np.array(changes)


def crossovers(records: Sequence[Record]) -> pd.DataFrame:
    """Return a row per crossover of two sides, or one that says who is the faster throughout."""
    rows = []
    for pair in pairs(records):
        head = {
            "problem": records[0].problem,
            "sweep": pair.sweep,
            "side": pair.side.name,
            "reference": pair.reference.name,
            "pairs": len(pair.changes),
            "smallest": pair.sizes[0],
            "largest": pair.sizes[-1],
            "ratio_smallest": pair.ratios[0],
            "ratio_largest": pair.ratios[-1],
        }
        for one in pair.crossings:
            place = {"crossover": one.size, "low": one.low, "high": one.high}
            rows.append(head | place | {"faster_above": pair.faster(side=one.rising)})
        if not pair.crossings:
            rows.append(head | {"faster_above": pair.faster(side=bool(pair.ratios[-1] > 1))})
    return pd.DataFrame(rows, columns=list(CROSSOVERS))
