"""Verdicts in words: who scored better, who was faster, by how much, how sure; and warnings."""

from collections.abc import Mapping

import pandas as pd

from compare.tables.columns import number
from compare.tables.rows import TIMED, times
from compare.tables.statistics import IDENTICAL, MINIMUM, SCORE
from compare.tables.verdicts import BETTER, EQUAL, WORSE, outcome, reservations

SHOWN = ("different", "different but negligible")
# Warning: what it means to those who read the times; compare/tables/measures.py tells who measures.
DOUBTS = {
    "parts": "the parts of a training do not add up to its total; do not rely on these times",
    "machines": "the trainings of a row come from several machines; means and medians mix them",
    "unsteady": "epochs of one training differ much from one another; times are uncertain",
    "busy": "other programs were running; times may be too long",
    "drift": "some seeds ran slower than others throughout, as when a processor throttles; times "
    "may be too long",
    "shared": "other programs used the GPU; times may be too long, and the memory of the whole "
    "device is theirs too",
    "losses": "after one epoch the losses of the two sides differ by more than rounding explains; "
    "they may not train the same",
}

Said = tuple[str, str]  # the answer, and what it rests on


def answers(rows: pd.DataFrame, *, better: str, names: Mapping[str, str]) -> list[Said]:
    """Return what the verdicts of one problem and pair of sides say of scores and of times.

    `better` tells of the metric which scores are: "higher" or "lower". `names` are those of the
    sides for people.
    """
    named = rows.replace({"backend": dict(names), "reference": dict(names)})
    by_measure = {str(row["measure"]): row for _, row in named.iterrows()}
    said: list[Said] = []
    if SCORE in by_measure:
        row = by_measure[SCORE]
        said.append(_reserved(scored(row, better), row))
    if timings := {name: by_measure[name] for name in TIMED if name in by_measure}:
        said.append(_reserved(timed(timings), next(iter(timings.values()))))
    return said


def _reserved(said: Said, row: pd.Series) -> Said:
    """Return a verdict with what speaks against relying on it."""
    lead, detail = said
    return lead, "; ".join([detail, *reservations(row)])


def scored(row: pd.Series, better: str) -> Said:
    """Return what the verdict on the score says."""
    both = (
        f"{row['backend']} {number(row['value'])}, {row['reference']} "
        f"{number(row['reference_value'])}"
    )
    ahead, behind = row["backend"], row["reference"]
    if row["failed"]:
        return "Scores are missing", f"in {row['failed']} of {row['pairs']} pairs"
    if row["verdict"] == IDENTICAL:
        return "Identical scores", f"{number(row['value'])}, equal in every seed"
    if row["verdict"] == "equivalent":
        return "Equal scores", f"{both}; less than {row['margin']:g} apart"
    if (row["effect"] > 0) != (better == "higher"):
        ahead, behind = behind, ahead
    if row["verdict"] in SHOWN:
        slight = "" if row["verdict"] == "different" else ", though by less than counts"
        return f"{ahead} scores better", f"than {behind}{slight}: {both}{between(row, '+.3g')}"
    if row["verdict"] == "inconclusive":
        return "No verdict on the scores", f"{both}{between(row, '+.3g')}"
    if not row["effect"]:
        return f"The same mean score ({unjudged(row)})", number(row["value"])
    apart = f"ahead in score by {number(abs(row['effect']), 2)}"
    return f"{ahead} is {apart} ({unjudged(row)})", both


def timed(rows: Mapping[str, pd.Series]) -> Said:
    """Return what the verdicts on an epoch's and a whole training's time say."""
    one = next(iter(rows.values()))
    parts = [
        f"{times(row['effect'])} times as long for {TIMED[name]}{between(row, '.2f')}"
        for name, row in rows.items()
        if not row["failed"]
    ]
    missing = [
        f"{TIMED[name]}: no time in {row['failed']} of {row['pairs']} pairs"
        for name, row in rows.items()
        if row["failed"]
    ]
    takes = [f"{one['backend']} takes {' and '.join(parts)}"] if parts else []
    return _faster(rows), "; ".join(takes + missing)


def unjudged(row: pd.Series) -> str:
    """Say why there is no verdict: "not judged: 3 seeds"."""
    return f"not judged: {row['pairs']} seed{'s' if row['pairs'] != 1 else ''}"


def between(row: pd.Series, style: str) -> str:
    """Return the 95 % interval of an effect in brackets; nothing where there is none."""
    if pd.isna(row["low"]):
        return ""
    return f" (95 % interval {row['low']:{style}} to {row['high']:{style}})"


def _faster(rows: Mapping[str, pd.Series]) -> str:
    """Return who is faster, and in what, if not in all; who is ahead where nothing is judged."""
    judged = any(row["pairs"] >= MINIMUM for row in rows.values())
    winners = {name: _winner(row) for name, row in rows.items()}
    found = {winner for winner in winners.values() if winner}
    lead = "is faster" if judged else "is ahead"
    why = "" if judged else f" ({unjudged(next(iter(rows.values())))})"
    if not found:
        same = all(outcome(row) == EQUAL for row in rows.values())
        return ("Equally fast" if same else "No verdict on the time") + why
    if len(found) == 1 and None not in winners.values():
        return f"{found.pop()} {lead}{why}"
    said = (f"{who} {lead} in {TIMED[name]}" for name, who in winners.items() if who)
    return ", ".join(said) + why


def _winner(row: pd.Series) -> str | None:
    """Return the faster side of a row if it is faster by more than counts; judged, it is shown."""
    if pd.isna(row["effect"]):
        return None
    return {WORSE: str(row["reference"]), BETTER: str(row["backend"])}.get(outcome(row))
