"""Fresh processes: Run -> process -> Record. One process, one framework.

A training is a fork of a server (forkserver.py), or a new interpreter (`begun`). On Linux, both are
started and ended by a keeper (keeper.py), with all that they leave behind.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Any, NamedTuple

import problems
from backends import Side
from compare.processes import keeper, machine
from compare.processes.forkserver import TRAINER, Server
from compare.processes.gpu import DeviceMemory
from compare.processes.interpreter import command, variables
from compare.processes.question import how_it_ended
from compare.records.files import write_whole
from compare.records.record import FORK, Record, Run, judged, now, record_of, write_record
from compare.text import one_line, visible

# The kernel of Linux alone has what a keeper needs.
KEEPER = (sys.executable, "-I", "-S", keeper.__file__) if sys.platform == "linux" else ()
SCRATCH = "scratch"  # of a training's folder: temporary files, and what its compiler keeps
ASKED = "asked.json"  # of the folder of another process: what it is to do


class Kind(NamedTuple):
    """What processes share that are forks of one server."""

    side: Side
    device: str
    threads: int

    @staticmethod
    def of(run: Run) -> "Kind":
        """Return the kind of a training."""
        return Kind(run.side.in_default_tier, run.device, run.threads)


class Interrupted(Exception):
    """The comparison ends; a training that was under way leaves no record."""


class Launcher:
    """Starts processes of a backend and, if the command is broken off, ends them.

    What its servers say goes into the folder `logs`; without one, to where the process that a
    server is started for has its own folder.
    """

    def __init__(self, logs: Path | None = None) -> None:
        self.logs = logs
        self.lock = threading.Lock()
        self.stopped = False
        self.running: set[Callable[[], None]] = set()  # what ends a process under way
        self.servers: dict[Kind, Server] = {}

    def launch(
        self,
        run: Run,
        *,
        cell: Path,
        timeout_s: float,
        processors: list[int],
        files: Mapping[str, str] | None = None,
    ) -> Record:
        """Train in a fresh process, pinned to `processors`, and return its record.

        `cell` is the training's own folder: run.json, log.txt and record.json are written there.
        `files` are the hashes of what the training is to be made of; it fails if it sees others.
        A training that ends without a record, or not in time, gets one that says so.

        Raises:
            Interrupted: `stop` was called.
        """
        facts = machine.facts() | {"started": now(), "processors": processors}
        try:
            forks = run.start == FORK
            server = self.server(Kind.of(run), cell.parent, timeout_s) if forks else None
        except TimeoutError:
            reason = f"its server was not ready after {timeout_s:g} s"
            return record_of(run, **facts, status="timeout", reason=reason)
        scratch = cell.absolute() / SCRATCH
        asked = {"processors": processors, "asked": monotonic(), "scratch": str(scratch)}
        try:
            shutil.rmtree(cell, ignore_errors=True)  # what an earlier try left
            scratch.mkdir(parents=True, exist_ok=True)
            write_whole(cell / "run.json", json.dumps(asdict(run) | asked | {"files": files}))
            with DeviceMemory(run.device) as memory:
                if server:
                    outcome = self._end_of(lambda: forked(server, cell), timeout_s)
                else:
                    environment = variables(run.side, device=run.device, threads=run.threads)
                    trainer = command(run.side, TRAINER, str(cell))
                    outcome = self.call(trainer, environment, cell / "log.txt", timeout_s)
        except OSError as error:  # if the results folder is full or gone, its journal says so next
            reason = f"it could not be started: {error.strerror}"
            return record_of(run, **facts, status="failed", reason=reason)
        found = left(cell)
        if isinstance(found, Record):
            scores = found.scores or judged(problems.load(run.problem), {})
            record = replace(found, scores=scores, **memory.fields())
        else:
            status, reason = outcome
            if found and status != "timeout":
                reason = found
            record = record_of(run, **facts, status=status, reason=reason)
        shutil.rmtree(scratch, ignore_errors=True)
        with suppress(OSError):  # a second copy, for a comparison that is killed before the first
            cell.mkdir(parents=True, exist_ok=True)
            write_record(record, cell)
        return record

    def work(
        self,
        module: str,
        cell: Path,
        asked: Mapping[str, Any],
        kind: Kind,
        start: str,
        timeout_s: float,
    ) -> tuple[str, str]:
        """Have a module do in a fresh process what is asked; return how that ended, as `call`.

        `cell` is a folder of its own, where the module's `main(cell)` finds ASKED and leaves what
        it found; what it says goes to log.txt.

        Raises:
            Interrupted: `stop` was called.
        """
        cell.mkdir(parents=True, exist_ok=True)
        write_whole(cell / ASKED, json.dumps(asked))
        if start != FORK:
            new = command(kind.side, module, str(cell))
            environment = variables(kind.side, device=kind.device, threads=kind.threads)
            return self.call(new, environment, cell / "log.txt", timeout_s)
        try:
            server = self.server(kind, cell.parent, timeout_s)
        except TimeoutError:
            return "timeout", f"its server was not ready after {timeout_s:g} s"
        return self._end_of(lambda: forked(server, cell, module), timeout_s)

    def last_words(self, cell: Path, kind: Kind) -> str:
        """Return the last line of a process, or of its server if it never began; or nothing."""
        logs = (cell / "log.txt", self._log_of(kind, cell.parent))
        log = next((log for log in logs if log.exists()), None)
        lines = log.read_text(errors="replace").strip().splitlines() if log else []
        return lines[-1] if lines else ""

    def call(
        self, asked: list[str], environment: dict[str, str], log: Path, timeout_s: float
    ) -> tuple[str, str]:
        """Run a command to the end; return "failed" or "timeout", and why.

        What it says about a process that did what it should is for nobody.

        Raises:
            Interrupted: `stop` was called.
        """
        return self._end_of(lambda: begun(asked, environment, log), timeout_s)

    def _end_of(
        self, start: "Callable[[], tuple[Callable[[], int], Callable[[], None]]]", timeout_s: float
    ) -> tuple[str, str]:
        """Start a process, wait for it, and say how it ended."""
        with self.lock:
            if self.stopped:
                raise Interrupted
            wait, kill = start()
            self.running.add(kill)
        late = threading.Event()

        def end() -> None:
            late.set()
            kill()

        timer = threading.Timer(timeout_s, end)  # so that waiting costs no processor time
        timer.start()
        try:
            code = wait()
        finally:
            timer.cancel()
        with self.lock:
            self.running.discard(kill)
            if self.stopped:
                raise Interrupted
        if late.is_set():
            return "timeout", f"not done after {timeout_s:g} s"
        early = " before it was done" if code >= 0 else ""
        return "failed", how_it_ended(code) + early

    def stop(self) -> None:
        """End all processes under way and start none any more."""
        with self.lock:
            self.stopped = True
            for kill in self.running:
                kill()
            for server in self.servers.values():
                server.stop()

    def get_ready(self, kinds: Iterable[Kind], folder: Path, timeout_s: float) -> None:
        """Start the servers that are not there, all at once; one that fails tells nobody.

        The kernel ends a server with the thread that started it: that should not be a short one.
        """
        for server in [self._begun_server(kind, folder) for kind in dict.fromkeys(kinds)]:
            with suppress(TimeoutError):  # which the processes that need it will tell of
                self._ready(server, timeout_s)

    def has(self, kind: Kind) -> bool:
        """Say whether a server is there, and alive."""
        return kind in self.servers and self.servers[kind].process.poll() is None

    def server(self, kind: Kind, folder: Path, timeout_s: float) -> Server:
        """Return the server of a backend, which is started the first time, and if it was lost.

        Raises:
            TimeoutError: it does not get ready.
        """
        return self._ready(self._begun_server(kind, folder), timeout_s)

    def _begun_server(self, kind: Kind, folder: Path) -> Server:
        with self.lock:
            if self.stopped:
                raise Interrupted
            if not self.has(kind):
                module = ("compare.processes.forkserver", str(os.getpid()), kind.side.backend)
                environment = variables(kind.side, device=kind.device, threads=kind.threads)
                log = self._log_of(kind, folder)
                log.parent.mkdir(parents=True, exist_ok=True)
                self.servers[kind] = Server(command(kind.side, *module), environment, log)
            return self.servers[kind]

    def _ready(self, server: Server, timeout_s: float) -> Server:
        try:
            server.ready.result(timeout_s)
        except TimeoutError:
            server.stop()  # the next process gets another
            raise
        return server

    def _log_of(self, kind: Kind, folder: Path) -> Path:
        return (self.logs or folder) / f"server-{kind.side}.txt"


@contextmanager
def several(
    at_a_time: int, launcher: Launcher | None = None
) -> Iterator[tuple[Launcher, Path, ThreadPoolExecutor]]:
    """Yield what it takes to have several processes work: launcher, folder for them, threads.

    The folder goes with them. Of a launcher that is given, the servers go on, unless all is broken
    off.
    """
    starts = launcher or Launcher()
    with TemporaryDirectory() as folder, ThreadPoolExecutor(at_a_time) as pool:
        try:
            yield starts, Path(folder), pool
        except BaseException:  # nothing may go on unwatched, also after Ctrl-C
            pool.shutdown(wait=False, cancel_futures=True)
            starts.stop()
            raise
        if launcher is None:
            starts.stop()


def left(cell: Path) -> Record | str:
    """Return the record that a training left, or why it cannot be read; "" if it left none.

    A network's code can do what it likes to the folder.
    """
    file = cell / "record.json"
    if not cell.exists():
        return "its folder was removed while it ran"
    if not file.exists():
        return ""
    if not file.is_file():  # reading a pipe would not end
        return f"expected a file, came something else as {file.name}"
    try:
        return Record.from_json(file.read_bytes())
    except (OSError, ValueError, TypeError, RecursionError) as error:
        return f"{file.name} cannot be read: {visible(one_line(error))}"


def forked(
    server: Server, cell: Path, module: str = TRAINER
) -> tuple[Callable[[], int], Callable[[], None]]:
    """Fork a process for a module; return what waits for its status, and what ends it."""
    return server.start(cell, module).result, lambda: server.kill(cell)


def begun(
    asked: list[str], environment: dict[str, str], log: Path
) -> tuple[Callable[[], int], Callable[[], None]]:
    """Start a command; return what waits for its status, and what ends it.

    Where there is no keeper, what leaves its process group, or outlives it, is not ended, and what
    it says is kept whole.
    """
    keeper = [*KEEPER, str(log)] if KEEPER else []
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*keeper, *asked],
            env=environment,
            stdin=subprocess.PIPE if KEEPER else subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )

    def wait() -> int:
        with process:
            return process.wait()

    def kill() -> None:
        if process.stdin:
            process.stdin.close()  # by which the keeper is told
        else:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)

    return wait, kill
