"""The tier that a network is run in: what `compile` is told, and whether it is done."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

import keras

from backends import Unavailable
from backends._tiers import COMPILED, EAGER, GRAPH, KERAS
from backends.keras import _device
from backends.keras._device import ENGINE, engine

# What `compile` is told; also where it is the default, so that no tier ever is another.
ARGUMENTS = {
    EAGER: {"run_eagerly": True},
    GRAPH: {"jit_compile": False},
    COMPILED: {"jit_compile": True},
}
chosen = next(iter(KERAS[ENGINE]))


def prepare(*, device: str, threads: int, precision: str = "float32", tier: str = "") -> None:
    """Set the device, "cpu" or "gpu", the number of threads, precision and tier of new networks.

    Raises:
        Unavailable: the engine sees no GPU.
    """
    _device.prepare(device=device, threads=threads, precision=precision)
    choose(tier)


def choose(tier: str) -> None:
    """Set the tier of new networks; "" is the default one."""
    globals()["chosen"] = tier or next(iter(KERAS[ENGINE]))
    if ENGINE == "torch" and chosen == COMPILED:
        import_module(f"{ENGINE}._inductor.compile_fx")  # here, it counts as import
        # Else what cannot be compiled is left as it is, without a word.
        import_module(f"{ENGINE}._dynamo").config.suppress_errors = False


def compile_model(model: keras.Model, *settings) -> None:
    """Call the model's `compile` with optimizer, loss, and what the chosen tier takes.

    Raises:
        Unavailable: Keras would go on without XLA.
    """
    model.compile(*settings, **ARGUMENTS[chosen])
    if chosen == COMPILED and not model.jit_compile:
        raise Unavailable("Keras turns XLA off for a network with such layers, e.g. cuDNN's")


def compile_steps(model: keras.Model, *settings) -> None:
    """Call the model's `compile` for a few steps that are looked at one by one.

    A step without a graph is quicker than the graph; on JAX, which compiles each operation, not.
    """
    model.compile(*settings, **ARGUMENTS[COMPILED if ENGINE == "jax" else EAGER])


@contextmanager
def compiled() -> Iterator[None]:
    """See that what is run within is compiled if it should be.

    Raises:
        Unavailable: it cannot be, or has not been.
    """
    before = _graphs()
    try:
        yield
    except _errors() as error:
        if why := _why(error):
            raise Unavailable(f"{ENGINE}: {why}") from error
        raise
    if chosen == COMPILED and before is not None and _graphs() == before:
        raise Unavailable("torch.compile was asked for, and compiled nothing")


def _graphs() -> int | None:
    """Return how many graphs PyTorch has compiled in this process; None on other engines."""
    if ENGINE != "torch":
        return None
    return import_module(f"{ENGINE}._dynamo.utils").counters["stats"]["unique_graphs"]


def _errors() -> type[Exception]:
    """Return what an engine raises for what it cannot compile, and maybe for more."""
    if ENGINE == "torch":
        return import_module(f"{ENGINE}._dynamo.exc").TorchDynamoException
    return engine.errors.OpError if ENGINE == "tensorflow" else Unavailable  # JAX takes it all


def _why(error: Exception) -> str:
    """Return what could not be compiled; empty if the error is about something else."""
    cause = getattr(error, "inner_exception", error)  # PyTorch's, wrapped
    lines = str(cause).strip().splitlines()
    if ENGINE == "tensorflow":
        return next((line[:200] for line in lines if "trying to compile" in line), "")
    return f"{type(cause).__name__}: {lines[0] if lines else ''}"
