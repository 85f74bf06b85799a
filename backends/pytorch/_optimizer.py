"""Adam as Keras computes it, out of the Adam that PyTorch has.

Keras adds epsilon to the root of the uncorrected second moment and corrects the step size, in
float32; PyTorch corrects the moment first and adds epsilon then. No constant epsilon makes the two
equal, one per step does: epsilon / sqrt(1 - beta2^t), with the step size to match.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
import torch._dynamo  # comes with the first optimizer; here, it counts as import, not as building
from torch import nn

from problems._problem import Recipe

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-7


class Adam(torch.optim.Adam):
    """`torch.optim.Adam` that takes its learning rate and epsilon anew for each step."""

    def __init__(self, parameters: Iterator[nn.Parameter], settings: Sequence[tuple[float, float]]):
        # differs: Keras's epsilon is 1e-7, PyTorch's default 1e-8
        super().__init__(parameters, betas=(BETA1, BETA2), eps=EPSILON)
        self.settings = iter(settings)

    def step(self, closure=None):
        """Take the next step with the next learning rate and epsilon."""
        group = self.param_groups[0]
        group["lr"], group["eps"] = next(self.settings)
        return super().step(closure)


def keras_adam(model: nn.Module, recipe: Recipe, steps_per_epoch: int) -> Adam:
    """Return the optimizer of a training by `recipe`, over the model's trainable parameters."""
    rates = np.repeat(np.float32(recipe.learning_rates), steps_per_epoch)
    step = np.arange(1, len(rates) + 1)
    # float32, as Keras computes them: 1 - 0.999 is off by 1e-5 there, and so are its first steps.
    power1 = np.power(np.float32(BETA1), step, dtype=np.float32)
    power2 = np.power(np.float32(BETA2), step, dtype=np.float32)
    alpha = rates * np.sqrt(1 - power2) / (1 - power1)
    correction2 = np.sqrt(1 - BETA2**step)
    settings = zip(
        (alpha * (1 - BETA1**step) / correction2).tolist(),
        (EPSILON / correction2).tolist(),
        strict=True,
    )
    return Adam((p for p in model.parameters() if p.requires_grad), list(settings))
