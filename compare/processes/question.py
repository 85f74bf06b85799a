"""A question to another process: it answers by what it prints, or there is a reason why it cannot.

A process may hang for ever: a driver does, or an interpreter on a disk that is gone.
"""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress

from compare.text import visible

PATIENCE_S = 5.0  # for what was killed to end


class NoAnswer(Exception):
    """The message is the reason, in one line. `said` is what was printed all the same."""

    def __init__(self, reason: str, said: str = "") -> None:
        super().__init__(visible(reason))
        self.said = said


def ask(command: Sequence[str], *, variables: Mapping[str, str], timeout_s: float) -> str:
    """Return what a process prints to the end.

    Raises:
        NoAnswer: it cannot be started, does not end in time, or fails.
    """
    try:
        process = subprocess.Popen(
            command,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
        )
    except OSError as error:
        raise NoAnswer(str(error.strerror)) from None
    except ValueError as error:  # a name that no file can have
        raise NoAnswer(str(error)) from None
    try:
        said, errors = process.communicate(timeout=timeout_s)
    except subprocess.TimeoutExpired:
        raise NoAnswer(f"no answer in {timeout_s:g} s", _end(process)) from None
    except BaseException:  # Ctrl-C does not reach it
        _end(process)
        raise
    if process.returncode:
        raise NoAnswer(_reason(process.returncode, errors), said)
    return said


def how_it_ended(status: int) -> str:
    """Return the exit status of a process in words; below 0, it is a signal."""
    if status >= 0:
        return f"ended with status {status}"
    # A real-time signal has no name.
    names = (known.name for known in signal.Signals if known == -status)
    return f"killed by {next(names, f'signal {-status}')}"


def _reason(status: int, errors: str) -> str:
    lines = [line for line in errors.splitlines() if line.strip()]
    if status < 0 or not lines:
        return how_it_ended(status)
    raised = any(line.startswith("Traceback") for line in lines)
    return lines[-1] if raised else lines[0]


def _end(process: "subprocess.Popen[str]") -> str:
    """End a process with its group, and return what it had said."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    said = ""
    with suppress(subprocess.TimeoutExpired):  # it hangs in the kernel: nothing can end it
        said, _ = process.communicate(timeout=PATIENCE_S)
    for stream in (process.stdout, process.stderr):
        assert stream
        stream.close()
    return said
