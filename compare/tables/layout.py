"""The rows of the answer as a table: in lines for a terminal, and in Markdown."""

from collections.abc import Iterable, Iterator, Sequence

from compare.console import aligned, joined, markdown_table, plain, widest, wrapped
from compare.tables.columns import number
from compare.tables.headline import DOUBTFUL, LOWER, SIGNS, SPREAD, Headline
from compare.tables.names import names
from compare.tables.rows import Row

KINDS = ("epoch", "training")


def table_lines(rows: Iterable[Row], width: int) -> list[str]:
    """Return the rows as lines, no wider than `width` unless a single name is."""
    lines: list[str] = []
    for together in groups(rows):
        lines += [""] * bool(lines) + _table(together, width)
    return lines


def groups(rows: Iterable[Row]) -> list[list[Row]]:
    """Return the rows with the same sides together."""
    found: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        found.setdefault(tuple(cell.side for cell in row.cells), []).append(row)
    return list(found.values())


def _table(rows: Sequence[Row], width: int) -> list[str]:
    """Return rows with their sides as columns, if there is room; or else a line for each side."""
    lines = _beside(rows, KINDS, metric=True)
    if widest(lines) > width and len(rows[0].cells) > 2:
        lines = _beside(rows, KINDS, metric=False) + _metrics(rows, width)
        if widest(lines) > width:
            lines = _beside(rows, KINDS[:1], metric=False) + _metrics(rows, width)
    return lines if widest(lines) <= width else _below(rows, width)


def _beside(rows: Sequence[Row], kinds: Sequence[str], *, metric: bool) -> list[str]:
    """Return rows with their sides as columns: all scores, then the times of each kind."""
    cells = rows[0].cells
    called = names((cell.side for cell in cells), short=True)
    short = [called[cell.side].replace(" ", "\n") for cell in cells]
    headings = ["problem", *["metric"] * metric, *short]
    above = {1 + metric: "score"}
    if len(cells) > 2:
        for kind in kinds:
            above[len(headings)] = f"{kind}, {cells[0].name} = 1"
            headings += short[1:]
    else:
        both = [f"{called[cell.side]} time" for cell in cells[::-1]]
        above[len(headings)] = " / ".join(both) if len(cells) == 2 else "seconds"
        headings += kinds
    shown = []
    for label, row in _labelled(rows):
        texts = [label] + [""] * len(headings)
        if row:
            lower = f" {LOWER}" * (row.better == "lower")
            own = not label.startswith(" ")  # and not a further setting of the problem above
            texts = [label, (row.metric + lower) * own] if metric else [label + lower * own]
            texts += _scores(row, tight=len(cells) > 2)
            texts += [text for kind in kinds for text in _times(row, kind)]
            texts.append(DOUBTFUL * row.doubtful)
        shown.append(texts)
    return aligned([*headings, ""], shown, ("problem", "metric"), groups=above)


def _labelled(rows: Sequence[Row]) -> Iterator[tuple[str, Row | None]]:
    """Yield each row with what stands before it: its problem, or below that its setting."""
    usual, last = rows[0].setting, ""
    for row in rows:
        if row.setting == usual:
            yield row.problem, row
        else:
            if row.problem != last:
                yield row.problem, None
            yield f"  {row.setting}", row
        last = row.problem


def _scores(row: Row, *, tight: bool) -> list[str]:
    """Return the scores with their signs, where there are any."""
    first, *others = row.scores
    gap = "" if tight else " "
    signs = [gap + (cell.sign or " ") for cell in row.cells[1:]]
    return [first, *map("".join, zip(others, signs, strict=True))]


def _times(row: Row, kind: str) -> list[str]:
    """Return the ratios of all sides but the reference; the seconds of a side that is alone."""
    reference, *others = row.cells
    if not others:
        return [number(getattr(reference, f"{kind}_s"), 3)]
    texts = [str(getattr(cell, kind) or "") for cell in others]
    return (
        texts
        if len(others) == 1
        else [text.partition(" ±")[0].partition(" [")[0] for text in texts]
    )


def _metrics(rows: Iterable[Row], width: int) -> list[str]:
    """Return which problem is scored by what, for a table without room, if a line is enough."""
    problems: dict[str, dict[str, None]] = {}
    for row in rows:
        problems.setdefault(row.metric, {})[row.problem] = None
    scored = [f"{metric} ({', '.join(found)})" for metric, found in problems.items()]
    lines = wrapped(f"Scores: {', '.join(scored)}.", width)
    return lines if len(lines) == 1 else []


def _below(rows: Iterable[Row], width: int) -> list[str]:
    """Return rows with a line for each side, below the problem's name and metric."""
    rows = list(rows)
    headings = ("", "score", *KINDS, " ")
    sides = [_side(row, place) for row in rows for place in range(len(row.cells))]
    top, *figures = aligned(headings, sides, headings[:1])
    apart = widest(figures) > width
    if apart:  # a name of a side takes a line of its own
        top, *figures = aligned(headings, [["    ", *side[1:]] for side in sides], headings[:1])
    shown = [[line] for line in figures]
    if widest([top, *figures]) > width:  # nor do they fit then: each figure after its name
        top = ""
        shown = [list(_figures(side, width)) for side in sides]
    lines, left = [top] * bool(top), iter(zip(sides, shown, strict=True))
    for row in rows:
        lower, setting = (
            f" {LOWER}" * (row.better == "lower"),
            f" ({row.setting})" * bool(row.setting),
        )
        lines += wrapped(f"{row.problem}: {row.metric}{lower}{setting}", width)
        for _ in row.cells:
            (name, *_), mine = next(left)
            lines += [*wrapped(name.strip(), width, indent="  "), *mine] if apart else mine
    return lines


def _figures(side: Sequence[str], width: int) -> list[str]:
    """Return the figures of a side, each after its name, as many to a line as fit."""
    named = zip(("score", *KINDS, ""), side[1:], strict=True)
    parts = (f"{name} {text.strip()}".strip() for name, text in named if text.strip())
    return joined(parts, width, indent="    ")


def _side(row: Row, place: int) -> list[str]:
    """Return a side's name, score, times and mark; the reference takes 1.00 of its own time."""
    cell = row.cells[place]
    if len(row.cells) == 1:
        times = [f"{text} s" * bool(text) for kind in KINDS for text in _times(row, kind)]
    else:
        times = [str(getattr(cell, kind) or "") if place else "1.00" for kind in KINDS]
    return [
        f"  {cell.name}",
        f"{row.scores[place]} {cell.sign or ' '}",
        *times,
        DOUBTFUL * bool(cell.warnings),
    ]


def markdown_headline(answer: Headline) -> Iterator[str]:
    """Yield the answer as paragraphs of Markdown: sentence, rows, what they mean, notes."""
    yield f"**{plain(answer.sentence)}**"
    yield from _markdown_rows(answer.rows)
    means = [f"`{sign}` {plain(text)}" for sign, text in answer.signs.items() if sign in SIGNS]
    if SPREAD in answer.signs:
        means.append(f"brackets hold the {answer.signs[SPREAD]}")
    if means:
        text = "; ".join(means)
        yield f"{text[:1].upper()}{text[1:]}."
    yield from map(plain, answer.notes)


def _markdown_rows(rows: Iterable[Row]) -> Iterator[str]:
    """Yield a Markdown table for all rows with the same sides."""
    for together in groups(rows):
        first, *others = (plain(cell.name) for cell in together[0].cells)
        named = ["problem", *["setting"] * any(row.setting for row in together), "metric"]
        compared = [f"{kind}, {other} / {first}" for kind in KINDS for other in others]
        headings = [*named, first, *others, *(compared or ["epoch s", "training s"]), "warnings"]
        yield markdown_table(headings, (*named, "warnings"), map(_markdown, together))


def _markdown(row: Row) -> list[str]:
    metric = row.metric + " (lower is better)" * (row.better == "lower")
    scores = [score.rstrip() for score in _scores(row, tight=False)]
    times = [text for kind in KINDS for text in _times(row, kind)]
    if len(row.cells) > 1:
        ratios = (getattr(cell, kind) for kind in KINDS for cell in row.cells[1:])
        times = [ratio.written if ratio else "" for ratio in ratios]
    doubts = dict.fromkeys(one for cell in row.cells for one in cell.warnings)
    setting = [row.setting] * bool(row.setting)
    return [row.problem, *setting, metric, *scores, *times, ", ".join(doubts)]
