"""The backends: their folders, packages, tiers and defaults; and where their twins are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import problems
from backends import _tiers
from backends._contract import Engine

if TYPE_CHECKING:
    from problems import Optimizer, Problem

FOLDER = Path(__file__).parent


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

    @property
    def default_tier(self) -> str:
        """The tier that users get without asking."""
        return next(iter(self.tiers))

    def defaults_for(self, problem: Problem) -> list[str]:
        """Return the names of the defaults that can change a training of a problem."""
        applies = {name: APPLIES.get((self.folder, name)) for name in self.defaults}
        return [name for name, of in applies.items() if of is None or of(problem)]

    def missing(self) -> list[str]:
        """Return the packages that are not installed here; nothing is imported."""
        needed = ("numpy", *self.packages)
        return [package for package in needed if find_spec(package) is None]

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
            # GPUs are counted by their PCI buses, as the driver does: the fastest is not the first.
            "CUDA_DEVICE_ORDER": "PCI_BUS_ID",
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
    "optimizer": "of Adam, AdamW and NAdam, epsilon 1e-8, added after the bias correction; AdamW's "
    "decay 0.01, NAdam's momentum decay 0.004",
    "divisor": "of a weighted loss, its elements; of cross_entropy by class, the weights' sum",
    "decay": "a weight decay in the gradient, of all optimizers but AdamW",
    "norm": "gradients clipped by the norm of all, where Keras takes one of each variable",
    "shuffling": "a new order each epoch, drawn by PyTorch",
}
KERAS_DEFAULTS = {
    "weights": "drawn by Keras, from the same distributions as the matched ones",
    "divisor": "of a weighted loss, its elements",
    "optimizer": "epsilon 1e-7, of RMSprop and Adagrad in the root, of Adamax where it divides; "
    "RMSprop's rho 0.9, Adagrad's accumulator begun at 0.1",
    "momentum": "the learning rate in what momentum keeps, of SGD and RMSprop: a new one acts late",
    "shuffling": "drawn by the engine; with a seed set, TensorFlow repeats one order every epoch",
}


def _optimizer(problem: Problem) -> Optimizer:
    return cast("Optimizer", problem.recipe.optimizer)


# Default: whether it is another thing than the matched one for a problem; others always are.
APPLIES: Mapping[tuple[str, str], Callable[[Problem], bool]] = {
    ("pytorch", "optimizer"): lambda one: _optimizer(one).name in ("adam", "adamw", "nadam"),
    ("pytorch", "decay"): lambda one: (
        _optimizer(one).name != "adamw" and bool(_optimizer(one).weight_decay)
    ),
    ("pytorch", "norm"): lambda one: _optimizer(one).clip_norm is not None,
    ("pytorch", "divisor"): lambda one: one.weighted,
    ("keras", "divisor"): lambda one: one.weighted,
    ("keras", "optimizer"): lambda one: _optimizer(one).name in ("rmsprop", "adagrad", "adamax"),
    ("keras", "momentum"): lambda one: bool(_optimizer(one).momentum),
}
WIDENED = (
    "a network of float64 in Keras computes some things in float32; for the rungs in float64 they "
    "are made float64, too, but for the optimizer's constants, such as Adam's betas"
)


def _keras(engine: str) -> Backend:
    """Return Keras on one of its engines."""
    return Backend(
        name=f"keras-{engine}",
        folder="keras",
        packages=("keras", engine),
        defaults=KERAS_DEFAULTS,
        tiers=_tiers.KERAS[engine],
        environment={"KERAS_BACKEND": engine},
        widened=WIDENED,
    )


# In the order in which they are listed and compared: the first is the reference.
BACKENDS = {
    backend.name: backend
    for backend in (
        Backend("pytorch", "pytorch", ("torch",), PYTORCH_DEFAULTS, _tiers.PYTORCH),
        _keras("tensorflow"),
        _keras("jax"),
        _keras("torch"),
    )
}

# The two panels, in the order in which they are shown.
PANELS = tuple(dict.fromkeys(backend.folder for backend in BACKENDS.values()))


def twin(folder: str, problem: str) -> Path:
    """Return the file of a problem's twin, which may not exist: where the problem's own is."""
    return problems.file_of(problem).parents[1] / FOLDER.name / folder / f"{problem}.py"


def shown(file: Path) -> str:
    """Return the path of a twin from the root of the project that it is of."""
    return "/".join(file.parts[-3:])


def own_loss(folder: str, problem: str) -> Callable[..., Any]:
    """Return the function `loss` of a problem's twin, which imports its framework.

    Raises:
        ValueError: the twin has none.
    """
    return _own(folder, problem, "loss", "outputs, targets")


def own_optimizer(folder: str, problem: str) -> Callable[..., Any]:
    """Return the function `optimizer` of a problem's twin, which imports its framework.

    Raises:
        ValueError: the twin has none.
    """
    return _own(folder, problem, "optimizer", "model")


def _own(folder: str, problem: str, name: str, takes: str) -> Callable[..., Any]:
    found = getattr(import_module(f"backends.{folder}.{problem}"), name, None)
    if not callable(found):
        raise ValueError(
            f"backends/{folder}/{problem}.py: expected a function {name}({takes}) beside "
            f"build, for the recipe's {name} is 'own', came none"
        )
    return cast(Callable[..., Any], found)


def missing_twins(problem: str, folders: Iterable[str] = PANELS) -> list[str]:
    """Return the twins that a problem lacks, as paths from the root of the project."""
    twins = [twin(folder, problem) for folder in folders]
    return [shown(file) for file in twins if not file.exists()]
