"""A problem's network, as its twin builds it, with its initial weights."""

import random
from collections.abc import Set
from importlib import import_module

import numpy as np
import torch
from torch import Tensor, nn

from backends import NOTHING
from backends._outputs import outputs_of
from backends._seeded import Noise
from backends.pytorch import _defaults, _device, _weights
from backends.pytorch._rows import Rows
from problems import Problem, mapped


def build(
    problem: Problem, seed: int, kept: Set[str] = NOTHING, noise: Noise | None = None
) -> nn.Module:
    """Return a new network of the problem.

    Raises:
        TypeError: the twin builds something else.
    """
    torch.manual_seed(seed)
    random.seed(seed)  # as Keras does, for what a twin may draw by other means
    np.random.seed(seed)
    twin = import_module(f"backends.pytorch.{problem.name}")
    model = twin.build(problem)
    if not isinstance(model, nn.Module):
        raise TypeError(f"build: expected a PyTorch module, came {model!r:.60}")
    precision = torch.get_default_dtype()
    if precision == torch.float64:
        model.double()  # also what it has read from a file
    _weights.learn(model, twin)
    if any(map(nn.parameter.is_lazy, model.parameters())):  # their sizes come with an input
        x = mapped(lambda spec: torch.from_numpy(spec.blank(2)), problem.input)
        model.eval()  # no average of a normalization may take it for an example
        model(mapped(lambda one: one.to(precision) if one.is_floating_point() else one, x))
        model.train()
    _defaults.begin(model, problem, seed, kept, noise)
    return model.to(_device.device)


def predict(model: nn.Module, rows: Rows, batch_size: int) -> Tensor:
    """Return what a network answers to rows, in batches, on the CPU: a tensor, or several by name.

    Raises:
        TypeError: it answers something else than is specified.
    """
    model.eval()
    with torch.inference_mode():
        outputs = [model(x) for x, _, _ in rows.batches(batch_size)]
        outputs_of(rows.problem.output, outputs[0], torch.is_tensor)
        return mapped(lambda *batches: torch.cat(batches).cpu(), *outputs)
