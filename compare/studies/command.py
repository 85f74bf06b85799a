"""`diptych sweep` and `diptych explain`."""

import argparse
from pathlib import Path

from compare.options import (
    Parser,
    add_backends,
    add_command,
    add_problems,
    add_python,
    add_settings,
    count,
    folder,
)

LARGEST = 1_000_000  # batch size, units


def add(commands: "argparse._SubParsersAction[Parser]") -> None:
    """Add the commands of this room."""
    explain = add_command(
        commands,
        "explain",
        do_explain,
        summary="what each of a framework's defaults does",
        about="Train from matched to native mode, one default of a framework at a time, and print "
        "what each does to the score.",
        examples="  diptych explain damped_sine --seeds 10",
    )
    add_problems(explain)
    add_backends(explain)
    explain.add_argument(
        "--quick", action="store_true", help="the short recipe: a look, not a result"
    )
    explain.add_argument("--no-gate", action="store_true", help="train at once, proven or not")
    explain.add_argument(
        "--out", type=folder, help="results folder (results/defaults or results/defaults-quick)"
    )
    add_settings(explain)
    add_python(explain)

    sweep = add_command(
        commands,
        "sweep",
        do_sweep,
        summary="samples per second against batch size, or units",
        about="Time one problem at several batch sizes, or several widths of its network, on every "
        "backend and device, and say from what size on one overtakes the other. Without sizes, "
        "tabulate what is there.",
        examples="  diptych sweep cumsum --batch-size 32 128 512\n"
        "  diptych sweep cumsum --units 25 50 100 --device cpu gpu",
    )
    sweep.add_argument("problem", metavar="PROBLEM", help="one of those that `diptych list` names")
    sizes = sweep.add_mutually_exclusive_group()
    sizes.add_argument(
        "--batch-size", nargs="+", type=size, metavar="N", help="examples in a batch"
    )
    sizes.add_argument("--units", nargs="+", type=size, metavar="N", help="width of the network")
    add_backends(sweep)
    sweep.add_argument("--no-gate", action="store_true", help="time at once, proven or not")
    sweep.add_argument("--out", type=folder, help="results folder (results/sweep/PROBLEM)")
    add_settings(sweep)
    add_python(sweep)


def size(text: str) -> int:
    """Read a size to be trained at."""
    return count(text, LARGEST)


def do_explain(options: argparse.Namespace) -> int:
    """Train from matched to native, one default at a time; write and print what each one does."""
    import problems
    from compare.processes.cluster import connected
    from compare.records.record import modes_between
    from compare.studies.explain import explain, print_explanation, publish_explanation
    from compare.training.command import any_trained, done, in_folder, status
    from compare.training.request import chosen_runs, settings_of

    settings = settings_of(options) | {"recipe": "quick" if options.quick else "full"}
    out = options.out or Path("results") / ("defaults-quick" if options.quick else "defaults")
    with connected(options) as cluster:
        settings |= {"cluster": cluster}
        runs = chosen_runs(options.problems, options.backends, modes_between, **settings)
        pairs = dict.fromkeys((run.problem, run.side) for run in runs)
        modes = {(name, side): modes_between(side, problems.load(name)) for name, side in pairs}
        runs = [run for run in runs if run.mode in modes[run.problem, run.side]]
        unscored = done(runs, out, options, cluster)
    if found := in_folder(out, unscored):
        frame = explain(found)
        publish_explanation(out, frame, found)
        if any_trained(found):
            print_explanation(frame, out)
    return status(unscored, out)


def do_sweep(options: argparse.Namespace) -> int:
    """Time a problem at several sizes, if any are given; write, draw and print what is there."""
    from compare.processes.choice import chosen_problems
    from compare.processes.cluster import connected
    from compare.records.reading import records_of
    from compare.records.record import MATCHED, SWEEP, Record
    from compare.studies.sweep import points
    from compare.studies.sweep_report import print_sweep, publish_sweep
    from compare.training.command import done, in_folder, status
    from compare.training.request import chosen_runs, chosen_sizes, settings_of

    (name,) = chosen_problems([options.problem])
    out = options.out or Path("results") / "sweep" / name
    asked = chosen_sizes(name, batch_size=options.batch_size, units=options.units)
    unscored: list[Record] = []
    if asked:
        settings = settings_of(options) | {"recipe": SWEEP, "score_epochs": False}
        with connected(options) as cluster:
            settings |= {"cluster": cluster}
            runs = chosen_runs([name], options.backends, lambda _: [MATCHED], **settings)
            unscored = done(points(runs, *asked), out, options, cluster)
    found = in_folder(out, unscored, sweep=name) if asked else records_of(out, sweep=name)
    if any(record.status == "ok" for record in found):  # else there is nothing to be drawn
        publish_sweep(out, found)
        print_sweep(found, out)
    return status(unscored, out)
