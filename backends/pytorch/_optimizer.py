"""Adam as Keras computes it, out of the Adam that PyTorch has.

Keras adds epsilon to the root of the uncorrected second moment and corrects the step size, with
betas in float32; PyTorch corrects the moment first and adds epsilon then. No constant epsilon makes
the two equal, one per step does: epsilon / sqrt(1 - beta2^t), with the step size to match.
"""

from collections.abc import Iterable, Iterator

import numpy as np
import torch
import torch._dynamo  # comes with the first optimizer; here, it counts as import, not as building
from torch import nn

from backends._seeded import Array
from problems import Recipe

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-7


class Adam(torch.optim.Adam):
    """`torch.optim.Adam` that takes its learning rate and epsilon anew for each step."""

    def __init__(self, parameters: Iterator[nn.Parameter], rates: Array, epsilons: Iterable[float]):
        super().__init__(parameters, betas=(BETA1, BETA2))
        self.settings = zip(rates.tolist(), epsilons, strict=True)

    def step(self, closure=None):
        """Take the next step with the next learning rate and epsilon."""
        group = self.param_groups[0]
        group["lr"], group["eps"] = next(self.settings)
        return super().step(closure)


def keras_adam(model: nn.Module, recipe: Recipe, steps_per_epoch: int) -> Adam:
    """Return Keras's Adam for a training by `recipe`, over the model's trainable parameters."""
    trained = [p for p in model.parameters() if p.requires_grad]
    precision = np.float64 if trained[0].dtype == torch.float64 else np.float32
    rates = np.repeat(precision(recipe.learning_rates), steps_per_epoch)
    step = np.arange(1, len(rates) + 1)
    # 1 - 0.999 is off by 1e-5 in float32, and so are Keras's first steps; it rounds the betas to
    # float32 in a float64 network too.
    power1 = np.power(precision(np.float32(BETA1)), step, dtype=precision)
    power2 = np.power(precision(np.float32(BETA2)), step, dtype=precision)
    alpha = rates * np.sqrt(1 - power2) / (1 - power1)
    correction2 = np.sqrt(1 - BETA2**step)
    # differs: Keras's epsilon is 1e-7, PyTorch's default 1e-8
    return Adam(trained, alpha * (1 - BETA1**step) / correction2, (EPSILON / correction2).tolist())


def torch_adam(model: nn.Module, recipe: Recipe, steps_per_epoch: int) -> Adam:
    """Return PyTorch's Adam with its own epsilon, for a training by `recipe`."""
    rates = np.repeat(recipe.learning_rates, steps_per_epoch)
    return Adam(model.parameters(), rates, [1e-8] * len(rates))
