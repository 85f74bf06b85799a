"""The answer as a table: a row per problem, the sides as columns."""

from collections.abc import Iterator, Sequence

from markupsafe import Markup

from compare.page.grid import Grid, name_of_row
from compare.page.words import DOUBTS
from compare.tables.columns import number
from compare.tables.headline import DOUBTFUL, Headline
from compare.tables.names import names as called
from compare.tables.rows import Cell, Ratio, Row, times
from compare.tables.statistics import COVERED

MEASURED = {"epoch": "an epoch", "training": "a whole training"}
IN_WORDS = {"=": "equal", "?": "undecided", "~": "not judged"}


def answer(rows: Sequence[Row], anchors: dict[str, str]) -> Grid:
    """Return a row per problem: scores, and times as ratios to the reference's.

    Of two sides, a ratio has a column with its interval. Of more, each side has one, and the
    fastest is bold. Where nothing was compared, the times are seconds. `anchors` are the ids of the
    problems on the page.
    """
    sides = dict.fromkeys((cell.side, cell.name) for row in rows for cell in row.cells)
    names = [name for _, name in sides]
    if len(names) == 2 and all(len(row.cells) == 2 for row in rows):
        return _duel(rows, anchors)
    compared = any(row.compared for row in rows)
    table = []
    for row in rows:
        scores = dict(zip((cell.name for cell in row.cells), row.scores, strict=True))
        cells = {cell.name: cell for cell in row.cells}
        line: list[str] = [_first(row, anchors, doubtful=row.doubtful)]
        line += [
            f"{scores[name]} {cells[name].sign}".strip() if name in cells else "" for name in names
        ]
        for which in MEASURED:
            found = _ratios(row, which) if compared else _seconds(row, which)
            line += [found.get(name, "") for name in names]
        table.append([*line, _see(row, anchors)])
    of = f"time / {_reference(rows)}'s" if compared else "seconds"
    over = [("", 1), *((text, len(names)) for text in ("score", *_kinds(of))), ("", 1)]
    short = called([side for side, _ in sides], short=len(names) > 2)
    return Grid(["problem", *[*short.values()] * 3, "see"], table, ("see",), over, {})


def _duel(rows: Sequence[Row], anchors: dict[str, str]) -> Grid:
    """Return the answer of two sides: scores, what they say, and both ratios with intervals."""
    one, other = rows[0].cells
    table = [
        [
            _first(row, anchors),
            *row.scores,
            _verdict(row.cells[0], row.cells[1]),
            *(_ratio(getattr(row.cells[1], which)) for which in MEASURED),
            ", ".join(dict.fromkeys(name for cell in row.cells for name in cell.warnings)),
            _see(row, anchors),
        ]
        for row in rows
    ]
    columns = ["problem", one.name, other.name, "scores", *MEASURED.values(), "warnings", "see"]
    over = [("", 1), ("score", 2), ("", 1), (f"{other.name}'s time / {one.name}'s", 2), ("", 2)]
    return Grid(columns, table, ("scores", "warnings", "see"), over, {})


def legend(found: Headline) -> Iterator[tuple[str, str]]:
    """Yield the signs and words of the answer's table, each with what it means."""
    duel = all(len(row.cells) == 2 for row in found.rows)
    for sign, meaning in found.signs.items():
        if sign in ("=", "~", "?") or (sign in ("+", "-") and not duel):
            yield (IN_WORDS[sign] if duel and sign in IN_WORDS else sign), meaning
    ratios = [ratio for row in found.rows for cell in row.cells for ratio in cell.ratios]
    if any(ratio.low is not None for ratio in ratios) and duel:
        yield "[ ]", COVERED
    if not duel and DOUBTFUL in found.signs:
        yield DOUBTFUL, found.signs[DOUBTFUL]
    if not duel and ratios:
        yield "bold", "the fastest" + ("" if all(r.judged for r in ratios) else "; not judged")
    doubted = {name for row in found.rows for cell in row.cells for name in cell.warnings}
    yield from ((name, text) for name, text in DOUBTS.items() if name in doubted)


def _first(row: Row, anchors: dict[str, str], *, doubtful: bool = False) -> Markup:
    link = Markup('<a href="#{}">{}</a>').format(anchors[row.problem], row.problem)
    link += f" {DOUBTFUL}" * doubtful
    lower = ", lower is better" if row.better == "lower" else ""
    return name_of_row(link, f"{row.metric}{lower}", row.setting)


def _see(row: Row, anchors: dict[str, str]) -> Markup:
    return Markup('<a href="#{}-programs" aria-label="programs of {}">programs</a>').format(
        anchors[row.problem], row.problem
    )


def _verdict(reference: Cell, cell: Cell) -> str:
    """Return what the scores of two sides say, in a word or two."""
    better = {"+": f"{cell.name} better", "-": f"{reference.name} better"}
    return (better | IN_WORDS).get(cell.sign, "")


def _ratio(ratio: Ratio | None) -> str:
    return "" if ratio is None else ratio.written


def _ratios(row: Row, which: str) -> dict[str, str]:
    """Return the ratios of a row by side, the reference's 1 among them; the least is bold."""
    found = {cell.name: getattr(cell, which) for cell in row.cells if getattr(cell, which)}
    values = {name: one.value for name, one in found.items() if one.value is not None}
    if not found:
        return {}
    values[row.cells[0].name] = 1.0
    least = min(values.values())
    bold = Markup("<b>{}</b>")
    return {name: str(one) for name, one in found.items()} | {
        name: bold.format(times(one)) if one == least else times(one)
        for name, one in values.items()
    }


def _seconds(row: Row, which: str) -> dict[str, str]:
    found = {cell.name: getattr(cell, f"{which}_s") for cell in row.cells}
    return {name: number(one, 3) for name, one in found.items() if one is not None}


def _kinds(of: str) -> list[str]:
    return [f"{text}: {of}" for text in MEASURED.values()]


def _reference(rows: Sequence[Row]) -> str:
    names = list(dict.fromkeys(row.cells[0].name for row in rows if row.compared))
    return names[0] if len(names) == 1 else "the reference"
