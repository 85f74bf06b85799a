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

from backends import Side
from compare.processes import keeper, machine
from compare.processes.forkserver import Server
from compare.processes.gpu import DeviceMemory
from compare.processes.interpreter import command, variables
from compare.records import predictions as sample
from compare.records.record import FORK, Record, Run, now, record_of, write_record

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
        cell.mkdir(parents=True, exist_ok=True)
        for name in ("record.json", "log.txt", sample.FILE):
            (cell / name).unlink(missing_ok=True)
        scratch = cell.absolute() / SCRATCH
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir()
        environment = variables(run.side, device=run.device, threads=run.threads)
        facts = machine.facts() | {"started": now(), "processors": processors}
        try:
            server = self.server(run, cell.parent, timeout_s) if run.start == FORK else None
        except TimeoutError:
            reason = f"its server was not ready after {timeout_s:g} s"
            return record_of(run, **facts, status="timeout", reason=reason)
        asked = {"processors": processors, "asked": monotonic(), "scratch": str(scratch)}
        (cell / "run.json").write_text(json.dumps(asdict(run) | asked))
        with DeviceMemory(run.device) as memory:
            if server:
                outcome = self._end_of(lambda: forked(server, cell), timeout_s)
            else:
                module = [*command(run.side), "-m", "compare.training.trainer", str(cell)]
                outcome = self.call(module, environment, cell / "log.txt", timeout_s)
        if (cell / "record.json").exists():
            record = Record.from_json((cell / "record.json").read_text())
            record = replace(record, gpu_device_bytes=memory.growth(), gpu_others=memory.others)
        else:
            status, reason = outcome
            record = record_of(run, **facts, status=status, reason=reason)
        shutil.rmtree(scratch, ignore_errors=True)
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
        if code < 0:
            return "failed", f"killed by {name_of(-code)}"
        return "failed", f"ended with status {code} before it was done"

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
                module = ["-m", "compare.processes.forkserver", str(os.getpid()), run.side.backend]
                environment = variables(run.side, device=run.device, threads=run.threads)
                log = folder / f"server-{run.backend}.txt"
                self.servers[kind] = Server([*command(run.side), *module], environment, log)
            server = self.servers[kind]
        try:
            server.ready.result(timeout_s)
        except TimeoutError:
            server.stop()  # the next training gets another
            raise
        return server


def name_of(number: int) -> str:
    """Return the name of a signal; real-time signals have none."""
    return next((known.name for known in signal.Signals if known == number), f"signal {number}")


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


def sees_gpu(side: Side) -> bool:
    """Ask a backend, in a process of its own, whether it can use a GPU."""
    ask = "import sys; from backends import BACKENDS; "
    ask += "BACKENDS[sys.argv[1]].engine().prepare(device='gpu', threads=1)"
    done = subprocess.run(
        [*command(side), "-c", ask, side.backend],
        env=variables(side, device="gpu", threads=1),
        capture_output=True,
        check=False,
    )
    return done.returncode == 0
