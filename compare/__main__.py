"""The command `diptych`, a thin skin: arguments in, tables out.

Ends with status 0 if all went well, 1 if a training has no score, 2 if what was asked for cannot
be done, 3 if a check fails, 130 if it was interrupted.
"""

import argparse
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import Any, NoReturn

import problems
from backends import BACKENDS, missing_twins
from compare import machine
from compare.run import MATCHED, NATIVE, Record, Run, UsageError, modes_between
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

    check = commands.add_parser("check", help="prove that the backends train the same model")
    _add_selection(check)
    check.add_argument("--json", action="store_true", help="the findings as JSON, on stdout")
    check.add_argument("--out", type=folder, help="write check.md and check.json there")

    run = commands.add_parser("run", help="train on every backend, then tabulate")
    _add_selection(run)
    run.add_argument("--mode", nargs="+", choices=(MATCHED, NATIVE), default=[MATCHED])
    run.add_argument("--quick", action="store_true", help="the short recipe: a look, not a result")
    run.add_argument("--no-gate", action="store_true", help="time also what is not proven equal")
    run.add_argument("--out", type=folder, help="results folder (results/latest or results/quick)")
    _add_settings(run)

    explain = commands.add_parser("explain", help="what each of a framework's defaults does")
    _add_selection(explain)
    explain.add_argument("--out", type=folder, help="results folder (results/explain)")
    _add_settings(explain)

    table = commands.add_parser("table", help="tabulate the records of a results folder again")
    table.add_argument("folder", type=folder)
    return top


def _add_selection(command: argparse.ArgumentParser) -> None:
    command.add_argument("problems", nargs="*", metavar="PROBLEM")
    command.add_argument("--backends", nargs="+", default=DEFAULT_BACKENDS, metavar="BACKEND")


def _add_settings(command: argparse.ArgumentParser) -> None:
    command.add_argument("--seeds", type=count, default=DEFAULT_SEEDS, help="trainings for each")
    command.add_argument("--device", choices=("auto", "cpu", "gpu"), default="auto")
    command.add_argument("--jobs", type=count, help="trainings at a time (one per core)")
    command.add_argument("--threads", type=count, default=1, help="threads per training")
    command.add_argument("--timeout", type=seconds, default=TIMEOUT_S, help="seconds per training")


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
    """Climb the ladder for every pair; status 3 if a rung fails."""
    from compare.proof import prove
    from compare.publish_check import findings_json, publish_findings
    from compare.terminal import complain, print_findings

    backends = chosen_backends(options.backends)
    findings = prove(chosen_problems(options.problems, backends), backends)
    if options.out:
        publish_findings(options.out, findings)
    if options.json:
        print(findings_json(findings), end="")
    else:
        print_findings(findings)
    wrong = [finding for finding in findings if not finding.passed]
    for finding in wrong:
        complain(str(finding))
    return 3 if wrong else 0


def do_run(options: argparse.Namespace) -> int:
    """Run what is missing, write and print the table."""
    from compare.publish import publish
    from compare.terminal import print_table

    runs = chosen_runs(
        options.problems,
        options.backends,
        lambda _: list(dict.fromkeys(options.mode)),
        recipe="quick" if options.quick else "full",
        **_settings(options),
    )
    out = options.out or Path("results") / ("quick" if options.quick else "latest")
    records = _done(runs, out, timeout_s=options.timeout, gate=not options.no_gate)
    print_table(publish(out, _all_records(out)), out, quick=options.quick)
    return _status(records, out)


def do_explain(options: argparse.Namespace) -> int:
    """Train from matched to native, one default at a time; write and print what each one does."""
    from compare.explain import explain
    from compare.publish_explain import publish_explanation
    from compare.terminal import print_explanation

    runs = chosen_runs(
        options.problems, options.backends, modes_between, score_epochs=True, **_settings(options)
    )
    out = options.out or Path("results") / "explain"
    records = _done(runs, out, timeout_s=options.timeout, gate=True)
    found = _all_records(out)
    frame = explain(found)
    publish_explanation(out, frame, found)
    print_explanation(frame, out)
    return _status(records, out)


def _settings(options: argparse.Namespace) -> dict[str, Any]:
    return {name: getattr(options, name) for name in ("seeds", "device", "threads", "jobs")}


def _done(runs: Sequence[Run], out: Path, *, timeout_s: float, gate: bool) -> list[Record]:
    """Do the runs, showing each as it is done; return their records."""
    from compare.comparison import compare
    from compare.terminal import Progress

    records: list[Record] = []
    with Progress(len(runs)) as progress:
        for record in compare(runs, out=out, timeout_s=timeout_s, gate=gate, tell=progress.tell):
            records.append(record)
            progress.done(record)
    return records


def _status(records: Sequence[Record], out: Path) -> int:
    """Say what has no score and why; return 3 if anything was refused, 1 if it failed, or 0."""
    from compare.terminal import complain

    refused = dict.fromkeys(record.reason for record in records if record.status == "refused")
    for reason in refused:
        complain(f"no training, no time: the check fails: {reason}")
    failed = [record for record in records if record.status not in ("ok", "refused")]
    if failed:
        complain(f"trainings without a score: {len(failed)}; logs:")
    for record in failed:
        print(f"  {out / 'cells' / record.key / 'log.txt'}", file=sys.stderr)
    return 3 if refused else 1 if failed else 0


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
    "explain": do_explain,
    "table": do_table,
}

if __name__ == "__main__":
    sys.exit(main())
