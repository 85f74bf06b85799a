"""A comparison: run what is missing in a results folder, keep each record as it comes."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from queue import SimpleQueue

from compare import machine, records
from compare.launch import kill_all, launch
from compare.run import Record, Run, UsageError

# A training that ended so would end so again: it is not repeated. The others are tried anew.
FINISHED = ("ok", "diverged")


def _other_code(record: Record) -> bool:
    """Say whether a record may come of other code than is here now."""
    return record.commit != machine.facts()["commit"] or bool(record.dirty)


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
        have += records.collect(out, journal, {record.key for record in have})
        others = sorted({record.recipe for record in have} - {runs[0].recipe})
        if others:
            raise UsageError(
                f"--out: {out} holds trainings by the {others[0]} recipe, asked for is the "
                f"{runs[0].recipe} one; choose another folder"
            )
        done = {record.key: record for record in have if record.status in FINISHED}
        kept = [done[run.key] for run in runs if run.key in done]
        if older := sum(_other_code(record) for record in kept):
            tell(f"{older} trainings are kept from {out} that other code made; --out starts anew")
        yield from kept

        jobs, threads, processors = runs[0].jobs, runs[0].threads, machine.processors()
        free: SimpleQueue[list[int]] = SimpleQueue()
        for job in range(jobs):
            free.put(processors[job * threads : (job + 1) * threads])

        def train(run: Run) -> Record:
            own = free.get()
            try:
                cell = out / "cells" / run.key
                return launch(run, cell=cell, timeout_s=timeout_s, processors=own)
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
                kill_all()
                raise
