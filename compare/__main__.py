"""The command `diptych`, a thin skin: arguments in, tables out.

Ends with status 0 if all went well, 1 if a training has no score, 2 if what was asked for cannot
be done, 3 if a check or a gate fails, 130 if it was interrupted.
"""

import argparse
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import Any

import problems
from backends import BACKENDS, missing_twins
from compare.options import AA_SEEDS, DEFAULT_SEEDS, parser
from compare.processes import interpreter, machine
from compare.records.record import MATCHED, SWEEP, Record, Run, UsageError, modes_between
from compare.training.request import (
    able_backends,
    chosen_backends,
    chosen_device,
    chosen_problems,
    chosen_runs,
    chosen_sides,
    chosen_sizes,
)


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line asks and return the exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without a ± sign is no reason to stop
    try:
        options = parser().parse_args(arguments)
        if "python" in options:
            interpreter.use(options.python)
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
    from rich.text import Text

    console = Console()
    table = Table("problem", "what is learned", "twins missing")
    for name in problems.names():
        table.add_row(name, summary(name), ", ".join(missing_twins(name)))
    console.print(table)
    table = Table("backend", "can run here")
    tiers = Table("backend", "tier", "what it is; the first is the default")
    for backend in BACKENDS.values():
        for tier, meaning in backend.tiers.items():
            tiers.add_row(backend.name, tier, Text(meaning))
    for name in interpreter.names():
        missing = " ".join(interpreter.environment(name).missing)
        python = interpreter.PYTHONS.get(name)
        install = f"{python} -m pip install" if python else "pip install"
        able = f"yes, in {python}" if python else "yes"
        table.add_row(name, f"no: {install} {missing}" if missing else able)
    console.print(table)
    console.print(tiers)
    table = Table("device", "what it is")
    table.add_row("cpu", f"{machine.cpu()}, {len(machine.processors())} processors to use")
    table.add_row("gpu", ", ".join(machine.gpus()) or "none found")
    console.print(table)
    return 0


def do_doctor(options: argparse.Namespace) -> int:
    """Print what can run here and how far its figures can be trusted; status 3 if a probe fails."""
    from compare.console import print_readings
    from compare.processes.doctor import examine

    device = chosen_device(options.device, able_backends())
    readings = list(examine(device, options.threads))
    print_readings(readings)
    return 3 if any(reading.failed for reading in readings) else 0


def do_show(options: argparse.Namespace) -> int:
    """Print the twins of a problem."""
    from rich.console import Console

    from compare.programs.show import show

    show(chosen_problems([options.problem])[0], Console())
    return 0


def do_check(options: argparse.Namespace) -> int:
    """Climb the ladder for every pair; status 3 if a rung fails."""
    from compare.console import complain, print_findings
    from compare.proof.gate import prove
    from compare.proof.publish import findings_json, publish_findings

    backends = chosen_backends(options.backends)
    sides = chosen_sides(backends, options.tier)
    findings = prove(chosen_problems(options.problems, backends), sides)
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
    from compare.console import print_table
    from compare.tables.publish import publish

    runs = chosen_runs(
        options.problems,
        options.backends if options.aa is None else [options.aa],
        lambda _: list(dict.fromkeys(options.mode)),
        again=options.aa is not None or options.repeat_check,
        tiers=options.tier,
        recipe="quick" if options.quick else "full",
        **_settings(options),
    )
    usual = "quick" if options.quick else "latest"
    if options.aa is not None or options.repeat_check:
        usual = "repeat" if options.aa is None else "aa"
    out = options.out or Path("results") / usual
    records = _done(runs, out, timeout_s=options.timeout, gate=not options.no_gate)
    print_table(publish(out, _all_records(out)), out, quick=options.quick)
    return _status(records, out)


def do_explain(options: argparse.Namespace) -> int:
    """Train from matched to native, one default at a time; write and print what each one does."""
    from compare.console import print_explanation
    from compare.studies.explain import explain
    from compare.studies.publish_explain import publish_explanation

    runs = chosen_runs(options.problems, options.backends, modes_between, **_settings(options))
    out = options.out or Path("results") / "defaults"
    records = _done(runs, out, timeout_s=options.timeout, gate=True)
    found = _all_records(out)
    frame = explain(found)
    publish_explanation(out, frame, found)
    print_explanation(frame, out)
    return _status(records, out)


def _settings(options: argparse.Namespace) -> dict[str, Any]:
    names = ("device", "precision", "threads", "jobs", "start")
    usual = DEFAULT_SEEDS if getattr(options, "aa", None) is None else AA_SEEDS
    return {name: getattr(options, name) for name in names} | {"seeds": options.seeds or usual}


def _done(runs: Sequence[Run], out: Path, *, timeout_s: float, gate: bool) -> list[Record]:
    """Do the runs, showing each as it is done; return their records."""
    from compare.console import Progress
    from compare.training.schedule import compare

    records: list[Record] = []
    with Progress(len(runs)) as progress:
        for record in compare(runs, out=out, timeout_s=timeout_s, gate=gate, tell=progress.tell):
            records.append(record)
            progress.done(record)
    return records


def _status(records: Sequence[Record], out: Path) -> int:
    """Say what has no score and why; return 3 if anything was refused, 1 if it failed, or 0."""
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


def do_sweep(options: argparse.Namespace) -> int:
    """Time a problem at several sizes, if any are given; write, draw and print what is there."""
    from compare.studies.publish_sweep import print_sweep, publish_sweep
    from compare.studies.sweep import points

    (name,) = chosen_problems([options.problem])
    out = options.out or Path("results") / "sweep" / name
    asked = chosen_sizes(name, batch_size=options.batch_size, units=options.units)
    records: list[Record] = []
    if asked:
        settings = _settings(options) | {"jobs": options.jobs or 1}
        settings |= {"recipe": SWEEP, "score_epochs": False}
        runs = points(
            chosen_runs([name], options.backends, lambda _: [MATCHED], **settings), *asked
        )
        records = _done(runs, out, timeout_s=options.timeout, gate=not options.no_gate)
    found = _all_records(out, sweep=name)
    publish_sweep(out, found)
    print_sweep(found, out)
    return _status(records, out)


def do_table(options: argparse.Namespace) -> int:
    """Write and print the table of a results folder again, or only print it as asked."""
    from compare.console import print_table
    from compare.tables.publish import publish, tabulated
    from compare.tables.publish_json import tables_json
    from compare.tables.summary import summary

    records = _all_records(options.folder)
    if options.json:
        print(tables_json(tabulated(records)), end="")
    elif options.markdown:
        print(summary(tabulated(records), records), end="")
    else:
        quick = any(record.recipe == "quick" for record in records)
        print_table(publish(options.folder, records), options.folder, quick=quick)
    return 0


def do_report(options: argparse.Namespace) -> int:
    """Write the page of a results folder, and open it if asked to."""
    from compare.page.report import report

    page = report(options.folder, _all_records(options.folder))
    print(page)
    if options.open:
        import webbrowser

        webbrowser.open(page.absolute().as_uri())
    return 0


def do_plot(options: argparse.Namespace) -> int:
    """Write the pictures of a results folder as SVG files and print where they are."""
    from compare.page.figures import plot

    for file in plot(_all_records(options.folder), options.folder, options.out):
        print(file)
    return 0


def do_diff(options: argparse.Namespace) -> int:
    """Print what differs between two results folders; status 3 if more than --fail-on allows."""
    from compare.console import complain
    from compare.diff.difference import diff
    from compare.diff.limits import offences
    from compare.diff.publish import diff_json, diff_markdown, print_diff, source

    a, b = _all_records(options.a), _all_records(options.b)
    found, sources = diff(a, b), (source(options.a, a), source(options.b, b))
    failed = offences(a, b, options.fail_on) if options.fail_on else []
    if options.json:
        print(diff_json(found, *sources, failed), end="")
    elif options.markdown:
        print(diff_markdown(found, *sources), end="")
    else:
        print_diff(found, *sources)
    for offence in failed:
        complain(str(offence))
    return 3 if failed else 0


def do_export(options: argparse.Namespace) -> int:
    """Print the records of a results folder, or write them to a file, in another tool's format."""
    from compare.records.export import FORMATS
    from compare.tables.publish_json import as_json

    text = as_json(FORMATS[options.format](_all_records(options.folder)))
    if options.out is None:
        print(text, end="")
        return 0
    try:
        options.out.write_text(text)
    except OSError as error:
        raise UsageError(f"--out: cannot write to {options.out}: {error.strerror}") from None
    return 0


def _all_records(folder: Path, *, sweep: str | None = None) -> list[Record]:
    """Return the records of a folder, which are those of the sweep of a problem, or of no sweep."""
    from compare.records import journal as records

    found, broken = records.read(folder)
    for message in broken:
        print(f"diptych: {message}", file=sys.stderr)
    if not found:
        more = " (or --batch-size or --units, to make them)" if sweep else ""
        raise UsageError(f"expected a folder with records in {records.FILE}, came {folder}{more}")
    of_sweeps = {record.problem for record in found if record.recipe == SWEEP}
    if of_sweeps and not sweep:
        name = min(of_sweeps)
        raise UsageError(
            f"{folder} holds trainings at several sizes: `diptych sweep {name} --out {folder}` "
            "tabulates them"
        )
    if sweep and of_sweeps != {sweep}:
        what = f"a sweep of {min(of_sweeps)}" if of_sweeps else "trainings of no sweep"
        raise UsageError(f"{folder}: expected a sweep of {sweep}, came {what}")
    return found


COMMANDS = {
    "list": do_list,
    "doctor": do_doctor,
    "show": do_show,
    "check": do_check,
    "run": do_run,
    "explain": do_explain,
    "sweep": do_sweep,
    "table": do_table,
    "report": do_report,
    "plot": do_plot,
    "diff": do_diff,
    "export": do_export,
}

if __name__ == "__main__":
    sys.exit(main())
