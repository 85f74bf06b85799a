"""What of a comparison is to be done: the runs, in order; what is there; what may be timed.

Nothing is started here, and no file is written.
"""

from abc import ABC, abstractmethod
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from backends import Side
from compare.console import SILENT, Listener
from compare.processes import gpu, machine
from compare.proof.gate import Standing
from compare.records.alike import unlike
from compare.records.record import (
    FINISHED,
    MATCHED,
    UNCHECKED,
    UNPROVEN,
    Record,
    Run,
    UsageError,
    now,
    record_of,
)
from compare.training.stop import Stop

REFUSED, UNAVAILABLE = "refused", "unavailable"

Like = tuple[str, Side, str]  # problem, side and device of runs


def plan(
    problems: Iterable[str],
    sides: Sequence[tuple[Side, str, str]],
    seeds: int,
    **settings: Any,
) -> list[Run]:
    """Return the runs of a comparison of some sides, each with a mode and a device.

    All problems come with the first seed, then all with the next: so the seeds of a problem are
    spread over the whole time, and an interval over them covers how the machine changes meanwhile.
    The sides of a problem come in the order A B, then B A with the next seed: so a machine that
    grows slower, or faster, with time does it to all of them alike.
    """
    names = list(problems)
    return [
        Run(
            problem=problem,
            backend=side.program,
            mode=mode,
            tier=side.runs_in or None,
            device=device,
            seed=seed,
            **settings,
        )
        for seed in range(seeds)
        for problem in names
        for side, mode, device in (sides if seed % 2 == 0 else reversed(sides))
    ]


def without_training(run: Run, status: str, reason: str) -> Record:
    """Return the record of a run that is not to be done."""
    return record_of(run, **machine.facts(), started=now(), status=status, reason=reason)


def refuse_to_mix(records: Iterable[Record], run: Run, out: Path) -> None:
    """Raise UsageError if records were made in a way that must not share a row with this run."""
    for record in records:
        if setting := unlike(record, run):
            raise UsageError(
                f"--out: {out} holds trainings with {setting} {getattr(record, setting)}, asked "
                f"for is {setting} {getattr(run, setting)}; choose another folder"
            )


def gated(
    runs: Sequence[Run], found: Mapping[tuple[str, Side], Standing]
) -> tuple[list[Run], list[Record]]:
    """Return the runs that may be timed, with their proof, and why not for each of the others.

    A native training is let in by the same proof: that the two programs differ in nothing but the
    declared defaults.
    """
    allowed, others = [], []
    for run in runs:
        standing = found[run.problem, run.side.first]
        if standing.refusal:
            status = UNAVAILABLE if standing.unavailable else REFUSED
            status = UNCHECKED if standing.unfinished else status
            others.append(without_training(run, status, standing.refusal))
        else:
            parity = standing.parity if run.mode == MATCHED and run.unit is None else None
            allowed.append(replace(run, proof=standing.proof, parity=parity))
    return allowed, others


def first_sides(runs: Iterable[Run]) -> list[Side]:
    """Return the sides of runs, without the second of one that is compared with itself."""
    return list(dict.fromkeys(run.side.first for run in runs))


def in_tiers(runs: Sequence[Run]) -> tuple[list[Run], list[Record]]:
    """Return the runs in tiers that their backends have, and an answer for each of the others."""
    lacking = [run.side.lacking for run in runs]
    return [run for run, reason in zip(runs, lacking, strict=True) if not reason], [
        without_training(run, UNAVAILABLE, reason)
        for run, reason in zip(runs, lacking, strict=True)
        if reason
    ]


def like(run: Run) -> Like:
    """Return what a run shares with those of other seeds, modes and sizes."""
    return run.problem, run.side, run.device


def first_like(run: Run) -> Like:
    """Return the same, for one that is compared with itself."""
    return run.problem, run.side.first, run.device


def ungated(runs: Sequence[Run]) -> list[Run]:
    """Return the runs, marked as what nobody has checked."""
    alone = len(first_sides(runs)) == 1
    return [replace(run, proof=None if alone else UNPROVEN) for run in runs]


def without_gpu(runs: Sequence[Run]) -> tuple[list[Run], list[Record]]:
    """Return the runs that this machine has the device for, and a record for each of the others."""
    if gpu.cards():
        return list(runs), []
    reason = ": ".join(filter(None, ("expected an NVIDIA GPU, found none", gpu.why_none())))
    return [run for run in runs if run.device != "gpu"], [
        without_training(run, UNAVAILABLE, reason) for run in runs if run.device == "gpu"
    ]


def settled(record: Record, run: Run, *, gate: bool) -> bool:
    """Say whether a run need not be done again, for there is a record of it and of its code."""
    same = record.fingerprint == run.fingerprint and record.status in FINISHED
    return same and not (gate and record.proof == UNPROVEN)


def kept(
    runs: Iterable[Run], have: Mapping[str, Record], *, gate: bool, here: str | None = None
) -> dict[str, Record]:
    """Return the records, by key, that need not be made again.

    What is compared with one another has to be of one machine: all sides of a problem with one
    seed. Where some of it is missing, or of several machines, only what is of `here` is kept, and
    what may be of it.
    """
    pairs: dict[tuple[str, str, int], list[Run]] = {}
    for run in runs:
        pairs.setdefault((run.problem, run.device, run.seed), []).append(run)
    found: dict[str, Record] = {}
    for pair in pairs.values():
        there = {run.key: have[run.key] for run in pair if run.key in have}
        done = {
            run.key: there[run.key]
            for run in pair
            if run.key in there and settled(there[run.key], run, gate=gate)
        }
        machines = {one.machine for one in done.values()} - {None}
        if len(done) < len(pair) or len(machines) > 1:
            mine = (None, here) if here else ()
            done = {key: one for key, one in done.items() if one.machine in mine}
        found |= done
    return found


def done_again(todo: Iterable[Run], have: Mapping[str, Record], out: Path, *, gate: bool) -> str:
    """Say how many trainings are done again though they got to their end; "" if none is."""
    again = sum(
        have[run.key].fingerprint != run.fingerprint or settled(have[run.key], run, gate=gate)
        for run in todo
        if run.key in have
    )
    if not again:
        return ""
    return (
        "made by other code, in other versions or on another machine, and done again: "
        f"{again} of the trainings in {out}"
    )


@dataclass(frozen=True, kw_only=True)
class How:
    """How runs are done, and whom it is told."""

    out: Path
    timeout_s: float
    gate: bool
    progress: Listener = SILENT
    stop: Stop = field(default_factory=Stop)


class Doing(ABC):
    """Runs that are being done, in their order, `at_a_time` at a time on all machines together.

    Each has a fingerprint. `have` is what is there, by key; `here` is the machine they are done on,
    if it is one. `lacking` are records of those in tiers that there are not, `kept` is what need
    not be done again, `todo` is what is to be done.
    """

    def __init__(
        self,
        runs: Sequence[Run],
        have: Mapping[str, Record],
        how: How,
        *,
        at_a_time: int,
        here: str | None = None,
    ) -> None:
        self.out, self.timeout_s, self.gate = how.out, how.timeout_s, how.gate
        self.progress, self.stop, self.at_a_time = how.progress, how.stop, at_a_time
        self.runs, self.lacking = in_tiers(runs)
        self.kept = kept(self.runs, have, gate=how.gate, here=here)
        self.todo = [run for run in self.runs if run.key not in self.kept]
        self.again = done_again(self.todo, have, how.out, gate=how.gate)

    @abstractmethod
    def records(self) -> Generator[Record, None, None]:
        """Yield the record of each, those that were there too."""

    def announce(self, what: str) -> None:
        """Say what is there and what is to be done."""
        if self.again:
            self.progress.report(self.again)
        there = f"{len(self.kept)} are there already"
        self.progress.report(f"{len(self.runs)} trainings into {self.out}: {there}, {what}")
