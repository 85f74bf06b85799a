"""A comparison: run what is missing in a results folder, keep each record as it comes."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from queue import SimpleQueue

from compare import machine, records
from compare.launch import Launcher
from compare.run import Record, Run, UsageError

# A training that ended so would end so again: it is not repeated. The others are tried anew.
FINISHED = ("ok", "diverged")


def refuse_to_mix(records: Sequence[Record], run: Run, out: Path) -> None:
    """Raise UsageError if records were made in a way that must not share a row with this run."""
    for setting in ("recipe", "jobs", "threads"):
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
    """Say whether a record may come of other code, or another processor, than is here now."""
    here = machine.facts()
    return record.commit != here["commit"] or record.cpu != here["cpu"] or bool(record.dirty)


def compare(
    runs: Sequence[Run],
    *,
    out: Path,
    timeout_s: float,
    tell: Callable[[str], None],
) -> Iterator[Record]:
    """Yield the records of the runs: those that `out` has first, then each as it is done.

    Raises:
        UsageError: `out` cannot be written, or holds records that do not belong with these.
    """
    with records.journal(out) as journal:
        have, broken = records.read(out)
        for message in broken:
            tell(message)
        have += records.collect(out, journal, have)
        refuse_to_mix(have, runs[0], out)
        done = {record.key: record for record in have if record.status in FINISHED}
        kept = [done[run.key] for run in runs if run.key in done]
        if foreign := sum(from_elsewhere(record) for record in kept):
            tell(
                f"made by other code or on another machine, and kept: {foreign} of the trainings "
                f"in {out}; to do them here and now, choose another --out"
            )
        tell(
            f"{len(runs)} trainings into {out}: {len(kept)} are there already, "
            f"{len(runs) - len(kept)} to do, {runs[0].jobs} at a time"
        )
        yield from kept

        jobs, threads, processors = runs[0].jobs, runs[0].threads, machine.processors()
        free: SimpleQueue[list[int]] = SimpleQueue()
        for job in range(jobs):
            free.put(processors[job * threads : (job + 1) * threads])

        launcher = Launcher()

        def train(run: Run) -> Record:
            own = free.get()
            try:
                cell = out / "cells" / run.key
                return launcher.launch(run, cell=cell, timeout_s=timeout_s, processors=own)
            finally:
                free.put(own)

        with ThreadPoolExecutor(jobs) as pool:
            try:
                waiting = [pool.submit(train, run) for run in runs if run.key not in done]
                for finished in as_completed(waiting):
                    record = finished.result()
                    journal.append(record)
                    yield record
            except BaseException:  # nothing may go on unwatched, also after Ctrl-C
                pool.shutdown(wait=False, cancel_futures=True)
                launcher.stop()
                raise
