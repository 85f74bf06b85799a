"""The records that a command reads: those of one state of the code, and what else there was.

One line on stderr tells of each record that cannot be read, and of all that were left out.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path

from backends import BACKENDS
from compare.console import complain
from compare.records import journal
from compare.records.record import SWEEP, Record, UsageError


def records_of(folder: Path, *, sweep: str | None = None) -> list[Record]:
    """Return the records of a folder: those of the sweep of a problem, or of no sweep.

    Of each problem, they are of one state of the code; see `of_one_code`.

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
    kept, left_out = of_one_code(found)
    for message in left_out:
        complain(f"{folder}: {message}")
    return kept


def of_one_code(records: Sequence[Record]) -> tuple[list[Record], list[str]]:
    """Return the records that may be compared, and what is to be said of the others.

    Each part of a fingerprint is that of the latest record which must have it in common: see PARTS.
    So no row is of two programs, and no two rows are of two problems, whatever their modes, sizes
    and devices are.
    """
    kept = list(records)
    for part, group in enumerate(PARTS):
        latest = _latest(kept, group)
        kept = [one for one in kept if _part(one, part) == _part(latest[group(one)], part)]
    keys = {one.key for one in kept}
    others = [one for one in records if one.key not in keys]
    sides = set(map(_side, kept))
    redone = [one for one in others if _side(one) in sides]
    alone = [one for one in others if _side(one) not in sides]
    messages = []
    if redone:
        messages.append(
            "left out, as made by other code, in other versions or on another machine than the "
            f"latest: {_listed(redone)}; to do them anew, repeat the command that made them"
        )
    if alone:
        messages.append(
            "left out, as made for another state of the problem or on another machine than what "
            f"they would be compared with: {_listed(alone)}; to do them anew, repeat the command "
            "that made them"
        )
    return kept, messages


def _latest(
    records: Iterable[Record], group: Callable[[Record], tuple[str, ...]]
) -> dict[tuple[str, ...], Record]:
    """Return, by group, the record that was started last; of several, the last in the file."""
    ordered = sorted(records, key=lambda record: datetime.fromisoformat(record.started))
    return {group(record): record for record in ordered}


def _side(record: Record) -> tuple[str, ...]:
    """Return what runs in one environment: a second name of a side runs in the same."""
    return record.problem, record.device, str(record.side.first)


def _folder(record: Record) -> str:
    known = BACKENDS.get(record.side.backend)
    return known.folder if known else record.side.backend


# Part of a fingerprint, in this order, and what has it in common: the definition a problem, the
# program a problem's twins in a folder, the machine all that is compared on a device, the versions
# a side there.
PARTS: tuple[Callable[[Record], tuple[str, ...]], ...] = (
    lambda one: (one.problem,),
    lambda one: (one.problem, _folder(one)),
    lambda one: (one.problem, one.device),
    _side,
)


def _part(record: Record, part: int) -> str:
    """Return a part of a fingerprint; empty for an older record."""
    return (*(record.fingerprint or "").split("-"), "", "", "", "")[part]


def _listed(records: Iterable[Record]) -> str:
    """Return how many trainings of which problems on which sides: "2 of echo on pytorch"."""
    counts = Counter((record.problem, str(record.side)) for record in records)
    return ", ".join(f"{n} of {problem} on {side}" for (problem, side), n in counts.items())
