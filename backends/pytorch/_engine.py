"""Training in PyTorch: the loop that Keras calls `fit`, written out."""

from collections.abc import Set
from functools import partial
from importlib import import_module

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from backends import NOTHING, UNWATCHED, Fit, Probe, Watch
from backends._clock import Clock
from backends._seeded import Array
from backends.pytorch import _defaults, _device, _tier, _weights
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
    "gradients",
    "kernel",
    "matrix",
    "prepare",
    "probe",
    "settings",
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
) -> Fit:
    """Train the problem's twin by the problem's recipe."""
    clock = Clock(_device.synchronize)
    recipe, loss_of = problem.recipe, LOSSES[problem.recipe.loss]
    training, validation = _tensors(data["train"]), _tensors(data["validation"])
    orders = _defaults.orders(len(data["train"].x), recipe, seed, kept)
    model = _build(problem, seed, kept)
    steps_per_epoch = -(-orders.shape[1] // recipe.batch_size)
    optimizer = _defaults.optimizer(model, recipe, steps_per_epoch, kept)
    network = _tier.ready(model)
    build_s = clock.lap()

    def predict(x: Array) -> Array:
        return _predict(network, torch.from_numpy(x), recipe.batch_size).numpy()

    train_loss, validation_loss, epoch_s, validation_s, first_step_s = [], [], [], 0.0, None
    for order in orders:
        network.train()
        total = torch.zeros((), device=_device.device)
        for batch in order.split(recipe.batch_size):
            x, y = (tensor[batch].to(_device.device) for tensor in training)
            loss = loss_of(network(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.detach() * len(batch)  # stays on the device: nothing waits for it
            if first_step_s is None:
                first_step_s = clock.split()
            if watch.step:
                watch.step(loss.item())
        train_loss.append(total.item() / len(order))
        epoch_s.append(clock.lap())
        validation_loss.append(_evaluate(network, loss_of, validation, recipe.batch_size))
        validation_s += clock.lap()
        if watch.epoch:
            watch.epoch(predict)
            clock.lap()  # nobody's time

    return Fit(
        predict=predict,
        weights=lambda: _weights.read(model),
        devices=partial(_devices, model),
        parameters=_weights.parameters(model),
        train_loss=train_loss,
        validation_loss=validation_loss,
        build_s=build_s,
        first_step_s=first_step_s,
        epoch_s=epoch_s,
        validation_s=validation_s,
    )


@_tier.whole()
def probe(problem: Problem, x: Array, *, seed: int) -> Probe:
    """Run the problem's untrained twin on x (n, ...), in evaluation mode."""
    model, layers = _build(problem, seed), {}
    for name, layer in model.named_children():
        layer.register_forward_hook(
            lambda layer, _, output, name=name: layers.update(_layer_outputs(name, layer, output))
        )
    output = _predict(model, torch.from_numpy(x), len(x))
    if _tier.compiled:  # which leaves nothing of the layers to be seen
        output = _predict(_tier.ready(_build(problem, seed)), torch.from_numpy(x), len(x))
    arrays = {name: tensor.cpu().numpy() for name, tensor in layers.items()}
    return Probe(output.numpy(), arrays, _weights.read(model), _weights.trainable(model))


@_tier.whole()
def gradients(problem: Problem, part: Part, *, seed: int) -> tuple[float, dict[str, Array]]:
    """Return the untrained twin's loss on a batch, and its gradient, in training mode."""
    model, (x, y) = _build(problem, seed), _tensors(part)
    model.train()
    output = _tier.ready(model)(x.to(_device.device))
    loss = LOSSES[problem.recipe.loss](output, y.to(_device.device))
    loss.backward()
    return loss.item(), _weights.gradients(model)


def _build(problem: Problem, seed: int, kept: Set[str] = NOTHING) -> nn.Module:
    torch.manual_seed(seed)
    model = import_module(f"backends.pytorch.{problem.name}").build(problem)
    _defaults.begin(model, seed, kept)
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
        return torch.cat(outputs).cpu()


def _devices(model: nn.Module, x) -> set[str]:
    model.eval()
    with torch.inference_mode():
        output = model(torch.from_numpy(x).to(_device.device))
    return {_device.place(tensor) for tensor in (*model.parameters(), output)}


def _layer_outputs(name: str, layer: nn.Module, output) -> dict[str, Tensor]:
    """Name a layer's outputs as Keras does: channels last; both of a recurrent layer's outputs."""
    if isinstance(layer, nn.RNNBase):
        sequence, state = output
        hidden = state[0] if isinstance(state, tuple) else state
        return {name: sequence, f"{name}.last": torch.cat(tuple(hidden), dim=-1)}
    channels_second = output.ndim == 4 or isinstance(layer, nn.Conv1d)
    return {name: output.movedim(1, -1) if channels_second else output}
