"""A comparison: run what is missing in a results folder, keep each record as it comes."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from backends import Side
from compare.measures import rate, samples_per_s
from compare.processes import gpu, machine
from compare.processes.interpreter import environment
from compare.processes.launcher import Launcher
from compare.proof.gate import standings
from compare.records import journal as records
from compare.records.record import (
    FORK,
    MATCHED,
    SWEEP,
    UNPROVEN,
    Record,
    Run,
    UsageError,
    now,
    record_of,
    sizes,
)
from compare.training.kernel import kernels

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


def gated(runs: Sequence[Run], tell: Callable[[str], None]) -> tuple[list[Run], list[Record]]:
    """Return the runs that may be timed, with their proof, and a refusal for each of the others.

    A native training is let in by the same proof: that the two programs differ in nothing but the
    declared defaults.
    """
    names = list(dict.fromkeys(run.problem for run in runs))
    sides = list(dict.fromkeys(run.side.first for run in runs))
    found = standings(names, sides, tell) if runs else {}
    allowed, refused = [], []
    for run in runs:
        standing = found[run.problem, run.side.first]
        if standing.refusal:
            status = UNAVAILABLE if standing.unavailable else REFUSED
            refused.append(without_training(run, status, standing.refusal))
        else:
            parity = standing.parity if run.mode == MATCHED and run.unit is None else None
            allowed.append(replace(run, proof=standing.proof, parity=parity))
    return allowed, refused


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
    alone = len({run.side.first for run in runs}) == 1
    return [replace(run, proof=None if alone else UNPROVEN) for run in runs]


def with_kernels(runs: Sequence[Run], timeout_s: float, tell: Callable[[str], None]) -> list[Run]:
    """Return the runs with what computes their recurrent layers, which is seen in matched mode.

    It is looked for at the problem's own sizes, and not told of others.
    """
    if not runs or runs[0].recipe == SWEEP:
        return list(runs)
    names = list(dict.fromkeys(run.problem for run in runs))
    sides = list(dict.fromkeys(run.side for run in runs))
    found = {
        device: kernels(
            names,
            sides,
            device=device,
            threads=runs[0].threads,
            precision=runs[0].precision,
            timeout_s=timeout_s,
            tell=tell,
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
    tell: Callable[[str], None],
) -> Iterator[Record]:
    """Yield the records of the runs: those that `out` has first, then each as it is done.

    With `gate`, what is not proven to be the same model on its backends is not timed: its record
    says so, and takes the place of an earlier one. Without it, nothing is looked at first, neither
    this nor what computes the layers.

    Raises:
        UsageError: `out` cannot be written, or holds records that do not belong with these.
    """
    with records.journal(out) as journal:
        have, broken = records.read(out)
        for message in broken:
            tell(message)
        have += records.collect(out, journal, have)
        for run in {run.device: run for run in runs}.values():
            refuse_to_mix(have, run, out)
        jobs, threads, processors = runs[0].jobs, runs[0].threads, machine.processors()
        runs, without = in_tiers(runs)
        runs, refused = gated(runs, tell) if gate else (ungated(runs), [])
        for refusal in without + refused:
            journal.append(refusal)
            yield refusal
        done = {record.key: record for record in have if settled(record, gate=gate)}
        kept = [done[run.key] for run in runs if run.key in done]
        if foreign := sum(from_elsewhere(record) for record in kept):
            tell(
                "made by other code, in other versions or on another machine, and kept: "
                f"{foreign} of the trainings in {out}; to do them here and now, choose another "
                "--out"
            )
        tell(
            f"{len(runs)} trainings into {out}: {len(kept)} are there already, "
            f"{len(runs) - len(kept)} to do, {jobs} at a time"
        )
        yield from kept
        todo, absent = without_gpu([run for run in runs if run.key not in done])
        for record in absent:
            journal.append(record)
            yield record
        if gate:
            todo = with_kernels(todo, timeout_s, tell)

        if any(run.device == "gpu" for run in todo):
            for sentence in gpu.company():
                tell(sentence)
        cells = out / "cells"
        cells.mkdir(exist_ok=True)
        free: SimpleQueue[list[int]] = SimpleQueue()
        for job in range(jobs):
            free.put(processors[job * threads : (job + 1) * threads])

        launcher = Launcher()

        def get_ready(run: Run) -> None:
            with suppress(TimeoutError):  # which its trainings will tell of
                launcher.server(run, cells, timeout_s)

        def train(run: Run) -> Record:
            own = free.get()
            try:
                cell = cells / run.key
                return launcher.launch(run, cell=cell, timeout_s=timeout_s, processors=own)
            finally:
                free.put(own)

        with ThreadPoolExecutor(jobs) as pool:
            try:
                forked = {(run.backend, run.device): run for run in todo if run.start == FORK}
                list(pool.map(get_ready, forked.values()))  # nothing imports where one is timed
                waiting = [pool.submit(train, run) for run in todo]
                for finished in as_completed(waiting):
                    record = finished.result()
                    journal.append(record)
                    yield record
            except BaseException:  # nothing may go on unwatched, also after Ctrl-C
                pool.shutdown(wait=False, cancel_futures=True)
                raise
            finally:
                launcher.stop()


def row(record: Record) -> str:
    """Return a training and what came of it as one line."""
    side = record.side if record.mode == MATCHED else f"{record.side} {record.mode}"
    what = f"{record.problem:<14}{side!s:<26}{record.device:<5}seed {record.seed:<4}"
    if record.status != "ok":
        return f"{what}{record.status}: {record.reason}"
    seconds = math.nan if record.total_s is None else record.total_s
    if record.recipe == SWEEP:
        at = ", ".join(f"{name.replace('_', ' ')} {n}" for name, n in sizes(record).items())
        return f"{what}{seconds:7.1f} s  {at}: {rate(samples_per_s(record))} samples/s"
    scores = [
        f"{metric} {math.nan if one.score is None else one.score:.4g}"
        for metric, one in record.scores.items()
    ]
    return f"{what}{seconds:7.1f} s  {', '.join(scores)}"
