"""Two models that are the same are timed, as `diptych run` does it."""

from pathlib import Path

from compare.options import Parser
from compare.training import command

SEEDS = "6"  # the fewest from which there is a verdict


def run(name: str, engine: str, folder: Path) -> int:
    """Train both sides of a problem of the project in use; leave records and tables in the folder.

    The answer is printed. Returns the exit status of `diptych run`.
    """
    parser = Parser()
    command.add(parser.add_subparsers())
    words = ["run", name, "--backends", "pytorch", engine, "--seeds", SEEDS, "--out", str(folder)]
    return command.do_run(parser.parse_args(words))
