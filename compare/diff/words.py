"""A diff in one line of words: what changed, or that nothing did, or that it cannot be told."""

import math
from collections.abc import Iterator

import pandas as pd

from compare.diff.difference import KEY, Diff
from compare.records.record import UNPROVEN
from compare.tables.columns import signed
from compare.tables.statistics import INCONCLUSIVE, MINIMUM, SCORE
from compare.tables.verdicts import needed

CHANGES = ("worse", "slower", "better", "faster")  # the bad news first
USUAL = ("cpu", "matched", "full")  # goes without saying
NAMED = 4  # of each kind; of the others, how many there are


def answer(diff: Diff) -> str:
    """Return what differs between A and B, in one line."""
    return "; ".join(answers(diff))


def answers(diff: Diff) -> list[str]:
    """Return what differs between A and B: what changed first, then what speaks against it."""
    rows = diff.rows
    if rows.empty:
        return ["nothing to compare", *_alone(diff.alone)]
    lost = list(_lost(rows))
    parts = [*lost, *_changes(rows)]
    others = rows[rows["lost"] == 0]
    if len(parts) == len(lost) and len(others):
        first, *more = _unchanged(others)
        parts += ["else " * len(lost) + first, *more]
    return [*parts, *_suspicions(diff), *_alone(diff.alone)]


def what(row: pd.Series) -> str:
    """Return the name of what a row compares: of a score, its metric."""
    return str(row["metric"] if row["measure"] == SCORE else row["measure"])


def _lost(rows: pd.DataFrame) -> Iterator[str]:
    """Yield which sides have trainings without a score that had one in A."""
    lost = rows[(rows["measure"] == SCORE) & (rows["lost"] > 0)].drop_duplicates(list(KEY))
    if len(lost):
        items = [f"{place(row)} {row['lost']} of {row['pairs']}" for _, row in lost.iterrows()]
        yield f"no score any more: {_named(items)}"


def _changes(rows: pd.DataFrame) -> Iterator[str]:
    """Yield what is worse, slower, better and faster, of times one for each side."""
    for change in CHANGES:
        changed = rows[(rows["change"] == change) & (rows["lost"] == 0)]
        if change in ("slower", "faster"):
            changed = changed.drop_duplicates(list(KEY))
        largest = sorted((row for _, row in changed.iterrows()), key=size, reverse=True)
        if largest:
            yield f"{change}: {_named([_item(row) for row in largest])}"


def _unchanged(rows: pd.DataFrame) -> list[str]:
    """Return that nothing changed; or how many seeds it takes to tell, and the largest changes."""
    verdicts, pairs, problems = rows["verdict"], rows["pairs"].max(), rows["problem"].nunique()
    unsettled, enough = int((verdicts == INCONCLUSIVE).sum()), needed(problems)
    if pairs < MINIMUM or (unsettled and pairs < enough):
        among = f" among {problems} problems" if problems > 1 else ""
        return [
            f"too few seeds for a verdict: {pairs} in both, it takes {enough}{among}",
            _largest(rows),
        ]
    few = int(verdicts.isna().sum())
    counts = (
        f"{len(rows) - unsettled - few} of {len(rows)} values are the same or within the margin"
    )
    counts += f", {unsettled} inconclusive" * bool(unsettled)
    return [f"nothing changed: {counts}" + f", {few} of too few seeds" * bool(few)]


def _suspicions(diff: Diff) -> Iterator[str]:
    """Yield what speaks against taking a change of times for one of the code."""
    timed = diff.rows[diff.rows["change"].isin(["slower", "faster"])]
    alike = {one: ratio for one, ratio in diff.paces.items() if one in set(timed["problem"])}
    if diff.pace is not None:
        what, them = f"nearly all rows of every backend take x{diff.pace:.2f} the time", ""
    else:
        items = [f"{problem} takes x{ratio:.2f} the time" for problem, ratio in alike.items()]
        what, them = f"on every backend, {_named(items)}" if items else "", " there"
    if what:
        yield f"{what}: the machine is the first suspect{them}"
    raised = dict.fromkeys(one for text in timed["warnings"].dropna() for one in text.split("; "))
    if raised:
        yield f"times are doubtful: {', '.join(raised)}"
    if (diff.rows["change"].notna() & (diff.rows["proof"] == UNPROVEN)).any():
        yield "not proven to be the same model"


def _alone(alone: pd.DataFrame) -> Iterator[str]:
    """Yield what was not compared: by name what was asked for in both, of the rest how much."""
    asked = alone[alone["why"] != ""].drop_duplicates(list(KEY))
    if len(asked):
        items = [f"{place(row)} ({row['why']})" for _, row in asked.iterrows()]
        yield f"not compared: {_named(items)}"
    for name, rows in alone[alone["why"] == ""].groupby("only_in"):
        yield f"only in {name}: {_named([place(row) for _, row in rows.iterrows()])}"


def _largest(rows: pd.DataFrame) -> str:
    """Return the largest change of a score and of a time, though nothing shows that it is one."""
    known = [row for _, row in rows.iterrows() if not pd.isna(row["effect"]) and size(row)]
    kinds = ([row for row in known if (row["measure"] == SCORE) == kind] for kind in (True, False))
    found = [_item(max(kind, key=size)) for kind in kinds if kind]
    return f"largest changes: {', '.join(found)}" if found else "no value differs"


def size(row: pd.Series) -> float:
    """Return how large a change is: of a score by its margin, of a time as a logarithm."""
    if pd.isna(row["effect"]):
        return math.inf
    if row["measure"] != SCORE:
        return abs(math.log(row["effect"]))
    margin = row["margin"]
    return float(abs(row["effect"]) / (margin if margin > 0 else 1))


def _named(items: list[str]) -> str:
    more = len(items) - NAMED
    return ", ".join(items[:NAMED]) + f" and {more} more" * (more > 0)


def place(row: pd.Series) -> str:
    """Return problem and backend, and the rest where it is not the usual."""
    unusual = [row[name] for name in ("device", "mode", "recipe") if row[name] not in USUAL]
    return " ".join((row["problem"], row["backend"], *unusual))


def _item(row: pd.Series) -> str:
    if pd.isna(row["effect"]):
        return f"{place(row)} {what(row)}"
    change = signed([row["effect"]])[0] if row["measure"] == SCORE else f"x{row['effect']:.2f}"
    return f"{place(row)} {what(row)} {change}"
