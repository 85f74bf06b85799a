"""What `diptych list` tells: the problems, the backends, their tiers and the devices."""

from collections.abc import Iterator
from dataclasses import dataclass
from threading import Thread

import problems
from backends import BACKENDS, missing_twins
from compare.console import INDENT, fitting, wrapped
from compare.processes import gpu, interpreter, machine


@dataclass(frozen=True, kw_only=True)
class ListedProblem:
    """A problem: what is learned, or why its file cannot be read."""

    name: str
    summary: str | None
    error: str | None
    missing_twins: list[str]  # paths of the programs that it lacks


@dataclass(frozen=True, kw_only=True)
class ListedBackend:
    """A backend: what it lacks here, and the interpreter that was named for it, if any."""

    name: str
    missing: list[str]  # packages; it can run if there are none
    python: str | None


@dataclass(frozen=True, kw_only=True)
class ListedTier:
    """A way in which a backend runs a network."""

    backend: str
    tier: str
    meaning: str
    default: bool


@dataclass(frozen=True, kw_only=True)
class ListedDevices:
    """What can be trained on."""

    cpu: str
    processors: int  # that may be used
    gpus: list[str]
    why_no_gpu: str | None  # where one is to be expected


@dataclass(frozen=True, kw_only=True)
class Listing:
    """All that can be compared here."""

    problems: list[ListedProblem]
    backends: list[ListedBackend]
    tiers: list[ListedTier]
    devices: ListedDevices


def listing() -> Listing:
    """Return what can be compared here.

    Raises:
        UsageError: an interpreter that was named for a backend does not work.
    """
    driver = Thread(target=gpu.names)  # it is asked while the problems are read
    driver.start()
    learned = [_problem(name) for name in problems.names()]
    able = [
        ListedBackend(
            name=str(side),
            missing=interpreter.missing(side),
            python=interpreter.PYTHONS.get(str(side)),
        )
        for side in interpreter.known()
    ]
    tiers = [
        ListedTier(backend=name, tier=tier, meaning=meaning, default=tier == backend.default_tier)
        for name, backend in BACKENDS.items()
        for tier, meaning in backend.tiers.items()
    ]
    driver.join()
    devices = ListedDevices(
        cpu=machine.cpu(),
        processors=len(machine.processors()),
        gpus=gpu.names(),
        why_no_gpu=gpu.why_none() or None,
    )
    return Listing(problems=learned, backends=able, tiers=tiers, devices=devices)


def _problem(name: str) -> ListedProblem:
    try:
        summary, error = problems.load(name).summary, None
    except ValueError as wrong:
        summary, error = None, str(wrong)
    return ListedProblem(name=name, summary=summary, error=error, missing_twins=missing_twins(name))


def listing_lines(found: Listing, width: int) -> Iterator[str]:
    """Yield a listing as lines for a terminal of some width, with an empty one after each part."""

    def table(headings: tuple[str, ...], rows: list[list[str]]) -> Iterator[str]:
        yield from fitting(headings, rows, headings, width=width)
        yield ""

    learned = [[one.name, one.summary or one.error or ""] for one in found.problems]
    yield from table(("problem", "what is learned"), learned)
    for one in found.problems:
        if one.missing_twins:
            yield from (f"{one.name} lacks {', '.join(one.missing_twins)}", "")
    able = [[backend.name, _able(backend)] for backend in found.backends]
    yield from table(("backend", "can run here"), able)
    yield from wrapped("tiers; the first of a backend is its default", width)
    for tier in found.tiers:
        yield from wrapped(f"{tier.backend}, {tier.tier}: {tier.meaning}", width, after=INDENT)
    yield ""
    devices = found.devices
    cpu = f"{devices.cpu}, {devices.processors} processors to use"
    card = ", ".join(devices.gpus) or devices.why_no_gpu or "none found"
    yield from table(("device", "what it is"), [["cpu", cpu], ["gpu", card]])


def _able(backend: ListedBackend) -> str:
    """Say whether a backend can run here, or how to install what it lacks."""
    if backend.missing:
        install = f"{backend.python} -m pip install" if backend.python else "pip install"
        return f"no: {install} {' '.join(backend.missing)}"
    return f"yes, in {backend.python}" if backend.python else "yes"
