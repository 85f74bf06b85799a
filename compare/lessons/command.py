"""`diptych lessons` and `diptych lesson`."""

import argparse
from pathlib import Path

from compare.options import Parser, add_command, folder

HERE = Path("results", "lessons")  # the figures, in the folder that the command is used in


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
        summary="one of them: both programs and what they show",
        about="Print a lesson: the claim of 2017, what holds now, a few lines of PyTorch and "
        "Keras, and what they show here.",
        examples="  diptych lesson fitting",
    )
    one.add_argument(
        "name", metavar="NAME", help="name or number of one that `diptych lessons` lists"
    )
    _add_figures(one)


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
    from compare.records.journal import in_brief
    from compare.records.record import UsageError

    every = {lesson.name: lesson for lesson in lessons()}
    asked = {str(lesson.number): lesson for lesson in every.values()} | every
    if options.name not in asked:
        raise UsageError(f"no lesson {options.name!r}; there are {', '.join(every)}")
    lesson = asked[options.name]
    found, complaints = _records.read(_records.folder(options.figures), [*every.values()])
    for message in in_brief(complaints):
        complain(message)
    print("\n".join(_tell.told(lesson, found, terminal_width())))
    return 0
