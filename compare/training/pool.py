"""Trainings under way: so many at a time, each on processors of its own."""

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType

from compare.processes import machine
from compare.processes.launcher import Launcher
from compare.records.record import Record, Run
from compare.training.stop import Stop


class Pool:
    """Does runs in the order in which they come, `jobs` at a time, on `threads` processors each.

    In the folder `cells` each has a folder, and each server a log. `files` are the hashes of what
    a run is made of, by its fingerprint.
    """

    def __init__(
        self,
        cells: Path,
        files: Mapping[str, Mapping[str, str]],
        *,
        jobs: int,
        threads: int,
        timeout_s: float,
        stop: Stop,
    ) -> None:
        self.stop, self.unbegun = stop, 0
        self.launcher, self.cells, self.timeout_s = Launcher(cells), cells, timeout_s
        self.files = files
        self.workers = ThreadPoolExecutor(jobs)
        self.waiting: list[Future[Record | None]] = []
        self.free: SimpleQueue[list[int]] = SimpleQueue()
        for share in machine.shares(machine.cores(), jobs=jobs, threads=threads):
            self.free.put(share)

    def __enter__(self) -> "Pool":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.workers.shutdown(wait=False, cancel_futures=True)
        self.launcher.stop()  # nothing may go on unwatched, also after Ctrl-C
        self.workers.shutdown()

    def start(self, runs: Iterable[Run]) -> None:
        """Have these runs done after those that were started before."""
        self.waiting += [self.workers.submit(self._train, run) for run in runs]

    def ended(self) -> Iterator[Record]:
        """Yield the record of each run as it ends; after the last, nothing is under way.

        After a stop, there is none of what was not begun.
        """
        waiting, self.waiting = self.waiting, []
        for finished in as_completed(waiting):
            record = finished.result()
            if record is None:
                self.unbegun += 1
            else:
                yield record

    def _train(self, run: Run) -> Record | None:
        if self.stop.asked:
            return None
        processors = self.free.get()
        try:
            cell = self.cells / run.key
            return self.launcher.launch(
                run,
                cell=cell,
                timeout_s=self.timeout_s,
                processors=processors,
                files=self.files.get(run.fingerprint or ""),
            )
        finally:
            self.free.put(processors)
