"""Training in PyTorch: the loop that Keras calls `fit`, written out."""

from collections.abc import Set
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn

from backends import NOTHING, UNWATCHED, Fit, Slopes, Step, Unavailable, Watch
from backends._clock import Clock
from backends._seeded import Array, Noise
from backends.pytorch import _defaults, _device, _dropout, _losses, _network, _tier, _weights
from backends.pytorch._device import (
    gpu_peak_bytes,
    gpu_reserved_bytes,
    matrix,
    settings,
    synchronize,
    versions,
)
from backends.pytorch._kernel import kernel
from backends.pytorch._probe import probe
from backends.pytorch._rows import Rows
from backends.pytorch._tier import prepare
from problems import Arrays, Data, Part, Problem, count, mapped, named

__all__ = [
    "first_steps",
    "gpu_peak_bytes",
    "gpu_reserved_bytes",
    "kernel",
    "loss_at",
    "matrix",
    "prepare",
    "probe",
    "settings",
    "slopes",
    "synchronize",
    "train",
    "versions",
]


class Loop:
    """What a training by a problem's recipe is made of."""

    def __init__(
        self,
        problem: Problem,
        part: Part,
        *,
        seed: int,
        kept: Set[str] = NOTHING,
        noise: Noise | None = None,
    ) -> None:
        recipe = problem.recipe
        self.rows, self.loss_of = Rows.of(problem, part), _losses.make(problem, kept)
        self.orders = _defaults.orders(len(self.rows), recipe, seed, kept)
        self.model = _network.build(problem, seed, kept, noise)
        self.norms = _defaults.norms(self.model, self.rows, recipe.batch_size, kept)
        steps_per_epoch = -(-self.orders.shape[1] // recipe.batch_size)
        self.optimizer, self.before = _defaults.optimizer(
            self.model, problem, steps_per_epoch, kept, noise
        )

    def step(self, network: nn.Module, batch: Tensor) -> Tensor:
        """Train on a batch of rows, and return the loss before it.

        The network is the model, compiled or with seeded dropout, and in training mode.
        """
        if partial_batch := self.norms.partial(len(batch)):
            self.norms.note()
        x, y, weights = self.rows[batch]
        loss = self.loss_of(network(x), y, weights)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        if partial_batch:
            self.norms.correct(len(batch))
        return loss.detach()


@_tier.whole()
def train(
    problem: Problem,
    data: Data,
    *,
    seed: int,
    kept: Set[str] = NOTHING,
    watch: Watch = UNWATCHED,
    noise: Noise | None = None,
    seeded_dropout: bool = False,
) -> Fit:
    """Train the problem's twin by the problem's recipe."""
    clock = Clock(_device.synchronize)
    batch_size, validation = problem.recipe.batch_size, Rows.of(problem, data["validation"])
    loop = Loop(problem, data["train"], seed=seed, kept=kept, noise=noise)
    model, norms = loop.model, loop.norms
    network = _tier.ready(model)
    if seeded_dropout:
        network = _dropout.SeededDropout(network, model, problem, loop.rows, seed)
    randomness = _device.randomness()
    build_s = clock.lap()

    def predict(x: Arrays) -> Arrays:
        with norms.of_keras():
            outputs = _network.predict(network, Rows(problem, x), batch_size)
            return mapped(Tensor.numpy, outputs)

    def state() -> dict[str, Array]:
        with norms.of_keras():
            return _weights.state(model, loop.optimizer)

    train_loss, validation_loss, epoch_s, validation_s, first_step_s = [], [], [], 0.0, None
    for order in loop.orders:
        network.train()
        total = torch.zeros((), device=_device.device)
        for batch in order.split(batch_size):
            loss = loop.step(network, batch)
            total += loss * len(batch)  # stays on the device: nothing waits for it
            if first_step_s is None:
                first_step_s = clock.split()
            if watch.step:
                watch.step(loss.item())
        train_loss.append(total.item() / len(order))
        epoch_s.append(clock.lap())
        with norms.of_keras():
            validation_loss.append(_evaluate(network, loop.loss_of, validation, batch_size))
        validation_s += clock.lap()
        if watch.epoch:
            watch.epoch(predict)
            clock.lap()  # nobody's time

    return Fit(
        predict=predict,
        weights=lambda: _weights.read(model),
        state=state,
        devices=lambda x: _devices(model, Rows(problem, x)),
        parameters=_weights.parameters(model),
        steps=len(loop.before.rates),
        rates=loop.before.rates,
        train_loss=train_loss,
        validation_loss=validation_loss,
        build_s=build_s,
        first_step_s=first_step_s,
        epoch_s=epoch_s,
        validation_s=validation_s,
        own_draws=_device.randomness() != randomness,
    )


def loss_at(problem: Problem, outputs: Arrays, part: Part) -> float:
    """Return the loss of outputs for the targets and the weights of a part."""
    if _device.device.type != "cpu":  # where an error of a kernel would end the process
        raise Unavailable("a loss of outputs that no network has is asked for on a CPU")
    _, y, weights = Rows.of(problem, part)[:]
    found = mapped(lambda one: torch.from_numpy(one).to(_device.device), outputs)
    return _losses.make(problem, NOTHING)(found, y, weights).item()


@_tier.whole()
def slopes(problem: Problem, part: Part, *, seed: int, noise: Noise | None = None) -> Slopes:
    """Return the untrained twin's loss on a batch and its gradient."""
    model = _network.build(problem, seed, noise=noise)
    copies = [replace(part, x=mapped(np.copy, part.x)) for _ in range(2)]
    evaluated, trained = (Rows.of(problem, copy) for copy in copies)  # a twin may write into them
    loss_of = _losses.make(problem, NOTHING)
    evaluation_loss = _evaluate(model, loss_of, evaluated, len(evaluated))
    norms = _defaults.norms(model, trained, len(trained), NOTHING)
    network = _dropout.SeededDropout(_tier.ready(model), model, problem, trained, seed)
    network.train()
    x, y, weights = trained[:]
    loss = loss_of(network(x), y, weights)
    loss.backward()
    with norms.of_keras():
        averages = _weights.averages(model)
    gradients = _weights.gradients(model)
    return Slopes(loss.item(), evaluation_loss, gradients, network.draws, averages)


def first_steps(
    problem: Problem, part: Part, *, seed: int, n: int, noise: Noise | None = None
) -> list[Step]:
    """Return what the first n steps of a training leave, one by one; it is run as it is."""
    loop = Loop(problem, part, seed=seed, noise=noise)
    network = _dropout.SeededDropout(loop.model, loop.model, problem, loop.rows, seed)
    network.train()
    batches = [one for order in loop.orders for one in order.split(problem.recipe.batch_size)]
    found = []
    for batch in batches[:n]:
        loss = loop.step(network, batch).item()
        with loop.norms.of_keras():
            state = _weights.state(loop.model, loop.optimizer)
        found.append(Step(loss, loop.before.rates[-1], _weights.read(loop.model), state))
    return found


def _evaluate(model: nn.Module, loss_of, rows: Rows, batch_size: int) -> float:
    model.eval()
    total = torch.zeros((), device=_device.device)
    with torch.inference_mode():
        for x, y, weights in rows.batches(batch_size):
            total += loss_of(model(x), y, weights) * count(x)
    return total.item() / len(rows)


def _devices(model: nn.Module, rows: Rows) -> set[str]:
    model.eval()
    with torch.inference_mode():
        outputs = named(model(rows[:][0])).values()
    return {_device.place(tensor) for tensor in (*model.parameters(), *outputs)}
