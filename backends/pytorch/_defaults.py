"""PyTorch's defaults, and what takes their place so that both frameworks train the same model.

`kept` names those that stay: none in matched mode, all in native mode. What they do is said in
`backends.PYTORCH_DEFAULTS`.
"""

from collections.abc import Set

import torch
from torch import Tensor, nn

from backends._contract import NOTHING
from backends._registry import PYTORCH_DEFAULTS
from backends._seeded import Noise, batch_order, give_weights
from backends.pytorch import _optimizers, _weights
from backends.pytorch._norms import Norms
from backends.pytorch._optimizers import Before, OfTwin
from backends.pytorch._rows import Rows
from problems import Problem, Recipe


def begin(
    model: nn.Module, problem: Problem, seed: int, kept: Set[str], noise: Noise | None
) -> None:
    """Give a new model its initial weights, and the biases that Keras has."""
    give_weights(_weights, model, problem, seed, noise, draw="weights" not in kept)
    if "bias" not in kept:
        _weights.freeze_second_bias(model)


def norms(model: nn.Module, training: Rows, batch_size: int, kept: Set[str]) -> Norms:
    """Return the batch normalizations whose running variance is to be Keras's."""
    return Norms(
        model if not kept.issuperset(PYTORCH_DEFAULTS) else nn.Identity(),
        training[:2][0],
        min(batch_size, len(training)),
    )


def optimizer(
    model: nn.Module,
    problem: Problem,
    steps_per_epoch: int,
    kept: Set[str] = NOTHING,
    noise: Noise | None = None,
) -> tuple[torch.optim.Optimizer | OfTwin, Before | OfTwin]:
    """Return the optimizer of a training, and what has the rates of its steps so far."""
    made, before = _optimizers.optimizer(model, problem, steps_per_epoch, kept)
    if noise:
        add_noise(made, noise)  # first, as rounding is: what is clipped has it
    if before is not made:
        made.register_step_pre_hook(before)
    return made, before


def orders(n: int, recipe: Recipe, seed: int, kept: Set[str]) -> Tensor:
    """Return the order (epoch, n) in which the n examples are seen."""
    if "shuffling" in kept:
        generator = torch.Generator().manual_seed(seed)  # what RandomSampler does each epoch
        return torch.stack([torch.randperm(n, generator=generator) for _ in range(recipe.epochs)])
    return torch.from_numpy(batch_order(n, epochs=recipe.epochs, seed=seed))


def add_noise(optimizer: torch.optim.Optimizer | OfTwin, noise: Noise) -> None:
    """Have noise added to every gradient before each step, by the size of the largest of all."""
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    generator = torch.Generator().manual_seed(noise.draw)

    def drawn(like: Tensor) -> Tensor:
        return torch.randn(like.shape, generator=generator).to(like.device)

    lasting = [drawn(parameter) for parameter in parameters]

    def before(*_) -> None:
        for parameter in parameters:
            if parameter.grad is not None:  # that of an embedding with sparse=True is sparse
                parameter.grad = parameter.grad.to_dense()
        gradients = [parameter.grad for parameter in parameters]
        size = noise.size * max(one.abs().max() for one in gradients if one is not None)
        for gradient, stays in zip(gradients, lasting, strict=True):
            if gradient is not None:  # no rounding makes a number of an exact 0
                gradient += size * (stays + drawn(gradient)) * (gradient != 0)

    optimizer.register_step_pre_hook(before)
