"""Training in PyTorch: the loop that Keras calls `fit`, written out."""

import random
from collections.abc import Set
from functools import partial
from importlib import import_module

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from backends import NOTHING, UNWATCHED, Fit, Probe, Slopes, Watch
from backends._clock import Clock
from backends._seeded import Array, Noise
from backends.pytorch import _defaults, _device, _layers, _masks, _tier, _weights
from backends.pytorch._device import (
    gpu_peak_bytes,
    gpu_reserved_bytes,
    matrix,
    settings,
    synchronize,
    versions,
)
from backends.pytorch._kernel import kernel
from backends.pytorch._tier import prepare
from problems import Data, Part, Problem

__all__ = [
    "gpu_peak_bytes",
    "gpu_reserved_bytes",
    "kernel",
    "matrix",
    "prepare",
    "probe",
    "settings",
    "slopes",
    "synchronize",
    "train",
    "versions",
]


def cross_entropy(logits: Tensor, classes: Tensor) -> Tensor:
    """Return the mean cross-entropy of classes (n, ...) under logits (n, ..., class)."""
    # differs: torch takes the class axis second, (n, class, ...)
    return F.cross_entropy(logits.flatten(0, -2), classes.flatten())


LOSSES = {
    "cross_entropy": cross_entropy,
    "binary_cross_entropy": F.binary_cross_entropy_with_logits,
    "mean_absolute_error": F.l1_loss,
}


@_tier.whole()
def train(
    problem: Problem,
    data: Data,
    *,
    seed: int,
    kept: Set[str] = NOTHING,
    watch: Watch = UNWATCHED,
    noise: Noise | None = None,
    masked: bool = False,
) -> Fit:
    """Train the problem's twin by the problem's recipe."""
    clock = Clock(_device.synchronize)
    recipe, loss_of = problem.recipe, LOSSES[problem.recipe.loss]
    training, validation = _tensors(data["train"]), _tensors(data["validation"])
    orders = _defaults.orders(len(data["train"].x), recipe, seed, kept)
    model = _build(problem, seed, kept, noise)
    norms = _defaults.norms(model, training[0], recipe.batch_size, kept)
    steps_per_epoch = -(-orders.shape[1] // recipe.batch_size)
    optimizer = _defaults.optimizer(model, recipe, steps_per_epoch, kept)
    if noise:
        _defaults.add_noise(optimizer, noise)
    network = _tier.ready(model)
    if masked:
        network = _masks.Masked(network, model, problem, training[0], seed)
    randomness = _device.randomness()
    build_s = clock.lap()

    def predict(x: Array) -> Array:
        with norms.of_keras():
            return _predict(network, torch.from_numpy(x), recipe.batch_size).numpy()

    def state() -> dict[str, Array]:
        with norms.of_keras():
            return _weights.state(model, optimizer)

    train_loss, validation_loss, epoch_s, validation_s, first_step_s = [], [], [], 0.0, None
    for order in orders:
        network.train()
        total = torch.zeros((), device=_device.device)
        for batch in order.split(recipe.batch_size):
            if partial_batch := norms.partial(len(batch)):
                norms.note()
            x, y = (tensor[batch].to(_device.device) for tensor in training)
            loss = loss_of(network(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            if partial_batch:
                norms.correct(len(batch))
            total += loss.detach() * len(batch)  # stays on the device: nothing waits for it
            if first_step_s is None:
                first_step_s = clock.split()
            if watch.step:
                watch.step(loss.item())
        train_loss.append(total.item() / len(order))
        epoch_s.append(clock.lap())
        with norms.of_keras():
            validation_loss.append(_evaluate(network, loss_of, validation, recipe.batch_size))
        validation_s += clock.lap()
        if watch.epoch:
            watch.epoch(predict)
            clock.lap()  # nobody's time

    return Fit(
        predict=predict,
        weights=lambda: _weights.read(model),
        state=state,
        devices=partial(_devices, model),
        parameters=_weights.parameters(model),
        steps=_weights.steps(optimizer),
        train_loss=train_loss,
        validation_loss=validation_loss,
        build_s=build_s,
        first_step_s=first_step_s,
        epoch_s=epoch_s,
        validation_s=validation_s,
        draws=_device.randomness() != randomness,
    )


def probe(problem: Problem, *, seed: int, noise: Noise | None = None) -> Probe:
    """Return the problem's untrained twin."""
    model = _build(problem, seed, noise=noise)

    @_tier.whole()
    def ask(x: Array) -> dict[str, Array]:
        found: dict[str, Tensor] = {}

        def listen(name: str, layer: nn.Module, _, output) -> None:
            outputs = _layers.outputs(name, layer, output, (*x.shape, 0)[1])
            found.update({key: one.clone() for key, one in outputs.items()})  # for `inplace`

        hooks = [
            layer.register_forward_hook(partial(listen, name))
            for name, layer in model.named_children()
        ]
        found["output"] = _predict(model, torch.from_numpy(x.copy()), len(x))
        for hook in hooks:
            hook.remove()
        if _tier.compiled:  # which leaves nothing of the layers to be seen
            found["output"] = _predict(_tier.ready(model), torch.from_numpy(x.copy()), len(x))
        return {name: tensor.detach().cpu().numpy() for name, tensor in found.items()}

    kinds = {name: _layers.kind(layer) for name, layer in model.named_children()}
    return Probe(_weights.read(model), _weights.trainable(model), kinds, ask)


@_tier.whole()
def slopes(problem: Problem, part: Part, *, seed: int, noise: Noise | None = None) -> Slopes:
    """Return the untrained twin's loss on a batch and its gradient."""
    model = _build(problem, seed, noise=noise)
    x, y = (tensor.clone() for tensor in _tensors(part))  # a twin may write into its input
    loss_of = LOSSES[problem.recipe.loss]
    evaluation_loss = _evaluate(model, loss_of, (x.clone(), y), len(x))
    norms = _defaults.norms(model, x, len(x), NOTHING)
    network = _masks.Masked(_tier.ready(model), model, problem, x, seed)
    network.train()
    output = network(x.to(_device.device))
    loss = loss_of(output, y.to(_device.device))
    loss.backward()
    with norms.of_keras():
        averages = _weights.averages(model)
    gradients = _weights.gradients(model)
    return Slopes(loss.item(), evaluation_loss, gradients, network.draws, averages)


def _build(
    problem: Problem, seed: int, kept: Set[str] = NOTHING, noise: Noise | None = None
) -> nn.Module:
    torch.manual_seed(seed)
    random.seed(seed)  # as Keras does, for what a twin may draw by other means
    np.random.seed(seed)
    model = import_module(f"backends.pytorch.{problem.name}").build(problem)
    if any(map(nn.parameter.is_lazy, model.parameters())):  # their sizes come with an input
        x = torch.from_numpy(np.zeros((2, *problem.input.shape), problem.input.dtype))
        model.eval()  # no average of a normalization may take it for an example
        model(x.to(torch.get_default_dtype()) if x.is_floating_point() else x)
        model.train()
    _defaults.begin(model, seed, kept, noise)
    return model.to(_device.device)


def _tensors(part: Part) -> tuple[Tensor, Tensor]:
    return torch.from_numpy(part.x), torch.from_numpy(part.y)


def _evaluate(model: nn.Module, loss_of, part: tuple[Tensor, Tensor], batch_size: int) -> float:
    model.eval()
    total = torch.zeros((), device=_device.device)
    with torch.inference_mode():
        for batch in zip(*(tensor.split(batch_size) for tensor in part), strict=True):
            x, y = (tensor.to(_device.device) for tensor in batch)
            total += loss_of(model(x), y) * len(x)
    return total.item() / len(part[0])


def _predict(model: nn.Module, x: Tensor, batch_size: int) -> Tensor:
    model.eval()
    with torch.inference_mode():
        outputs = [model(batch.to(_device.device)) for batch in x.split(batch_size)]
        if not isinstance(outputs[0], Tensor):
            raise TypeError(f"expected one output, a tensor, came a {type(outputs[0]).__name__}")
        return torch.cat(outputs).cpu()


def _devices(model: nn.Module, x) -> set[str]:
    model.eval()
    with torch.inference_mode():
        output = model(torch.from_numpy(x).to(_device.device))
    return {_device.place(tensor) for tensor in (*model.parameters(), output)}
