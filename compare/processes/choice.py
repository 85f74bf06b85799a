"""What is asked for, made exact: problems, backends, tiers, devices, jobs; or why not."""

from collections.abc import Sequence

import problems
from backends import BACKENDS, missing_twins, side, tier_of
from backends._tiers import DEFAULT
from compare.processes import machine
from compare.processes.interpreter import PYTHONS, environment
from compare.processes.interpreter import names as backend_names
from compare.processes.launcher import sees_gpu
from compare.records.record import UsageError


def chosen_problems(names: Sequence[str], backends: Sequence[str] = tuple(BACKENDS)) -> list[str]:
    """Return the problems asked for, all where none was, each once.

    Raises:
        UsageError: there is no such problem, or it lacks a twin for one of the backends.
    """
    folders = dict.fromkeys(BACKENDS[backend].folder for backend in backends)
    chosen = list(dict.fromkeys(names)) or list(problems.names())
    for name in chosen:
        try:
            problems.load(name)
        except ValueError as error:
            raise UsageError(str(error)) from None
        if missing := missing_twins(name, folders):
            raise UsageError(f"problem {name!r} needs a twin in {' and '.join(missing)}")
    return chosen


def chosen_backends(names: Sequence[str]) -> list[str]:
    """Return the backends asked for, each once.

    Raises:
        UsageError: there is no such backend, or it cannot run here.
    """
    for name in names:
        if name not in (known := backend_names()):
            raise UsageError(f"no backend {name!r}; backends are {', '.join(known)}")
        if missing := environment(name).missing:
            where = f"for {PYTHONS[name]}" if name in PYTHONS else "here"
            raise UsageError(
                f"backend {name!r} needs {' and '.join(missing)}, not installed {where}; "
                f"those that can run are {', '.join(able_backends()) or 'none'}"
            )
    return list(dict.fromkeys(names))


def able_backends() -> list[str]:
    """Return the backends whose packages are installed where they run."""
    return [name for name in backend_names() if not environment(name).missing]


def chosen_tiers(backend: str, tiers: Sequence[str]) -> list[str]:
    """Return the tiers asked for, each once, "default" by its name; the backend may lack some."""
    return list(
        dict.fromkeys(tier_of(backend, None if tier == DEFAULT else tier) for tier in tiers)
    )


def chosen_sides(backends: Sequence[str], tiers: Sequence[str]) -> list[str]:
    """Return the backends in the tiers asked for, each by its name as a side.

    Raises:
        UsageError: a backend has no such tier.
    """
    pairs = [(backend, tier) for backend in backends for tier in chosen_tiers(backend, tiers)]
    for backend, tier in pairs:
        if reason := BACKENDS[backend].lacking(tier):
            raise UsageError(f"--tier {tier}: {reason}")
    return [side(backend, tier) for backend, tier in pairs]


def chosen_device(name: str, backends: Sequence[str]) -> str:
    """Return "cpu" or "gpu"; "auto" is the GPU if there is one and every backend can use it.

    Raises:
        UsageError: a GPU is asked for and there is none.
    """
    if name == "gpu" and not machine.gpus():
        raise UsageError("--device gpu: expected an NVIDIA GPU, found none; devices here are cpu")
    if name == "auto":
        return "gpu" if machine.gpus() and all(map(sees_gpu, backends)) else "cpu"
    return name


def chosen_devices(names: Sequence[str], backends: Sequence[str]) -> list[str]:
    """Return the devices asked for, each once; see `chosen_device` for one alone.

    Raises:
        UsageError: "auto" is not alone, or a GPU is asked for alone and there is none.
    """
    chosen = list(dict.fromkeys(names))
    if len(chosen) == 1:
        return [chosen_device(chosen[0], backends)]
    if "auto" in chosen:
        raise UsageError(f"--device: expected auto alone, or cpu and gpu, came {' '.join(names)}")
    return chosen


def chosen_jobs(jobs: int | None, *, threads: int, devices: Sequence[str]) -> int:
    """Return how many trainings go at a time: unless asked, one per core.

    With a GPU it is always one, on the processor too: a training on the GPU is fed by a processor,
    and others beside it would take of its caches and memory. So both devices have the machine to
    themselves when they are timed.

    Raises:
        UsageError: there are not as many processors, or they would share a GPU.
    """
    if "gpu" in devices:
        if jobs not in (None, 1):
            raise UsageError(f"--jobs {jobs}: on a GPU one training goes at a time")
        return 1
    processors = len(machine.processors())
    jobs = jobs or max(1, processors // threads)
    if jobs * threads > processors:
        raise UsageError(
            f"--jobs {jobs} with --threads {threads} needs {jobs * threads} processors, "
            f"{processors} are to be had"
        )
    return jobs
