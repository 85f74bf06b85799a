"""The lessons in words: in the terminal, and as Markdown."""

from collections.abc import Iterator, Mapping, Sequence
from textwrap import wrap

from compare.console import fitting, markdown_list, markdown_table, plain, wrapped
from compare.lessons._lesson import Lesson, Rows
from compare.lessons._records import Measured

Found = Mapping[str, Mapping[str, Measured]]
UNMEASURED = "not measured here: `diptych lessons --measure`"
TITLES = {
    "pytorch": "PyTorch",
    "keras-tensorflow": "Keras",
    "keras-torch": "Keras with PyTorch underneath",
}


def figures(lesson: Lesson, found: Found) -> dict[str, Mapping[str, object]]:
    """Return the figures of a lesson by backend; empty if there are none."""
    return {name: one.figures for name, one in found.get(lesson.name, {}).items()}


def answer(lesson: Lesson, found: Found) -> str:
    """Return the sentence that reads the figures."""
    mine = figures(lesson, found)
    return lesson.reading(mine) if mine else UNMEASURED


def table(lesson: Lesson, found: Found) -> Rows:
    """Return the figures as a table, its headings first; empty if there are none."""
    mine = figures(lesson, found)
    return lesson.table(mine) if mine else []


def where(lesson: Lesson, found: Found) -> str:
    """Return on what the figures were measured, and when; empty if there are none."""
    mine = list(found.get(lesson.name, {}).values())
    if not mine:
        return ""
    versions = {name: version for one in mine for name, version in one.versions.items()}
    told = ", ".join(f"{name} {version}" for name, version in sorted(versions.items()))
    return f"Measured on {mine[0].cpu}, {mine[0].started[:10]}; {told}."


def rows(lessons: Sequence[Lesson], found: Found) -> list[list[str]]:
    """Return number, name, title, verdict and figure of each lesson."""
    return [
        [
            str(lesson.number),
            lesson.name,
            lesson.title,
            lesson.verdict,
            lesson.figure(mine) if (mine := figures(lesson, found)) else "not measured",
        ]
        for lesson in lessons
    ]


def listed(lessons: Sequence[Lesson], found: Found, width: int) -> list[str]:
    """Return the lines of `diptych lessons`."""
    lines = []
    for number, name, title, verdict, figure in rows(lessons, found):
        lines += wrapped(f"{number}  {name}: {title}", width, after="   ")
        lines += wrapped(f"Now: {verdict}. {figure}.", width, indent="   ", after="   ")
    return lines


def told(lesson: Lesson, found: Found, width: int) -> Iterator[str]:
    """Yield the lines of `diptych lesson`."""
    yield f"{lesson.number}. {lesson.title} ({lesson.name})"
    yield ""
    if lesson.claim:
        yield from wrapped(f"2017: {lesson.claim}", width)
    yield from wrapped(f"Now ({lesson.verdict}): {lesson.now}", width)
    yield ""
    for backend, program in programs(lesson):
        yield f"{backend}:"
        for line in program.strip().splitlines():
            yield from _code(line, width)
        yield ""
    if cells := table(lesson, found):
        yield from fitting(cells[0], cells[1:], cells[0][:1], width=width)
        yield ""
    yield from wrapped(answer(lesson, found), width)
    yield ""
    if place := where(lesson, found):
        yield from wrapped(place, width)
    yield from wrapped(f"Where to see it: {', '.join(lesson.seen)}", width)
    yield from wrapped(f"Sources: {'; '.join(lesson.sources)}", width)


def _code(line: str, width: int) -> list[str]:
    """Return a line of a program, broken at words where the terminal is too narrow."""
    start = "  " + " " * (len(line) - len(line.lstrip()))
    return wrap(
        line.strip(),
        width,
        initial_indent=start,
        subsequent_indent=f"{start}    ",
        break_long_words=False,
        break_on_hyphens=False,
    ) or [""]


def programs(lesson: Lesson) -> list[tuple[str, str]]:
    """Return what is shown, by the name of the framework; the same program once."""
    by_text: dict[str, str] = {}
    for backend, panel in lesson.panels.items():
        by_text.setdefault(panel.shown, TITLES.get(backend, backend))
    return [(name, text) for text, name in by_text.items()]


def markdown(lessons: Sequence[Lesson], found: Found) -> str:
    """Return docs/lessons.md."""
    heads = ["", "lesson", "observation of 2017", "now", "figure"]
    parts = [
        "# Lessons",
        "A Keras developer learned PyTorch in 2017 and wrote down eight observations, and how he "
        "tested a network first. Here is what holds of them now, and what is new since. "
        "`diptych lessons --measure` runs all lines below and measures every figure anew.",
        markdown_table(heads, heads, rows(lessons, found)),
    ]
    for lesson in lessons:
        parts += [f"## {lesson.number}. {lesson.title}"]
        parts += [f"**2017:** {lesson.claim}"] if lesson.claim else []
        parts += [f"**Now ({lesson.verdict}):** {lesson.now}"]
        for name, text in programs(lesson):
            parts += [f"{name}:", f"```python\n{text.strip()}\n```"]
        if cells := table(lesson, found):
            parts += ["Measured:", markdown_table(cells[0], cells[0], cells[1:])]
        parts += [plain(answer(lesson, found))]
        parts += [
            markdown_list(
                [
                    *filter(None, [where(lesson, found)]),
                    f"Where to see it: {', '.join(f'`{one}`' for one in lesson.seen)}",
                    f"Sources: {'; '.join(lesson.sources)}",
                ]
            )
        ]
    return "\n\n".join(parts) + "\n"
