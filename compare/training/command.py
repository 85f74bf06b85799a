"""`diptych run`."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from compare.options import (
    Parser,
    add_all,
    add_backends,
    add_command,
    add_problems,
    add_python,
    add_settings,
    add_tiers,
    folder,
)
from compare.records.record import MATCHED, NATIVE

if TYPE_CHECKING:
    from compare.records.record import Record, Run


def add(commands: "argparse._SubParsersAction[Parser]") -> None:
    """Add the command of this room."""
    run = add_command(
        commands,
        "run",
        do_run,
        summary="train on every backend, then tabulate",
        about="Prove what is not proven yet, train every problem on every backend with the same "
        "seeds, and\ntabulate. A training that the results folder has already is not repeated: to "
        "resume an\ninterrupted run, repeat the command.",
        examples="  diptych run\n  diptych run --quick\n  diptych run echo cumsum --seeds 10\n"
        "  diptych run echo --mode matched native",
    )
    add_problems(run)
    sides = run.add_mutually_exclusive_group()
    add_backends(sides)
    run.add_argument(
        "--mode",
        nargs="+",
        choices=(MATCHED, NATIVE),
        default=[MATCHED],
        help="matched: all equal but the framework; native: each framework's own defaults",
    )
    add_tiers(run)
    run.add_argument("--quick", action="store_true", help="the short recipe: a look, not a result")
    sides.add_argument("--aa", metavar="BACKEND", help="one backend against itself")
    run.add_argument("--repeat-check", action="store_true", help="do each training twice")
    run.add_argument("--no-gate", action="store_true", help="time at once, proven or not")
    run.add_argument("--out", type=folder, help="results folder (results/latest or results/quick)")
    add_settings(run)
    add_python(run)
    add_all(run)


def do_run(options: argparse.Namespace) -> int:
    """Run what is missing, write and print the table."""
    from compare.records.reading import records_of
    from compare.tables.screen import show
    from compare.training.request import chosen_runs, settings_of

    runs = chosen_runs(
        options.problems,
        options.backends if options.aa is None else [options.aa],
        lambda _: list(dict.fromkeys(options.mode)),
        again=options.aa is not None or options.repeat_check,
        tiers=options.tier,
        recipe="quick" if options.quick else "full",
        **settings_of(options),
    )
    usual = "quick" if options.quick else "latest"
    if options.aa is not None or options.repeat_check:
        usual = "repeat" if options.aa is None else "aa"
    out = options.out or Path("results") / usual
    records = done(runs, out, timeout_s=options.timeout, gate=not options.no_gate)
    show(out, records_of(out), everything=options.all)
    return status(records, out)


def done(runs: "Sequence[Run]", out: Path, *, timeout_s: float, gate: bool) -> "list[Record]":
    """Do the runs, showing each as it is done; return their records."""
    from compare.console import Progress
    from compare.training.schedule import compare, row

    records: list[Record] = []
    with Progress(len(runs)) as progress:
        for record in compare(runs, out=out, timeout_s=timeout_s, gate=gate, tell=progress.report):
            records.append(record)
            progress.done(row(record))
    return records


def status(records: "Sequence[Record]", out: Path) -> int:
    """Say what has no score and why; return 3 if anything was refused, 1 if it failed, or 0."""
    import sys

    from compare.console import complain

    refused = dict.fromkeys(record.reason for record in records if record.status == "refused")
    for reason in refused:
        complain(f"no training, no time: the check fails: {reason}")
    lacking = dict.fromkeys(record.reason for record in records if record.status == "unavailable")
    for reason in lacking:
        complain(f"not to be had here: {reason}")
    failed = [record for record in records if record.status not in ("ok", "refused")]
    if failed:
        logs = [out / "cells" / record.key / "log.txt" for record in failed]
        there = [f"  {log}" for log in logs if log.exists()]
        complain(f"trainings without a score: {len(failed)}{'; logs:' if there else ''}")
        for line in there:
            print(line, file=sys.stderr)
    return 3 if refused else 1 if failed else 0
