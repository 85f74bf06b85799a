"""`diptych lessons` and `diptych lesson`."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from compare.options import Parser, add_command, folder

if TYPE_CHECKING:
    from compare.lessons.traps._found import Found

HERE = Path("results", "lessons")  # the figures, in the folder that the command is used in
FOUND = Path("results", "traps", "found.jsonl")  # what was found of the traps


def add(commands: "argparse._SubParsersAction[Parser]") -> None:
    """Add the commands of this room."""
    every = add_command(
        commands,
        "lessons",
        do_lessons,
        summary="what a Keras developer learned of PyTorch, measured",
        about="List the observations of 2017, and what is new since: what holds now, and a figure. "
        "What was measured on this machine, in this folder, comes before what was published.",
        examples="  diptych lessons\n  diptych lessons --measure",
    )
    every.add_argument(
        "--measure",
        action="store_true",
        help="run all lines and measure anew, some two minutes; needs torch and tensorflow",
    )
    every.add_argument("--markdown", action="store_true", help="print all lessons as Markdown")
    _add_figures(every)
    one = add_command(
        commands,
        "lesson",
        do_lesson,
        summary="one of them, or a trap: both programs and what they show",
        about="Print a lesson: the claim of 2017, what holds now, a few lines of PyTorch and "
        "Keras, and what they show here. Or a trap: a wrong pair, what finds it, what mends it.",
        examples="  diptych lesson fitting\n  diptych lesson epsilon",
    )
    one.add_argument(
        "name",
        metavar="NAME",
        help="name or number of one that `diptych lessons` lists, or name of a trap",
    )
    _add_figures(one)
    traps = add_command(
        commands,
        "traps",
        do_traps,
        summary="how a port comes to differ: symptoms that people reported, each with its cause",
        about="List traps by their symptoms. Words leave those that speak of all of them. "
        "`diptych lesson NAME` shows one of them.",
        examples="  diptych traps\n  diptych traps BatchNorm\n  diptych traps --measure",
    )
    traps.add_argument("words", nargs="*", metavar="WORD", help="words of a symptom or a cause")
    traps.add_argument(
        "--measure",
        action="store_true",
        help=f"give all pairs to `diptych match`, some minutes, and write {FOUND}; needs torch "
        "and tensorflow",
    )
    traps.add_argument("--markdown", action="store_true", help="print all traps as Markdown")


def _add_figures(command: Parser) -> None:
    command.add_argument(
        "--figures",
        type=folder,
        metavar="FOLDER",
        help=f"folder of the figures ({HERE}, or else what was published)",
    )


def do_lessons(options: argparse.Namespace) -> int:
    """List the lessons, measured anew if asked; status 1 if something could not be measured."""
    from compare.console import Progress, complain, terminal_width
    from compare.lessons import _records, _tell
    from compare.lessons._lesson import lessons
    from compare.records.journal import in_brief

    every, lacking = lessons(), 0
    if options.measure:
        with Progress() as progress:
            measured = _records.measure(every, progress)
        _records.write(options.figures or HERE, every, measured)
        lacking = sum(len(one.panels) for one in every) - len(measured)
    found, complaints = _records.read(_records.folder(options.figures), every)
    for message in in_brief(complaints):
        complain(message)
    if options.markdown:
        print(_tell.markdown(every, found), end="")
    else:
        print("\n".join(_tell.listed(every, found, terminal_width())))
    return 1 if lacking else 0


def do_lesson(options: argparse.Namespace) -> int:
    """Print a lesson."""
    from compare.console import complain, terminal_width
    from compare.lessons import _records, _tell
    from compare.lessons._lesson import lessons
    from compare.lessons.traps import _tell as _traps
    from compare.lessons.traps import _trap
    from compare.records.journal import in_brief
    from compare.records.record import UsageError

    every = {lesson.name: lesson for lesson in lessons()}
    if trap := {one.name: one for one in _trap.traps()}.get(options.name):
        print("\n".join(_traps.told(trap, _found_here(), terminal_width())))
        return 0
    asked = {str(lesson.number): lesson for lesson in every.values()} | every
    if options.name not in asked:
        raise UsageError(
            f"no lesson {options.name!r}; there are {', '.join(every)}, and what `diptych traps` "
            "lists"
        )
    lesson = asked[options.name]
    found, complaints = _records.read(_records.folder(options.figures), [*every.values()])
    for message in in_brief(complaints):
        complain(message)
    print("\n".join(_tell.told(lesson, found, terminal_width())))
    return 0


def do_traps(options: argparse.Namespace) -> int:
    """List the traps, given to `match` anew if asked; status 3 if one is not as it says."""
    from compare.console import Progress, complain, terminal_width
    from compare.lessons.traps import _found, _tell
    from compare.lessons.traps._trap import traps
    from compare.records.record import UsageError

    every = traps()
    asked = _tell.asked_for(every, options.words)
    if not asked:
        raise UsageError(f"no trap speaks of {' '.join(options.words)}; `diptych traps` lists all")
    wrong = []
    if options.measure:
        with Progress() as progress:
            found = _found.read(FOUND)
            by_name = {one.name: one for one in every}
            for one in _found.find(asked, progress):
                found = dict(sorted((found | {one.trap: one}).items()))
                _found.write(FOUND, found.values())
                wrong += [] if one.as_told(by_name[one.trap]) else [one]
        for one in wrong:
            complain(f"{one.trap}: not as its file says: {one}")
    if options.markdown:
        print(_tell.markdown(every, _found_here()), end="")
    else:
        print("\n".join(_tell.listed(asked, terminal_width())))
    return 3 if wrong else 0


def _found_here() -> "dict[str, Found]":
    """Return what was found of the traps: what was measured here, or else what was published."""
    from compare.lessons.traps import _found
    from compare.processes.machine import ROOT

    return _found.read(FOUND) or _found.read(ROOT / FOUND)
