"""What a loss and an optimizer of the twin's own are set to, and what the latter does."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn

from backends import NOTHING
from backends._own import COUPLED, DECOUPLED
from backends._registry import own_loss
from backends._seeded import Array
from backends.pytorch import _network, _optimizers, _weights
from backends.pytorch._optimizers import OfTwin
from problems import Problem

# PyTorch's name of a setting: that of both frameworks.
NAMES = {
    "momentum": "momentum",
    "nesterov": "nesterov",
    "dampening": "dampening",
    "eps": "epsilon",
    "alpha": "rho",
    "centered": "centered",
    "initial_accumulator_value": "initial accumulator",
    "weight_decay": "decay",
}
KINDS = {
    torch.optim.AdamW: "adam",
    torch.optim.Adam: "adam",
    torch.optim.SGD: "sgd",
    torch.optim.RMSprop: "rmsprop",
    torch.optim.Adagrad: "adagrad",
    torch.optim.Adamax: "adamax",
    torch.optim.NAdam: "nadam",
}


def loss_settings(problem: Problem) -> dict[str, Any]:
    """Return what the twin's loss is set to, as far as that is told by an object of PyTorch's."""
    loss = getattr(own_loss("pytorch", problem.name), "own", None)
    if not isinstance(loss, nn.Module):
        return {}
    found: dict[str, Any] = {"kind": type(loss).__name__}
    if (smoothing := getattr(loss, "label_smoothing", 0.0)) > 0:
        found["label smoothing"] = smoothing
    weights = getattr(loss, "weight", None)
    if weights is not None:
        found["class weights"] = weights.tolist()
    return found


def moved(
    problem: Problem, *, seed: int, gradients: Sequence[Mapping[str, Array]]
) -> tuple[list[dict[str, Array]], list[float], dict[str, Any]]:
    """Return the weights after each step with given gradients, the rates, and the settings."""
    model, other = (_network.build(problem, seed) for _ in range(2))
    made, _ = _optimizers.optimizer(model, problem, len(gradients), NOTHING)
    assert isinstance(made, OfTwin)
    found = []
    for step in gradients:
        _weights.write(other, step)  # which has each gradient in PyTorch's layout
        made.zero_grad()
        for parameter, gradient in zip(model.parameters(), other.parameters(), strict=True):
            if parameter.requires_grad:
                parameter.grad = gradient.detach().clone()
        made.step()
        found.append(_weights.read(model))
    return found, made.rates, _settings(made.own)


def _settings(optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    group = optimizer.param_groups[0]
    kind = next((name for one, name in KINDS.items() if isinstance(optimizer, one)), "")
    found = {"kind": kind or type(optimizer).__name__}
    found |= {NAMES[name]: group[name] for name in NAMES if name in group}
    if group.get("weight_decay"):
        decoupled = isinstance(optimizer, torch.optim.AdamW)
        found["the decay is"] = DECOUPLED if decoupled else COUPLED
    if "betas" in group:
        found["beta1"], found["beta2"] = group["betas"]
    return found
