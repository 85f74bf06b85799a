"""What the commands' parsers share: readers of values, groups of arguments, the form of the help.

Imports the standard library alone, so that `diptych --help` is quick.
"""

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import fill
from typing import Any, NoReturn

from backends._tiers import DEFAULT, TIERS
from compare.records.record import FLOAT32, FORK, NEW, TF32, UsageError
from compare.text import shortened

DEFAULT_BACKENDS = ("pytorch", "keras-tensorflow")
DEFAULT_SEEDS = 3
TIMEOUT_S = 900.0
NEWEST = "results/*/runs.jsonl"
WEEK_S = 7 * 24 * 3600  # no training takes longer, and no timer takes any number
# Frameworks survive a fork on Linux, where the kernel ends a training with its server, too.
STARTS = (FORK, NEW) if sys.platform == "linux" else (NEW,)
MOST = 10_000  # seeds, jobs, threads
HELP = 79  # columns
STATUSES = """exit status:
  0 all went well, 1 a training has no score or a check did not end,
  2 the request cannot be met, 3 a check, probe or limit fails, 130 interrupted"""


class Parser(argparse.ArgumentParser):
    """A parser that says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        """End with status 2."""
        raise UsageError(message)

    def print_help(self, file: Any = None) -> None:
        """Print the help.

        Raises:
            OSError: it cannot be written, as where the disk is full; argparse would say nothing.
        """
        print(self.format_help(), end="", file=file, flush=file is None)


def add_command(
    commands: "argparse._SubParsersAction[Parser]",
    name: str,
    do: Callable[[argparse.Namespace], int],
    *,
    summary: str,
    about: str,
    examples: str,
    more: str = "",
) -> Parser:
    """Add a command: a line for the list of commands, then what its own help says."""
    command = commands.add_parser(
        name,
        help=summary,
        description="\n\n".join(fill(part, HELP) for part in about.split("\n\n")),
        epilog="\n\n".join(filter(None, (f"examples:\n{examples}", more, STATUSES))),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.set_defaults(do=do)
    return command


def count(text: str, most: int = MOST) -> int:
    """Read a whole number from 1 to `most`."""
    digits = text.isascii() and text.isdecimal() and len(text) <= 20  # longer ones Python refuses
    if not digits or not 1 <= int(text) <= most:
        came = repr(shortened(text, 40))
        raise argparse.ArgumentTypeError(f"expected a whole number from 1 to {most}, came {came}")
    return int(text)


def folder(text: str) -> Path:
    """Read the path of a folder, which may be missing."""
    return _path(text, "a folder")


def results(text: str) -> Path:
    """Read the path of a results folder; NEWEST is the one in results/ that was written last."""
    if text != NEWEST:
        return folder(text)
    found = sorted(Path().glob(NEWEST), key=lambda file: file.stat().st_mtime)
    if not found:
        raise argparse.ArgumentTypeError(f"expected a results folder, came none; no {NEWEST} here")
    return found[-1].parent


def file(text: str) -> Path:
    """Read the path of a file, which may be missing."""
    return _path(text, "a file")


def _path(text: str, what: str) -> Path:
    try:
        fit = bool(text) and b"\0" not in os.fsencode(text)
    except UnicodeEncodeError:  # half of a surrogate pair
        fit = False
    if not fit:
        raise argparse.ArgumentTypeError(f"expected {what}, came {text!r}")
    return Path(text)


def seconds(text: str) -> float:
    """Read a number of seconds, above 0 and up to a week."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= WEEK_S:
        raise argparse.ArgumentTypeError(
            f"expected seconds above 0 and up to {WEEK_S} (a week), came {text!r}"
        )
    return value


def add_folder(command: argparse.ArgumentParser) -> None:
    """Add the results folder that a command reads."""
    command.add_argument(
        "folder",
        type=results,
        nargs="?",
        default=NEWEST,
        help="results folder, with a runs.jsonl in it (that in results/ written last)",
    )


def add_forms(command: argparse.ArgumentParser, more: str) -> None:
    """Add the forms of output for programs and for the summary of a job."""
    forms = command.add_mutually_exclusive_group()
    for name, what in (("--json", "JSON"), ("--markdown", "Markdown for a job's summary")):
        forms.add_argument(name, action="store_true", help=f"print {what} on stdout {more}".strip())


def add_json(command: argparse.ArgumentParser) -> None:
    """Add the form of output for programs."""
    command.add_argument("--json", action="store_true", help="print all of it as JSON on stdout")


def add_all(command: argparse.ArgumentParser) -> None:
    """Add the rest of what a command can print."""
    command.add_argument("--all", action="store_true", help="print all tables, not only the result")


def add_problems(command: argparse.ArgumentParser) -> None:
    """Add the problems; none are all."""
    command.add_argument(
        "problems",
        nargs="*",
        metavar="PROBLEM",
        help="problems that `diptych list` names (those of your project; if there is none, all)",
    )


def add_backends(command: argparse._ActionsContainer) -> None:
    """Add the backends to be compared."""
    command.add_argument(
        "--backends",
        nargs="+",
        default=DEFAULT_BACKENDS,
        metavar="BACKEND",
        help=f"backends that `diptych list` names ({' '.join(DEFAULT_BACKENDS)})",
    )


def add_tiers(command: argparse.ArgumentParser) -> None:
    """Add the tiers that networks are run in."""
    command.add_argument(
        "--tier",
        nargs="+",
        choices=(DEFAULT, *TIERS),
        metavar="TIER",
        default=[DEFAULT],
        help=f"how networks are run: {', '.join(TIERS)}, or {DEFAULT}, what a user of the backend "
        "gets without asking (default)",
    )


def add_python(command: argparse.ArgumentParser) -> None:
    """Add the interpreters that backends run in."""
    command.add_argument(
        "--python",
        action="append",
        default=[],
        metavar="BACKEND=PATH",
        help="the Python that a backend runs in; with a label, as in pytorch@old=PATH, a further "
        "backend (also in diptych.toml)",
    )


def add_cluster(command: argparse.ArgumentParser) -> None:
    """Add the cluster that a command may be done on."""
    command.add_argument(
        "--ray",
        metavar="ADDRESS",
        help="do it on the nodes of the Ray cluster that this machine is one of: HOST:PORT or auto",
    )
    command.add_argument(
        "--ray-label",
        type=label,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="on nodes with this label only",
    )


def label(text: str) -> tuple[str, str]:
    """Read a name and its value."""
    name, separator, value = text.partition("=")
    if not (name and separator):
        raise argparse.ArgumentTypeError(f"expected NAME=VALUE, came {shortened(text)!r}")
    return name, value


def add_settings(command: argparse.ArgumentParser) -> None:
    """Add how trainings are done."""
    command.add_argument("--seeds", type=count, help=f"trainings for each ({DEFAULT_SEEDS})")
    command.add_argument(
        "--device",
        nargs="+",
        choices=("auto", "cpu", "gpu"),
        default=["auto"],
        help="one or both; auto: the GPU if all backends, or with --ray all nodes, have one",
    )
    command.add_argument(
        "--precision",
        choices=(FLOAT32, TF32),
        default=FLOAT32,
        help="of matrix products and convolutions on a GPU, on all engines alike",
    )
    command.add_argument(
        "--jobs",
        type=count,
        help="trainings at a time (1: side by side they slow each other, each by how much it uses "
        "the memory)",
    )
    command.add_argument("--threads", type=count, default=1, help="threads per training (1)")
    command.add_argument(
        "--shard",
        metavar="I/N",
        help="do the I-th of N parts, each on a machine of its own; then `diptych merge`. auto or "
        "auto/N: I is this job's in an array of Slurm or an indexed job of Kubernetes",
    )
    add_cluster(command)
    command.add_argument(
        "--start",
        choices=STARTS,
        default=STARTS[0],
        help="each training a fork of a server, or a new interpreter",
    )
    command.add_argument(
        "--timeout",
        type=seconds,
        default=TIMEOUT_S,
        metavar="SECONDS",
        help=f"for each training ({TIMEOUT_S:g})",
    )
