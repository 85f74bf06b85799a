"""A diff in the terminal: what changed, in words and then in figures. All else on request."""

from collections.abc import Iterator, Sequence

import pandas as pd

from compare.console import INDENT, below, fitting, joined, wrapped
from compare.diff.difference import RUNS, Diff
from compare.diff.publish import COMPARED, LEFT
from compare.diff.words import answers, place, size
from compare.tables.statistics import COVERED, SCORE
from compare.text import shortened

MOST = 4  # changes that are not judged; the others on request
AROUND = 8  # lines of what else differs
SHORT = 12  # characters of a commit
SIGNS = {"worse": "-", "slower": "-", "better": "+", "faster": "+"}
MEANING = ("-  worse or slower in B", "+  better or faster in B")
FIGURES = ("value", "A", "B", "change [95 %]")
ALL = ("value", "change [95 %]", "verdict", "A", "B", "pairs", "lost", "warnings", "proof")


def diff_lines(diff: Diff, a: str, b: str, width: int, *, everything: bool = False) -> list[str]:
    """Return a diff in lines, the answer first; `a` and `b` name the sides."""
    blocks = [[line for part in answers(diff) for line in _hanging(part, width)]]
    rows = [row for _, row in diff.rows.iterrows()]
    changed = [row for row in rows if not pd.isna(row["change"]) or row["lost"]]
    more = False
    if changed:
        blocks.append([*_figures(changed, width, signs=True), *joined(MEANING, width, gap="    ")])
    elif leads := sorted(filter(_leads, rows), key=size, reverse=True):
        more = len(leads) > MOST
        sides = list(dict.fromkeys(map(place, leads)))
        shown = sorted(leads[:MOST], key=lambda row: sides.index(place(row)))
        title = wrapped("Largest changes, none of them judged:", width)
        blocks.append([*title, *_figures(shown, width)])
    if _intervals(diff, changed, everything=everything):
        blocks[-1] += wrapped(f"[95 %]  {COVERED}", width)
    around = list(_around(diff.provenance, width))
    more |= len(around) > AROUND
    blocks.append(
        [*wrapped(f"A is {a}; B is {b}.", width), *around[: None if everything else AROUND]]
    )
    if everything:
        blocks += _all(diff, width)
    elif more or len(rows) > len(changed):
        blocks.append(wrapped(f"All {len(rows)} values, and all else that differs: --all", width))
    return [line for i, block in enumerate(blocks) for line in ([""] * bool(i) + block)]


def _intervals(diff: Diff, changed: Sequence[pd.Series], *, everything: bool) -> bool:
    """Say whether an interval is shown."""
    if everything:
        return bool(diff.rows["low"].notna().any())
    return any(not pd.isna(row["low"]) for row in changed)


def _hanging(text: str, width: int) -> list[str]:
    """Return a part of the answer in lines, all but the first indented."""
    first, *_ = wrapped(text, width)
    rest = text[len(first) :].strip()
    return [first, *(wrapped(rest, width, indent=INDENT) if rest else [])]


def _figures(rows: Sequence[pd.Series], width: int, *, signs: bool = False) -> list[str]:
    """Return changes below the sides that they are of: value, before, after, change."""
    headings, shown = list(FIGURES), [[COMPARED[name](row) for name in FIGURES] for row in rows]
    if signs:
        headings.insert(0, "")
        shown = [[_sign(row), *cells] for row, cells in zip(rows, shown, strict=True)]
    titles, n = map(place, rows), len(headings)
    return below(titles, headings, shown, LEFT, width=width, least=n, keys=1 + signs)


def _sign(row: pd.Series) -> str:
    """Return whether B is worse or better; worse, too, where a value was lost."""
    return SIGNS["worse"] if row["lost"] else SIGNS[row["change"]]


def _leads(row: pd.Series) -> bool:
    """Say whether a value without a verdict changed by more than it may by chance or machine."""
    if not pd.isna(row["verdict"]) or pd.isna(row["effect"]):
        return False
    if row["measure"] == SCORE:
        return bool(abs(row["effect"]) > (0.0 if pd.isna(row["margin"]) else row["margin"]))
    return bool(max(row["effect"], 1 / row["effect"]) > 1 + RUNS)


def _around(frame: pd.DataFrame, width: int) -> Iterator[str]:
    """Yield what else differs, a line each."""
    for what, where, *values in frame.itertuples(index=False):
        named = " ".join(filter(None, (what, where)))
        if what == "commit":
            values = [", ".join(one[:SHORT] for one in text.split(", ")) for text in values]
        before, after = (shortened(text) or "none" for text in values)
        yield from wrapped(f"{named}: {before} -> {after}", width)


def _all(diff: Diff, width: int) -> Iterator[list[str]]:
    """Yield what was not compared, and every comparison."""
    if len(diff.alone):
        texts = [list(map(str, row)) for row in diff.alone.itertuples(index=False)]
        yield [
            *wrapped("In one folder only, or without anything to compare:", width),
            *fitting(list(diff.alone.columns), texts, LEFT, width=width, keys=2),
        ]
    if len(diff.rows):
        cells = [[COMPARED[heading](row) for heading in ALL] for _, row in diff.rows.iterrows()]
        told = [i for i in range(len(ALL)) if any(row[i] not in ("", "0") for row in cells)]
        lines = below(
            [place(row) for _, row in diff.rows.iterrows()],
            [ALL[i] for i in told],
            [[row[i] for i in told] for row in cells],
            LEFT,
            width=width,
            least=3,
        )
        yield ["All comparisons:", *lines]
