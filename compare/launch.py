"""Fresh processes: Run -> process -> Record. One process, one framework."""

import ctypes
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from time import monotonic

from backends import BACKENDS, first_name
from compare.answer import answer, now
from compare.device_memory import DeviceMemory
from compare.machine import ROOT
from compare.run import FORK, Record, Run
from compare.server import Server

# -P: a process imports this very code, not what lies in the folder it was started from.
PYTHON = (sys.executable, "-P")


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
        (cell / "record.json").unlink(missing_ok=True)
        environment = variables(run.backend, device=run.device, threads=run.threads)
        server = self._server(run, environment, cell.parent) if run.start == FORK else None
        asked = {"processors": processors, "asked": monotonic()}
        (cell / "run.json").write_text(json.dumps(asdict(run) | asked))
        started = now()
        with DeviceMemory(run.device) as memory:
            if server:
                outcome = self._end_of(lambda: forked(server, cell), timeout_s)
            else:
                arguments = ["compare.worker", str(os.getpid()), str(cell)]
                outcome = self.call(arguments, environment, cell / "log.txt", timeout_s)
        if (cell / "record.json").exists():
            record = Record.from_json((cell / "record.json").read_text())
            return replace(record, gpu_device_bytes=memory.growth())
        status, reason = outcome
        record = answer(run, started=started, processors=processors, status=status, reason=reason)
        (cell / "record.json").write_text(record.to_json() + "\n")
        return record

    def call(
        self, module: list[str], environment: dict[str, str], log: Path, timeout_s: float
    ) -> tuple[str, str]:
        """Run a module with its arguments to the end; return "failed" or "timeout", and why.

        What it says about a process that did what it should is for nobody.

        Raises:
            Interrupted: `stop` was called.
        """
        return self._end_of(lambda: begun(module, environment, log), timeout_s)

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
        code = wait()
        timer.cancel()
        with self.lock:
            self.running.discard(kill)
            if self.stopped:
                raise Interrupted
        if late.is_set():
            return "timeout", f"not done after {timeout_s:g} s"
        if code < 0:
            return "failed", f"killed by {signal.Signals(-code).name}"
        return "failed", f"ended with status {code} before it was done"

    def stop(self) -> None:
        """End all processes under way and start none any more."""
        with self.lock:
            self.stopped = True
            for kill in self.running:
                kill()
            for server in self.servers.values():
                server.stop()

    def _server(self, run: Run, environment: dict[str, str], folder: Path) -> Server:
        """Return the server of a backend, which is started the first time, and if it was lost."""
        backend = first_name(run.backend)  # of the same server, whatever the name
        kind = (backend, run.device, run.threads)
        with self.lock:
            if self.stopped:
                raise Interrupted
            if kind not in self.servers or self.servers[kind].process.poll() is not None:
                command = [*PYTHON, "-m", "compare.server", str(os.getpid()), backend]
                log = folder / f"server-{backend}.txt"
                self.servers[kind] = Server(command, environment, log)
            server = self.servers[kind]
        server.ready.result()
        return server


def forked(server: Server, cell: Path) -> tuple[Callable[[], int], Callable[[], None]]:
    """Fork a process for a training; return what waits for its status, and what ends it."""
    return server.start(cell).result, lambda: server.kill(cell)


def begun(
    module: list[str], environment: dict[str, str], log: Path
) -> tuple[Callable[[], int], Callable[[], None]]:
    """Start a module in a new interpreter; return what waits for its status, and what ends it."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*PYTHON, "-m", *module],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )

    def kill() -> None:
        """End the process and all that it started."""
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)

    return process.wait, kill


def variables(backend: str, *, device: str, threads: int) -> dict[str, str]:
    """Return the environment variables of a process of a backend, which runs this very code."""
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    own = BACKENDS[backend].variables(device=device, threads=threads)
    return dict(os.environ) | {"PYTHONPATH": path} | own


def end_with(parent: int) -> None:
    """Have the kernel end this process when its parent ends: nothing runs on unwatched."""
    if sys.platform == "linux":
        set_parent_death_signal = 1
        ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)
    if os.getppid() != parent:  # it ended while this process started
        sys.exit(1)


def sees_gpu(backend: str) -> bool:
    """Ask a backend, in a process of its own, whether it can use a GPU."""
    ask = "import sys; from backends import BACKENDS; "
    ask += "BACKENDS[sys.argv[1]].engine().prepare(device='gpu', threads=1)"
    done = subprocess.run(
        [*PYTHON, "-c", ask, backend],
        env=variables(backend, device="gpu", threads=1),
        capture_output=True,
        check=False,
    )
    return done.returncode == 0
