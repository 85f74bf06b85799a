"""What the machine and the code are, for the records: read from the system, no framework asked."""

import os
import platform
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
CODE = ("problems", "backends", "compare", "pyproject.toml", "constraints.txt")

PATIENCE_S = 30.0  # for Git on a disk that hangs


def _output(*command: str) -> str | None:
    """Return what a command prints, None if it is missing, fails or does not end."""
    if shutil.which(command[0]) is None:
        return None
    try:
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=PATIENCE_S
        )
    except subprocess.TimeoutExpired:
        return None
    return done.stdout.strip() if done.returncode == 0 else None


@cache
def cpu() -> str:
    """Return the processor's name."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def processors() -> list[int]:
    """Return the numbers of the processors that this process may use, within its quota."""
    if hasattr(os, "sched_getaffinity"):
        numbers = sorted(os.sched_getaffinity(0))
    else:
        numbers = list(range(os.cpu_count() or 1))
    return numbers[: quota() or len(numbers)]


def quota(file: Path = Path("/sys/fs/cgroup/cpu.max")) -> int | None:
    """Return how many processors' time a container has, at least 1; None if all it wants."""
    try:
        allowed, period = file.read_text().split()
        return max(1, int(allowed) // int(period))
    except (OSError, ValueError):  # no such limit, or "max"
        return None


@cache
def facts() -> dict[str, Any]:
    """Return the fields of a Record that tell of the code and the machine."""
    commit = _output("git", "log", "-1", "--format=%H", "--", *CODE) or None
    changes = _output("git", "status", "--porcelain", "--", *CODE) if commit else None
    return {
        "commit": commit,
        "dirty": None if changes is None else bool(changes),
        "cpu": cpu(),
    }
