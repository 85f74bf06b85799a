"""Batch normalization: the running variance that Keras has, at no cost in a step.

Keras averages the variance of a batch, sum / n; PyTorch averages sum / (n - 1). As long as n stays
the same, its average is n / (n - 1) times Keras's. So the running variance starts as so many times
as large, and is divided where it is used: in evaluation. Only a batch of another size needs more.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm


class Norms:
    """The batch normalizations of a model that average variances while it trains.

    `x` are examples (n, ...), which tell how many numbers of each example a layer averages over,
    and `size` is that of a batch.
    """

    def __init__(self, model: nn.Module, x: Tensor, size: int) -> None:
        layers = [layer for layer in model.modules() if isinstance(layer, _BatchNorm)]
        # Without statistics there is nothing to do.
        averaging = [layer for layer in layers if layer.running_var is not None]
        self.calls = _calls(model, averaging, x) if averaging else {}
        self.each = {layer: n for layer, (n, _) in self.calls.items()}
        self.size, self.before = size, {}
        self.excess = {layer: _excess(n * size) for layer, n in self.each.items()}
        for layer, excess in self.excess.items():
            layer.running_var *= excess

    def partial(self, n: int) -> bool:
        """Say whether a batch of n needs to be told of."""
        return n != self.size and bool(self.each)

    def note(self) -> None:
        """Note the averages before such a batch."""
        self.before = {layer: layer.running_var.clone() for layer in self.each}

    def correct(self, n: int) -> None:
        """Correct the averages after such a batch of n, and after its backward pass."""
        for layer, each in self.each.items():
            share = 1 / int(layer.num_batches_tracked) if layer.momentum is None else layer.momentum
            _, times = self.calls[layer]
            old = (1 - share) ** times * self.before[layer]
            new = (layer.running_var - old) / _excess(n * each)  # now as Keras has it
            layer.running_var.copy_(old + new * self.excess[layer])

    @contextmanager
    def of_keras(self) -> Iterator[None]:
        """Give the layers Keras's averages, and PyTorch's again at the end."""
        own = {layer: layer.running_var.clone() for layer in self.each}
        for layer, excess in self.excess.items():
            layer.running_var /= excess
        try:
            yield
        finally:
            for layer, variance in own.items():
                layer.running_var.copy_(variance)


def _excess(n: int) -> float:
    return n / (n - 1) if n > 1 else 1.0


def _calls(
    model: nn.Module, layers: list[_BatchNorm], x: Tensor
) -> dict[_BatchNorm, tuple[int, int]]:
    """Return how many numbers of an example each layer averages over in a call, and how many calls.

    Only layers that average when the model trains are in it: a twin may leave one in evaluation
    mode. The model is left as it was.
    """
    found: dict[_BatchNorm, tuple[int, int]] = {}

    def count(layer: _BatchNorm, inputs: tuple[Tensor, ...]) -> None:
        if layer.training:
            n = inputs[0].numel() // layer.num_features // len(x)
            found[layer] = (n, found.get(layer, (n, 0))[1] + 1)

    hooks = [layer.register_forward_pre_hook(count) for layer in layers]
    buffers = {buffer: buffer.clone() for buffer in model.buffers()}
    model.train()
    with torch.no_grad(), torch.random.fork_rng():
        model(x.clone())
    for buffer, before in buffers.items():
        buffer.copy_(before)
    for hook in hooks:
        hook.remove()
    return found
