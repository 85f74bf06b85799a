"""What a process uses, as the system counts it: time, processors, memory."""

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from time import perf_counter, process_time

KIBIBYTE = 1024


class Usage:
    """The seconds that a process takes from now on, of the clock and of the processors."""

    def __init__(self) -> None:
        self.wall_s, self.cpu_s = perf_counter(), _cpu_s()

    def so_far(self) -> dict[str, float]:
        """Return the seconds since the start, and those of all threads on the processors.

        Those of children that have ended, such as a compiler, are among the latter.
        """
        return {"total_s": perf_counter() - self.wall_s, "cpu_s": _cpu_s() - self.cpu_s}


def _cpu_s() -> float:
    children = getrusage(RUSAGE_CHILDREN)
    return process_time() + children.ru_utime + children.ru_stime


def busy_s(processors: Sequence[int]) -> float | None:
    """Return the seconds that some processors were busy since the system started, for anybody.

    Time that a virtual machine was not given counts as busy. None where the system does not tell.
    """
    own = {f"cpu{number}" for number in processors}
    try:
        lines = [line.split() for line in Path("/proc/stat").read_text().splitlines()]
    except OSError:
        return None
    # user nice system idle iowait irq softirq steal
    ticks = [sum(map(int, [*line[1:4], *line[6:9]])) for line in lines if line[0] in own]
    return sum(ticks) / os.sysconf("SC_CLK_TCK") if ticks else None


class HostMemory:
    """The resident memory of this process: its peak from now on, and its growth.

    VmHWM, for the peak that getrusage tells begins at the parent's.
    """

    def __init__(self) -> None:
        with suppress(OSError):
            Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far
        self.before = _status("VmRSS")

    def peak(self) -> int | None:
        """Return the most bytes resident since the start; None where the system does not tell."""
        if sys.platform == "darwin":
            return getrusage(RUSAGE_SELF).ru_maxrss  # in bytes there
        return _status("VmHWM")

    def growth(self) -> int | None:
        """Return the peak less the bytes resident at the start; None where either is missing."""
        peak = self.peak()
        return None if peak is None or self.before is None else peak - self.before


def _status(name: str) -> int | None:
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) * KIBIBYTE
    return None
