"""`diptych report`, `diptych plot` and `diptych crib`."""

import argparse
from pathlib import Path

from compare.options import Parser, add_command, add_folder, folder
from compare.text import visible


def add(commands: "argparse._SubParsersAction[Parser]") -> None:
    """Add the commands of this room."""
    report = add_command(
        commands,
        "report",
        do_report,
        summary="one page about a results folder: report.html",
        about="Write report.html into a results folder and print its path. The page needs no "
        "network and no script: the answer, the two programs, curves, predictions, all figures.",
        examples="  diptych report results/latest --open",
    )
    add_folder(report)
    report.add_argument("--open", action="store_true", help="show the page in the browser")

    plot = add_command(
        commands,
        "plot",
        do_plot,
        summary="the pictures of that page as SVG files",
        about="Write each picture of the page as an SVG file and print their paths.",
        examples="  diptych plot results/latest --out pictures",
    )
    add_folder(plot)
    plot.add_argument(
        "--out", type=folder, required=True, metavar="FOLDER", help="write the pictures there"
    )

    crib = add_command(
        commands,
        "crib",
        do_crib,
        summary="a crib sheet of both frameworks, to be printed: crib.html",
        about="Write a page that prints on two sides of A4: what differs between the programs, "
        "line by line, with measured effects, and the lessons.",
        examples="  diptych crib --out .",
    )
    crib.add_argument(
        "--out", type=folder, default=Path(), metavar="FOLDER", help="write it there (.)"
    )


def do_report(options: argparse.Namespace) -> int:
    """Write the page of a results folder, and open it if asked to."""
    from compare.page.report import report
    from compare.records.reading import records_of

    page = report(options.folder, records_of(options.folder))
    print(visible(str(page)))
    if options.open:
        import webbrowser

        webbrowser.open(page.absolute().as_uri())
    return 0


def do_plot(options: argparse.Namespace) -> int:
    """Write the pictures of a results folder as SVG files and print where they are."""
    from compare.page.figures import plot
    from compare.records.reading import records_of

    for file in plot(records_of(options.folder), options.folder, options.out):
        print(visible(str(file)))
    return 0


def do_crib(options: argparse.Namespace) -> int:
    """Write the crib sheet and print its path."""
    from compare.page.crib import crib

    print(visible(str(crib(options.out))))
    return 0
