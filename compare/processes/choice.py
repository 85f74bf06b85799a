"""What is asked for, made exact: problems, backends, tiers, devices, jobs; or why not."""

from collections.abc import Sequence

import problems
from backends import BACKENDS, Side, missing_twins
from backends._tiers import DEFAULT
from compare.processes import gpu, machine
from compare.processes.interpreter import PYTHONS, environment, known
from compare.records.record import UsageError


def chosen_problems(
    names: Sequence[str], sides: Sequence[Side] = tuple(map(Side, BACKENDS))
) -> list[str]:
    """Return the problems asked for, each once; where none was, the project's own, or all.

    Raises:
        UsageError: there is no such problem, or it lacks a twin for one of the sides.
    """
    folders = dict.fromkeys(side.definition.folder for side in sides)
    chosen = list(dict.fromkeys(names)) or problems.own_names() or list(problems.names())
    for name in chosen:
        try:
            problems.load(name)
        except ValueError as error:
            raise UsageError(str(error)) from None
        if missing := missing_twins(name, folders):
            raise UsageError(f"problem {name!r} needs a twin in {' and '.join(missing)}")
    return chosen


def chosen_backends(names: Sequence[str], *, here: bool = True) -> list[Side]:
    """Return the backends asked for, each once, in their default tiers.

    Raises:
        UsageError: there is no such backend, or it is to run `here` and cannot.
    """
    listed = {str(side): side for side in known()}
    for name in names:
        if name not in listed:
            raise UsageError(f"no backend {name!r}; backends are {', '.join(listed)}")
        if here and (missing := environment(listed[name]).missing):
            where = f"for {PYTHONS[name]}" if name in PYTHONS else "here"
            able = ", ".join(map(str, able_backends())) or "none"
            raise UsageError(
                f"backend {name!r} needs {' and '.join(missing)}, not installed {where}; "
                f"those that can run are {able}"
            )
    return [listed[name] for name in dict.fromkeys(names)]


def able_backends() -> list[Side]:
    """Return the backends whose packages are installed where they run."""
    return [side for side in known() if not environment(side).missing]


def tiered(backends: Sequence[Side], tiers: Sequence[str]) -> list[Side]:
    """Return the backends in the tiers asked for, each once; a backend may lack some."""
    return list(
        dict.fromkeys(
            Side.parse(side.program, None if tier == DEFAULT else tier)
            for side in backends
            for tier in tiers
        )
    )


def chosen_sides(backends: Sequence[Side], tiers: Sequence[str]) -> list[Side]:
    """Return the backends in the tiers asked for.

    Raises:
        UsageError: a backend has no such tier.
    """
    sides = tiered(backends, tiers)
    for side in sides:
        if side.lacking:
            raise UsageError(f"--tier {side.tier}: {side.lacking}")
    return sides


def chosen_device(name: str, backends: Sequence[Side]) -> str:
    """Return "cpu" or "gpu"; "auto" is the GPU if there is one and every backend can use it.

    Where there is a GPU, or a driver for one, and "auto" is the CPU all the same, that is told.

    Raises:
        UsageError: a GPU is asked for and there is none.
    """
    if name == "gpu" and not gpu.cards():
        why = "; ".join(filter(None, (gpu.why_none(), "devices here are cpu")))
        raise UsageError(f"--device gpu: expected an NVIDIA GPU, found none; {why}")
    if name != "auto":
        return name
    why = _why_cpu(backends)
    if why:
        gpu.warn(f"--device auto takes the CPU: {why}")
    return "gpu" if gpu.cards() and not why else "cpu"


def _why_cpu(backends: Sequence[Side]) -> str:
    """Return why "auto" does not take a GPU that is there, or should be; "" if none is."""
    if not gpu.cards():
        return gpu.why_none()
    refusals = ((side, gpu.refusal(side)) for side in backends)
    return next((f"{side} cannot use it: {why}" for side, why in refusals if why), "")


def chosen_devices(names: Sequence[str], backends: Sequence[Side]) -> list[str]:
    """Return the devices asked for, each once; see `chosen_device` for one alone.

    Raises:
        UsageError: "auto" is not alone, or a GPU is asked for alone and there is none.
    """
    chosen = list(dict.fromkeys(names))
    if len(chosen) == 1:
        return [chosen_device(chosen[0], backends)]
    refuse_auto_beside(chosen)
    return chosen


def refuse_auto_beside(names: Sequence[str]) -> None:
    """Raise UsageError if "auto" is among several devices."""
    if "auto" in names:
        raise UsageError(f"--device: expected auto alone, or cpu and gpu, came {' '.join(names)}")


def chosen_jobs(
    jobs: int | None, *, threads: int, devices: Sequence[str], processors: int | None = None
) -> int:
    """Return how many trainings go at a time on `processors`, those here: unless asked, one.

    Trainings beside one another slow each other by how much each uses caches and memory, and the
    sides of a comparison differ in that. With a GPU it is always one, on the processor too: a
    training on the GPU is fed by a processor.

    Raises:
        UsageError: there are not as many processors, or they would share a GPU.
    """
    if "gpu" in devices:
        if jobs not in (None, 1):
            raise UsageError(f"--jobs {jobs}: on a GPU one training goes at a time")
        return 1
    processors = processors or len(machine.processors())
    jobs = jobs or 1
    if jobs * threads > processors:
        raise UsageError(
            f"--jobs {jobs} with --threads {threads} needs {jobs * threads} processors, "
            f"only {processors} are available"
        )
    return jobs
