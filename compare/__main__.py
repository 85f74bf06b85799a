"""The command `diptych`, a thin skin: arguments in, tables out.

Ends with status 0 if all went well, 1 if a training has no score, 2 if what was asked for cannot
be done, 3 if a check fails, 130 if it was interrupted.
"""

import argparse
import sys
from io import TextIOWrapper
from pathlib import Path
from typing import NoReturn

import problems
from backends import BACKENDS, missing_twins
from compare import machine
from compare.run import Record, UsageError
from compare.selection import chosen_backends, chosen_problems, chosen_runs

DEFAULT_BACKENDS = ("pytorch", "keras-tensorflow")
DEFAULT_SEEDS = 3
TIMEOUT_S = 900.0
MOST = 10_000  # seeds, jobs, threads


class Parser(argparse.ArgumentParser):
    """A parser that says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        """End with status 2."""
        raise UsageError(message)


def count(text: str) -> int:
    """Read a whole number from 1 to MOST."""
    if not text.isdecimal() or not 1 <= int(text) <= MOST:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1 to {MOST}, came {text!r}")
    return int(text)


def folder(text: str) -> Path:
    """Read the path of a folder, which may be missing."""
    if not text:
        raise argparse.ArgumentTypeError("expected a folder, came ''")
    return Path(text)


def seconds(text: str) -> float:
    """Read a positive number of seconds."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"expected seconds above 0, came {text!r}")
    return value


def parser() -> Parser:
    """Return the parser of the command line."""
    top = Parser(prog="diptych", description="One problem, two panels: PyTorch and Keras compared.")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    commands.add_parser("list", help="problems, backends, devices, and what can run here")

    show = commands.add_parser("show", help="the two programs of a problem, side by side")
    show.add_argument("problem", help="one of those that `diptych list` names")

    check = commands.add_parser("check", help="data against their spec, layers against shapes")
    _add_selection(check)

    run = commands.add_parser("run", help="train on every backend, then tabulate")
    _add_selection(run)
    run.add_argument("--seeds", type=count, default=DEFAULT_SEEDS, help="trainings for each")
    run.add_argument("--device", choices=("auto", "cpu", "gpu"), default="auto")
    run.add_argument("--quick", action="store_true", help="the short recipe: a look, not a result")
    run.add_argument("--jobs", type=count, help="trainings at a time (one per core)")
    run.add_argument("--threads", type=count, default=1, help="threads per training")
    run.add_argument("--timeout", type=seconds, default=TIMEOUT_S, help="seconds per training")
    run.add_argument("--out", type=folder, help="results folder (results/latest or results/quick)")

    table = commands.add_parser("table", help="tabulate the records of a results folder again")
    table.add_argument("folder", type=folder)
    return top


def _add_selection(command: argparse.ArgumentParser) -> None:
    command.add_argument("problems", nargs="*", metavar="PROBLEM")
    command.add_argument("--backends", nargs="+", default=DEFAULT_BACKENDS, metavar="BACKEND")


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line asks and return the exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without a ± sign is no reason to stop
    try:
        options = parser().parse_args(arguments)
        return COMMANDS[options.command](options)
    except (UsageError, OSError) as error:
        print(f"diptych: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("diptych: interrupted; the same command goes on from here", file=sys.stderr)
        return 130


def summary(problem: str) -> str:
    """Return what a problem is about, or why it cannot be read."""
    try:
        return problems.load(problem).summary
    except ValueError as error:
        return str(error)


def do_list(_: argparse.Namespace) -> int:
    """Print problems, backends and devices."""
    from rich.console import Console
    from rich.table import Table

    console = Console()
    table = Table("problem", "what is learned", "twins missing")
    for name in problems.names():
        table.add_row(name, summary(name), ", ".join(missing_twins(name)))
    console.print(table)
    table = Table("backend", "can run here")
    for backend in BACKENDS.values():
        missing = " ".join(backend.missing())
        table.add_row(backend.name, f"no: pip install {missing}" if missing else "yes")
    console.print(table)
    table = Table("device", "what it is")
    table.add_row("cpu", f"{machine.cpu()}, {len(machine.processors())} processors to use")
    table.add_row("gpu", ", ".join(machine.gpus()) or "none found")
    console.print(table)
    return 0


def do_show(options: argparse.Namespace) -> int:
    """Print the twins of a problem."""
    from rich.console import Console

    from compare.show import panels

    console = Console()
    console.print(panels(chosen_problems([options.problem])[0], console))
    return 0


def do_check(options: argparse.Namespace) -> int:
    """Check data and layers; status 3 if something is not as specified."""
    from compare.check import check
    from compare.terminal import print_findings

    backends = chosen_backends(options.backends)
    return print_findings(check(chosen_problems(options.problems, backends), backends))


def do_run(options: argparse.Namespace) -> int:
    """Run what is missing, write and print the table; status 1 if a training has no score."""
    from compare.comparison import compare
    from compare.publish import publish
    from compare.terminal import Progress, print_table

    runs = chosen_runs(
        options.problems,
        options.backends,
        seeds=options.seeds,
        device=options.device,
        recipe="quick" if options.quick else "full",
        threads=options.threads,
        jobs=options.jobs,
    )
    out = options.out or Path("results") / ("quick" if options.quick else "latest")
    records: list[Record] = []
    with Progress(len(runs)) as progress:
        for record in compare(runs, out=out, timeout_s=options.timeout, tell=progress.tell):
            records.append(record)
            progress.done(record)
    print_table(publish(out, _all_records(out)), out, quick=options.quick)
    failed = [record for record in records if record.status != "ok"]
    if failed:
        print(f"diptych: trainings without a score: {len(failed)}; logs:", file=sys.stderr)
    for record in failed:
        print(f"  {out / 'cells' / record.key / 'log.txt'}", file=sys.stderr)
    return 1 if failed else 0


def do_table(options: argparse.Namespace) -> int:
    """Write and print the table of a results folder again."""
    from compare.publish import publish
    from compare.terminal import print_table

    records = _all_records(options.folder)
    quick = any(record.recipe == "quick" for record in records)
    print_table(publish(options.folder, records), options.folder, quick=quick)
    return 0


def _all_records(folder: Path) -> list[Record]:
    from compare import records

    found, broken = records.read(folder)
    for message in broken:
        print(f"diptych: {message}", file=sys.stderr)
    if not found:
        raise UsageError(f"expected a folder with records in {records.FILE}, came {folder}")
    return found


COMMANDS = {
    "list": do_list,
    "show": do_show,
    "check": do_check,
    "run": do_run,
    "table": do_table,
}

if __name__ == "__main__":
    sys.exit(main())
