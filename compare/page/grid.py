"""Tables for the page: the answer, and what is made of the rows of table.csv, sides as columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd
from markupsafe import Markup

from backends import Side
from compare.drawing.groups import Group
from compare.tables.columns import HEADINGS, MEANING, SIZES, TIMES, decimals
from compare.tables.names import names
from compare.tables.publish import split
from compare.tables.results import TABLE_COLUMNS

MEANINGS = {heading: TABLE_COLUMNS[column] for heading, column in MEANING.items()}
KNOWN = ("kernel", "warnings")  # said elsewhere
OVERALL = ("epoch s", "wall s", "s to target", "host MiB", "GPU MiB")


@dataclass(frozen=True)
class Grid:
    """A table for people: the first column names its rows.

    `left` names the columns that are set to the left; `over` are headings above the headings, each
    with the number of columns that it stands above; `meaning` explains headings and names of rows.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    left: Sequence[str] = ()
    over: Sequence[tuple[str, int]] = ()
    meaning: Mapping[str, str] = field(default_factory=lambda: MEANINGS)


def broken(name: str) -> Markup:
    """Return a name that may be broken after an underscore."""
    return Markup("_<wbr>").join(name.split("_"))


def name_of_row(name: str | Markup, *more: str) -> Markup:
    """Return the first cell of a row: a name, and below it what else there is to say."""
    small = (Markup('<span class="more">{}</span>').format(broken(one)) for one in more if one)
    return Markup("").join([Markup("{}").format(name), *small])


def short(everyone: Sequence[Group]) -> list[str]:
    """Return what to call the sides above columns: more than two in short."""
    sides = dict.fromkeys(group.key[0] for group in everyone)
    long, brief = names(sides), names(sides, short=len(everyone) > 2)
    return [brief[group.key[0]] + group.name.removeprefix(long[group.key[0]]) for group in everyone]


def scores(frame: pd.DataFrame, everyone: Sequence[Group], *, of_one: bool) -> Grid:
    """Return a row per problem and metric, with a column per side; `of_one`: of one problem."""
    rows = []
    for (problem, metric), mine in frame.groupby(["problem", "metric"], sort=False):
        here, one = _by_side(mine, everyone), mine.iloc[0]
        lower = "lower is better" * (one["better"] == "lower")
        if of_one:
            first = name_of_row(broken(str(metric)), lower)
        else:
            first = name_of_row(str(problem), ", ".join(filter(None, (str(metric), lower))))
        means = [row["score_mean"] for row in here if row is not None]
        places = max(decimals(means, 2), min(4, decimals(means, 5)))
        kept = ["score_mean", *(["score_min"] if of_one else [])]
        cells = [_score(row, column, places) for column in kept for row in here]
        cells += [_cell("reached", row) for row in here]
        known = [_fixed(one[name], places) for name in ("baseline", "reference")]
        rows.append([first, *cells, _cell("target", one), *known])
    over = [("score", len(everyone)), ("min", len(everyone)), ("reached", len(everyone))]
    over = [one for one in over if of_one or one[0] != "min"]
    columns = ["metric" if of_one else "problem", *short(everyone) * len(over)]
    columns += ["target", "baseline", "reference"]
    return _filled(Grid(columns, rows, (), [("", 1), *over, ("", 3)]))


def times(frame: pd.DataFrame, everyone: Sequence[Group]) -> Grid:
    """Return a row per problem: of each time and of the memory, a column per side."""
    rows = []
    for problem, mine in frame.groupby("problem", sort=False):
        here = _by_side(mine, everyone)
        cells = [_cell(name, row) for name in OVERALL for row in here]
        doubts = dict.fromkeys(one for row in here for one in split(_cell("warnings", row)))
        rows.append([str(problem), *cells, ", ".join(doubts)])
    over = [("", 1), *((name, len(everyone)) for name in OVERALL), ("", 1)]
    columns = ["problem", *short(everyone) * len(OVERALL), "warnings"]
    return _filled(Grid(columns, rows, ("warnings",), over))


def measured(frame: pd.DataFrame, everyone: Sequence[Group]) -> Grid:
    """Return a row per time and size of one problem, with a column per side."""
    here = _by_side(frame, everyone)
    names = [name for name in (*TIMES, *SIZES) if name not in KNOWN]
    rows = [[name, *(_cell(name, row) for row in here)] for name in names]
    rows.append(["warnings", *(_cell("warnings", row) for row in here)])
    kept = [row for row in rows if any(row[1:])]
    return Grid(["mean over the seeds", *short(everyone)], kept)


def _by_side(frame: pd.DataFrame, everyone: Sequence[Group]) -> list[pd.Series | None]:
    """Return the first row of each side; None for a side that has none."""
    found: dict[tuple[str, ...], pd.Series] = {}
    for _, row in frame.iterrows():
        side = Side.parse(row["backend"], None if pd.isna(row["tier"]) else row["tier"])
        found.setdefault((str(side), row["device"], row["mode"]), row)
    return [found.get(group.key) for group in everyone]


def _cell(heading: str, row: pd.Series | None) -> str:
    return "" if row is None else HEADINGS[heading](row)


def _score(row: pd.Series | None, column: str, places: int) -> str:
    """Return a score, a mean one with its standard deviation."""
    if row is None or pd.isna(row[column]):
        return ""
    spread = "" if column != "score_mean" else _fixed(row["score_std"], places)
    return _fixed(row[column], places) + f" ± {spread}" * bool(spread)


def _fixed(value: float, places: int) -> str:
    """Return a number with so many decimals; empty where there is none."""
    return "" if pd.isna(value) else f"{value:,.{places}f}"


def _filled(grid: Grid) -> Grid:
    """Return a table without the columns that are empty throughout."""
    kept = [i for i in range(len(grid.columns)) if i == 0 or any(row[i] for row in grid.rows)]
    over, start = [], 0
    for text, n in grid.over:
        left = sum(start <= i < start + n for i in kept)
        over += [(text, left)] if left else []
        start += n
    return Grid(
        [grid.columns[i] for i in kept], [[row[i] for i in kept] for row in grid.rows],
        grid.left, over,
    )  # fmt: skip
