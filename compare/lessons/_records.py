"""The figures of the lessons: measured in a process of each framework, kept in a folder, read."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from backends import Side
from compare.console import SILENT, Listener
from compare.files import write_whole
from compare.lessons._lesson import Figures, Lesson, Panel
from compare.lessons._measure import FILE as LEFT
from compare.lessons.command import HERE
from compare.options import STARTS
from compare.processes import machine
from compare.processes.interpreter import environment, missing
from compare.processes.launcher import Kind, several
from compare.records.record import FORK, now

PUBLISHED = machine.ROOT / HERE
MODULE, FILE = "compare.lessons._measure", "figures.jsonl"
TIMEOUT_S = 300.0


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What one side measured of a lesson, and where."""

    lesson: str
    backend: str
    code: str  # a hash of the lines that were run
    figures: Figures
    versions: Mapping[str, str]
    cpu: str
    started: str


def code(panel: Panel) -> str:
    """Return a hash of all lines of a panel."""
    return hashlib.sha256(f"{panel.shown}\0{panel.measured}".encode()).hexdigest()[:16]


def measure(lessons: Sequence[Lesson], progress: Listener = SILENT) -> list[Measured]:
    """Run all lessons, one process after the other; what fails is told, and has no figures."""
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
            question = {"lesson": lesson.name, "side": str(side)}
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
                    code=code(lesson.panels[str(side)]),
                    figures=json.loads((cell / LEFT).read_text()),
                    versions=environment(side).versions,
                    cpu=machine.cpu(),
                    started=began,
                )
            )
    progress.doing("")
    return found


def folder() -> Path:
    """Return the folder of the figures: those that were measured here, or those published."""
    return HERE if (HERE / FILE).is_file() else PUBLISHED


def write(folder: Path, found: Iterable[Measured]) -> None:
    """Write figures into a folder, a line of JSON each."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = (json.dumps(asdict(one)) for one in found)
    write_whole(folder / FILE, "".join(f"{line}\n" for line in lines))


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
            one = Measured(**json.loads(line))
            panel = by_name[one.lesson].panels[one.backend]
        except (KeyError, TypeError, ValueError, RecursionError):
            complaints.append(f"{file}, line {number}: no figures of a lesson")
            continue
        if one.code != code(panel):
            complaints.append(
                f"{file}, line {number}: {one.lesson} of {one.backend} was measured with other "
                "lines; `diptych lessons --measure` makes it anew"
            )
            continue
        found.setdefault(one.lesson, {})[one.backend] = one
    for lesson in lessons:
        mine = found.get(lesson.name, {})
        if mine and _unread(lesson, mine):
            complaints.append(f"{file}: the figures of {lesson.name} lack what it tells")
            del found[lesson.name]
    return found, complaints


def _lines(file: Path) -> list[str]:
    return file.read_text(errors="replace").splitlines() if file.is_file() else []


def _unread(lesson: Lesson, mine: Mapping[str, Measured]) -> bool:
    """Say whether a lesson cannot tell what was measured."""
    figures: dict[str, Any] = {name: one.figures for name, one in mine.items()}
    try:
        lesson.table(figures)
        lesson.reading(figures)
        lesson.figure(figures)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        return True
    return False
