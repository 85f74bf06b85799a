"""Verdicts for people: headings, cells and notes for table.md and the terminal."""

from collections.abc import Callable

import pandas as pd

from compare.judge import MINIMUM, SCORE
from compare.paired import LEVEL
from compare.tables.verdicts import COLUMNS


def effect(row: pd.Series) -> str:
    """Return a signed difference of scores, or a ratio, with its interval; why, if there is none.

    >>> effect(pd.Series({"measure": "wall_s", "effect": 1.96, "low": 1.8, "high": 2.1354}))
    '1.960 [1.800, 2.135]'
    """
    if pd.isna(row["effect"]):
        return f"no value in {row['failed']} of {row['pairs']} pairs"
    style = "+.3g" if row["measure"] == SCORE else ".3f"
    text = format(row["effect"], style) if row["effect"] else "0"
    if pd.isna(row["low"]):
        return text
    return f"{text} [{row['low']:{style}}, {row['high']:{style}}]"


def chance(row: pd.Series) -> str:
    """Return in how many of the pairs the backend's value is the greater one."""
    return f"{row['greater']:g}/{row['pairs']}"


def _text(name: str) -> Callable[[pd.Series], str]:
    return lambda row: "" if pd.isna(row[name]) else str(row[name])


def _number(name: str, style: str) -> Callable[[pd.Series], str]:
    return lambda row: "" if pd.isna(row[name]) else format(row[name], style)


# Heading in the verdicts for people: how it is read off a row of verdicts.csv.
VERDICTS: dict[str, Callable[[pd.Series], str]] = {
    **{name: _text(name) for name in ("problem", "device", "mode", "backend", "reference")},
    "measure": _text("measure"),
    "effect [95 %]": effect,
    "verdict": _text("verdict"),
    "p_holm": _number("p_holm", ".2g"),
    "greater": chance,
    "failed": _text("failed"),
    "margin": _number("margin", "g"),
    "smallest": _number("smallest", ".5g"),
    "break-even epochs": _text("break_even_epochs"),
}
VERDICT_TEXT = ("problem", "device", "mode", "backend", "reference", "measure", "verdict")


def verdict_cells(frame: pd.DataFrame) -> list[list[str]]:
    """Return the verdicts for people: per row, a text for each heading."""
    return [[of(row) for of in VERDICTS.values()] for _, row in frame.iterrows()]


def needed(problems: int) -> int:
    """Return from how many pairs on a difference can be shown among so many problems.

    The least p of n pairs is 2 / 2^n, and so many times that after Holm's correction.
    """
    return next(n for n in range(MINIMUM, 99) if problems * 2 ** (1 - n) < LEVEL)


def too_few(frame: pd.DataFrame) -> str:
    """Return which problems have too few seeds for a verdict; empty if all have enough."""
    judged = frame[frame["pairs"] >= MINIMUM]
    enough = needed(judged["problem"].nunique())
    if len(judged) == len(frame) and (frame["pairs"] < enough).any():
        return (
            f"Among {judged['problem'].nunique()} problems it takes {enough} seeds to show a "
            "difference (--seeds)"
        )
    few = frame[frame["pairs"] < MINIMUM]
    if few.empty:
        return ""
    names = "" if len(few) == len(frame) else f": {', '.join(dict.fromkeys(few['problem']))}"
    return f"Verdicts need {MINIMUM} seeds on both sides{names} (--seeds)"


def meanings() -> str:
    """Return what the columns of verdicts.csv mean, as a Markdown list."""
    return "\n".join(f"- `{name}`: {meaning}" for name, meaning in COLUMNS.items())
