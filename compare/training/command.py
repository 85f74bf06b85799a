"""`diptych run`."""

import argparse
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from compare.options import (
    Parser,
    add_all,
    add_backends,
    add_command,
    add_folder,
    add_json,
    add_problems,
    add_python,
    add_settings,
    add_tiers,
    folder,
)
from compare.records.record import MATCHED, NATIVE, UNCHECKED, UNTRIED
from compare.text import visible

if TYPE_CHECKING:
    from compare.processes.cluster import Cluster
    from compare.records.record import Record, Run

# Why there was no training, by the status of a record.
WHY = {
    "refused": "no training, no time: the check fails: {record.reason}",
    "unavailable": "not available here: {record.reason} ({record.side})",
    UNCHECKED: "no training, no time: the check did not get to its end: {record.reason}",
}


def add(commands: "argparse._SubParsersAction[Parser]") -> None:
    """Add the command of this room."""
    run = add_command(
        commands,
        "run",
        do_run,
        summary="train on every backend, then tabulate",
        about="Prove what is not proven yet, train every problem on every backend with the same "
        "seeds, and tabulate. A training of the same code that the results folder has already is "
        "not repeated: to resume an interrupted run, repeat the command. If you name no problem, "
        "those with the least work come first. Options with a value may have another default in "
        "the table [run] of a file diptych.toml, as in `seeds = 10`.",
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
    run.set_defaults(defaults_in_file=run)  # see compare/processes/settings.py

    asked = add_command(
        commands,
        "status",
        do_status,
        summary="how far a run has come",
        about="Tell from another terminal what of a run is done, under way and left, and about how "
        "long the rest will take.",
        examples="  diptych status results/latest\n  diptych status results/latest --json",
    )
    add_folder(asked)
    add_json(asked)


def do_status(options: argparse.Namespace) -> int:
    """Print how far the run of a results folder has come."""
    from dataclasses import asdict

    from compare.console import complain
    from compare.records.journal import in_brief
    from compare.records.record import as_json
    from compare.training.how_far import how_far, how_far_lines

    come, broken = how_far(options.folder)
    for message in in_brief(broken):
        complain(message)
    if options.json:
        print(as_json(asdict(come)), end="")
    else:
        print("\n".join(map(visible, how_far_lines(come))))
    return 0


def do_run(options: argparse.Namespace) -> int:
    """Run what is missing, write and print the table."""
    return answer(*trained(options), everything=options.all)


def trained(options: argparse.Namespace) -> "tuple[Path, list[Record]]":
    """Run what is missing; return the results folder, and what has no score."""
    from compare.console import complain
    from compare.processes.cluster import connected
    from compare.training.request import chosen_runs, settings_of

    usual = "quick" if options.quick else "latest"
    if options.aa is not None or options.repeat_check:
        usual = "repeat" if options.aa is None else "aa"
    out = options.out or Path("results") / usual
    with connected(options) as cluster:
        runs = chosen_runs(
            options.problems,
            options.backends if options.aa is None else [options.aa],
            lambda _: list(dict.fromkeys(options.mode)),
            again=options.aa is not None or options.repeat_check,
            tiers=options.tier,
            recipe="quick" if options.quick else "full",
            cluster=cluster,
            **settings_of(options),
        )
        if runs[0].jobs > 1:
            complain(
                f"--jobs {runs[0].jobs}: trainings side by side slow each other; such times are "
                "for a look, not to be published"
            )
        return out, done(runs, out, options, cluster)


def answer(out: Path, unscored: "Sequence[Record]", *, everything: bool) -> int:
    """Write and print the tables of a results folder; return the exit status of `diptych run`."""
    from compare.tables.publish import publish
    from compare.tables.screen import show

    found = in_folder(out, unscored)
    if any_trained(found):
        show(out, found, everything=everything)
    elif found:
        publish(out, found)
    return status(unscored, out)


def done(
    runs: "Sequence[Run]", out: Path, options: argparse.Namespace, cluster: "Cluster | None"
) -> "list[Record]":
    """Do the runs, here or on a cluster, showing each as it is done; return those without a score.

    Why something was not trained is said once, not for every seed. The others are in the folder:
    here, a hundred thousand would fill the memory.
    """
    from functools import partial

    from compare.console import Progress
    from compare.training.on_cluster import OnCluster
    from compare.training.schedule import Comparison, compare, row
    from compare.training.stop import stopping

    unscored: list[Record] = []
    told = set()
    with Progress(len(runs), "trainings") as progress, stopping(progress.report) as stop:
        for record in compare(
            runs,
            out=out,
            timeout_s=options.timeout,
            gate=not options.no_gate,
            progress=progress,
            stop=stop,
            by=Comparison if cluster is None else partial(OnCluster, cluster),
        ):
            if record.status != "ok":
                unscored.append(record)
            why = WHY.get(record.status, "").format(record=record)
            progress.done("" if why in told else f"diptych: {why}" if why else row(record))
            told |= {why} - {""}
    return unscored


def in_folder(
    out: Path, unscored: "Sequence[Record]", *, sweep: str | None = None
) -> "list[Record]":
    """Return the records of a folder after these; none if nothing could be checked for it."""
    from compare.records import journal
    from compare.records.reading import records_of

    if any(one.status == UNCHECKED for one in unscored) and not journal.read(out)[0]:
        return []
    return records_of(out, sweep=sweep)


def any_trained(found: "Sequence[Record]") -> bool:
    """Say whether there is anything to be seen in a table."""
    return any(record.status not in UNTRIED for record in found)


def status(unscored: "Sequence[Record]", out: Path) -> int:
    """Say how many have no score; return 3 if any was refused, 1 if one has none, or 0."""
    import sys

    from compare.console import complain

    if unscored:
        counts = Counter(record.status for record in unscored)
        what = ", ".join(f"{n} {status}" for status, n in counts.items())
        tried = [record for record in unscored if record.status not in ("refused", UNCHECKED)]
        logs = [out / "cells" / record.key / "log.txt" for record in tried]
        there = [f"  {log}" for log in logs if log.exists()]
        complain(f"trainings without a score: {len(unscored)} ({what}){'; logs:' if there else ''}")
        for line in there:
            print(visible(line), file=sys.stderr)
    return 3 if any(record.status == "refused" for record in unscored) else 1 if unscored else 0
