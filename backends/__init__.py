"""How it is learned: the backends and their contract. Imports no framework.

A backend is a folder and an engine that runs it. The folder holds a twin for every problem, with
one public function, `build(problem)`, and an `_engine.py` with the functions that `Engine` names.
"""

from __future__ import annotations  # NumPy is imported where arrays are made, not here

from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass, field, replace
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from backends import _tiers

if TYPE_CHECKING:
    from problems import Array, Data, Part, Predict, Problem

FOLDER = Path(__file__).parent


class Unavailable(Exception):
    """What was asked for cannot be had here: a GPU on a machine without one, a compiler."""


@dataclass(frozen=True, kw_only=True)
class Fit:
    """A trained network and what training it took. All times end with the device idle."""

    predict: Predict  # inputs (n, ...) -> outputs (n, ...), in evaluation mode
    weights: Callable[[], dict[str, Array]]  # as trained, by Keras's names and in its layout
    devices: Callable[[Array], set[str]]  # where weights, and outputs for x, are: "cpu", "gpu"
    parameters: int  # trainable numbers
    train_loss: list[float]  # per epoch: mean over the examples, each before its update
    validation_loss: list[float]  # per epoch, after it
    build_s: float  # batch orders, model, its weights, optimizer made
    first_step_s: float  # from there to the end of the first step: tracing, compilation; an epoch's
    epoch_s: list[float]  # per epoch: batches gathered, copied, trained on; without validation
    validation_s: float  # all validation together


@dataclass(frozen=True)
class Probe:
    """What a network with the seed's initial weights is, and does with an input."""

    output: Array
    layers: Mapping[str, Array]  # the output of every named layer, channels last
    weights: Mapping[str, Array]  # initial
    trainable: Mapping[str, tuple[int, ...]]  # the shape of all that is trained


@dataclass(frozen=True)
class Watch:
    """Who is told what during a training. Watching takes time: what is timed is not watched."""

    step: Callable[[float], None] | None = None  # the loss of each step, before its update
    epoch: Callable[[Predict], None] | None = None  # the network, after each epoch


NOTHING: frozenset[str] = frozenset()
UNWATCHED = Watch()


class Engine(Protocol):
    """The functions of a backend's `_engine.py`."""

    def prepare(
        self, *, device: str, threads: int, precision: str = "float32", tier: str = ""
    ) -> None:
        """Set device ("cpu" or "gpu"), threads, the precision that networks are made in, the tier.

        "" is the default tier. A network that cannot be had in another raises Unavailable where it
        is first run; no other tier takes its place.

        That is "float64", "float32", or "tf32": float32, but on a GPU products of matrices and
        convolutions may round their factors to TF32, where all frameworks otherwise must not.

        Raises:
            Unavailable: there is no such device.
        """

    def train(
        self,
        problem: Problem,
        data: Data,
        *,
        seed: int,
        own: Set[str] = NOTHING,
        watch: Watch = UNWATCHED,
    ) -> Fit:
        """Train the problem's twin by the problem's recipe.

        `own` names the defaults of the framework that are left as they are: see
        `Backend.defaults`. All others give way to what is the same on every backend.
        """

    def probe(self, problem: Problem, x: Array, *, seed: int) -> Probe:
        """Run the problem's untrained twin on x (n, ...), in evaluation mode.

        The output is what the tier makes of it, the layers are seen one by one.
        """

    def gradients(
        self, problem: Problem, part: Part, *, seed: int
    ) -> tuple[float, dict[str, Array]]:
        """Return the untrained twin's loss on a batch, and its gradient, in training mode.

        The gradients go by Keras's names and are in its layout.
        """

    def kernel(self, problem: Problem, part: Part, *, seed: int) -> str:
        """Return what computes the twin's recurrent layers, as seen in a step on half of `part`."""

    def synchronize(self) -> None:
        """Wait until the device has done all that was asked of it."""

    def matrix(self, n: int) -> Any:
        """Return n x n ones in the memory of the device."""

    def settings(self) -> dict[str, object]:
        """Return what is set for all networks of this process: threads, precision."""

    def gpu_peak_bytes(self) -> int | None:
        """Return the most GPU memory tensors took so far; None without a GPU."""

    def gpu_reserved_bytes(self) -> int | None:
        """Return the most GPU memory the allocator held so far; None where it does not tell."""

    def versions(self) -> dict[str, str]:
        """Return the versions of the packages that decide the numbers and the speed."""


@dataclass(frozen=True)
class Backend:
    """A row of the comparison: a folder of twins, the packages and the tier that run it."""

    name: str
    folder: str
    packages: tuple[str, ...]
    defaults: Mapping[str, str]  # what this framework does if it is left to itself
    tiers: Mapping[str, str]  # and what each is; the first is what users get without asking
    environment: Mapping[str, str] = field(default_factory=dict)
    widened: str = ""  # what makes a float64 network one throughout; empty where it is one anyway
    other_tier: str = ""  # where it is not the default one

    @property
    def tier(self) -> str:
        """The tier that networks are run in."""
        return self.other_tier or next(iter(self.tiers))

    def lacking(self, tier: str) -> str:
        """Return why networks cannot be run in a tier; empty for one of the backend's own."""
        if tier in self.tiers:
            return ""
        return f"{self.name} has no tier {tier!r}; its tiers are {', '.join(self.tiers)}"

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
            "TORCHINDUCTOR_COMPILE_THREADS": str(threads),  # and no pool of processes
            # Keep memory from step to step: glibc would give some of it back to the kernel and
            # fault it in again, or not, as chance has it, and the time of an epoch with it.
            "MALLOC_MMAP_THRESHOLD_": str(2**30),
            "MALLOC_TRIM_THRESHOLD_": str(2**31),
            # Whether there is a GPU is asked without using it: no fork could use it after that.
            "PYTORCH_NVML_BASED_CUDA_CHECK": "1",
            "TF_CPP_MIN_LOG_LEVEL": "2",
            "TF_FORCE_GPU_ALLOW_GROWTH": "true",  # take GPU memory as needed, not all at once
            "XLA_PYTHON_CLIENT_PREALLOCATE": "false",  # likewise
            "JAX_ENABLE_COMPILATION_CACHE": "false",  # every training compiles from nothing
        }

    def engine(self) -> Engine:
        """Import and return the engine, and with it the framework: for a process of its own."""
        return cast(Engine, import_module(f"backends.{self.folder}._engine"))


# What is made equal in matched mode and left alone in native mode: each framework's `_defaults.py`
# does both.
PYTORCH_DEFAULTS = {
    "weights": "all drawn from U(-1/sqrt(n), 1/sqrt(n)), biases too; n is the layer's inputs, of a "
    "recurrent layer its units",
    "bias": "a second bias in recurrent layers, trained, so that their sum moves twice as fast",
    "optimizer": "Adam with epsilon 1e-8, added after the bias correction",
    "shuffling": "a new order each epoch, drawn by PyTorch",
}
KERAS_DEFAULTS = {
    "weights": "drawn by Keras, from the same distributions as the matched ones",
    "shuffling": "drawn by the engine; with a seed set, TensorFlow repeats one order every epoch",
}
WIDENED = (
    "On JAX and PyTorch, Keras computes parts of a float64 network in float32, by a table of "
    "types; for the rungs in float64, that table is widened, and Adam's betas are rounded as "
    "TensorFlow rounds them"
)


class Backends(dict[str, Backend]):
    """The backends by name; "pytorch@old" and "pytorch:compiled" are known, but not listed."""

    def __missing__(self, name: str) -> Backend:
        backend, tier = self.get(listed_name(name)), name.partition(_tiers.BETWEEN)[2]
        if backend is None or (tier and tier not in backend.tiers):
            raise KeyError(name)
        return replace(backend, name=name, other_tier=tier)


AGAIN = "@again"  # the label of a backend that is compared with itself; others name interpreters


def backend_of(side: str) -> str:
    """Return the name of a side's backend, with its label, without the tier."""
    return side.partition(_tiers.BETWEEN)[0]


def first_name(side: str) -> str:
    """Return the name of a side that is, or is to be, compared with itself."""
    backend = backend_of(side)
    return backend.removesuffix(AGAIN) + side.removeprefix(backend)


def listed_name(backend: str) -> str:
    """Return the name that a side's backend is listed by, without a label or tier."""
    return backend_of(backend).partition("@")[0]


def order(backend: str) -> tuple[int, str]:
    """Return where a side comes in a table: first those listed, then others by their names.

    A backend's default tier comes before its others.
    """
    listed, name = list(BACKENDS), backend_of(backend)
    return (listed.index(name) if name in listed else len(listed)), backend


BACKENDS = Backends(
    (backend.name, backend)
    for backend in (
        Backend("pytorch", "pytorch", ("torch",), PYTORCH_DEFAULTS, _tiers.PYTORCH),
        *(
            Backend(
                f"keras-{engine}",
                "keras",
                ("keras", engine),
                KERAS_DEFAULTS,
                _tiers.KERAS[engine],
                {"KERAS_BACKEND": engine},
                widened,
            )
            for engine, widened in (
                ("tensorflow", ""),
                ("jax", WIDENED),
                ("torch", WIDENED),
            )
        ),
    )
)


def tier_of(backend: str, tier: str | None) -> str:
    """Return a tier, or for None the backend's default one; "" for a backend that is not known."""
    known = BACKENDS.get(listed_name(backend))
    return tier or (known.tier if known else "")


def side(backend: str, tier: str | None) -> str:
    """Return the name of a backend in a tier: the backend's own in its default one."""
    usual = tier_of(backend, tier) == tier_of(backend, None)
    return backend if usual else f"{backend}{_tiers.BETWEEN}{tier}"


# The two panels, in the order in which they are shown.
PANELS = tuple(dict.fromkeys(backend.folder for backend in BACKENDS.values()))


def twin(folder: str, problem: str) -> Path:
    """Return the file of a problem's twin, which may not exist."""
    return FOLDER / folder / f"{problem}.py"


def missing_twins(problem: str, folders: Iterable[str] = PANELS) -> list[str]:
    """Return the twins that a problem lacks, as paths from the root of the project."""
    twins = [twin(folder, problem) for folder in folders]
    return [str(file.relative_to(FOLDER.parent)) for file in twins if not file.exists()]
