"""What a process does to itself when it is made to train."""

import ctypes
import os
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

COLD = (
    "compiler"  # of a training's folder: where its compiler finds nothing, and leaves all it made
)


def end_with(parent: int) -> None:
    """Have the kernel end this process when its parent ends: nothing runs on unwatched."""
    if sys.platform == "linux":
        set_parent_death_signal = 1
        ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)
    if os.getppid() != parent:  # it ended while this process started
        sys.exit(1)


def be_trained(train: Callable[[], None], log: Path) -> NoReturn:
    """Be a process like any other: a group, signals and output of its own; then train and end."""
    status = 1
    try:
        os.setsid()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGCHLD])
        nothing = os.open(os.devnull, os.O_RDONLY)
        output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        for descriptor, standard in ((nothing, 0), (output, 1), (output, 2)):
            os.dup2(descriptor, standard)
        train()
        status = 0
    except BaseException:
        with suppress(OSError):
            traceback.print_exc()
    finally:
        with suppress(OSError):  # as when the disk is full
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)  # never back into the server's loop
