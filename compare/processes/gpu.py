"""The GPU that a training gets: its name, its memory, and what else computes on it.

The driver is asked in a process of its own (nvml.py): where it hangs or fails, that is told.
`python -m compare.processes.gpu BACKEND` fails, and says why, if a backend cannot use a GPU.

It ran on one undivided card. Implemented, not yet measured: several cards, MIG instances.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from threading import Event, Thread
from types import TracebackType
from typing import Any

from backends import BACKENDS, Side
from compare.console import complain
from compare.processes.interpreter import command, command_in, surroundings, variables
from compare.processes.question import NoAnswer, ask
from compare.text import visible

DRIVER_PATIENCE_S = 30.0  # several cards that sleep take seconds each
FRAMEWORK_PATIENCE_S = 180.0  # to be imported and to look for a GPU
NVML = "compare.processes.nvml"


@dataclass(frozen=True)
class Card:
    """A GPU, or a MIG instance of one: what a process computes on."""

    name: str
    uuid: str
    instances: "tuple[Card, ...] | None" = None  # None: it is not divided

    @property
    def computes(self) -> "tuple[Card, ...]":
        """What CUDA computes on if it is given the card: of several instances, the first."""
        return (self,) if self.instances is None else self.instances[:1]


def seen_by_cuda(cards: Sequence[Card], asked: str | None) -> tuple[Card, ...]:
    """Return what CUDA sees of a machine's cards, first what it computes on.

    `cards` are in the order of their PCI buses, `asked` is CUDA_VISIBLE_DEVICES: indices, or UUIDs,
    which may be cut short. What is no card hides all that comes after it, what comes twice hides
    all. See "CUDA Environment Variables" in the CUDA C++ Programming Guide.
    """
    if asked is None:
        return tuple(one for card in cards for one in card.computes)
    everything = [one for card in cards for one in (card, *(card.instances or ()))]
    found: list[Card] = []
    for entry in map(str.strip, asked.split(",")):
        if entry.isdecimal():
            named = list(cards[int(entry) : int(entry) + 1])
        else:
            named = [one for one in everything if entry and one.uuid.startswith(entry)]
        if len(named) != 1 or not named[0].computes:
            break
        found += named[0].computes
    return tuple(found) if len(set(found)) == len(found) else ()


def cards() -> tuple[Card, ...]:
    """Return the GPUs that CUDA sees; a training gets the first."""
    return seen_by_cuda(_all_cards()[0], os.environ.get("CUDA_VISIBLE_DEVICES"))


def names() -> list[str]:
    """Return their names."""
    return [card.name for card in cards()]


def why_none() -> str:
    """Return why a machine with a GPU, or a driver for one, has none to compute on; or ""."""
    found, why = _all_cards()
    if why or not found or cards():
        return why
    asked = os.environ.get("CUDA_VISIBLE_DEVICES")
    if asked is None:
        return "MIG is enabled on the GPU, and it has no instance"
    return visible(f"CUDA_VISIBLE_DEVICES={asked!r} hides the GPU")


@cache
def _all_cards() -> tuple[tuple[Card, ...], str]:
    """Return the cards of this machine, by their PCI buses, or why they are not known."""
    try:
        listed = json.loads(_driver("cards"))
    except NoAnswer as error:
        return (), f"the NVIDIA driver was asked for its cards: {error}"
    return tuple(map(_card, listed)), ""


def _card(described: dict[str, Any]) -> Card:
    instances = described.get("instances")
    divided = None if instances is None else tuple(map(_card, instances))
    return Card(described["name"], described["uuid"], divided)


def _driver(*question: str) -> str:
    asked = command_in(sys.executable, NVML, *question)
    return ask(asked, variables=surroundings(), timeout_s=DRIVER_PATIENCE_S)


def company() -> Iterator[str]:
    """Yield a sentence for each process on the GPU that a training gets, as its driver tells."""
    for card in cards()[:1]:
        try:
            for process in json.loads(_driver("processes", card.uuid)):
                about = "on the GPU already, and in its times and memory: process"
                yield visible(f"{about} {process}")
        except NoAnswer as error:
            yield f"not known what else computes on {card.name}: the NVIDIA driver: {error}"


def refusal(side: Side) -> str:
    """Return why a backend, asked in a process of its own, cannot use a GPU; "" if it can."""
    try:
        ask(
            command(side, "compare.processes.gpu", side.backend),
            variables=variables(side, device="gpu", threads=1),
            timeout_s=FRAMEWORK_PATIENCE_S,
        )
    except NoAnswer as error:
        return str(error).partition("Unavailable: ")[2] or str(error)
    return ""


@cache
def warn(message: str) -> None:
    """Tell the user on stderr, once."""
    complain(message)


class DeviceMemory:
    """Watches the GPU of a training, from before it starts; of a "cpu" it knows nothing.

    Drivers do not tell in a container which process has how much, so this is the memory of the
    whole card over what was taken at the start: somebody else's too, should they use it.
    """

    def __init__(self, device: str) -> None:
        self.card = next(iter(cards()), None) if device == "gpu" else None
        self.others: int | None = None  # processes that were on the card already
        self.samples: list[int] = []  # bytes in use
        self.said = ""  # the last that is neither
        self.ready = Event()

    def __enter__(self) -> "DeviceMemory":
        if self.card:
            self.process = subprocess.Popen(
                command_in(sys.executable, NVML, "watch", self.card.uuid),
                env=surroundings(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
            )
            self.reader = Thread(target=self._read, daemon=True)
            self.reader.start()
            if not self.ready.wait(DRIVER_PATIENCE_S):
                self.said = f"no answer in {DRIVER_PATIENCE_S:g} s"
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.card:
            self.process.kill()
            self.reader.join(DRIVER_PATIENCE_S)
            if not self.reader.is_alive():  # else it hangs in the driver, and nothing can end it
                with self.process:  # which closes the pipe
                    pass
            if not self.samples:
                asked = f"the NVIDIA driver was asked for the memory of {self.card.name}"
                warn(visible(f"{asked}: {self.said}"))

    def fields(self) -> dict[str, Any]:
        """Return what a Record says of the GPU; None where nothing is known."""
        grown = max(self.samples) - self.samples[0] if self.samples else None
        name = self.card.name if self.card else None
        return {"gpu": name, "gpu_device_bytes": grown, "gpu_others": self.others}

    def _read(self) -> None:
        for line in self.process.stdout or ():
            if line.strip().isdecimal():
                self.samples.append(int(line))
                self.ready.set()
            elif line.startswith("["):
                with suppress(ValueError):
                    self.others = len(json.loads(line))
            elif line.strip():
                self.said = line.strip()
        self.ready.set()


if __name__ == "__main__":
    BACKENDS[sys.argv[1]].engine().prepare(device="gpu", threads=1)
