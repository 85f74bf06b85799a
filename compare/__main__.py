"""The command `diptych`: collects the rooms' commands, and turns errors into exit statuses.

Ends with status 0 if all went well, 1 if a training has no score or a check did not end, 2 if what
was asked for cannot be done, 3 if a check, probe or limit fails, 130 if it was interrupted.
"""

import argparse
import os
import sys
from contextlib import suppress
from importlib import import_module
from io import TextIOWrapper
from pathlib import Path
from typing import Any, NoReturn

from compare.console import complain
from compare.options import STATUSES, Parser, folder
from compare.records.record import UsageError
from problems import _project

# Rooms with commands, in the order in which the help lists them.
ROOMS = (
    "project",
    "match",
    "processes",
    "programs",
    "lessons",
    "proof",
    "training",
    "studies",
    "tables",
    "page",
    "diff",
    "records",
)


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line asks and return the exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without a ± sign is no reason to stop
    try:
        arguments = opened(sys.argv[1:] if arguments is None else arguments)
        commands = parser()
        options = commands.parse_args(arguments)
        if "do" not in options:
            commands.print_help()
            return 0
        if "defaults_in_file" in options:
            from compare.processes import settings

            settings.set_defaults(options.defaults_in_file, settings.table("run"))
            options = commands.parse_args(arguments)
        if "python" in options:
            from compare.processes import interpreter

            interpreter.use(options.python)
            _unused(options)
        status = int(options.do(options))
        if sys.stdout:  # none, if it was closed before
            sys.stdout.flush()  # here, where what goes wrong is told
        return status
    except UsageError as error:
        complain(str(error))
        return 2
    except OSError as error:
        if isinstance(error, BrokenPipeError) and nobody_reads():
            _drop_output()
            return 1
        complain(f"{error.filename}: {error.strerror}" if error.filename else str(error))
        with suppress(ValueError):  # a stream that is closed
            try:
                sys.stdout.flush()
            except OSError:
                _drop_output()
        return 2
    except KeyboardInterrupt:
        complain("interrupted; the same command goes on from here")
        return 130


def opened(arguments: list[str]) -> list[str]:
    """Have all be about the project asked for, or the one that is here; return what else is asked.

    Raises:
        UsageError: the one asked for is none, or one of its problems has the name of another.
    """
    early = Parser(add_help=False, allow_abbrev=False)
    early.add_argument("--project", type=folder)
    asked, others = early.parse_known_args(arguments)
    if asked.project and not (asked.project / _project.FILE).is_file():
        raise UsageError(
            f"--project {asked.project}: expected a folder with {_project.FILE}, came none; "
            f"`diptych init {asked.project}` makes one"
        )
    if found := asked.project or _project.nearest(Path.cwd()):
        try:
            _project.use(found)
        except ValueError as error:
            raise UsageError(str(error)) from None
    return others


def _drop_output() -> None:
    """Have what is left of the output go nowhere: Python would try it again, and end with 120."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _unused(options: argparse.Namespace) -> None:
    """Say which interpreters were named on the command line for what does not take part."""
    asked = getattr(options, "backends", None)
    if asked is None:  # as in `list`, which is about all of them
        return
    asked = [options.aa] if getattr(options, "aa", None) else asked
    for text in options.python:
        backend = text.partition("=")[0]
        if backend not in asked:
            took = f"--backends {' '.join(asked)}"
            complain(f"--python {text}: {backend} takes no part: it is not among {took}")


def nobody_reads() -> bool:
    """Say whether stdout is a pipe that was closed at its other end, as `| head` does."""
    import select  # here, for it is rare

    pipe = select.poll()
    pipe.register(sys.stdout.fileno(), 0)
    return any(event & select.POLLERR for _, event in pipe.poll(0))


class Version(argparse.Action):
    """Print the version and end; it is looked up when it is asked for."""

    def __call__(self, *_: Any) -> NoReturn:
        """Print the version and end with status 0."""
        from importlib.metadata import version

        print(f"diptych {version('diptych')}", flush=True)
        sys.exit(0)


def parser() -> Parser:
    """Return the parser of the command line."""
    top = Parser(
        prog="diptych",
        description="One problem, two panels: PyTorch and Keras compared.",
        epilog=f"`diptych COMMAND --help` has examples.\n\n{STATUSES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action=Version, nargs=0, help="print the version and end")
    top.add_argument(  # which `opened` has read before, wherever it stands
        "--project",
        metavar="FOLDER",
        help="a project of your own (the nearest parent folder with a diptych.toml)",
    )
    commands = top.add_subparsers(metavar="COMMAND")
    for room in ROOMS:
        import_module(f"compare.{room}.command").add(commands)
    return top


if __name__ == "__main__":
    sys.exit(main())
