"""How a process is started so that it can be ended, with all that it left behind. For Linux.

A training has a process group of its own. What it starts may leave the group, or outlive it; such
a process is then a child of this one (PR_SET_CHILD_SUBREAPER), and is found and ended. Nothing goes
on beside the next training, and nothing outlives this process but by its sudden death.

What a process says goes through a pipe: a network may print without end, and a disk has an end.

`python keeper.py LOG COMMAND ...` runs a command and ends as it does. It ends the command when its
own stdin ends, so when the process that started it does.
"""

import ctypes
import os
import selectors
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from resource import RLIMIT_CORE, setrlimit
from typing import NamedTuple, NoReturn

PARENT_DEATH_SIGNAL, CHILD_SUBREAPER = 1, 36  # what prctl(2) sets
PIDFD_OPEN = 434  # the number of the system call
LOG_BYTES = 2**24  # of what a process says; the rest is dropped
DROPPED = b"\n... more was said than is kept\n"
PATIENCE_S = 5.0  # for what was killed to end: in a driver that hangs, it does not


def end_with(parent: int) -> None:
    """Have the kernel end this process when its parent ends: nothing runs on unwatched."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PARENT_DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != parent:  # it ended while this process started
        sys.exit(1)


class Ended(NamedTuple):
    """A process that was started by a name has ended."""

    name: str
    status: int  # below 0, the signal that ended it


class Log:
    """A file for what a process says, as far as it is kept, and the pipe that it comes by."""

    def __init__(self, file: Path) -> None:
        self.output, self.input = os.pipe()
        os.set_blocking(self.output, False)
        self.left = LOG_BYTES
        try:
            self.file = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o644)
        except OSError:  # its folder is gone: that is for the process to tell
            self.file = os.open(os.devnull, os.O_WRONLY)

    def take(self) -> bool:
        """Keep some of what was said; say whether more may come: not if all have closed it."""
        try:
            said = os.read(self.output, 2**16)
        except BlockingIOError:
            return True
        kept = said[: max(0, self.left)]
        if 0 <= self.left < len(said):
            kept += DROPPED
        self.left -= len(said)
        with suppress(OSError):  # as when the disk is full
            os.write(self.file, kept)
        return bool(said)

    def be_output(self) -> None:
        """Have what this process says go there."""
        for stream in (1, 2):
            os.dup2(self.input, stream)
        for one in (self.output, self.input, self.file):
            os.close(one)

    def close(self) -> None:
        """Keep what is in the pipe, which one reading empties, and hear no more of it."""
        self.take()
        os.close(self.output)
        os.close(self.file)


class Keeper:
    """Starts processes, hears of their ends, and ends them with all that they started.

    A process is reaped here only, after its group was killed: until then, no other process can
    have its number.
    """

    def __init__(self) -> None:
        ctypes.CDLL(None).prctl(CHILD_SUBREAPER, 1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # ignored, it would have children reaped
        self.closing = False
        self.names: dict[int, str | None] = {}  # of all children; None for what nobody asked for
        self.logs: dict[int, Log] = {}  # of those that were asked for
        self.selector = selectors.PollSelector()
        self.selector.register(0, selectors.EVENT_READ)
        for child in children():  # what the import of a framework has started may stay
            self._watch(child, None)

    def start(self, name: str, do: Callable[[], None], file: Path) -> None:
        """Fork a process that does something, with its output in a log file, and ends."""
        parent, log = os.getpid(), Log(file)
        child = os.fork()
        if child == 0:
            _be_child(parent, do, log)
        os.close(log.input)
        with suppress(OSError):  # the child does so itself: whoever comes first
            os.setpgid(child, child)
        self._watch(child, name)
        self.logs[child] = log
        self.selector.register(log.output, selectors.EVENT_READ, log)

    def kill(self, name: str) -> None:
        """End a process and its group, if it has not ended by itself."""
        for child, known in self.names.items():
            if known == name:
                _kill(child)

    def close(self) -> None:
        """Hear no more of stdin and end all processes."""
        if not self.closing:
            self.closing = True
            self.selector.unregister(0)
            for child in self.names:
                _kill(child)

    def events(self) -> Iterator[bytes | Ended]:
        """Yield each line of stdin and each end of a process, until all is closed and ended.

        The end of stdin closes. Lines are cut here: a buffered stdin may hold one back when the
        selector sees nothing to read.
        """
        rest = b""
        while self.selector.get_map():
            ready = self.selector.select(PATIENCE_S if self.closing else None)
            if not ready:
                return
            for key, _ in ready:
                if isinstance(key.data, Log):
                    if key.data in self.logs.values() and not key.data.take():
                        self.selector.unregister(key.fd)
                elif key.data is not None:
                    yield from self._reap(key.fd, key.data)
                elif self.closing:
                    continue
                elif read := os.read(key.fd, 2**16):
                    *lines, rest = (rest + read).split(b"\n")
                    yield from lines
                else:
                    self.close()

    def _watch(self, child: int, name: str | None) -> None:
        self.names[child] = name
        self.selector.register(_pidfd(child), selectors.EVENT_READ, child)

    def _reap(self, pidfd: int, child: int) -> Iterator[Ended]:
        """End what a process that has ended left behind, in its group and outside of it."""
        _kill(child)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        self.selector.unregister(pidfd)
        os.close(pidfd)
        name = self.names.pop(child)
        if log := self.logs.pop(child, None):
            with suppress(KeyError):  # it was closed before
                self.selector.unregister(log.output)
            log.close()
        for orphan in children() - self.names.keys():  # what they leave in turn comes here next
            _kill(orphan)
            self._watch(orphan, None)
        if name is not None:
            yield Ended(name, status)


def children() -> set[int]:
    """Return the processes that are children of this one, those too that have ended."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has just ended
            # Its number, its name in parentheses, its state, its parent: proc_pid_stat(5).
            parent = stat.read_bytes().rpartition(b")")[2].split()[1]
            if int(parent) == os.getpid():
                found.add(int(stat.parent.name))
    return found


def _pidfd(process: int) -> int:
    """Return a descriptor that can be read from when a process has ended."""
    if hasattr(os, "pidfd_open"):  # Conda's Python has none: it is built for older systems
        return os.pidfd_open(process)
    return int(ctypes.CDLL(None).syscall(PIDFD_OPEN, process, 0))


def _kill(child: int) -> None:
    """Kill a child that was not reaped, and its group if it has one of its own."""
    for end in (os.killpg, os.kill):
        with suppress(OSError):
            end(child, signal.SIGKILL)


def _be_child(parent: int, do: Callable[[], None], log: Log) -> NoReturn:
    """Be a process like any other: a group and output of its own; do something and end."""
    status = 1
    try:
        os.setpgid(0, 0)
        end_with(parent)
        # Orphans of this process stay in it while it lives: those of others are told from them.
        ctypes.CDLL(None).prctl(CHILD_SUBREAPER, 1)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        log.be_output()
        do()
        status = 0
    except SystemExit as end:
        status = _status(end)
    except BaseException:
        with suppress(OSError):
            traceback.print_exc()
    finally:
        with suppress(OSError):  # as when the disk is full
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)  # never back into the loop of the parent


def _status(end: SystemExit) -> int:
    """Return the status that a Python ends with; what is no number is said, and is 1."""
    if end.code is None or isinstance(end.code, int):
        return (end.code or 0) & 0xFF
    with suppress(OSError):
        print(end.code, file=sys.stderr)
    return 1


def _become(command: list[str]) -> None:
    for ignored in (signal.SIGPIPE, signal.SIGXFSZ):  # by Python, and by what it becomes
        signal.signal(ignored, signal.SIG_DFL)
    os.execvp(command[0], command)


def main(log: str, *command: str) -> None:
    """Run a command, and end as it did, once nothing is left of it."""
    keeper = Keeper()
    keeper.start(command[0], partial(_become, list(command)), Path(log))
    status = 1
    for event in keeper.events():
        if isinstance(event, Ended):
            status = event.status
            keeper.close()
    if status < 0:
        setrlimit(RLIMIT_CORE, (0, 0))  # one core is enough
        with suppress(OSError):  # SIGKILL cannot be set
            signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    sys.exit(status)


if __name__ == "__main__":
    main(*sys.argv[1:])
