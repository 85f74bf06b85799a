"""Two sides of trainings and a measure -> figures and a verdict, paired by seed. Pure functions."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np

from backends._seeded import Array
from compare.paired import LEVEL, holm, interval, sign_flip_p, smallest, within
from compare.records.record import Record, Score
from compare.target import time_to_target_s

MINIMUM = 6  # pairs: with five, no choice of signs has a p below 1/16
# Times and bytes this close count as equal in practice. On a shared machine, the slowest seeds of a
# run of 120 trainings took 1.05 to 1.6 times as long for an epoch as the fastest of their row.
RATIO_MARGIN = 0.05
SCORE = "score"
IDENTICAL, DIFFERENT, INCONCLUSIVE = "identical", "different", "inconclusive"
# By whether a difference is shown, and whether it is shown to be within the margin.
VERDICTS = {
    (True, False): DIFFERENT,
    (True, True): "different but negligible",
    (False, True): "equivalent",
    (False, False): INCONCLUSIVE,
}

Side = dict[int, Record]  # by seed
Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Measure:
    """What two sides are compared by: ratios of times, or differences of scores.

    `read` takes it off a training that has a score; None or NaN is "not measured". `worst` stands
    for a training without a value.
    """

    name: str
    read: Callable[[Record], float | None]
    worst: float = math.inf
    margin: float | None = RATIO_MARGIN  # changes within it count as equal in practice
    ratio: bool = True


# Memory is none of them: it hardly depends on the seed, and forks of one server share much of it,
# so that many seeds would be no more evidence than one.
TIMES = (
    Measure(name="epoch_s", read=lambda one: median(one.epoch_s) if one.epoch_s else None),
    Measure(name="wall_s", read=lambda one: one.total_s),
    Measure(name="time_to_target_s", read=time_to_target_s),
)


def scores(reference: Side, other: Side) -> dict[str, Measure]:
    """Return a measure for each metric of two sides; margins are those the reference declares."""
    judges: dict[str, Score] = {}
    for record in (*reference.values(), *other.values()):
        for metric, one in record.scores.items():
            judges.setdefault(metric, one)
    return {metric: _score(metric, one) for metric, one in judges.items()}


def _score(metric: str, judged: Score) -> Measure:
    return Measure(
        name=SCORE,
        read=lambda record: record.score(metric),
        worst=-math.inf if judged.better == "higher" else math.inf,
        margin=judged.margin,
        ratio=False,
    )


def judge(measure: Measure, ours: Side, reference: Side) -> Row | None:
    """Return the figures of a side against the reference, but for those that need other rows.

    None where no seed is on both sides, or a side that has scores was not measured.
    """
    found = [_found(measure, side) for side in (ours, reference)]
    scored = [any(one.status == "ok" for one in side.values()) for side in (ours, reference)]
    seeds = sorted(ours.keys() & reference.keys())
    if (
        not any(found)
        or not seeds
        or any(one and not values for one, values in zip(scored, found, strict=True))
    ):
        return None
    values = [np.array([one.get(seed, measure.worst) for seed in seeds]) for one in found]
    row = {"measure": measure.name, "margin": measure.margin}
    if not measure.ratio:
        return _figures(*values, margin=measure.margin, back=float) | row
    margin = None if measure.margin is None else math.log1p(measure.margin)
    return _figures(*map(np.log, values), margin=margin, back=math.exp) | row


def _found(measure: Measure, side: Side) -> dict[int, float]:
    """Return a measure of the trainings that have a score, by seed, where it was taken."""
    values = {seed: measure.read(one) for seed, one in side.items() if one.status == "ok"}
    return {seed: one for seed, one in values.items() if one is not None and not math.isnan(one)}


def _figures(a: Array, b: Array, *, margin: float | None, back: Callable[[float], float]) -> Row:
    """Compare values (seeds,) of a backend and the reference; `back` undoes their logarithm."""
    with np.errstate(invalid="ignore"):
        changes = np.nan_to_num(a - b, nan=0.0, posinf=math.inf, neginf=-math.inf)
    lost, gained = np.isfinite(b) & ~np.isfinite(a), np.isfinite(a) & ~np.isfinite(b)
    failed = int(np.sum(~np.isfinite(a) | ~np.isfinite(b)))
    greater = float(np.sum(a > b) + np.sum(a == b) / 2)
    row: Row = {"pairs": len(a), "failed": failed}
    row |= {"lost": int(np.sum(lost)), "gained": int(np.sum(gained))}
    row |= {"value": back(float(np.mean(a))), "reference_value": back(float(np.mean(b)))}
    row |= {"greater": greater, "p_greater": greater / len(a)}
    if failed:
        return row | ({"p": sign_flip_p(np.sign(changes))} if len(a) >= MINIMUM else {})
    row["effect"] = back(float(np.mean(changes)))
    if len(a) < MINIMUM:
        return row
    row["p"] = sign_flip_p(changes)
    if not changes.any():
        return row | {"verdict": IDENTICAL}
    row["low"], row["high"] = map(back, interval(changes))
    row["within_margin"] = None if margin is None else within(changes, margin)
    return row | {"smallest": back(smallest(changes))}


def decide(rows: Iterable[Row], family: Sequence[str]) -> None:
    """Add to rows the p after Holm's correction, and the verdict.

    Rows that have the same values under the names in `family` are corrected together.
    """
    families: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        if "p" in row:
            families.setdefault(tuple(row[name] for name in family), []).append(row)
    for together in families.values():
        for row, p_holm in zip(together, holm([row["p"] for row in together]), strict=True):
            if row.get("verdict") == IDENTICAL:  # counts in the family, but was not computed
                del row["p"]
                continue
            row["p_holm"] = p_holm
            if len(together) * 2 ** (1 - row["pairs"]) >= LEVEL:  # the least p there is
                row.pop("smallest", None)
            row["verdict"] = VERDICTS[p_holm < LEVEL, bool(row.get("within_margin"))]
