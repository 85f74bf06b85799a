"""Who is the faster from what size on: two sides of a sweep, paired by seed. Pure functions."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from backends._seeded import Array
from compare.groups import Side, sides
from compare.records.record import SIZES, Record
from compare.studies.crossover import Crossing, Stretch, crossings, undecided
from compare.studies.sweep import at_sizes, rates

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
    side: Side
    reference: Side
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
        for reference, side in combinations(sides(records), 2):
            if sum(a != b for a, b in zip(reference.key, side.key, strict=True)) == 1:
                mine, theirs = _rates(side, name), _rates(reference, name)
                if changes := _changes(mine, theirs):
                    counting, logarithms = changes
                    yield Pair(name, side, reference, counting, logarithms)


def _rates(side: Side, name: str) -> dict[int, dict[int, float]]:
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
