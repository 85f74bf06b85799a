"""How it is learned: the backends and their contract. Imports no framework.

A backend is a folder and an engine that runs it. The folder holds a twin for every problem, with
one public function, `build(problem)`, and an `_engine.py` with the functions that `Engine` names.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol, cast

from backends._clock import Clock
from backends._seeded import Array
from problems._data import Data
from problems._problem import Predict, Problem

FOLDER = Path(__file__).parent


class Unavailable(Exception):
    """What was asked for cannot be had here, e.g. a GPU on a machine without one."""


@dataclass(frozen=True, kw_only=True)
class Fit:
    """A trained network and what training it took. All times end with the device idle."""

    predict: Predict  # inputs (n, ...) -> outputs (n, ...), in evaluation mode
    parameters: int  # trainable numbers
    train_loss: list[float]  # per epoch: mean over the examples, each before its update
    validation_loss: list[float]  # per epoch, after it
    build_s: float  # model made, its weights written, optimizer made
    epoch_s: list[float]  # per epoch: batches gathered, copied, trained on; without validation
    validation_s: float  # all validation together
    clock: Clock  # started before the build; its last lap ended with the training


@dataclass(frozen=True)
class Probe:
    """What a network with the seed's initial weights does with an input."""

    output: Array
    layers: Mapping[str, Array]  # the output of every named layer, channels last
    parameters: int


class Engine(Protocol):
    """The functions of a backend's `_engine.py`."""

    def prepare(self, *, device: str, threads: int) -> None:
        """Set device ("cpu" or "gpu") and threads; raise Unavailable if there is no such device."""

    def train(self, problem: Problem, data: Data, *, seed: int) -> Fit:
        """Train the problem's twin by the problem's recipe."""

    def probe(self, problem: Problem, x: Array, *, seed: int) -> Probe:
        """Run the problem's untrained twin on x (n, ...)."""

    def gpu_peak_bytes(self) -> int | None:
        """Return the most GPU memory tensors took so far; None without a GPU."""

    def versions(self) -> dict[str, str]:
        """Return the versions of the packages that decide the numbers and the speed."""


@dataclass(frozen=True)
class Backend:
    """A row of the comparison: a folder of twins and the packages that run it."""

    name: str
    folder: str
    packages: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)

    def missing(self) -> list[str]:
        """Return the packages that are not installed here; nothing is imported."""
        return [package for package in self.packages if find_spec(package) is None]

    def variables(self, *, device: str, threads: int) -> dict[str, str]:
        """Return the environment variables that a process of this backend needs from its start."""
        hidden = {"CUDA_VISIBLE_DEVICES": "", "JAX_PLATFORMS": "cpu"} if device == "cpu" else {}
        return {
            **self.environment,
            **hidden,
            "OMP_NUM_THREADS": str(threads),
            # Keep memory from step to step: glibc would give some of it back to the kernel and
            # fault it in again, or not, as chance has it, and the time of an epoch with it.
            "MALLOC_MMAP_THRESHOLD_": str(2**30),
            "MALLOC_TRIM_THRESHOLD_": str(2**31),
            "TF_CPP_MIN_LOG_LEVEL": "2",
            "TF_FORCE_GPU_ALLOW_GROWTH": "true",  # take GPU memory as needed, not all at once
            "XLA_PYTHON_CLIENT_PREALLOCATE": "false",  # likewise
        }

    def engine(self) -> Engine:
        """Import and return the engine, and with it the framework: for a process of its own."""
        return cast(Engine, import_module(f"backends.{self.folder}._engine"))


BACKENDS = {
    backend.name: backend
    for backend in (
        Backend("pytorch", "pytorch", ("torch",)),
        *(
            Backend(f"keras-{engine}", "keras", ("keras", engine), {"KERAS_BACKEND": engine})
            for engine in ("tensorflow", "jax", "torch")
        ),
    )
}


# The two panels, in the order in which they are shown.
PANELS = tuple(dict.fromkeys(backend.folder for backend in BACKENDS.values()))


def twin(folder: str, problem: str) -> Path:
    """Return the file of a problem's twin, which may not exist."""
    return FOLDER / folder / f"{problem}.py"


def missing_twins(problem: str, folders: Iterable[str] = PANELS) -> list[str]:
    """Return the twins that a problem lacks, as paths from the root of the project."""
    twins = [twin(folder, problem) for folder in folders]
    return [str(file.relative_to(FOLDER.parent)) for file in twins if not file.exists()]
