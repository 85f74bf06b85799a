"""The figures of the lessons: measured in a process of each framework, kept in a folder, read."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import msgspec

import problems
from backends import FOLDER, Side
from compare.console import SILENT, Listener
from compare.lessons import _measure
from compare.lessons._lesson import Figures, Lesson, Panel
from compare.lessons._measure import FILE as LEFT
from compare.lessons.command import HERE
from compare.options import STARTS
from compare.processes import machine
from compare.processes.interpreter import environment, missing
from compare.processes.launcher import Kind, several
from compare.records.files import write_whole
from compare.records.record import FORK, UsageError, now
from compare.text import one_line

PUBLISHED = machine.ROOT / HERE
MODULE, FILE = "compare.lessons._measure", "figures.jsonl"
TIMEOUT_S = 300.0


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What one side measured of a lesson, and where."""

    lesson: str
    backend: str
    code: str  # a hash of all that the figures come from
    problems: tuple[str, ...]  # those that were there; another one takes nothing from the figures
    figures: Figures
    versions: Mapping[str, str]
    cpu: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    started: Annotated[str, msgspec.Meta(pattern=r"^20\d\d-\d\d-\d\dT[\d:+]*$")]


def code(panel: Panel, backend: str, names: Sequence[str]) -> str:
    """Return a hash of all that a panel's figures come from.

    These are its lines and what measures, and, where the panel looks at them, the problems of these
    names, their programs, and the machinery of both.
    """
    parts = [panel.shown, panel.measured, Path(_measure.__file__).read_text()]
    if "twins" in panel.measured:
        for folder in (problems.FOLDER, FOLDER / Side(backend).definition.folder):
            files = [*sorted(folder.glob("_*.py")), *(folder / f"{name}.py" for name in names)]
            parts += [file.read_text() if file.exists() else "" for file in files]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def measure(lessons: Sequence[Lesson], progress: Listener = SILENT) -> list[Measured]:
    """Run all lessons, one process after the other; what fails is told, and has no figures."""
    names = problems.names()
    asked = [(lesson, Side(name)) for lesson in lessons for name in lesson.panels]
    kinds = {side: Kind(side, "cpu", 1) for _, side in asked if not missing(side)}
    found = []
    with several(1) as (starts, folder, _):
        if STARTS[0] == FORK:
            starts.get_ready(kinds.values(), folder, TIMEOUT_S)
        for number, (lesson, side) in enumerate(asked, 1):
            if side not in kinds:
                progress.report(f"{lesson.name}: {side} cannot be run here")
                continue
            progress.doing(f"{lesson.name}: {side}", number, len(asked))
            cell, began = folder / f"{lesson.name}-{side}", now()
            question = {"lesson": lesson.name, "side": str(side), "problems": names}
            question |= asdict(lesson.panels[str(side)])
            _, why = starts.work(MODULE, cell, question, kinds[side], STARTS[0], TIMEOUT_S)
            if not (cell / LEFT).exists():
                last = starts.last_words(cell, kinds[side])
                progress.report(f"{lesson.name}: {side}: {why}: {last}")
                continue
            found.append(
                Measured(
                    lesson=lesson.name,
                    backend=str(side),
                    code=code(lesson.panels[str(side)], str(side), names),
                    problems=names,
                    figures=json.loads((cell / LEFT).read_text()),
                    versions=environment(side).versions,
                    cpu=machine.cpu(),
                    started=began,
                )
            )
    progress.doing("")
    return found


def folder(asked: Path | None = None) -> Path:
    """Return the folder of the figures: the one asked for, or that of here, or what is published.

    Raises:
        UsageError: the one that is asked for has none.
    """
    if asked and not (asked / FILE).is_file():
        raise UsageError(f"--figures: expected a folder with {FILE} in it, came {asked}")
    return asked or (HERE if (HERE / FILE).is_file() else PUBLISHED)


def write(folder: Path, lessons: Sequence[Lesson], found: Iterable[Measured]) -> None:
    """Write figures into a folder, a line of JSON each; what was not measured now stays.

    Raises:
        UsageError: they cannot be written.
    """
    measured = {(one.lesson, one.backend): one for one in found}
    before = read(folder, lessons)[0]
    kept = [
        measured.get((lesson.name, backend), before.get(lesson.name, {}).get(backend))
        for lesson in lessons
        for backend in lesson.panels
    ]
    lines = (json.dumps(asdict(one)) for one in kept if one)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(folder / FILE, "".join(f"{line}\n" for line in lines))
    except OSError as error:
        raise UsageError(f"--figures: cannot write to {folder}: {error.strerror}") from None


def read(
    folder: Path, lessons: Sequence[Lesson]
) -> tuple[dict[str, dict[str, Measured]], list[str]]:
    """Return what was measured, by lesson and backend, and what of it cannot be shown.

    Figures are shown that the lesson's present lines have made, and that its sentence can read.
    """
    found: dict[str, dict[str, Measured]] = {}
    complaints = []
    by_name = {lesson.name: lesson for lesson in lessons}
    file = folder / FILE
    for number, line in enumerate(_lines(file), 1):
        try:
            one = msgspec.json.decode(line, type=Measured)
            panel = by_name[one.lesson].panels[one.backend]
        except (KeyError, RecursionError, UnicodeDecodeError, msgspec.MsgspecError) as error:
            why = "no such lesson" if isinstance(error, KeyError) else one_line(error)
            complaints.append(f"{file}, line {number}: no figures of a lesson: {why}")
            continue
        if one.code != code(panel, one.backend, one.problems):
            complaints.append(
                f"{file}, line {number}: {one.lesson} of {one.backend} was measured with other "
                "code; `diptych lessons --measure` makes it anew"
            )
            continue
        found.setdefault(one.lesson, {})[one.backend] = one
    for lesson in lessons:
        mine = found.get(lesson.name, {})
        if mine and (lacking := lesson.panels.keys() - mine.keys()):
            names = ", ".join(sorted(lacking))
            complaints.append(f"{file}: there are no figures of {lesson.name} by {names}")
            del found[lesson.name]
        elif mine and _unread(lesson, mine):
            complaints.append(f"{file}: the figures of {lesson.name} lack what it tells")
            del found[lesson.name]
    return found, complaints


def _lines(file: Path) -> list[bytes]:
    return [line for line in file.read_bytes().splitlines() if line] if file.is_file() else []


def _unread(lesson: Lesson, mine: Mapping[str, Measured]) -> bool:
    """Say whether a lesson cannot tell what was measured."""
    figures: dict[str, Any] = {name: one.figures for name, one in mine.items()}
    try:
        told = [lesson.reading(figures), lesson.figure(figures)]
        told += [effect(figures) for effect in lesson.effects.values()]
        told += [cell for row in lesson.table(figures) for cell in row]
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        return True
    return not all(isinstance(one, str) for one in told)
