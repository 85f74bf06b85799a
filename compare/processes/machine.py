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

PATIENCE_S = 30.0  # for a driver that hangs, as one may


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
def gpus() -> tuple[str, ...]:
    """Return the names of the NVIDIA GPUs of this machine, as its driver lists them."""
    names = _output("nvidia-smi", "--query-gpu=name", "--format=csv,noheader")
    return tuple(names.splitlines()) if names else ()


def gpu_processes() -> list[str]:
    """Return what computes on the first GPU now, with its memory, as far as its driver tells.

    In a container it may tell of none. Implemented, not yet measured.
    """
    query = ["--query-compute-apps=pid,process_name,used_memory", "--format=csv,noheader"]
    found = _output("nvidia-smi", *query, f"--id={card()}")
    return [line.strip() for line in found.splitlines()] if found else []


def card() -> str:
    """Return which GPU is the first that frameworks see, as nvidia-smi calls it."""
    return os.environ.get("CUDA_VISIBLE_DEVICES", "0").split(",")[0] or "0"


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
