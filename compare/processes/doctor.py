"""What can run here, how far its figures can be trusted, and what to do about it.

`python -m compare.processes.doctor BACKEND DEVICE THREADS` asks a backend, in a process of
its own.
"""

import json
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import distributions
from itertools import pairwise
from time import get_clock_info, perf_counter, sleep

import numpy as np

from backends import Engine, Side, Unavailable
from compare.console import SILENT, Listener
from compare.processes import gpu, machine
from compare.processes.interpreter import command, environment, known, variables
from compare.processes.question import NoAnswer, answers
from compare.processes.usage import HostMemory, busy_s
from compare.text import one_line

MEBIBYTE = 2**20
MACHINE, UNKNOWN, SYNC = "machine", "unknown", "sync probe"
PATIENCE_S = 300.0  # for a backend to be examined
SIDE = 8192  # of a matrix of 256 MiB in float32
QUIET = 0.1  # of the processors may be busy with other things
FINE_S = 1e-6  # the clock's ticks are at most so long
DONE = 0.1  # of a product's time may be left after the wait for the device


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One thing that was looked at."""

    about: str
    what: str
    found: str
    advice: str = ""  # what to do; empty where all is well
    failed: bool = False  # figures would be wrong, not only unsteady
    setting: bool = False  # what is there or set: nothing to be found fault with
    of_times: bool = True  # its advice is about times
    able: bool = True  # a backend that is not cannot run

    @property
    def line(self) -> str:
        """The reading for people."""
        mark = "WRONG" if self.failed else "warning" if self.advice else "ok"
        mark = mark if self.able else "absent"
        advice = f": {self.advice}" if self.advice else ""
        return f"{mark:<8} {self.about:<17} {self.what}: {self.found}{advice}"


def trusted(readings: Sequence[Reading]) -> bool:
    """Say whether times can be trusted now."""
    return not _doubts(readings) and _timed(readings)


def answer(readings: Sequence[Reading]) -> str:
    """Say in one sentence whether times can be trusted now, or why not."""
    if doubts := _doubts(readings):
        about = [f"{one.about}: " if one.about != MACHINE else "" for one in doubts]
        why = [f"{where}{one.what} {one.found}" for where, one in zip(about, doubts, strict=True)]
        return f"Times from here are doubtful now: {'; '.join(why)}."
    if not _timed(readings):
        return "Nothing can be timed here: no backend can run."
    return "Times from here can be trusted now."


def _doubts(readings: Sequence[Reading]) -> list[Reading]:
    return [one for one in readings if one.of_times and (one.advice or one.found == UNKNOWN)]


def _timed(readings: Sequence[Reading]) -> bool:
    """Say whether any backend could be asked to compute something."""
    return any(one.what == SYNC for one in readings)


def examine(device: str, threads: int, progress: Listener = SILENT) -> Iterator[Reading]:
    """Yield what is found, each as it comes, the machine first, then backend by backend."""
    sides = known()
    progress.doing("looking at the machine", 1, 1 + len(sides))
    yield from of_machine()
    for number, side in enumerate(sides, start=2):
        progress.doing(f"looking at {side}", number, 1 + len(sides))
        if missing := " ".join(environment(side).missing):
            found = f"cannot run here: {missing} not installed"
            yield Reading(about=str(side), what="packages", found=found, able=False)
        else:
            yield from _asked(side, device, threads)
    progress.doing("")


def of_machine() -> Iterator[Reading]:
    """Yield what the machine is and does besides."""
    processors = machine.processors()
    found = f"{machine.cpu()}, {len(processors)}"
    yield Reading(about=MACHINE, what="processor", found=found, setting=True)
    yield of_gpu()
    tick_s = max(get_clock_info("perf_counter").resolution, _shortest_tick_s())
    yield Reading(
        about=MACHINE,
        what="clock",
        found=f"ticks of {tick_s:.1e} s",
        advice="" if tick_s <= FINE_S else "short epochs cannot be timed: train longer ones",
    )
    yield of_load(load(processors))


def of_gpu() -> Reading:
    """Say which GPU a training gets, and why none if one is to be expected."""
    why = gpu.why_none()
    return Reading(
        about=MACHINE,
        what="GPU",
        found=", ".join(gpu.names()) or why or "none found",
        advice="mend the driver, or show CUDA the GPU: trainings go to the CPU" if why else "",
        setting=not why,
        of_times=False,
    )


def of_load(share: float | None) -> Reading:
    """Say how busy the processors are with other things."""
    busy = share is not None and share > QUIET
    return Reading(
        about=MACHINE,
        what="other load",
        found=UNKNOWN if share is None else f"{share:.0%} of the processors",
        advice="end what else is running, or wait: times would be too long" if busy else "",
    )


def of_cudnn(name: str, packages: list[str]) -> Reading:
    """Say which packages own cuDNN's files; of two, the one installed last overwrote the other.

    `packages` are all that are installed where the backend of that name runs.
    """
    owners = sorted(name for name in packages if re.fullmatch(r"nvidia-cudnn-cu\d+", name or ""))
    clash = len(owners) > 1
    return Reading(
        about=name,
        what="cuDNN",
        found=", ".join(owners) or "no package of it",
        advice="one environment per framework: these share their files" if clash else "",
        failed=clash,
        setting=not clash,
    )


def load(processors: list[int], for_s: float = 1.0) -> float | None:
    """Return the share of the processors that is busy while this process sleeps."""
    before = busy_s(processors)
    sleep(for_s)
    after = busy_s(processors)
    return None if before is None or after is None else (after - before) / for_s / len(processors)


def of_backend(name: str, engine: Engine) -> Iterator[Reading]:
    """Yield versions, settings and probes of an engine that has its device."""
    versions = ", ".join(f"{package} {number}" for package, number in engine.versions().items())
    yield Reading(about=name, what="versions", found=versions, setting=True)
    settings = ", ".join(f"{what} {value}" for what, value in engine.settings().items())
    yield Reading(about=name, what="settings", found=settings, setting=True)
    for memory, off in memory_probe(engine).items():
        yield Reading(
            about=name,
            what=f"memory probe, {memory}",
            found=f"256 MiB seen with an error of {off / MEBIBYTE:.2f} MiB",
            advice="" if abs(off) <= MEBIBYTE else "do not trust its memory figures",
            failed=abs(off) > MEBIBYTE,
            of_times=False,
        )
    left = left_after_wait(engine, SIDE if engine.gpu_peak_bytes() is not None else 2000)
    yield Reading(
        about=name,
        what=SYNC,
        found=f"{left:.1%} of a product's time left after the wait for the device",
        advice="" if left <= DONE else "its times say when work was asked for, not when done",
        failed=left > DONE,
    )


def left_after_wait(engine: Engine, side: int) -> float:
    """Return which part of a matrix product's time is left once the engine says it has waited."""
    x = engine.matrix(side)
    float((x @ x)[0, 0])  # what has to be compiled is compiled
    started = perf_counter()
    product = x @ x
    engine.synchronize()
    waited = perf_counter()
    float(product[0, 0])
    return (perf_counter() - waited) / (perf_counter() - started)


def memory_probe(engine: Engine) -> dict[str, int]:
    """Return, by memory, by how many bytes 256 MiB of it are misjudged."""
    found = {}
    filler = np.ones(2**22, np.float32)  # takes what was freed before, and is resident still
    memory = HostMemory()
    kept = np.ones((SIDE, SIDE), np.float32)
    if (growth := memory.growth()) is not None:
        found["host"] = growth - kept.nbytes
    engine.matrix(8)
    if (before := engine.gpu_peak_bytes()) is not None:
        on_gpu = engine.matrix(SIDE)
        engine.synchronize()
        found["GPU"] = (engine.gpu_peak_bytes() or 0) - before - kept.nbytes
        del on_gpu
    del filler
    return found


def _shortest_tick_s(readings: int = 1000) -> float:
    times = [perf_counter() for _ in range(readings)]
    steps = [after - before for before, after in pairwise(times)]
    return min(filter(None, steps), default=0.0)


def _asked(side: Side, device: str, threads: int) -> Iterator[Reading]:
    """Have a backend examined in a process of its own; yield each reading as it comes."""
    asked = command(side, "compare.processes.doctor", str(side), device, str(threads))
    given = variables(side, device=device, threads=threads)
    try:
        for line in answers(asked, variables=given, timeout_s=PATIENCE_S):
            if line.startswith("{"):
                yield Reading(**json.loads(line))
    except NoAnswer as error:
        advice = "mend its installation"
        yield Reading(about=str(side), what="engine", found=str(error), advice=advice, failed=True)


def _tell(backend: str, device: str, threads: int) -> None:
    """Examine a backend and print what is found, a line each."""

    def tell(reading: Reading) -> None:
        print(json.dumps(asdict(reading)), flush=True)

    tell(of_cudnn(backend, [found.name for found in distributions()]))
    try:
        engine = Side.parse(backend).definition.engine()
        engine.prepare(device=device, threads=threads)
        for reading in of_backend(backend, engine):
            tell(reading)
    except Unavailable as error:
        tell(Reading(about=backend, what="device", found=one_line(error), able=False))


if __name__ == "__main__":
    _tell(sys.argv[1], sys.argv[2], int(sys.argv[3]))
