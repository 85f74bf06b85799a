"""Two models that are the same are timed, as `diptych run` does it."""

from pathlib import Path

from compare.options import Parser
from compare.records.record import Record
from compare.training import command

SEEDS = "6"  # the fewest from which there is a verdict


def train(name: str, engine: str, folder: Path) -> tuple[Path, list[Record]]:
    """Train both sides of a problem of the project in use; leave the records in the folder.

    Returns the folder, and what has no score.
    """
    parser = Parser()
    command.add(parser.add_subparsers())
    words = ["run", name, "--backends", "pytorch", engine, "--seeds", SEEDS, "--out", str(folder)]
    return command.trained(parser.parse_args(words))
