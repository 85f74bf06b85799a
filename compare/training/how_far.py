"""`diptych status`: what of a run is done, under way and left, asked from another terminal."""

import fcntl
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, astuple, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from compare.console import aligned, clock
from compare.records import journal
from compare.records.files import write_whole
from compare.records.record import FINISHED, Record, Run, UsageError
from compare.training.remaining import Remaining

PLAN = "plan.json"  # of a results folder: the runs that were asked for last
HEADINGS = ["problem", "side", "asked for", "done", "no score", "left"]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The runs that were asked for, and how many trainings go on at a time, on all machines.

    `again` has those that are done though there was a record: by key, when that one was started.
    """

    runs: list[Run]
    at_a_time: int
    again: dict[str, str] = field(default_factory=dict)


def write_plan(folder: Path, plan: Plan) -> None:
    """Keep what was asked for in a results folder.

    Raises:
        UsageError: it cannot be written.
    """
    try:
        write_whole(folder / PLAN, json.dumps(asdict(plan)) + "\n")
    except OSError as error:
        raise UsageError(f"--out: cannot write to {folder}: {error.strerror}") from None


def read_plan(folder: Path) -> Plan:
    """Return what was asked for last.

    Raises:
        UsageError: there is no such file, or it holds none.
    """
    from msgspec import MsgspecError
    from msgspec.json import decode

    file = folder / PLAN
    if not file.is_file():  # a pipe would be waited for
        raise UsageError(f"expected a folder that a run writes to, with {PLAN}; came {folder}")
    try:
        plan = decode(file.read_bytes(), type=Plan)
        Remaining(plan.runs, 0, [], jobs=1)  # which asks for their sides
        sound = plan.at_a_time >= 1
    except (ValueError, LookupError, RecursionError, MsgspecError):
        sound = False
    if not sound:
        raise UsageError(f"{file} cannot be read; the next run into {folder} mends it")
    return plan


@dataclass(frozen=True, kw_only=True)
class UnderWay:
    """A training that is under way, by its key, and since when, ISO 8601 in UTC."""

    key: str
    since: str


@dataclass(frozen=True, kw_only=True)
class Part:
    """The trainings of a problem on one side, counted."""

    problem: str
    side: str
    asked: int
    done: int
    without_score: int  # of those that are done
    left: int


@dataclass(frozen=True, kw_only=True)
class HowFar:
    """How far the run of a results folder has come."""

    folder: str
    state: Literal["running", "ended", "stopped"]  # stopped: something is left, nothing runs
    asked: int
    done: int
    left: int
    left_s: float | None  # seconds, with the checks left out; None: not known yet
    under_way: list[UnderWay]
    parts: list[Part]


def how_far(folder: Path) -> tuple[HowFar, list[str]]:
    """Return how far a run has come, and what of its folder could not be read.

    Raises:
        UsageError: the folder holds no run.
    """
    plan = read_plan(folder)
    runs = plan.runs
    found, broken = journal.read(folder)
    by_key = {record.key: record for record in found}
    ended = {
        run.key: by_key[run.key]
        for run in runs
        if _answers(by_key.get(run.key), run, plan.again.get(run.key))
    }
    left = [run for run in runs if run.key not in ended]
    running = is_written(folder)
    come = HowFar(
        folder=str(folder),
        state="running" if running else "stopped" if left else "ended",
        asked=len(runs),
        done=len(ended),
        left=len(left),
        left_s=Remaining(left, 0, found, jobs=plan.at_a_time).seconds() if left else 0.0,
        under_way=list(_under_way(folder, left)) if running else [],
        parts=list(_parts(runs, ended)),
    )
    return come, broken


def how_far_lines(come: HowFar) -> list[str]:
    """Return the lines that tell how far a run has come."""
    state = {"running": "goes on", "ended": "has ended", "stopped": "does not go on"}[come.state]
    running = come.state == "running"
    about = f", about {clock(come.left_s)} left" if come.left_s and running else ""
    lines = [
        f"{come.folder}: {come.done} of {come.asked} trainings are done; the run {state}{about}"
    ]
    for one in come.under_way:
        took_s = time.time() - datetime.fromisoformat(one.since).timestamp()
        lines.append(f"under way for {clock(took_s)}: {one.key}")
    if running and not come.under_way:
        lines.append("no training is under way: a check comes first, or a server starts")
    if come.state == "stopped":
        lines.append("the same command goes on from here")
    rows = [[str(value) for value in astuple(part)] for part in come.parts]
    return [*lines, "", *aligned(HEADINGS, rows, HEADINGS[:2])]


def _answers(record: Record | None, run: Run, before: str | None) -> bool:
    """Say whether a record came of a run: not one of other code, nor the one from `before`."""
    mine = record is not None and record.fingerprint == run.fingerprint
    return mine and record is not None and record.started != before


def is_written(folder: Path) -> bool:
    """Say whether a comparison is writing to a folder."""
    if not (folder / journal.FILE).is_file():
        return False
    with (folder / journal.FILE).open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _under_way(folder: Path, left: Sequence[Run]) -> Iterator[UnderWay]:
    """Yield what is being trained, and since when: asked for since this run began."""
    began = (folder / PLAN).stat().st_mtime
    for run in left:
        asked = folder / "cells" / run.key / "run.json"
        there = asked.exists() and not asked.with_name("record.json").exists()
        if there and asked.stat().st_mtime >= began:
            since = datetime.fromtimestamp(asked.stat().st_mtime, UTC)
            yield UnderWay(key=run.key, since=since.isoformat(timespec="seconds"))


def _parts(runs: Sequence[Run], ended: dict[str, Record]) -> Iterator[Part]:
    groups: dict[tuple[str, str], list[Run]] = {}
    for run in runs:
        groups.setdefault((run.problem, str(run.side)), []).append(run)
    for (problem, side), mine in groups.items():
        done = [ended[run.key] for run in mine if run.key in ended]
        yield Part(
            problem=problem,
            side=side,
            asked=len(mine),
            done=len(done),
            without_score=sum(record.status not in FINISHED for record in done),
            left=len(mine) - len(done),
        )
