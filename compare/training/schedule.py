"""A comparison: run what is missing in a results folder, keep each record as it comes.

A problem is proven, and its kernels are looked at, then it is trained, before the next is proven.
Where several need no proof, their trainings go on without a stop.
"""

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from time import monotonic
from typing import Any

from backends import Side
from compare.console import SILENT, Listener
from compare.measures import rate, samples_per_s
from compare.processes import gpu, machine
from compare.processes.interpreter import environment
from compare.processes.launcher import Kind, Launcher
from compare.proof.gate import standings, unproven
from compare.records import journal as records
from compare.records.record import (
    FORK,
    MATCHED,
    SWEEP,
    UNCHECKED,
    UNPROVEN,
    UNTRIED,
    Record,
    Run,
    UsageError,
    now,
    record_of,
    sizes,
)
from compare.training.kernel import kernels, unseen
from compare.training.pool import Pool
from compare.training.remaining import Remaining

# A training that ended so would end so again: it is not repeated. The others are tried anew.
FINISHED = ("ok", "diverged")
REFUSED, UNAVAILABLE = "refused", "unavailable"


def plan(
    problems: Iterable[str],
    sides: Sequence[tuple[Side, str, str]],
    seeds: int,
    **settings: Any,
) -> list[Run]:
    """Return the runs of a comparison of some sides, each with a mode and a device.

    They come in the order A B B A ... from seed to seed, so a machine that grows slower, or faster,
    with time does it to all of them alike.
    """
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
        for problem in problems
        for seed in range(seeds)
        for side, mode, device in (sides if seed % 2 == 0 else reversed(sides))
    ]


def without_training(run: Run, status: str, reason: str) -> Record:
    """Return the record of a run that is not to be done."""
    return record_of(run, **machine.facts(), started=now(), status=status, reason=reason)


def refuse_to_mix(records: Sequence[Record], run: Run, out: Path) -> None:
    """Raise UsageError if records were made in a way that must not share a row with this run."""
    settings = ("recipe", "jobs", "threads", "precision", "start", "score_epochs")
    for setting in settings + ("problem",) * (run.recipe == SWEEP):  # of which there is a picture
        asked = getattr(run, setting)
        others = {
            getattr(record, setting)
            for record in records
            if setting == "recipe" or record.device == run.device
        } - {asked}
        if others:
            raise UsageError(
                f"--out: {out} holds trainings with {setting} {others.pop()}, asked for is "
                f"{setting} {asked}; choose another folder"
            )


def from_elsewhere(record: Record) -> bool:
    """Say whether a record may come of other code, versions or processor than are here now."""
    here, versions = machine.facts(), environment(record.side).versions
    edited = bool(record.dirty or here["dirty"])
    # What follows "+" is the build, which a package may leave out of its name.
    updated = any(
        record.versions.get(package, version).split("+")[0] != version.split("+")[0]
        for package, version in versions.items()
    )
    return record.commit != here["commit"] or record.cpu != here["cpu"] or edited or updated


def gated(
    runs: Sequence[Run], progress: Listener, launcher: Launcher | None = None
) -> tuple[list[Run], list[Record]]:
    """Return the runs that may be timed, with their proof, and why not for each of the others.

    A native training is let in by the same proof: that the two programs differ in nothing but the
    declared defaults.
    """
    names = list(dict.fromkeys(run.problem for run in runs))
    found = standings(names, first_sides(runs), progress, launcher) if runs else {}
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


def ungated(runs: Sequence[Run]) -> list[Run]:
    """Return the runs, marked as what nobody has checked."""
    alone = len(first_sides(runs)) == 1
    return [replace(run, proof=None if alone else UNPROVEN) for run in runs]


def with_kernels(
    runs: Sequence[Run], timeout_s: float, progress: Listener, launcher: Launcher
) -> list[Run]:
    """Return the runs with what computes their recurrent layers, which is seen in matched mode.

    It is looked for at the problem's own sizes, and not told of others.
    """
    if not runs or runs[0].recipe == SWEEP:
        return list(runs)
    found = {
        device: kernels(
            list(dict.fromkeys(run.problem for run in runs)),
            list(dict.fromkeys(run.side for run in runs)),
            device=device,
            threads=runs[0].threads,
            precision=runs[0].precision,
            timeout_s=timeout_s,
            progress=progress,
            launcher=launcher,
        )
        for device in dict.fromkeys(run.device for run in runs)
    }
    return [
        replace(run, kernel=found[run.device][run.problem, run.side])
        if run.mode == MATCHED
        else run
        for run in runs
    ]


def without_gpu(runs: Sequence[Run]) -> tuple[list[Run], list[Record]]:
    """Return the runs that this machine has the device for, and a record for each of the others."""
    if gpu.cards():
        return list(runs), []
    reason = ": ".join(filter(None, ("expected an NVIDIA GPU, found none", gpu.why_none())))
    return [run for run in runs if run.device != "gpu"], [
        without_training(run, UNAVAILABLE, reason) for run in runs if run.device == "gpu"
    ]


def settled(record: Record, *, gate: bool) -> bool:
    """Say whether a training need not be done again."""
    return record.status in FINISHED and not (gate and record.proof == UNPROVEN)


def compare(
    runs: Sequence[Run],
    *,
    out: Path,
    timeout_s: float,
    gate: bool,
    progress: Listener = SILENT,
) -> Iterator[Record]:
    """Yield the records of the runs: those that `out` has, and each other one as it is done.

    With `gate`, what is not proven to be the same model on its backends is not timed: its record
    says so, and takes the place of an earlier one of other code. What could not be checked is not
    timed either; its record goes into no folder. Without it, nothing is looked at first, neither
    this nor what computes the layers.

    Raises:
        UsageError: `out` cannot be written, or holds records that do not belong with these.
    """
    with records.journal(out) as journal:
        have = known(out, journal, progress)
        for run in {run.device: run for run in runs}.values():
            refuse_to_mix(list(have.values()), run, out)
        comparison = Comparison(
            runs, have, out=out, timeout_s=timeout_s, gate=gate, progress=progress
        )
        with closing(comparison.records()) as found:
            for record in found:
                if belongs(record, have.get(record.key)):
                    journal.append(record)
                yield record


def known(out: Path, journal: records.Journal, progress: Listener) -> dict[str, Record]:
    """Return the records that a folder has, by key, with those that never reached its journal."""
    have, broken = records.read(out)
    for message in records.in_brief(broken):
        progress.report(message)
    have += records.collect(out, journal, have)
    return {record.key: record for record in have}


def belongs(record: Record, before: Record | None) -> bool:
    """Say whether a record goes into its folder, which may have an earlier one of the training."""
    if record is before or record.status == UNCHECKED:
        return False
    return record.status not in UNTRIED or before is None or not holds(before)


def holds(record: Record) -> bool:
    """Say whether a training has a score that is known to come of the very code that is here."""
    return (
        record.status == "ok"
        and None not in (record.commit, record.dirty)
        and not from_elsewhere(record)
    )


class Comparison:
    """The runs that are asked for, done problem by problem; `have` is what is there, by key."""

    def __init__(
        self,
        runs: Sequence[Run],
        have: Mapping[str, Record],
        *,
        out: Path,
        timeout_s: float,
        gate: bool,
        progress: Listener,
    ) -> None:
        self.timeout_s, self.gate, self.progress, self.out = timeout_s, gate, progress, out
        self.runs, self.lacking = in_tiers(runs)
        there = {run.key: have[run.key] for run in self.runs if run.key in have}
        self.kept = {key: record for key, record in there.items() if settled(record, gate=gate)}
        self.todo = [run for run in self.runs if run.key not in self.kept]
        self.sides = first_sides(self.runs)
        names = list(dict.fromkeys(run.problem for run in self.runs))
        self.unproven = unproven(names, self.sides) if gate and names else []
        self.jobs, self.threads = runs[0].jobs, runs[0].threads
        self.remaining = Remaining(self.todo, len(self.unproven), have.values(), jobs=self.jobs)

    def records(self) -> Generator[Record, None, None]:
        """Yield the records of all runs, each as it is there."""
        yield from self.lacking
        self._announce()
        cells = self.out / "cells"
        cells.mkdir(exist_ok=True)
        with Pool(cells, jobs=self.jobs, threads=self.threads, timeout_s=self.timeout_s) as pool:
            for name, runs in groupby(self.runs, key=lambda run: run.problem):
                yield from self._of_problem(name, list(runs), pool)
            yield from self._ended(pool)

    def _of_problem(self, name: str, runs: list[Run], pool: Pool) -> Iterator[Record]:
        """Yield what needs no training, and all that was under way before if it has to end.

        The trainings of this problem are under way then.
        """
        others: list[Record] = []
        if name in self.unproven:
            yield from self._ended(pool)  # nothing is timed beside a check
        if self.gate:
            began = monotonic()
            runs, others = gated(runs, self.progress, pool.launcher)
            if name in self.unproven:
                self.remaining.proven(monotonic() - began)
        else:
            runs = ungated(runs)
        yield from self._told(others)
        yield from (self.kept[run.key] for run in runs if run.key in self.kept)
        todo, absent = without_gpu([run for run in runs if run.key not in self.kept])
        yield from self._told(absent)
        if self.gate:
            if unseen(todo):  # nothing is timed beside a look
                yield from self._ended(pool)
            todo = with_kernels(todo, self.timeout_s, self.progress, pool.launcher)
        if todo:
            self._start_servers(pool)
        pool.start(todo)

    def _ended(self, pool: Pool) -> Iterator[Record]:
        """Yield the records of all trainings under way, each as it ends."""
        self.progress.left(self.remaining.seconds())
        yield from self._told(pool.ended())

    def _told(self, found: Iterable[Record]) -> Iterator[Record]:
        for record in found:
            if record.key not in self.kept:
                self.remaining.done(record)
            self.progress.left(self.remaining.seconds())
            yield record

    def _start_servers(self, pool: Pool) -> None:
        """Start those of all trainings, so that nothing is imported where one is timed."""
        forked = [run for run in self.todo if run.start == FORK]
        kinds = dict.fromkeys(map(Kind.of, forked))
        if missing := [kind for kind in kinds if not pool.launcher.has(kind)]:
            self.progress.doing(f"starting {', '.join(str(kind.side) for kind in missing)}")
            pool.launcher.get_ready(missing, self.out / "cells", self.timeout_s)
            self.progress.doing("")

    def _announce(self) -> None:
        """Say what is there and what is to be done."""
        if foreign := sum(from_elsewhere(record) for record in self.kept.values()):
            self.progress.report(
                "made by other code, in other versions or on another machine, and kept: "
                f"{foreign} of the trainings in {self.out}; to do them here and now, choose "
                "another --out"
            )
        self.progress.report(
            f"{len(self.runs)} trainings into {self.out}: {len(self.kept)} are there already, "
            f"{len(self.todo)} to do, {self.jobs} at a time"
        )
        if any(run.device == "gpu" for run in self.todo):
            for sentence in gpu.company():
                self.progress.report(sentence)


def row(record: Record) -> str:
    """Return a training and what came of it as one line: of its scores, the first."""
    side = [str(record.side), *([record.device] if record.device != "cpu" else [])]
    side += [record.mode] if record.mode != MATCHED else []
    what = f"{record.problem:<13}  {' '.join(side):<16}  seed {record.seed:<3}"
    if record.status != "ok":
        return f"{what}  {record.status}: {record.reason}"
    what += f" {record.total_s or 0.0:7.1f} s"
    if record.recipe == SWEEP:
        at = ", ".join(f"{name.replace('_', ' ')} {n}" for name, n in sizes(record).items())
        return f"{what}  {at}: {rate(samples_per_s(record))} samples/s"
    metric, score = next((name, judged.score) for name, judged in record.scores.items())
    if score is None:  # as in records of a time when what is not finite was a score
        return f"{what}  {metric} none"
    return f"{what}  {metric} {score:{'.4f' if abs(score) >= 0.01 else '.3g'}}"
