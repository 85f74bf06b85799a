"""`diptych status`: what of a run is done, under way and left, asked from another terminal."""

import fcntl
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from compare.console import aligned, clock
from compare.files import write_whole
from compare.options import MOST
from compare.records import journal
from compare.records.record import FINISHED, Record, Run, UsageError
from compare.training.remaining import Remaining

PLAN = "plan.json"  # of a results folder: the runs that were asked for last
HEADINGS = ["problem", "side", "asked for", "done", "no score", "left"]


def write_plan(folder: Path, runs: Sequence[Run]) -> None:
    """Keep what was asked for in a results folder.

    Raises:
        UsageError: it cannot be written.
    """
    try:
        write_whole(folder / PLAN, json.dumps([asdict(run) for run in runs]) + "\n")
    except OSError as error:
        raise UsageError(f"--out: cannot write to {folder}: {error.strerror}") from None


def read_plan(folder: Path) -> list[Run]:
    """Return the runs that were asked for last.

    Raises:
        UsageError: there is no such file, or it holds none.
    """
    from msgspec import MsgspecError
    from msgspec.json import decode

    file = folder / PLAN
    if not file.is_file():  # a pipe would be waited for
        raise UsageError(f"expected a folder that a run writes to, came {folder}")
    try:
        runs = decode(file.read_bytes(), type=list[Run])
        Remaining(runs, 0, [], jobs=runs[0].jobs)  # which asks for their sides
        sound = 1 <= runs[0].jobs <= MOST
    except (ValueError, LookupError, RecursionError, MsgspecError):
        sound = False
    if not sound:
        raise UsageError(f"{file} cannot be read; the next run into {folder} mends it")
    return runs


def how_far(folder: Path) -> list[str]:
    """Return the lines that tell how far a run has come.

    Raises:
        UsageError: the folder holds no run.
    """
    runs = read_plan(folder)
    found, broken = journal.read(folder)
    by_key = {record.key: record for record in found}
    ended = {run.key: by_key[run.key] for run in runs if _answers(by_key.get(run.key), run)}
    left = [run for run in runs if run.key not in ended]
    remaining = Remaining(left, 0, found, jobs=runs[0].jobs)
    seconds, running = remaining.seconds(), is_written(folder)
    lines = [*journal.in_brief(broken)]
    state = "goes on" if running else "has ended" if not left else "does not go on"
    about = f", about {clock(seconds)} left" if seconds and left and running else ""
    lines.append(
        f"{folder}: {len(ended)} of {len(runs)} trainings are done; the run {state}{about}"
    )
    if running:
        lines += _under_way(folder, left)
    elif left:
        lines.append("the same command goes on from here")
    return [*lines, "", *_table(runs, ended)]


def _answers(record: Record | None, run: Run) -> bool:
    return record is not None and record.fingerprint == run.fingerprint


def is_written(folder: Path) -> bool:
    """Say whether a comparison is writing to a folder."""
    with (folder / journal.FILE).open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _under_way(folder: Path, left: Sequence[Run]) -> Iterator[str]:
    """Yield what is being trained, and since when."""
    found = []
    for run in left:
        asked = folder / "cells" / run.key / "run.json"
        if asked.exists() and not asked.with_name("record.json").exists():
            took_s = time.time() - asked.stat().st_mtime
            found.append(f"under way for {clock(took_s)}: {run.key}")
    yield from found or ["no training is under way: a check comes first, or a server starts"]


def _table(runs: Sequence[Run], ended: dict[str, Record]) -> list[str]:
    groups: dict[tuple[str, str], list[Run]] = {}
    for run in runs:
        groups.setdefault((run.problem, str(run.side)), []).append(run)
    rows = []
    for (problem, side), mine in groups.items():
        done = [ended[run.key] for run in mine if run.key in ended]
        without = sum(record.status not in FINISHED for record in done)
        counts = (len(mine), len(done), without, len(mine) - len(done))
        rows.append([problem, side, *map(str, counts)])
    return aligned(HEADINGS, rows, HEADINGS[:2])
