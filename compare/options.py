"""The words that the command `diptych` understands."""

import argparse
import sys
from pathlib import Path
from typing import NoReturn

from backends._tiers import DEFAULT, TIERS
from compare.diff.limits import Limit, limit
from compare.records.export import FORMATS
from compare.records.record import FLOAT32, FORK, MATCHED, NATIVE, NEW, TF32, UsageError

DEFAULT_BACKENDS = ("pytorch", "keras-tensorflow")
DEFAULT_SEEDS = 3
AA_SEEDS = 8  # the fewest that can show a difference among six problems
TIMEOUT_S = 900.0
WEEK_S = 7 * 24 * 3600  # no training takes longer, and no timer takes any number
# Frameworks survive a fork on Linux, where the kernel ends a training with its server, too.
STARTS = (FORK, NEW) if sys.platform == "linux" else (NEW,)
MOST = 10_000  # seeds, jobs, threads
LARGEST = 1_000_000  # batch size, units
GATE = """With --fail-on, the status is 3 if a row of B is worse than A's by more than PERCENT: a
score of any metric, relative to A's and in the metric's direction; or epoch_s or wall_s. A seed
with a value in A and none in B (failed, diverged, timed out, refused, unavailable) is infinitely
worse. From 6 pairs of seeds on, a change whose 95 % interval includes no change does not count;
below, the plain change decides. Rows in one folder only are not judged; if there is nothing to
judge, the status is 2."""


class Parser(argparse.ArgumentParser):
    """A parser that says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        """End with status 2."""
        raise UsageError(message)


def count(text: str, most: int = MOST) -> int:
    """Read a whole number from 1 to `most`."""
    if not text.isdecimal() or not 1 <= int(text) <= most:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1 to {most}, came {text!r}")
    return int(text)


def size(text: str) -> int:
    """Read a size to be trained at."""
    return count(text, LARGEST)


def folder(text: str) -> Path:
    """Read the path of a folder, which may be missing."""
    if not text:
        raise argparse.ArgumentTypeError("expected a folder, came ''")
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


def allowed(text: str) -> Limit:
    """Read by how many percent scores, or times, may be worse."""
    try:
        return limit(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def parser() -> Parser:
    """Return the parser of the command line."""
    top = Parser(prog="diptych", description="One problem, two panels: PyTorch and Keras compared.")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    listing = commands.add_parser("list", help="problems, backends, devices; what can run here")
    _add_python(listing)

    doctor = commands.add_parser("doctor", help="how far figures from this machine can be trusted")
    doctor.add_argument("--device", choices=("auto", "cpu", "gpu"), default="auto")
    doctor.add_argument("--threads", type=count, default=1, help="threads per training")
    _add_python(doctor)

    show = commands.add_parser("show", help="the two programs of a problem, side by side")
    show.add_argument("problem", help="one of those that `diptych list` names")

    check = commands.add_parser("check", help="prove that the backends train the same model")
    _add_selection(check)
    _add_python(check)
    _add_tiers(check)
    check.add_argument("--json", action="store_true", help="the findings as JSON, on stdout")
    check.add_argument("--out", type=folder, help="write check.md and check.json there")

    run = commands.add_parser("run", help="train on every backend, then tabulate")
    run.add_argument("problems", nargs="*", metavar="PROBLEM")
    sides = run.add_mutually_exclusive_group()
    _add_backends(sides)
    run.add_argument("--mode", nargs="+", choices=(MATCHED, NATIVE), default=[MATCHED])
    _add_tiers(run)
    run.add_argument("--quick", action="store_true", help="the short recipe: a look, not a result")
    sides.add_argument("--aa", metavar="BACKEND", help="one backend against itself")
    run.add_argument("--repeat-check", action="store_true", help="each training twice")
    run.add_argument("--no-gate", action="store_true", help="time at once, proven or not")
    run.add_argument("--out", type=folder, help="results folder (results/latest or results/quick)")
    _add_settings(run)
    _add_python(run)

    explain = commands.add_parser("explain", help="what each of a framework's defaults does")
    _add_selection(explain)
    explain.add_argument("--out", type=folder, help="results folder (results/defaults)")
    _add_settings(explain)
    _add_python(explain)

    _add_sweep(commands)

    table = commands.add_parser("table", help="tabulate the records of a results folder again")
    table.add_argument("folder", type=folder)
    _add_forms(table, "and write no file")

    report = commands.add_parser("report", help="one page about a results folder: report.html")
    report.add_argument("folder", type=folder)
    report.add_argument("--open", action="store_true", help="show it in the browser")

    plot = commands.add_parser("plot", help="the pictures of that page as SVG files")
    plot.add_argument("folder", type=folder)
    plot.add_argument("--out", type=folder, required=True, metavar="FOLDER")

    _add_diff(commands)

    export = commands.add_parser("export", help="records for the charts of other tools")
    export.add_argument("folder", type=folder)
    export.add_argument("--format", choices=FORMATS, required=True)
    export.add_argument("--out", type=Path, metavar="FILE", help="write there, not on stdout")
    return top


def _add_sweep(commands: "argparse._SubParsersAction[Parser]") -> None:
    sweep = commands.add_parser(
        "sweep",
        help="samples per second against batch size, or units",
        description="Samples per second against batch size, or units, on every backend and device, "
        "and from what size on one overtakes the other. Without sizes, draws what is there.",
    )
    sweep.add_argument("problem", help="one of those that `diptych list` names")
    sizes = sweep.add_mutually_exclusive_group()
    sizes.add_argument(
        "--batch-size", nargs="+", type=size, metavar="N", help="examples in a batch"
    )
    sizes.add_argument("--units", nargs="+", type=size, metavar="N", help="width of the network")
    _add_backends(sweep)
    sweep.add_argument("--no-gate", action="store_true", help="time at once, proven or not")
    sweep.add_argument("--out", type=folder, help="results folder (results/sweep/PROBLEM)")
    _add_settings(sweep)
    _add_python(sweep)


def _add_diff(commands: "argparse._SubParsersAction[Parser]") -> None:
    diff = commands.add_parser(
        "diff",
        help="what differs between two results folders",
        description="What differs between two results folders, paired by seed; A is the reference.",
        epilog=GATE,
    )
    diff.add_argument("a", type=folder, metavar="A", help="results folder, the reference")
    diff.add_argument("b", type=folder, metavar="B", help="results folder held against it")
    _add_forms(diff, "")
    diff.add_argument(
        "--fail-on",
        action="append",
        type=allowed,
        default=[],
        metavar="KIND:PERCENT",
        help="score:PERCENT or time:PERCENT, may be given several times: status 3 if B is worse",
    )


def _add_forms(command: argparse.ArgumentParser, more: str) -> None:
    forms = command.add_mutually_exclusive_group()
    for name, what in (("--json", "JSON"), ("--markdown", "Markdown for a job's summary")):
        forms.add_argument(name, action="store_true", help=f"{what} on stdout {more}".strip())


def _add_selection(command: argparse.ArgumentParser) -> None:
    command.add_argument("problems", nargs="*", metavar="PROBLEM")
    _add_backends(command)


def _add_backends(command: argparse._ActionsContainer) -> None:
    command.add_argument("--backends", nargs="+", default=DEFAULT_BACKENDS, metavar="BACKEND")


def _add_tiers(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--tier",
        nargs="+",
        choices=(DEFAULT, *TIERS),
        default=[DEFAULT],
        help="by what means networks are run; default is what a backend's users get unasked",
    )


def _add_python(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--python",
        action="append",
        default=[],
        metavar="BACKEND=PATH",
        help="the Python that a backend runs in; one with a label, pytorch@old=PATH, is a further "
        "backend (also: diptych.toml)",
    )


def _add_settings(command: argparse.ArgumentParser) -> None:
    command.add_argument("--seeds", type=count, help=f"trainings for each ({DEFAULT_SEEDS})")
    command.add_argument(
        "--device",
        nargs="+",
        choices=("auto", "cpu", "gpu"),
        default=["auto"],
        help="one or both; auto: the GPU if all backends can use one",
    )
    command.add_argument(
        "--precision",
        choices=(FLOAT32, TF32),
        default=FLOAT32,
        help="of matrix products and convolutions on a GPU, on all engines alike",
    )
    command.add_argument("--jobs", type=count, help="trainings at a time (one per core)")
    command.add_argument("--threads", type=count, default=1, help="threads per training")
    command.add_argument(
        "--start",
        choices=STARTS,
        default=STARTS[0],
        help="each training a fork of a server, or a new interpreter",
    )
    command.add_argument("--timeout", type=seconds, default=TIMEOUT_S, help="seconds per training")
