"""Paired comparison of two sides: intervals, permutation tests, Holm's correction, verdicts.

Plain numbers first, then what reads them off records. Pure functions. What needs scipy imports it
inside: no command that prints no statistics waits for it. `scipy.stats` is slow and imports
whatever array library is there, so it is not used at all.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from compare.records.record import Record, Score
from compare.tables.measures import epoch_s, time_to_target_s
from problems import Array

LEVEL = 0.05  # of a test: the chance of a claim where there is nothing to claim
CONFIDENCE = 0.95  # of an interval
# What an interval covers, wherever one is shown: the seeds of a run share their machine and hour.
COVERED = (
    "95 % interval over the seeds of this run, on this machine, in this hour; the mean of another "
    "run may lie outside"
)
POWER = 0.80  # the chance to see a difference that is there
EXACT = 40  # changes up to which all signs are tried: 2 x 2^20 sums, a fraction of a second
TIES = 1e-12  # sums that differ by this part of the largest are the same but for rounding


def geometric_mean(values: Sequence[float]) -> float | None:
    """Return the centre of times over seeds; 0 if any is, None if there are none.

    The ratio of two such means is the mean of the pairs' ratios, which the median is not.
    """
    if not len(values):
        return None
    with np.errstate(divide="ignore"):
        return float(np.exp(np.mean(np.log(values))))


def interval(changes: Sequence[float], confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Return the t interval of the mean of paired changes; NaN for fewer than two."""
    if len(changes) < 2:
        return math.nan, math.nan
    from scipy.special import stdtrit

    error = float(np.std(changes, ddof=1)) / math.sqrt(len(changes))
    half = float(stdtrit(len(changes) - 1, (1 + confidence) / 2)) * error
    mean = float(np.mean(changes))
    return mean - half, mean + half


def sign_flip_p(changes: Sequence[float]) -> float:
    """Return the two-sided p of the permutation test that flips the signs of paired changes.

    It is the share of all 2^n choices of signs whose sum is as far from zero as the seen one, or
    farther. Up to EXACT changes every choice counts: each sum is one of the first half's and one of
    the second half's, and for each of the former, sorting tells how many of the latter suffice.
    Beyond that it is the normal limit of the same distribution, whose mean is 0 and whose variance
    is the sum of the squared changes.
    """
    found = np.asarray(changes, dtype=float)
    found = found[found != 0]  # with either sign the same: in the share of what is left as well
    largest = float(np.abs(found).sum())
    seen = abs(float(found.sum()))
    if seen <= TIES * largest:
        return 1.0
    if len(found) > EXACT:
        return math.erfc(seen / math.sqrt(2 * float(np.square(found).sum())))
    if (found > 0).all() or (found < 0).all():
        return 2 / 2.0 ** len(found)  # no other sum is as far: times seldom need more than this
    first, second = _signed_sums(found[::2]), _signed_sums(found[1::2])
    needed = seen - TIES * largest - first[::-1]  # rising, so that neighbours are looked up near
    reached = first.size * second.size - int(np.searchsorted(second, needed).sum())
    return 2 * reached / 2.0 ** len(found)  # the sums lie evenly about zero


def _signed_sums(values: np.ndarray) -> np.ndarray:
    """Return the sums of some values under all choices of their signs, sorted."""
    sums = np.zeros(1)
    for value in np.sort(np.abs(values)):
        sums = np.sort(np.concatenate([sums - value, sums + value]), kind="stable")  # merges two
    return sums


def holm(ps: Sequence[float]) -> list[float]:
    """Return the p of each test of a family, raised so that one false claim in it is rare.

    S. Holm, A simple sequentially rejective multiple test procedure, 1979.
    """
    adjusted, highest = [1.0] * len(ps), 0.0
    for rank, i in enumerate(sorted(range(len(ps)), key=lambda i: ps[i])):
        highest = max(highest, min(1.0, (len(ps) - rank) * ps[i]))
        adjusted[i] = highest
    return adjusted


def within_p(changes: Sequence[float], margin: float) -> float:
    """Return the p of equivalence: that the mean change is smaller than a margin, either way.

    It is the larger one of two one-sided t tests, against the margin and against its negative. It
    is below LEVEL exactly if the 1 - 2 LEVEL interval lies inside the margin.
    """
    from scipy.special import stdtr

    error = float(np.std(changes, ddof=1)) / math.sqrt(len(changes))
    room = margin - abs(float(np.mean(changes)))
    if not error:
        return float(room <= 0)
    return float(stdtr(len(changes) - 1, -room / error))


def smallest(changes: Sequence[float]) -> float:
    """Return the mean change that a paired t test of so many would have shown, with POWER."""
    return float(np.std(changes, ddof=1)) / math.sqrt(len(changes)) * _shown(len(changes))


@lru_cache
def _shown(n: int) -> float:
    """Return the mean, in standard errors, that a two-sided t test at LEVEL shows with POWER."""
    from scipy.special import nctdtr, stdtrit

    critical = float(stdtrit(n - 1, 1 - LEVEL / 2))
    low, high = 0.0, 100.0
    while low < (middle := (low + high) / 2) < high:  # halve until no number lies between
        missed = nctdtr(n - 1, middle, critical) - nctdtr(n - 1, middle, -critical)
        low, high = (middle, high) if 1 - missed < POWER else (low, middle)
    return high


MINIMUM = 6  # pairs: with five, no choice of signs has a p below 1/16
# Times and bytes this close count as equal in practice. On a shared machine, the slowest seeds of a
# run of 120 trainings took 1.05 to 1.6 times as long for an epoch as the fastest of their row.
RATIO_MARGIN = 0.05
SCORE = "score"
IDENTICAL, DIFFERENT, INCONCLUSIVE = "identical", "different", "inconclusive"
EQUIVALENT, NEGLIGIBLE = "equivalent", "different but negligible"
# By whether a difference is shown, and whether it is shown to be within the margin.
VERDICTS = {
    (True, False): DIFFERENT,
    (True, True): NEGLIGIBLE,
    (False, True): EQUIVALENT,
    (False, False): INCONCLUSIVE,
}

BySeed = dict[int, Record]  # the trainings of one side
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
    Measure(name="epoch_s", read=epoch_s),
    Measure(name="wall_s", read=lambda one: one.total_s),
    Measure(name="time_to_target_s", read=time_to_target_s),
)


def scores(reference: BySeed, other: BySeed) -> dict[str, Measure]:
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


def judge(measure: Measure, ours: BySeed, reference: BySeed) -> Row | None:
    """Return the figures of a side against the reference, but for those that need other rows.

    A time that was not taken of a training that went well is missing, and its seed is no pair: it
    is neither infinite nor 0. None where no seed is on both sides, or a side that has scores was
    not measured.
    """
    ours, reference = (_taken(measure, side) for side in (ours, reference))
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


def _taken(measure: Measure, side: BySeed) -> BySeed:
    """Return the trainings of a side but for those of which a time was not taken.

    Where it was taken of none, they are all returned.
    """
    taken = {
        seed: one
        for seed, one in side.items()
        if not measure.ratio or one.status != "ok" or _is_number(measure.read(one))
    }
    return taken if any(one.status == "ok" for one in taken.values()) else side


def _is_number(value: float | None) -> bool:
    return value is not None and not math.isnan(value)


def _found(measure: Measure, side: BySeed) -> dict[int, float]:
    """Return a measure of the trainings that have a score, by seed, where it was taken."""
    values = {seed: measure.read(one) for seed, one in side.items() if one.status == "ok"}
    return {seed: one for seed, one in values.items() if one is not None and _is_number(one)}


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
    row["p_within"] = None if margin is None else within_p(changes, margin)
    return row | {"smallest": back(smallest(changes))}


def decide(rows: Iterable[Row], family: Sequence[str]) -> None:
    """Add to rows both p after Holm's correction, and the verdict.

    Rows that have the same values under the names in `family` are corrected together, for the
    difference and for the equivalence alike.
    """
    families: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        if "p" in row:
            families.setdefault(tuple(row[name] for name in family), []).append(row)
    for together in families.values():
        differs = holm([row["p"] for row in together])
        within = holm([_equivalence(row) for row in together])
        for row, p_holm, p_within_holm in zip(together, differs, within, strict=True):
            if row.get("verdict") == IDENTICAL:  # counts in the family, but was not computed
                del row["p"]
                continue
            row["p_holm"] = p_holm
            if len(together) * 2 ** (1 - row["pairs"]) >= LEVEL:  # the least p there is
                row.pop("smallest", None)
            equivalent = row.get("p_within") is not None and p_within_holm < LEVEL
            if row.get("p_within") is not None:
                row |= {"p_within_holm": p_within_holm, "within_margin": equivalent}
            row["verdict"] = VERDICTS[p_holm < LEVEL, equivalent]


def _equivalence(row: Row) -> float:
    """Return the p of equivalence of a row; 1 where it cannot be shown, 0 where nothing differs."""
    if row.get("verdict") == IDENTICAL:
        return 0.0
    return 1.0 if row.get("p_within") is None else float(row["p_within"])
