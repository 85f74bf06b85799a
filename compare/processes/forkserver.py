"""A process with a framework imported and nothing computed, which forks one for each training.

A fork costs a fraction of a second where a new interpreter imports for several, and is as fresh:
what a training does stays in its own process. Checks are forks of it, too.

`python -m compare.processes.forkserver PARENT BACKEND` reads requests from stdin, `["start", CELL,
MODULE]` or `["kill", CELL]`, and answers on stdout: `["ready", 0]`, then `[CELL, EXIT STATUS]` for
each process that ended. MODULE is the trainer, or another whose `main(parent, cell)` does what its
folder CELL asks for.
"""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from importlib import import_module
from pathlib import Path

from backends import BACKENDS
from compare.processes.child import be_trained, end_with

READY = "ready"
TRAINER = "compare.training.trainer"
PATIENCE_S = 5.0  # for a server to end its trainings and itself


class Server:
    """A server as the comparison sees it."""

    def __init__(self, command: list[str], environment: dict[str, str], log: Path) -> None:
        with log.open("ab") as errors:
            self.process = subprocess.Popen(
                command,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                start_new_session=True,
            )
        self.lock = threading.Lock()
        self.running: dict[str, Future[int]] = {READY: Future()}
        self.ready = self.running[READY]
        self.listener = threading.Thread(target=self._listen, daemon=True)
        self.listener.start()

    def start(self, cell: Path, module: str = TRAINER) -> "Future[int]":
        """Fork a process for a module; the result will be its exit status."""
        self.ready.result()
        with self.lock:
            status = self.running[str(cell)] = Future()
        self._ask("start", cell, module)
        if self.process.poll() is not None:
            self._lost()
        return status

    def kill(self, cell: Path) -> None:
        """End a training and all that it started."""
        self._ask("kill", cell)

    def stop(self) -> None:
        """End the server, and with it its trainings."""
        with self.lock, suppress(OSError):
            assert self.process.stdin
            self.process.stdin.close()
        if self.ready.done():
            self.listener.join(PATIENCE_S)
        self.process.kill()
        self.listener.join()
        with self.process:  # which closes the other pipe
            pass

    def _ask(self, what: str, cell: Path, *module: str) -> None:
        with self.lock, suppress(OSError, ValueError):  # a server that is gone is seen elsewhere
            assert self.process.stdin
            self.process.stdin.write(json.dumps([what, str(cell), *module]) + "\n")
            self.process.stdin.flush()

    def _listen(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            name, status = json.loads(line)
            with self.lock:
                self.running.pop(name).set_result(status)
        self.process.wait()
        self._lost()

    def _lost(self) -> None:
        """Tell all who wait that the server ended, and their trainings with it."""
        with self.lock:
            for status in self.running.values():
                status.set_result(self.process.returncode)
            self.running.clear()


def serve(parent: int, backend: str) -> None:
    """Import a backend's framework, then fork on request until stdin ends."""
    end_with(parent)
    answers = os.dup(1)
    os.dup2(2, 1)  # what a framework prints is no answer

    def tell(name: str, status: int) -> None:
        os.write(answers, (json.dumps([name, status]) + "\n").encode())

    with suppress(Exception):  # every training finds out for itself, and says so
        BACKENDS[backend].engine()
    import_module(TRAINER)  # now, so that no training waits for it
    children: dict[int, str] = {}

    def reap(*_: object) -> None:
        with suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                if ended[0] in children:  # and not something that a framework left
                    tell(children.pop(ended[0]), os.waitstatus_to_exitcode(ended[1]))

    signal.signal(signal.SIGCHLD, reap)
    tell(READY, 0)
    for line in sys.stdin:
        what, cell, *module = json.loads(line)
        # A child must not be reaped before it is noted, nor while it is looked up.
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])
        if what == "start":
            server = os.getpid()
            child = os.fork()
            if child == 0:
                os.close(answers)
                be_trained(partial(_work, module[0], server, Path(cell)), Path(cell) / "log.txt")
            children[child] = cell
        end([child for child, name in children.items() if (what, name) == ("kill", cell)])
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGCHLD])
    end(list(children))


def _work(module: str, parent: int, cell: Path) -> None:
    import_module(module).main(parent, cell)


def end(children: Sequence[int]) -> None:
    """End processes and all that they started."""
    for child in children:
        with suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)


if __name__ == "__main__":
    serve(int(sys.argv[1]), sys.argv[2])
