"""Fresh processes: Run -> process -> Record. One process, one framework."""

import ctypes
import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from backends import BACKENDS
from compare.answer import answer, now
from compare.machine import ROOT
from compare.run import Record, Run

# -P: a process imports this very code, not what lies in the folder it was started from.
PYTHON = (sys.executable, "-P")


class Interrupted(Exception):
    """The comparison ends; a training that was under way leaves no record."""


class Launcher:
    """Starts processes of a backend and, if the command is broken off, ends them."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.stopped = False
        self.running: set[subprocess.Popen[bytes]] = set()

    def launch(self, run: Run, *, cell: Path, timeout_s: float, processors: list[int]) -> Record:
        """Train in a fresh process, pinned to `processors`, and return its record.

        `cell` is the training's own folder: run.json, log.txt and record.json are written there.
        A training that ends without a record, or not in time, gets one that says so.

        Raises:
            Interrupted: `stop` was called.
        """
        cell.mkdir(parents=True, exist_ok=True)
        (cell / "record.json").unlink(missing_ok=True)
        (cell / "run.json").write_text(json.dumps(asdict(run) | {"processors": processors}))
        started = now()
        environment = variables(run.backend, device=run.device, threads=run.threads)
        arguments = ["compare.worker", str(os.getpid()), str(cell)]
        status, reason = self.call(arguments, environment, cell / "log.txt", timeout_s)
        if (cell / "record.json").exists():
            return Record.from_json((cell / "record.json").read_text())
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
        process = self._start(module, environment, log)
        late = threading.Event()

        def end() -> None:
            late.set()
            kill(process)

        timer = threading.Timer(timeout_s, end)  # so that waiting costs no processor time
        timer.start()
        code = process.wait()
        timer.cancel()
        with self.lock:
            self.running.discard(process)
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
            for process in self.running:
                kill(process)

    def _start(
        self, module: list[str], environment: dict[str, str], log: Path
    ) -> "subprocess.Popen[bytes]":
        with self.lock, log.open("wb") as output:
            if self.stopped:
                raise Interrupted
            process = subprocess.Popen(
                [*PYTHON, "-m", *module],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
            self.running.add(process)
            return process


def variables(backend: str, *, device: str, threads: int) -> dict[str, str]:
    """Return the environment variables of a process of a backend, which runs this very code."""
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    own = BACKENDS[backend].variables(device=device, threads=threads)
    return dict(os.environ) | {"PYTHONPATH": path} | own


def kill(process: "subprocess.Popen[bytes]") -> None:
    """End a process and all that it started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


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
