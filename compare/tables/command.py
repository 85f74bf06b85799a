"""`diptych table`."""

import argparse

from compare.options import Parser, add_all, add_command, add_folder, add_forms


def add(commands: "argparse._SubParsersAction[Parser]") -> None:
    """Add the command of this room."""
    table = add_command(
        commands,
        "table",
        do_table,
        summary="tabulate the records of a results folder again",
        about="Write table.csv, verdicts.csv and table.md of a results folder from its records, "
        "and print the answer. No framework is needed.",
        examples="  diptych table results/latest\n"
        "  diptych table results/latest --markdown >> $GITHUB_STEP_SUMMARY",
    )
    add_folder(table)
    add_forms(table, "and write no file")
    add_all(table)


def do_table(options: argparse.Namespace) -> int:
    """Write and print the table of a results folder again, or only print it as asked."""
    from compare.records.reading import records_of
    from compare.tables.publish import tables_json, tabulated
    from compare.tables.screen import show
    from compare.tables.summary import summary

    records = records_of(options.folder)
    if options.json:
        print(tables_json(tabulated(records)), end="")
    elif options.markdown:
        print(summary(tabulated(records), records), end="")
    else:
        show(options.folder, records, everything=options.all)
    return 0
