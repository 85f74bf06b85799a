"""Two lists of records -> what differs: provenance, and each row paired by seed. Pure functions.

A is the reference: a folder of another day, machine, version or commit. B is held against it. Seeds
are no independent witnesses of a time: all of a run share the machine as it was that hour. So a
change of times is proven against the spread between seeds, not against that between days; what
speaks for the machine is found out apart (`pace` below, compare/tables/measures.py).
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from backends import Side
from compare.records.provenance import differing
from compare.records.record import UNTRIED, Record, of_side
from compare.tables.measures import doubts, least_proof
from compare.tables.statistics import (
    COVERED,
    DIFFERENT,
    INCONCLUSIVE,
    RATIO_MARGIN,
    SCORE,
    TIMES,
    BySeed,
    Row,
    decide,
    judge,
    scores,
)

# How much two runs of one code may differ in time by the machine alone: of 120 trainings done twice
# on a shared machine, three hours apart, single rows took up to 1.13 times as long, with intervals
# that began at up to 1.06.
RUNS = 0.10
KEY = ("problem", "backend", "device", "mode", "recipe")
# Column of the rows: what it means. In this order.
DIFF_COLUMNS = {
    "problem": "what is learned",
    "backend": "framework, and for Keras the engine under it; with its tier, if that is not the "
    "default one",
    "device": "where it was trained",
    "mode": "matched or native",
    "recipe": "full or quick",
    "measure": "score; epoch_s: a training's median epoch after the first; wall_s: build to last "
    "answer; time_to_target_s: build and epochs until the target was seen in validation",
    "metric": "what is scored; empty for times",
    "better": "whether a higher or a lower value is better",
    "pairs": "seeds of which both folders have a record, whatever came of the training",
    "failed": "pairs in which a side has no finite value: no score, or the target never seen in "
    "validation. It then counts as infinitely bad, and all pairs by their signs only",
    "lost": "pairs with a value in A and none in B",
    "gained": "pairs with a value in B and none in A",
    "value_a": "of A, over the pairs: mean score, or geometric mean of times",
    "value_b": "the same of B",
    "effect": "value_b - value_a for scores, value_b / value_a for times; empty where a pair "
    "failed",
    "low": "lower end of the 95 % t interval of the effect, paired by seed; of ratios on the log "
    f"scale. {COVERED}",
    "high": "upper end of it",
    "p": "of the exact permutation test that flips the signs of the paired changes",
    "p_holm": "p after Holm's correction over the problems, the rest of the row being the same; "
    "the first metrics of all problems are corrected together, then the second ones, and so on",
    "margin": "effects within it count as no change in practice: that of the metric, as A declares "
    "it, or a twentieth for ratios",
    "p_within": "p of equivalence, as in verdicts.csv",
    "p_within_holm": "p_within after Holm's correction, over the same rows as p_holm",
    "within_margin": "p_within_holm is below 0.05",
    "greater": "pairs in which B's value is the greater one; a tie counts half",
    "p_greater": "greater / pairs",
    "smallest": "smallest change that so many pairs would have shown with a chance of 80 %",
    "verdict": "as in verdicts.csv, but a time is different only if its whole interval lies beyond "
    f"a change of {RUNS:.0%}, for so much two runs of the same code may differ by the machine: "
    "different, different but negligible, equivalent, inconclusive "
    "or identical; empty below six pairs",
    "change": "worse, better, slower or faster, where the verdict is: different",
    "warnings": "what makes the times of A or of B doubtful; empty for scores",
    "proof": "as in verdicts.csv, of both folders",
}
WHOLE = ("pairs", "failed", "lost", "gained")
FAMILY = ("device", "mode", "recipe", "backend", "measure", "rank")
ALONE = (*KEY, "only_in", "trainings", "why")

Sides = Mapping[tuple[str, ...], BySeed]


@dataclass(frozen=True, kw_only=True)
class Diff:
    """What differs between two lists of records, A and B.

    `rows` has a row per problem, backend, device, mode, recipe and measure: see DIFF_COLUMNS.
    `provenance` has what, where, a and b, as text, for all that differs: versions, machine,
    commit, settings. `alone` has the sides that were not compared, and why if there was a chance.
    `pace` is the ratio by which nearly all rows of every backend changed in time, None if not so;
    `paces` is the same of single problems.
    """

    rows: pd.DataFrame
    provenance: pd.DataFrame
    alone: pd.DataFrame
    pace: float | None
    paces: dict[str, float]


def diff(a: Sequence[Record], b: Sequence[Record]) -> Diff:
    """Return what differs between the reference's records and others; both lists may be empty."""
    sides_a, sides_b = _sides(a), _sides(b)
    rows = [
        dict(zip(KEY, key, strict=True)) | row
        for key in sorted(sides_a.keys() & sides_b.keys(), key=_rank)
        for row in _rows(_tried(sides_a[key]), _tried(sides_b[key]))
    ]
    decide(rows, FAMILY)
    for row in rows:
        if row["measure"] != SCORE and row.get("verdict") == DIFFERENT and not _beyond_runs(row):
            row["verdict"] = INCONCLUSIVE
    frame = pd.DataFrame([row | _change(row) for row in rows], columns=list(DIFF_COLUMNS))
    for column in WHOLE:
        frame[column] = frame[column].astype("Int64")
    compared = {tuple(row[name] for name in KEY) for row in rows}
    return Diff(
        rows=frame.astype({"within_margin": "boolean"}),
        provenance=differing(*(_comparable(one, compared) for one in (a, b))),
        alone=pd.DataFrame(
            [*_alone("A", sides_a, sides_b, compared), *_alone("B", sides_b, sides_a, compared)],
            columns=list(ALONE),
        ),
        pace=pace(frame),
        paces=paces(frame),
    )


def key(record: Record) -> tuple[str, ...]:
    """Return what makes trainings those of one row, and tells that row from all others."""
    return of_side(record, KEY)


def _sides(records: Iterable[Record]) -> dict[tuple[str, ...], BySeed]:
    sides: dict[tuple[str, ...], BySeed] = {}
    for record in records:
        sides.setdefault(key(record), {})[record.seed] = record
    return sides


def _rank(side: tuple[str, ...]) -> tuple[Any, ...]:
    problem, backend, *how = side
    return problem, Side.parse(backend).rank, *how


def _tried(side: BySeed) -> BySeed:
    return {seed: one for seed, one in side.items() if one.status not in UNTRIED}


def _rows(a: BySeed, b: BySeed) -> Iterator[Row]:
    """Yield the figures of each metric and time that both sides have."""
    metrics, found = scores(a, b), ([*a.values()], [*b.values()])
    proof = least_proof([*found[0], *found[1]])
    for rank, (metric, measure) in enumerate(metrics.items()):
        better = "higher" if measure.worst < 0 else "lower"
        if row := judge(measure, b, a):
            named = {"metric": metric, "better": better, "rank": rank, "proof": proof}
            yield row | named | _values(row)
    doubtful = doubts(*found)
    for measure in TIMES:
        if row := judge(measure, b, a):
            named = {"better": "lower", "rank": 0, "warnings": doubtful, "proof": proof}
            yield row | named | _values(row)


def _values(row: Row) -> Row:
    return {"value_a": row["reference_value"], "value_b": row["value"]}


def _beyond_runs(row: Row) -> bool:
    """Say whether a change of times is shown to be larger than that between runs of one code."""
    if "low" not in row:
        return True  # a value was lost in some pair: that is no matter of pace
    return bool(row["low"] > 1 + RUNS or row["high"] < 1 / (1 + RUNS))


def _change(row: Row) -> Row:
    """Return the verdict as one word, where there is a change to speak of."""
    if row.get("verdict") != DIFFERENT:
        return {}
    higher = row["p_greater"] > 0.5
    if "effect" in row:
        higher = row["effect"] > (0 if row["measure"] == SCORE else 1)
    if row["measure"] != SCORE:
        return {"change": "slower" if higher else "faster"}
    return {"change": "better" if higher == (row["better"] == "higher") else "worse"}


def _alone(name: str, ours: Sides, others: Sides, compared: set[tuple[str, ...]]) -> Iterator[Row]:
    """Yield the sides of a folder that were not compared."""
    for side in sorted(ours.keys() - compared, key=_rank):
        mine, other = ours[side], others.get(side, {})
        why = ""
        if other:
            statuses = {one.status for one in (*mine.values(), *other.values())}
            untried = sorted(statuses & set(UNTRIED))
            why = ", ".join(untried) or (
                "no score in either" if mine.keys() & other.keys() else "no seed in both"
            )
        counted = {"only_in": name, "trainings": len(mine), "why": why}
        yield dict(zip(KEY, side, strict=True)) | counted


def _comparable(records: Sequence[Record], compared: set[tuple[str, ...]]) -> Sequence[Record]:
    """Return the records of rows that were compared, or all if there are none."""
    return [one for one in records if key(one) in compared] or records


NEARLY_ALL = 0.8  # of a backend's rows


def pace(rows: pd.DataFrame) -> float | None:
    """Return the ratio by which nearly all rows of every backend changed in time; None if not so.

    Of each problem, backend, device, mode and recipe, the first time counts. Alike is from half to
    twice the median change, on the log scale. With one backend there is no such ratio: its
    framework would be as good a suspect as the machine.
    """
    timed = rows[rows["measure"].isin(["epoch_s", "wall_s"]) & rows["effect"].notna()]
    timed = timed.drop_duplicates(["problem", "backend", "device", "mode", "recipe"])
    if timed["backend"].nunique() < 2:
        return None
    changes = timed["effect"].astype(float).map(math.log)
    middle = float(changes.median())
    if abs(middle) <= math.log1p(RATIO_MARGIN):
        return None
    alike = (changes / middle).between(0.5, 2)
    return math.exp(middle) if alike.groupby(timed["backend"]).mean().min() >= NEARLY_ALL else None


def paces(rows: pd.DataFrame) -> dict[str, float]:
    """Return the same of each problem that has one: some runs did one problem after the other."""
    found = {str(problem): pace(mine) for problem, mine in rows.groupby("problem")}
    return {problem: ratio for problem, ratio in found.items() if ratio is not None}
