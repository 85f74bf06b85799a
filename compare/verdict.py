"""Records -> verdicts: each backend against the reference, paired by seed. A pure function."""

import math
from collections.abc import Callable, Iterable, Iterator
from statistics import median
from typing import Any

import numpy as np
import pandas as pd

from backends import first_name
from backends._seeded import Array
from compare.paired import LEVEL, holm, interval, sign_flip_p, smallest, within
from compare.run import UNTRIED, Record
from compare.table import order
from compare.target import time_to_target_s

MINIMUM = 6  # pairs: with five, no choice of signs has a p below 1/16
# Times and bytes this close count as equal in practice. On a shared machine, the slowest seeds of a
# run of 120 trainings took 1.05 to 1.6 times as long for an epoch as the fastest of their row.
RATIO_MARGIN = 0.05
SCORE = "score"
# Measure: how it is read off a training that has a score; None or NaN where it was not measured.
# Memory is none of them: it hardly depends on the seed, and forks of one server share much of it,
# so that many seeds would be no more evidence than one.
MEASURES: dict[str, Callable[[Record], float | None]] = {
    SCORE: lambda record: next(iter(record.scores.values()), {}).get("score"),
    "epoch_s": lambda record: median(record.epoch_s) if record.epoch_s else None,
    "wall_s": lambda record: record.total_s,
    "time_to_target_s": time_to_target_s,
}
IDENTICAL = "identical"
# By whether a difference is shown, and whether it is shown to be within the margin.
VERDICTS = {
    (True, False): "different",
    (True, True): "different but negligible",
    (False, True): "equivalent",
    (False, False): "inconclusive",
}
# Column of verdicts.csv: what it means. In this order.
COLUMNS = {
    "problem": "what is learned",
    "device": "where it was trained",
    "mode": "matched or native",
    "recipe": "full or quick",
    "backend": "the one that is judged",
    "reference": "the one it is held against: of those that took part, the first that `diptych "
    "list` names",
    "measure": "score: the problem's first metric; epoch_s: a training's median epoch after the "
    "first; wall_s: build to last answer; time_to_target_s: build and epochs until the validation "
    "score reached the target",
    "pairs": "seeds of which both sides have a record, whatever came of the training",
    "failed": "pairs in which a side has no finite value: no score, or the target never reached. "
    "It then counts as infinitely bad, and all pairs by their signs only; both infinite is a tie",
    "value": "of the backend, over the pairs: mean score, or geometric mean of times and bytes",
    "reference_value": "the same of the reference",
    "effect": "value - reference_value for the score, value / reference_value for all others; "
    "empty where a pair failed",
    "low": "lower end of the 95 % t interval of the effect, paired by seed; of ratios on the log "
    "scale",
    "high": "upper end of it",
    "p": "share of all choices of signs of the paired changes whose sum is as far from zero as the "
    "seen one, or farther (exact to 40 pairs, beyond by its normal limit)",
    "p_holm": "p after Holm's correction over the problems, the rest of the row being the same",
    "margin": "effects within it count as equal in practice: that of the metric, declared in the "
    "problem's file, or a twentieth for ratios",
    "within_margin": "the 90 % t interval lies within the margin: two one-sided tests at 5 %",
    "greater": "pairs in which the backend's value is the greater one; a tie counts half",
    "p_greater": "greater / pairs",
    "smallest": "smallest difference that a paired t test at 5 % would have shown with a chance of "
    "80 %, at this spread and number of pairs, before Holm's correction; as a ratio above 1 where "
    "the effect is one; empty where after it so few pairs could have shown nothing",
    "verdict": "different: p_holm below 0.05; equivalent: within the margin; different but "
    "negligible: both; inconclusive: neither; identical: no pair differs at all, and nothing is "
    f"computed. Below {MINIMUM} pairs it is empty, and so is all that infers",
    "break_even_epochs": "in the row of epoch_s: epochs after which the side that starts slower, "
    "but has the faster epochs, has caught up; from medians over the seeds",
}
WHOLE = ("pairs", "failed", "break_even_epochs")
FAMILY = ("device", "mode", "recipe", "backend", "reference", "measure")

Side = dict[int, Record]  # by seed


def verdicts(records: Iterable[Record]) -> pd.DataFrame:
    """Return a row per problem, device, mode, recipe, backend but the reference, and measure.

    A measure that none of a side's trainings has, though they have scores, gives no row.
    """
    groups: dict[tuple[str, str, str, str], dict[str, Side]] = {}
    for record in records:
        group = (record.problem, record.device, record.mode, record.recipe)
        if record.status not in UNTRIED:
            groups.setdefault(group, {}).setdefault(record.backend, {})[record.seed] = record
    rows = []
    for group, sides in sorted(groups.items()):
        for backend, reference in _pairs(sides):
            names = dict(zip(COLUMNS, (*group, backend, reference), strict=False))
            found = (_judged(name, sides[backend], sides[reference]) for name in MEASURES)
            rows += [names | row for row in found if row]
    _decide(rows)
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    for column in WHOLE:
        frame[column] = frame[column].astype("Int64")
    return frame.astype({"within_margin": "boolean"})


def _pairs(sides: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield each backend with its reference: under a second name, itself; else the first of all."""
    first, *others = sorted(sides, key=order)
    for backend in others:
        itself = first_name(backend)
        yield backend, itself if itself != backend and itself in others else first


def _judged(measure: str, ours: Side, theirs: Side) -> dict[str, Any] | None:
    """Return the figures of a measure, but for those that need all problems; None without it."""
    found = [_found(measure, side) for side in (ours, theirs)]
    scored = [any(one.status == "ok" for one in side.values()) for side in (ours, theirs)]
    if (
        not any(found)
        or not ours.keys() & theirs.keys()
        or any(one and not values for one, values in zip(scored, found, strict=True))
    ):
        return None
    judges = (one for side in (theirs, ours) for one in side.values() if one.scores)
    judge = next(iter(next(judges).scores.values())) if measure == SCORE else {}
    worst = -math.inf if judge.get("better") == "higher" else math.inf
    seeds = sorted(ours.keys() & theirs.keys())
    values = [np.array([one.get(seed, worst) for seed in seeds]) for one in found]
    if measure == SCORE:
        return {"measure": measure, **_figures(*values, margin=judge.get("margin"), back=float)}
    row = _figures(*map(np.log, values), margin=math.log1p(RATIO_MARGIN), back=math.exp)
    row |= {"measure": measure, "margin": RATIO_MARGIN}
    return row | (_break_even(ours, theirs) if measure == "epoch_s" else {})


def _found(measure: str, side: Side) -> dict[int, float]:
    """Return a measure of the trainings that have a score, by seed, where it was taken."""
    values = {seed: MEASURES[measure](one) for seed, one in side.items() if one.status == "ok"}
    return {seed: one for seed, one in values.items() if one is not None and not math.isnan(one)}


def _figures(
    a: Array, b: Array, *, margin: float | None, back: Callable[[float], float]
) -> dict[str, Any]:
    """Compare values (seeds,) of a backend and the reference; `back` undoes their logarithm."""
    with np.errstate(invalid="ignore"):
        changes = np.nan_to_num(a - b, nan=0.0, posinf=math.inf, neginf=-math.inf)
    failed = int(np.sum(~np.isfinite(a) | ~np.isfinite(b)))
    greater = float(np.sum(a > b) + np.sum(a == b) / 2)
    row = {"pairs": len(a), "failed": failed, "margin": margin}
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


def _break_even(ours: Side, theirs: Side) -> dict[str, int]:
    """Return after how many epochs a later start is made up for; nothing if it never is."""
    (epoch_s, start_s), (their_epoch_s, their_start_s) = map(_pace, (ours, theirs))
    later, faster = start_s - their_start_s, their_epoch_s - epoch_s
    return {"break_even_epochs": math.ceil(later / faster)} if later * faster > 0 else {}


def _pace(side: Side) -> tuple[float, float]:
    """Return the seconds of an epoch, and what a training takes beside its epochs; NaN if none."""
    epochs, starts = [], []
    for one in side.values():
        if one.status == "ok" and one.epoch_s and one.build_s is not None and one.first_epoch_s:
            epochs.append(median(one.epoch_s))
            starts.append(one.build_s + one.first_epoch_s - epochs[-1])
    return (median(epochs), median(starts)) if epochs else (math.nan, math.nan)


def _decide(rows: Iterable[dict[str, Any]]) -> None:
    """Add, family by family, the p after Holm's correction and the verdict."""
    families: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for row in rows:
        if "p" in row:
            families.setdefault(tuple(row[name] for name in FAMILY), []).append(row)
    for family in families.values():
        for row, p_holm in zip(family, holm([row["p"] for row in family]), strict=True):
            if row.get("verdict") == IDENTICAL:  # counts in the family, but was not computed
                del row["p"]
                continue
            row["p_holm"] = p_holm
            if len(family) * 2 ** (1 - row["pairs"]) >= LEVEL:  # the least p there is
                row.pop("smallest", None)
            row["verdict"] = VERDICTS[p_holm < LEVEL, bool(row.get("within_margin"))]
