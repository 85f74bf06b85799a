"""`diptych show`."""

import argparse

from compare.options import Parser, add_command


def add(commands: "argparse._SubParsersAction[Parser]") -> None:
    """Add the command of this room."""
    show = add_command(
        commands,
        "show",
        do_show,
        summary="the two programs of a problem, side by side",
        about="Print the PyTorch and the Keras program of a problem, like beside like.",
        examples="  diptych show echo",
    )
    show.add_argument("problem", metavar="PROBLEM", help="one of those that `diptych list` names")


def do_show(options: argparse.Namespace) -> int:
    """Print the twins of a problem."""
    from rich.console import Console

    from compare.processes.choice import chosen_problems
    from compare.programs.show import show

    show(chosen_problems([options.problem])[0], Console())
    return 0
