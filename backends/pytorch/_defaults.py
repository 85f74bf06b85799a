"""PyTorch's defaults, and what takes their place so that both frameworks train the same model.

`kept` names those that stay: none in matched mode, all in native mode. What they do is said in
`backends.PYTORCH_DEFAULTS`.
"""

from collections.abc import Set

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from backends._registry import PYTORCH_DEFAULTS
from backends._seeded import batch_order, initial_weights
from backends.pytorch import _weights
from backends.pytorch._optimizer import keras_adam, torch_adam
from problems import Recipe

OPTIMIZERS = {"adam": keras_adam}
KEPT_OPTIMIZERS = {"adam": torch_adam}


def begin(model: nn.Module, seed: int, kept: Set[str]) -> None:
    """Give a new model its initial weights, and the layers that Keras has."""
    if "weights" not in kept:
        _weights.write(model, initial_weights(_weights.describe(model), seed))
    if "bias" not in kept:
        _weights.freeze_second_bias(model)
    if not kept.issuperset(PYTORCH_DEFAULTS):
        for layer in model.modules():
            if isinstance(layer, _BatchNorm):
                _average_biased_variance(layer)


def optimizer(model: nn.Module, recipe: Recipe, steps_per_epoch: int, kept: Set[str]):
    """Return the optimizer of a training by `recipe`."""
    makers = KEPT_OPTIMIZERS if "optimizer" in kept else OPTIMIZERS
    return makers[recipe.optimizer](model, recipe, steps_per_epoch)


def orders(n: int, recipe: Recipe, seed: int, kept: Set[str]) -> Tensor:
    """Return the order (epoch, n) in which the n examples are seen."""
    if "shuffling" in kept:
        generator = torch.Generator().manual_seed(seed)  # what RandomSampler does each epoch
        return torch.stack([torch.randperm(n, generator=generator) for _ in range(recipe.epochs)])
    return torch.from_numpy(batch_order(n, epochs=recipe.epochs, seed=seed))


def _average_biased_variance(layer: _BatchNorm) -> None:
    """Have the running variance average what Keras's does: sum / n, where PyTorch has n - 1."""

    def before(layer: _BatchNorm, _) -> None:
        layer.variance_before = layer.running_var.clone()

    def after(layer: _BatchNorm, inputs: tuple[Tensor, ...], _) -> None:
        if layer.training and torch.is_grad_enabled():
            n = inputs[0].numel() // layer.num_features
            kept = (1 - layer.momentum) * layer.variance_before
            # A new tensor: the old one is still wanted for the gradient.
            layer.running_var = kept + (layer.running_var - kept) * (n - 1) / n

    layer.register_forward_pre_hook(before)
    layer.register_forward_hook(after)
