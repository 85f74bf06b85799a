"""A process with a framework imported and nothing computed, which forks one for each training.

A fork costs a fraction of a second where a new interpreter imports for several, and is as fresh:
what a training does stays in its own process. So does what a check does, which is a fork too. For
Linux; see keeper.py for how a training ends.

`python -m compare.processes.forkserver PARENT BACKEND` reads requests from stdin, `["start", CELL,
MODULE]` or `["kill", CELL]`, and answers on stdout: `["ready", 0]`, then `[CELL, EXIT STATUS]` for
each process that ended. MODULE is the trainer, or another one whose `main(cell)` does what is asked
in the folder CELL.
"""

import json
import os
import subprocess
import sys
import threading
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from importlib import import_module
from pathlib import Path

from backends import BACKENDS
from compare.processes.keeper import PATIENCE_S, Ended, Keeper, end_with

READY = "ready"
TRAINER = "compare.training.trainer"


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
        """End a training and all that it started; one that has ended already is none."""
        self._ask("kill", cell)

    def stop(self) -> None:
        """End the server, and with it its trainings."""
        with self.lock, suppress(OSError):
            assert self.process.stdin
            self.process.stdin.close()
        if self.ready.done():
            self.listener.join(2 * PATIENCE_S)  # the server has half of it to end its trainings
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
        with suppress(BrokenPipeError):  # the comparison has ended, and stdin says so next
            os.write(answers, (json.dumps([name, status]) + "\n").encode())

    def work(cell: str, module: str) -> None:
        os.close(answers)
        import_module(module).main(Path(cell))

    with suppress(Exception):  # every training finds out for itself, and says so
        BACKENDS[backend].engine()
    import_module(TRAINER)  # now, so that no training takes time for it
    keeper = Keeper()
    tell(READY, 0)
    for event in keeper.events():
        if isinstance(event, Ended):
            tell(event.name, event.status)
            continue
        what, cell, *module = json.loads(event)
        if what == "start":
            keeper.start(cell, partial(work, cell, *module), Path(cell) / "log.txt")
        else:
            keeper.kill(cell)


if __name__ == "__main__":
    serve(int(sys.argv[1]), sys.argv[2])
