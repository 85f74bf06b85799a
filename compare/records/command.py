"""`diptych export`."""

import argparse

from compare.options import Parser, add_command, add_folder, file, folder
from compare.text import visible

FORMATS = ("pytest-benchmark", "github-action-benchmark")  # those of compare.records.export
SEVERAL = ("parquet", "tensorboard")  # those of compare.records.export_files


def add(commands: "argparse._SubParsersAction[Parser]") -> None:
    """Add the command of this room."""
    export = add_command(
        commands,
        "export",
        do_export,
        summary="records for the charts of other tools",
        about="Print the records of a results folder in the format of another tool, or write them "
        f"to a file. {' and '.join(SEVERAL)} are several files, in a folder that --out names.",
        examples="  diptych export results/latest --format pytest-benchmark --out latest.json\n"
        "  pytest-benchmark compare latest.json\n"
        "  diptych export results/latest --format tensorboard --out events\n"
        "  tensorboard --logdir events",
    )
    add_folder(export)
    export.add_argument(
        "--format",
        choices=(*FORMATS, *SEVERAL),
        required=True,
        metavar="FORMAT",
        help=f"whose format it is: {', '.join((*FORMATS, *SEVERAL))}",
    )
    export.add_argument("--out", type=file, metavar="FILE", help="write there, not on stdout")

    merge = add_command(
        commands,
        "merge",
        do_merge,
        summary="several results folders into one",
        about="Write the records of several results folders into one, as those of a run in parts. "
        "A training that two of them hold must be the same in both: no record takes the place of "
        "another.",
        examples="  diptych merge part-1 part-2 part-3 --out results/merged",
    )
    merge.add_argument(
        "folders", nargs="+", type=folder, metavar="FOLDER", help="folders with records"
    )
    merge.add_argument("--out", type=folder, required=True, metavar="FOLDER", help="into this one")


def do_merge(options: argparse.Namespace) -> int:
    """Write the records of several folders into one."""
    from compare.console import complain
    from compare.records.journal import in_brief
    from compare.records.merge import merge

    records, broken = merge(options.folders, options.out)
    for message in in_brief(broken):
        complain(message)
    out = visible(str(options.out))
    print(f"{out}: {len(records)} trainings; `diptych table {out}` tabulates them")
    return 0


def do_export(options: argparse.Namespace) -> int:
    """Print the records of a results folder, or write them to files, in another tool's format."""
    from compare.records import export, journal
    from compare.records.files import write_whole
    from compare.records.reading import records_of
    from compare.records.record import UsageError, as_json

    if options.out and options.out.name == journal.FILE:
        raise UsageError(f"--out: expected another file than one of records, came {options.out}")
    if options.format in SEVERAL:
        return _write_files(options)
    text = as_json(export.FORMATS[options.format](records_of(options.folder)))
    if options.out is None:
        print(text, end="")
        return 0
    special = options.out.exists() and not options.out.is_file()  # a pipe or a device
    try:
        if special:
            options.out.write_text(text)
        else:
            write_whole(options.out, text)
    except OSError as error:
        raise UsageError(f"--out: cannot write to {options.out}: {error.strerror}") from None
    return 0


def _write_files(options: argparse.Namespace) -> int:
    from compare.records.export_files import FILES
    from compare.records.reading import records_of
    from compare.records.record import UsageError

    if options.out is None:
        raise UsageError(f"--format {options.format}: expected a folder for its files, --out")
    records = records_of(options.folder)
    try:
        options.out.mkdir(parents=True, exist_ok=True)
        files = FILES[options.format](records, options.out)
    except OSError as error:
        raise UsageError(f"--out: cannot write to {options.out}: {error.strerror}") from None
    print(visible(f"{options.out}: {len(files)} files"))
    return 0
