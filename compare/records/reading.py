"""The records that a command reads, with one line on stderr for each that cannot be read."""

from pathlib import Path

from compare.console import complain
from compare.records import journal
from compare.records.record import SWEEP, Record, UsageError


def records_of(folder: Path, *, sweep: str | None = None) -> list[Record]:
    """Return the records of a folder: those of the sweep of a problem, or of no sweep.

    Raises:
        UsageError: there are none, or they are of the other kind.
    """
    found, broken = journal.read(folder)
    for message in journal.in_brief(broken):
        complain(message)
    if not found:
        more = " (or --batch-size or --units, to make them)" if sweep else ""
        raise UsageError(f"expected a folder with records in {journal.FILE}, came {folder}{more}")
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
