"""The crib sheet, two sides of A4: what differs between the programs, and the lessons."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from markupsafe import Markup
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

import problems
from backends import FOLDER, PANELS
from compare.console import complain
from compare.lessons import _records, _tell
from compare.lessons._lesson import Lesson, lessons
from compare.page.fragment import environment
from compare.page.learn import coded
from compare.programs.pairing import ABSENT, Row, paired
from compare.programs.statements import MARKS, Statement, statements
from compare.records.files import write_whole
from compare.records.journal import in_brief
from compare.records.record import UsageError

FILE = "crib.html"
REMARK = re.compile(rf"({'|'.join(MARKS)}): *(.*)")


@dataclass(frozen=True, kw_only=True)
class Line:
    """A Keras line, the PyTorch line beside it, what differs, and what that does."""

    keras: Markup
    pytorch: Markup
    differs: Markup
    effect: str


def crib(out: Path, figures: Path | None = None) -> Path:
    """Write the sheet into a folder and return its path.

    Raises:
        UsageError: it cannot be written there.
    """
    every = lessons()
    found, complaints = _records.read(figures or _records.folder(), every)
    for message in in_brief(complaints):
        complain(message)
    page = environment.get_template(FILE).render(
        lines=list(lines(every, found)),
        lessons=[(one, list(taught(one, found))) for one in every],
        coded=coded,
        colours=Markup(HtmlFormatter(style="default").get_style_defs("code")),  # type: ignore[no-untyped-call]
    )
    try:
        out.mkdir(parents=True, exist_ok=True)
        write_whole(out / FILE, page)
    except OSError as error:
        raise UsageError(
            f"--out: expected a folder that can be written to, came {out}: {error.strerror}"
        ) from None
    return out / FILE


def lines(every: list[Lesson], found: _tell.Found) -> Iterator[Line]:
    """Yield what differs, each remark once: of the problems in their order, then of the engines."""
    met = set()
    for row in (*chain.from_iterable(map(paired, problems.names())), *engines()):
        for remark in filter(None, map(said, row.sides)):
            if (alike := remark.replace("default is", "default")) not in met:
                met.add(alike)
                yield line(row, remark, every, found)


def taught(lesson: Lesson, found: _tell.Found) -> Iterator[Line]:
    """Yield what a lesson writes in each framework; its figure stands beside the first."""
    mine = _tell.figures(lesson, found)
    effect = lesson.figure(mine) if mine else ""
    for pair in lesson.pairs:
        yield Line(
            keras=coloured(pair.keras),
            pytorch=coloured(pair.pytorch),
            differs=coded(pair.differs),
            effect=effect,
        )
        effect = ""


def engines() -> Iterator[Row]:
    """Yield the statements of the engines that have a remark; none of them has a partner."""
    for folder in PANELS:
        for file in sorted((FOLDER / folder).glob("_*.py")):
            for one in statements(file.read_text()):
                if one.mark:
                    sides = (one, ABSENT) if folder == PANELS[0] else (ABSENT, one)
                    yield Row(*sides, group=False)


def said(statement: Statement) -> str:
    """Return what a statement's remark says, "" if it has none."""
    remarks = [REMARK.search(comment) for comment in statement.comments]
    return next((one[2] for one in remarks if one), "")


def line(row: Row, remark: str, every: list[Lesson], found: _tell.Found) -> Line:
    """Return a row of the sheet; its effect is the figure of the lesson about the remark."""
    effects = [
        told(figures)
        for one in every
        for word, told in one.effects.items()
        if word in remark and (figures := _tell.figures(one, found))
    ]
    left, right = map(bare, row.sides)
    return Line(
        keras=coloured(right),
        pytorch=coloured(left),
        differs=coded(remark),
        effect="".join(effects[:1]),
    )


def bare(statement: Statement) -> str:
    """Return a statement without its comments; what is no whole statement as it is."""
    text = "\n".join(line.strip() for line in statement.code.splitlines())
    try:
        return ast.unparse(ast.parse(text))
    except SyntaxError:
        return text


def coloured(program: str) -> Markup:
    """Return lines of Python, highlighted."""
    return Markup(highlight(program, PythonLexer(), HtmlFormatter(nowrap=True)).rstrip())
