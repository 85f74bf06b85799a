"""Dropout in the check: PyTorch takes the numbers of backends/_dropout.py in place of its own.

That is where a program drops by a layer, by a function, or between the layers of a recurrent stack.
What else draws random numbers draws PyTorch's own.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from math import prod
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.modules.module import (
    register_module_forward_hook,
    register_module_forward_pre_hook,
)
from torch.overrides import TorchFunctionMode

from backends._dropout import RING, STEPS, Draw, dropped, places, ring
from backends.pytorch import _device
from backends.pytorch._layers import leaves_second
from backends.pytorch._rows import Rows
from problems import Problem, mapped

EXAMPLES = 7  # the length of few axes: so the batch axis is known
WHOLE = (functional.dropout, torch.dropout)
CHANNELS = (functional.dropout1d, functional.dropout2d, functional.dropout3d, torch.feature_dropout)
STACKS = ("lstm", "gru", "rnn_tanh", "rnn_relu")
Axes = tuple[int, ...]  # of a tensor, in Keras's order
Inputs = Tensor | Mapping[str, Tensor]


class _Dropping(TorchFunctionMode, ABC):
    """Sees what drops, and has `drop` do it."""

    @abstractmethod
    def drop(self, x: Tensor, rate: float, axes: Axes | None = None) -> Tensor:
        """Drop numbers of x; `axes` are its own in Keras's order, where they are known."""

    @abstractmethod
    def drop_channels(self, x: Tensor, rate: float) -> Tensor:
        """Drop channels of x (n, channel, ...)."""

    def __torch_function__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if function in WHOLE or function in CHANNELS:
            asked = dict(zip(("input", "p", "training", "inplace"), args, strict=False)) | kwargs
            x, rate = asked["input"], asked.get("p", 0.5)
            if rate and asked.get("training", asked.get("train", True)):
                out = self.drop(x, rate) if function in WHOLE else self.drop_channels(x, rate)
                return x.copy_(out) if asked.get("inplace") else out
        elif getattr(function, "__name__", "") in STACKS and len(args) == 9:
            layers, rate, training = args[4:7]
            packed = isinstance(args[3], list | tuple)
            if layers > 1 and rate and training and not packed:
                return self._stack(function, *args)
        return function(*args, **kwargs)

    def _stack(
        self, function, x, state, weights, biases, layers, rate, train, both, batch_first
    ):  # fmt: skip
        """Run a recurrent stack layer by layer, and drop in between."""
        found, each, ways = [], len(weights) // layers, 1 + both
        for k in range(layers):
            here = slice(k * ways, (k + 1) * ways)
            own = state[here] if isinstance(state, Tensor) else tuple(one[here] for one in state)
            part = weights[k * each : (k + 1) * each]
            x, *last = function(x, own, part, biases, 1, 0.0, train, both, batch_first)
            found.append(last)
            if k < layers - 1:
                x = self.drop(x, rate, (0, 1, 2) if batch_first else (1, 0, 2))
        return (x, *(torch.cat(states) for states in zip(*found, strict=True)))


class _Listening(_Dropping):
    """Notes what a step draws, and drops nothing."""

    def __init__(self, problem: Problem) -> None:
        super().__init__()
        self.problem, self.names, self.second = problem, [], set()
        self.found: list[tuple[Draw, Axes]] = []

    def drop(self, x: Tensor, rate: float, axes: Axes | None = None) -> Tensor:
        axes = axes or self._axes(x)
        self._note(rate, [x.shape[axis] for axis in axes[1:]], axes)
        return x

    def drop_channels(self, x: Tensor, rate: float) -> Tensor:
        self._note(rate, [*[1] * (x.ndim - 2), x.shape[1]], ())
        return x

    def _note(self, rate: float, shape: list[int], axes: Axes) -> None:
        name = self.names[-1] if self.names else ""
        self.found.append((Draw(name, float(rate), ", ".join(map(str, shape))), axes))

    def _axes(self, x: Tensor) -> Axes:
        """Return the axes of x in Keras's order: the batch first, channels last.

        Channels are second where the problem's shape after the layer says so; without one, after a
        layer whose channels are, or where there are four axes or more.
        """
        same = tuple(range(x.ndim))
        if x.ndim < 3:
            return same
        if x.shape[0] != EXAMPLES and x.shape[1] == EXAMPLES:
            return (1, 0, *same[2:])
        second = (0, *same[2:], 1)
        name = self.names[-1] if self.names else ""
        if name in self.problem.layers:
            declared = self.problem.layer_shape(name, batch=EXAMPLES)
            for axes in (same, second):
                if tuple(x.shape[axis] for axis in axes) == declared:
                    return axes
        return second if x.ndim > 3 or tuple(x.shape) in self.second else same


class SeededDropout(nn.Module):
    """A network whose dropout has the numbers of a seed while it trains; `draws` are those."""

    def __init__(
        self, network: nn.Module, model: nn.Module, problem: Problem, rows: Rows, seed: int
    ) -> None:
        super().__init__()
        self.network = network
        plan = _plan(model, problem, rows)
        self.draws = [draw for draw, _ in plan]
        axes = [axes for _, axes in plan]
        self.dropping = _Seeded(axes, seed, _device.device) if plan else None

    def forward(self, x: Inputs) -> Tensor:
        """Return the network's output; in training, with the masks of the next step."""
        if self.dropping is None or not self.training:
            return self.network(x)
        self.dropping.begin()
        with self.dropping:
            return self.network(x)


class _Seeded(_Dropping):
    """Drops by the numbers of a seed."""

    def __init__(self, axes: list[Axes], seed: int, device: torch.device) -> None:
        super().__init__()
        self.axes, self.draw, self.step = axes, 0, 0
        self.ring = torch.from_numpy(ring(seed)).to(device)
        starts = [torch.from_numpy(places(seed, draw)) for draw in range(len(axes))]
        self.starts = torch.stack(starts).to(device)
        self.now = self.starts[:, 0].clone()  # of this step; in a tensor for torch.compile's sake

    def begin(self) -> None:
        """Begin the next step."""
        self.now.copy_(self.starts[:, self.step % STEPS])
        self.step, self.draw = self.step + 1, 0

    def drop(self, x: Tensor, rate: float, axes: Axes | None = None) -> Tensor:
        axes = axes or self.axes[self.draw]
        kept = self._kept([x.shape[axis] for axis in axes], rate)
        back = [axes.index(axis) for axis in range(x.ndim)]
        return _scaled(x, kept.permute(back), rate)

    def drop_channels(self, x: Tensor, rate: float) -> Tensor:
        return _scaled(x, self._kept([*x.shape[:2], *[1] * (x.ndim - 2)], rate), rate)

    def _kept(self, shape: list[int], rate: float) -> Tensor:
        start = self.now[self.draw]
        self.draw += 1
        index = (torch.arange(prod(shape), device=start.device) + start) % RING
        return (self.ring[index] >= dropped(rate)).reshape(shape)


def _scaled(x: Tensor, kept: Tensor, rate: float) -> Tensor:
    return x * kept / (1 - rate) if rate < 1 else x * 0


def _plan(model: nn.Module, problem: Problem, rows: Rows) -> list[tuple[Draw, Axes]]:
    """Return what a training step draws, and in which layout; the model is left as it was."""
    few = mapped(Tensor.clone, rows[:EXAMPLES][0])
    buffers = {buffer: buffer.clone() for buffer in model.buffers()}
    training = model.training
    model.train()
    heard = _Listening(problem)
    with torch.no_grad(), torch.random.fork_rng(), heard, _named(model, heard):
        model(few)
    model.train(training)
    for buffer, before in buffers.items():
        buffer.copy_(before)
    return heard.found


@contextmanager
def _named(model: nn.Module, heard: _Listening) -> Iterator[None]:
    """Have the layer that is at work named to a listener, and outputs with channels second."""
    names = {module: name.replace(".", "/") for name, module in model.named_modules()}

    def before(module: nn.Module, _: Any) -> None:
        heard.names.append(names.get(module, ""))

    def after(module: nn.Module, _: Any, output: Any) -> None:
        heard.names.pop()
        if isinstance(output, Tensor) and output.ndim == 3 and leaves_second(module, output):
            heard.second.add(tuple(output.shape))

    hooks: list[Callable[[], None]] = [
        register_module_forward_pre_hook(before).remove,
        register_module_forward_hook(after).remove,
    ]
    try:
        yield
    finally:
        for remove in hooks:
            remove()
