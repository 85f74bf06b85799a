"""Batch normalization: the running variance that Keras has, at no cost in a step.

Keras averages the variance of a batch, sum / n; PyTorch averages sum / (n - 1). As long as n stays
the same, its average is n / (n - 1) times Keras's. So the running variance starts as so many times
as large, and is divided where it is used: in evaluation. Only a batch of another size needs more.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from inspect import signature

import torch
from torch import Tensor, nn
from torch.nn.functional import batch_norm
from torch.overrides import TorchFunctionMode

from problems import count, mapped

# Where one normalization is used twice, its average can be made Keras's only if n is the same.
TWO_SIZES = (
    "a batch normalization is used on inputs of two sizes in a step, {} and {} numbers of an "
    "example in each mean; expected one size"
)


class Norms:
    """The running variances of a model that batch normalization averages while it trains.

    `x` are examples (n, ...), or several by name, which tell how many numbers of each example are
    averaged over, and `size` is that of a batch.
    """

    def __init__(self, model: nn.Module, x, size: int) -> None:
        # What has no average needs no asking, which a twin with code of its own might not survive.
        self.calls = _calls(model, x) if next(model.buffers(), None) is not None else {}
        self.size, self.before = size, {}
        self.excess = {average: _excess(call.each * size) for average, call in self.calls.items()}
        for average, excess in self.excess.items():
            average *= excess

    def partial(self, n: int) -> bool:
        """Say whether a batch of n needs to be told of."""
        return n != self.size and bool(self.calls)

    def note(self) -> None:
        """Note the averages before such a batch."""
        self.before = {average: average.clone() for average in self.calls}

    def correct(self, n: int) -> None:
        """Correct the averages after such a batch of n, and after its backward pass."""
        for average, call in self.calls.items():
            old = call.kept * self.before[average]
            new = (average - old) / _excess(n * call.each)  # now as Keras has it
            average.copy_(old + new * self.excess[average])

    @contextmanager
    def of_keras(self) -> Iterator[None]:
        """Make the averages Keras's, and PyTorch's again at the end."""
        own = {average: average.clone() for average in self.calls}
        for average, excess in self.excess.items():
            average /= excess
        try:
            yield
        finally:
            for average, numbers in own.items():
                average.copy_(numbers)


def _excess(n: int) -> float:
    return n / (n - 1) if n > 1 else 1.0


@dataclass
class Call:
    """What a training step does to an average."""

    each: int  # numbers of an example that one variance is of
    kept: float = 1.0  # what is left of the average before


class _Listening(TorchFunctionMode):
    """Sees what is normalized, by a layer or by a twin that calls the function itself."""

    def __init__(self, examples: int) -> None:
        super().__init__()
        self.examples, self.found = examples, dict[Tensor, Call]()

    def __torch_function__(self, function, types, args=(), kwargs=None):
        if function is batch_norm:
            asked = signature(function).bind(*args, **(kwargs or {}))
            asked.apply_defaults()
            average = asked.arguments["running_var"]
            if average is not None and asked.arguments["training"]:
                each = asked.arguments["input"].numel() // average.numel() // self.examples
                call = self.found.setdefault(average, Call(each))
                if call.each != each:
                    raise ValueError(TWO_SIZES.format(each, call.each))
                call.kept *= 1 - asked.arguments["momentum"]
        return function(*args, **(kwargs or {}))


def _calls(model: nn.Module, x) -> dict[Tensor, Call]:
    """Return what a training step does to the averages of a model, which is left as it was.

    Only those are in it that change when the model trains: a twin may leave a layer in evaluation
    mode.
    """
    buffers = {buffer: buffer.clone() for buffer in model.buffers()}
    model.train()
    with torch.no_grad(), torch.random.fork_rng(), _Listening(count(x)) as heard:
        model(mapped(torch.clone, x))
    for buffer, before in buffers.items():
        buffer.copy_(before)
    return heard.found
