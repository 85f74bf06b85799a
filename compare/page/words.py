"""Verdicts in words: who scored better, who was faster, by how much, how sure."""

from collections.abc import Mapping

import pandas as pd

from compare.statistics import IDENTICAL, MINIMUM, SCORE
from compare.tables.columns import number

SHOWN = ("different", "different but negligible")
TIMED = {"epoch_s": "an epoch", "wall_s": "the whole training"}

Said = tuple[str, str]  # the answer, and what it rests on


def answers(rows: pd.DataFrame, *, better: str) -> list[Said]:
    """Return what the verdicts of one problem and pair of sides say of scores and of times.

    `better` tells of the metric which scores are: "higher" or "lower".
    """
    by_measure = {str(row["measure"]): row for _, row in rows.iterrows()}
    said = [scored(by_measure[SCORE], better)] if SCORE in by_measure else []
    times = {name: by_measure[name] for name in TIMED if name in by_measure}
    said += [timed(times)] if times else []
    pairs = int(rows["pairs"].max())
    if pairs < MINIMUM:
        said.append(("Too few seeds for a verdict", f"{pairs} in common, {MINIMUM} at least"))
    return said


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
    if row["verdict"] in SHOWN:
        if (row["effect"] > 0) != (better == "higher"):
            ahead, behind = behind, ahead
        slight = "" if row["verdict"] == "different" else ", though by less than counts"
        return f"{ahead} scores better", f"than {behind}{slight}: {both}{between(row, '+.3g')}"
    if row["verdict"] == "inconclusive":
        return "No verdict on the scores", f"{both}{between(row, '+.3g')}"
    return "Mean scores", both


def timed(rows: Mapping[str, pd.Series]) -> Said:
    """Return what the verdicts on an epoch's and a whole training's time say."""
    one = next(iter(rows.values()))
    parts = [
        f"{row['effect']:.3g} times as long for {TIMED[name]}{between(row, '.3g')}"
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


def between(row: pd.Series, style: str) -> str:
    """Return the 95 % interval of an effect in brackets; nothing where there is none."""
    if pd.isna(row["low"]):
        return ""
    return f" (95 % interval {row['low']:{style}} to {row['high']:{style}})"


def _faster(rows: Mapping[str, pd.Series]) -> str:
    """Return who is faster, and in what, if not in all."""
    winners = {name: _winner(row) for name, row in rows.items()}
    found = {winner for winner in winners.values() if winner}
    if all(pd.isna(row["verdict"]) for row in rows.values()):
        return "Times"
    if not found:
        same = all(row["verdict"] in ("equivalent", IDENTICAL) for row in rows.values())
        return "Equally fast" if same else "No verdict on the time"
    if len(found) == 1 and None not in winners.values():
        return f"{found.pop()} is faster"
    return ", ".join(f"{who} is faster in {TIMED[name]}" for name, who in winners.items() if who)


def _winner(row: pd.Series) -> str | None:
    """Return the faster backend of a row if it is shown to be so by more than counts."""
    if row["verdict"] != "different" or pd.isna(row["effect"]):
        return None
    return str(row["reference"] if row["effect"] > 1 else row["backend"])
