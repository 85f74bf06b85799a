"""The tier that a network is run in: as it is, or by torch.compile, whole or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

import torch
from torch import _dynamo, nn
from torch._decomp import decompositions

from backends import Unavailable
from backends._tiers import COMPILED
from backends.pytorch import _device

compiled = False
graphs = 0  # compiled so far in this process


def prepare(*, device: str, threads: int, precision: str = "float32", tier: str = "") -> None:
    """Set the device, "cpu" or "gpu", the number of threads, precision and tier of new networks.

    Raises:
        Unavailable: this PyTorch sees no GPU.
    """
    _device.prepare(device=device, threads=threads, precision=precision)
    choose(tier)


def choose(tier: str) -> None:
    """Set the tier of new networks; "" is the default one, in which they run as they are."""
    globals()["compiled"] = tier == COMPILED
    if compiled:
        from torch._inductor import compile_fx  # noqa: F401  here, it counts as import


def ready(model: nn.Module) -> nn.Module:
    """Return what calls the model in the chosen tier."""
    if not compiled:
        return model
    _dynamo.config.allow_rnn = True  # differs: default leaves a network with an LSTM uncompiled
    _dynamo.config.suppress_errors = False  # which would leave it so, too
    return torch.compile(model, backend=_inductor, fullgraph=True)


@contextmanager
def whole() -> Iterator[None]:
    """See that networks called within are compiled if they should be.

    Raises:
        Unavailable: one cannot be, or has not been.
    """
    before = graphs
    try:
        yield
    except _dynamo.exc.TorchDynamoException as error:
        cause = getattr(error, "inner_exception", error)
        first = (str(cause).strip().splitlines() or [""])[0]
        raise Unavailable(f"torch.compile: {type(cause).__name__}: {first}") from error
    if compiled and graphs == before:
        raise Unavailable("torch.compile was asked for, and compiled nothing")


def _inductor(graph, inputs):
    """Compile a graph as torch.compile does by default, but for LSTMs in training."""
    from torch._inductor.compile_fx import compile_fx

    globals()["graphs"] += 1
    with patch.object(decompositions, "select_one_layer_lstm_function", _one_layer_lstm):
        return compile_fx(graph, inputs)


def _one_layer_lstm(*arguments, choose=decompositions.select_one_layer_lstm_function):
    """Choose what an LSTM is compiled to.

    PyTorch 2.13 means to take oneDNN's layer for inference only, but asks its input alone, not its
    weights, for a gradient: in training it fails on a workspace that inference does not make.
    """
    return decompositions.one_layer_lstm if torch.is_grad_enabled() else choose(*arguments)
