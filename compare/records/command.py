"""`diptych export`."""

import argparse

from compare.options import Parser, add_command, add_folder, file

FORMATS = ("pytest-benchmark", "github-action-benchmark")  # those of compare.records.export


def add(commands: "argparse._SubParsersAction[Parser]") -> None:
    """Add the command of this room."""
    export = add_command(
        commands,
        "export",
        do_export,
        summary="records for the charts of other tools",
        about="Print the records of a results folder in the format of another tool, or write them "
        "to a file.",
        examples="  diptych export results/latest --format pytest-benchmark --out latest.json\n"
        "  pytest-benchmark compare latest.json",
    )
    add_folder(export)
    export.add_argument("--format", choices=FORMATS, required=True, help="whose format it is")
    export.add_argument("--out", type=file, metavar="FILE", help="write there, not on stdout")


def do_export(options: argparse.Namespace) -> int:
    """Print the records of a results folder, or write them to a file, in another tool's format."""
    from compare.files import write_whole
    from compare.records import export, journal
    from compare.records.reading import records_of
    from compare.records.record import UsageError, as_json

    if options.out and options.out.name == journal.FILE:
        raise UsageError(f"--out: expected another file than one of records, came {options.out}")
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
