"""A question to another process: it answers by what it prints, or there is a reason why it cannot.

A process may hang for ever: a driver does, or an interpreter on a disk that is gone.
"""

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from select import select
from tempfile import TemporaryFile
from time import monotonic
from typing import IO

from compare.text import visible

PATIENCE_S = 5.0  # for what was killed to end: what hangs in the kernel does not


class NoAnswer(Exception):
    """The message is the reason, in one line."""


def ask(command: Sequence[str], *, variables: Mapping[str, str], timeout_s: float) -> str:
    """Return what a process prints.

    Raises:
        NoAnswer: it cannot be started, does not end in time, or fails.
    """
    return "\n".join(answers(command, variables=variables, timeout_s=timeout_s))


def answers(
    command: Sequence[str], *, variables: Mapping[str, str], timeout_s: float
) -> Iterator[str]:
    """Yield each line that a process prints, as it comes.

    Raises:
        NoAnswer: as for `ask`, after the lines that were printed all the same.
    """
    deadline = monotonic() + timeout_s
    with TemporaryFile() as errors:
        try:
            process = subprocess.Popen(
                command,
                env=variables,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,
            )
        except OSError as error:
            raise NoAnswer(visible(str(error.strerror))) from None
        except ValueError as error:  # a name that no file can have
            raise NoAnswer(visible(str(error))) from None
        assert process.stdout
        try:
            yield from _lines(process.stdout, deadline)
            process.wait(max(0.0, deadline - monotonic()))
        except (TimeoutError, subprocess.TimeoutExpired):
            raise NoAnswer(f"no answer in {timeout_s:g} s") from None
        finally:
            _end(process)
        errors.seek(0)
        said = errors.read().decode(errors="replace")
    if process.returncode:
        raise NoAnswer(visible(_reason(process.returncode, said)))


def how_it_ended(status: int) -> str:
    """Return the exit status of a process in words; below 0, it is a signal."""
    if status >= 0:
        return f"ended with status {status}"
    # A real-time signal has no name.
    names = (known.name for known in signal.Signals if known == -status)
    return f"killed by {next(names, f'signal {-status}')}"


def _lines(stream: IO[bytes], deadline: float) -> Iterator[str]:
    rest = b""
    while True:
        ready, _, _ = select([stream], [], [], max(0.0, deadline - monotonic()))
        if not ready:
            raise TimeoutError
        read = os.read(stream.fileno(), 2**16)
        *lines, rest = (rest + (read or b"\n" * bool(rest))).split(b"\n")
        for line in lines:
            yield line.decode(errors="replace")
        if not read:
            return


def _reason(status: int, errors: str) -> str:
    lines = [line for line in errors.splitlines() if line.strip()]
    if status < 0 or not lines:
        return how_it_ended(status)
    raised = any(line.startswith("Traceback") for line in lines)
    return lines[-1] if raised else lines[0]


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End a process with its group, unless it has ended: Ctrl-C does not reach it."""
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        with suppress(subprocess.TimeoutExpired):
            process.wait(PATIENCE_S)
    if process.stdout:
        process.stdout.close()
