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
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from time import monotonic

from compare.processes import keeper, machine
from compare.processes.forkserver import Server
from compare.processes.gpu import DeviceMemory
from compare.processes.interpreter import command, variables
from compare.processes.question import how_it_ended
from compare.records.record import FORK, Record, Run, now, record_of, write_record
from compare.text import one_line, visible

# The kernel of Linux alone has what a keeper needs.
KEEPER = (sys.executable, "-I", "-S", keeper.__file__) if sys.platform == "linux" else ()
SCRATCH = "scratch"  # of a training's folder: temporary files, and what its compiler keeps


class Interrupted(Exception):
    """The comparison ends; a training that was under way leaves no record."""


class Launcher:
    """Starts processes of a backend and, if the command is broken off, ends them."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.stopped = False
        self.running: set[Callable[[], None]] = set()  # what ends a process under way
        self.servers: dict[tuple[str, str, int], Server] = {}

    def launch(self, run: Run, *, cell: Path, timeout_s: float, processors: list[int]) -> Record:
        """Train in a fresh process, pinned to `processors`, and return its record.

        `cell` is the training's own folder: run.json, log.txt and record.json are written there.
        A training that ends without a record, or not in time, gets one that says so.

        Raises:
            Interrupted: `stop` was called.
        """
        facts = machine.facts() | {"started": now(), "processors": processors}
        try:
            server = self.server(run, cell.parent, timeout_s) if run.start == FORK else None
        except TimeoutError:
            reason = f"its server was not ready after {timeout_s:g} s"
            return record_of(run, **facts, status="timeout", reason=reason)
        shutil.rmtree(cell, ignore_errors=True)  # what an earlier try left
        scratch = cell.absolute() / SCRATCH
        scratch.mkdir(parents=True, exist_ok=True)
        asked = {"processors": processors, "asked": monotonic(), "scratch": str(scratch)}
        (cell / "run.json").write_text(json.dumps(asdict(run) | asked))
        with DeviceMemory(run.device) as memory:
            if server:
                outcome = self._end_of(lambda: forked(server, cell), timeout_s)
            else:
                trainer = command(run.side, "compare.training.trainer", str(cell))
                environment = variables(run.side, device=run.device, threads=run.threads)
                outcome = self.call(trainer, environment, cell / "log.txt", timeout_s)
        found = left(cell)
        if isinstance(found, Record):
            record = replace(found, **memory.fields())
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

    def server(self, run: Run, folder: Path, timeout_s: float) -> Server:
        """Return the server of a backend, which is started the first time, and if it was lost.

        Raises:
            TimeoutError: it does not get ready.
        """
        kind = (run.backend, run.device, run.threads)
        with self.lock:
            if self.stopped:
                raise Interrupted
            if kind not in self.servers or self.servers[kind].process.poll() is not None:
                module = ("compare.processes.forkserver", str(os.getpid()), run.side.backend)
                environment = variables(run.side, device=run.device, threads=run.threads)
                folder.mkdir(parents=True, exist_ok=True)
                log = folder / f"server-{run.backend}.txt"
                self.servers[kind] = Server(command(run.side, *module), environment, log)
            server = self.servers[kind]
        try:
            server.ready.result(timeout_s)
        except TimeoutError:
            server.stop()  # the next training gets another
            raise
        return server


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
        return Record.from_json(file.read_text())
    except (OSError, ValueError, TypeError, RecursionError) as error:
        return f"{file.name} cannot be read: {visible(one_line(error))}"


def forked(server: Server, cell: Path) -> tuple[Callable[[], int], Callable[[], None]]:
    """Fork a process for a training; return what waits for its status, and what ends it."""
    return server.start(cell).result, lambda: server.kill(cell)


def begun(
    asked: list[str], environment: dict[str, str], log: Path
) -> tuple[Callable[[], int], Callable[[], None]]:
    """Start a command; return what waits for its status, and what ends it.

    Where there is no keeper, what leaves its process group, or outlives it, is not ended.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*KEEPER, *asked],
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
