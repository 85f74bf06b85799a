"""What the machine and the code are, for the records: read from the system, no framework asked."""

import hashlib
import os
import platform
import shutil
import subprocess
from collections.abc import Sequence
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


# Widest first. They decide how fast a framework's kernels are, more than a name such as "AMD EPYC".
VECTORS = {"avx512f": "AVX-512", "avx2": "AVX2", "sve": "SVE", "asimd": "NEON"}


@cache
def cpu() -> str:
    """Return the processor's name, and which of that name it is."""
    try:
        told = processor(Path("/proc/cpuinfo").read_text())
    except OSError:
        told = ""
    return told or platform.processor() or platform.machine()


def processor(cpuinfo: str) -> str:
    r"""Return what /proc/cpuinfo says of the first processor; "" if it has no name.

    >>> processor("model name: AMD EPYC\ncpu family: 25\nmodel: 1\nflags: fpu avx avx2\n")
    'AMD EPYC (family 25, model 1, AVX2)'
    """
    lines = (line.partition(":") for line in cpuinfo.partition("\n\n")[0].splitlines())
    told = {name.strip(): value.strip() for name, _, value in lines}
    known = (("family", "cpu family"), ("model", "model"))
    which = [f"{what} {told[name]}" for what, name in known if name in told]
    flags = told.get("flags", told.get("Features", "")).split()
    which += [name for flag, name in VECTORS.items() if flag in flags][:1]
    name = told.get("model name", "")
    return f"{name} ({', '.join(which)})" if name and which else name


def processors() -> list[int]:
    """Return the numbers of the processors that this process may use, within its quota."""
    if hasattr(os, "sched_getaffinity"):
        numbers = sorted(os.sched_getaffinity(0))
    else:
        numbers = list(range(os.cpu_count() or 1))
    return numbers[: quota() or len(numbers)]


def cores() -> list[list[int]]:
    """Return the processors that this process may use, those of one core together."""
    found: dict[frozenset[int], list[int]] = {}
    for number in processors():
        found.setdefault(siblings(number), []).append(number)
    return list(found.values())


def siblings(number: int, folder: Path = Path("/sys/devices/system/cpu")) -> frozenset[int]:
    """Return the processors of the core that a processor is of; itself if that is not known."""
    try:
        text = (folder / f"cpu{number}" / "topology" / "thread_siblings_list").read_text()
        ends = [[int(end) for end in part.split("-")] for part in text.split(",")]
    except (OSError, ValueError):
        return frozenset({number})
    return frozenset(one for first, *last in ends for one in range(first, (last or [first])[0] + 1))


def shares(cores: Sequence[Sequence[int]], *, jobs: int, threads: int) -> list[list[int]]:
    """Return the processors of each of `jobs` trainings at a time.

    Processors of one core slow each other: as long as there are enough cores, no two trainings
    share one, and the first is left to the command. A training has a core for each of its threads,
    or else all processors of its cores.
    """
    for spared, whole in ((1, False), (1, True), (0, False), (0, True)):
        if found := _of_whole_cores(cores[spared:], jobs, threads, packed=whole):
            return found
    numbers = [number for core in cores for number in core]
    return [numbers[job * threads : (job + 1) * threads] for job in range(jobs)]


def _of_whole_cores(
    cores: Sequence[Sequence[int]], jobs: int, threads: int, *, packed: bool
) -> list[list[int]]:
    """Return the same, each core for one training; nothing if there are too few."""
    left, found = iter(cores), []
    for _ in range(jobs):
        mine: list[int] = []
        while len(mine) < threads:
            core = next(left, None)
            if core is None:
                return []
            mine += core if packed else core[:1]
        found.append(mine[:threads])
    return found


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
        "machine": identity(),
    }


# Files that tell machines apart. In a container the first is of the image: all machines that run it
# have the same. The second is of the kernel, and another after each start of the machine.
MACHINE, BOOT = Path("/etc/machine-id"), Path("/proc/sys/kernel/random/boot_id")
CONTAINER = ("/.dockerenv", "/run/.containerenv", "/.singularity.d")
KUBERNETES = "KUBERNETES_SERVICE_HOST"  # in the environment of its containers


def identity(file: Path | None = None) -> str | None:
    """Return a hash that tells this machine from others; None where nothing tells it."""
    if file is None:
        contained = KUBERNETES in os.environ or any(map(os.path.exists, CONTAINER))
        file = BOOT if contained else MACHINE
    try:
        text = file.read_text().strip() or platform.node()
    except OSError:
        text = platform.node()
    return hashlib.sha256(text.encode()).hexdigest()[:12] if text else None
