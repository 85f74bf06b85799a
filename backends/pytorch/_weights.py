"""Weights under the names and in the layout that Keras has for them.

Where they lie, as views of parameters, is said by _layouts.py, or by the twin's own `weights`. So a
weight is read and written, and what belongs to it, such as a gradient, has the same layout.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from backends._paths import made, renamed, shortest, sources
from backends._seeded import Array
from backends.pytorch._layouts import LAYERS, Views

LISTS = (nn.ParameterList, nn.ParameterDict)
CELLS = ("cell", "cells")  # a layer that holds one has its weights, as in Keras

_twins: WeakKeyDictionary[nn.Module, ModuleType] = WeakKeyDictionary()


def learn(model: nn.Module, twin: ModuleType) -> None:
    """Take the module that a model comes from: its `weights`, if it has them, are asked first."""
    _twins[model] = twin


# What an optimizer keeps for a tensor: its name on both sides. What is made of others comes last.
MOMENTS = {
    "exp_avg": "m",
    "exp_avg_sq": "v",
    "exp_inf": "u",
    "square_avg": "v",
    "grad_avg": "average",
    "sum": "accumulator",
    "momentum_buffer": "momentum",
}


class Slot(NamedTuple):
    """One Keras weight: its name, and where its numbers are among those of some parameters."""

    name: str
    parameters: tuple[nn.Parameter, ...]
    index: NDArray[np.int64]  # in Keras's layout, of the parameters' numbers one after the other
    padding: int | None = None  # the entry of an embedding that is no weight

    def array(self, of: Callable[[nn.Parameter], Tensor] = lambda p: p) -> Array:
        """Return the weight, or what `of` makes of its tensors, in Keras's layout; NaN for none."""
        found = self._numbers(of)[self.index]
        if self.padding is not None:
            found[self.padding] = np.nan
        return found

    def assign(self, array: Array) -> None:
        """Write the weight; an entry that is none is 0, and stays it in training."""
        numbers = self._numbers(lambda p: p)
        numbers[self.index] = array
        if self.padding is not None:
            numbers[self.index[self.padding]] = 0
        ends = np.cumsum([parameter.numel() for parameter in self.parameters])[:-1]
        for parameter, part in zip(self.parameters, np.split(numbers, ends), strict=True):
            parameter.copy_(torch.from_numpy(part).view(parameter.shape))

    def places(self) -> list[Tensor] | None:
        """Return where the weight is among the numbers of each parameter; None if it is all."""
        sizes = [parameter.numel() for parameter in self.parameters]
        if self.index.size == sum(sizes):
            return None
        flat, starts = self.index.ravel(), np.cumsum([0, *sizes[:-1]])
        spans = zip(starts, sizes, strict=True)
        found = (flat[(flat >= start) & (flat < start + n)] - start for start, n in spans)
        return [torch.from_numpy(one).to(self.parameters[0].device) for one in found]

    def _numbers(self, of: Callable[[nn.Parameter], Tensor]) -> Array:
        # An embedding with sparse=True has sparse gradients, and sparse moments of them.
        parts = [
            of(parameter).detach().to_dense().cpu().numpy().ravel() for parameter in self.parameters
        ]
        return np.concatenate(parts)


def write(model: nn.Module, weights: Mapping[str, Array]) -> None:
    """Write weights, in Keras's layout, into the model.

    Raises:
        ValueError: names or shapes are not those of the model.
    """
    slots = {slot.name: slot for slot in _slots(model)}
    if slots.keys() != weights.keys():
        raise ValueError(f"expected weights {sorted(slots)}, came {sorted(weights)}")
    with torch.no_grad():
        for name, slot in slots.items():
            if slot.index.shape != weights[name].shape:
                raise ValueError(f"{name}: expected {slot.index.shape}, came {weights[name].shape}")
            slot.assign(weights[name])


def freeze_second_bias(model: nn.Module) -> None:
    """Leave the second bias of each LSTM and simple RNN at zero, untrained.

    A GRU needs both of its own: its candidate has a bias inside the reset gate and one outside.
    """
    for bias in _second_biases(model):
        # differs: PyTorch trains two biases, which only ever act as their sum
        nn.init.zeros_(bias).requires_grad_(False)


def fold_second_bias(model: nn.Module) -> None:
    """Add the second bias of each LSTM and simple RNN to its first, so that it can be left out."""
    with torch.no_grad():
        for layer in model.modules():
            own = dict(layer.named_parameters(recurse=False))
            for name, bias in own.items():
                if any(bias is one for one in _second_biases(layer)):
                    own[name.replace("bias_hh", "bias_ih")].add_(bias)
                    bias.zero_()


def describe(model: nn.Module) -> dict[str, tuple[int, ...]]:
    """Return the shapes of the model's weights, by Keras's names.

    Raises:
        ValueError: the model has a layer whose weights are not known here, or not all of them.
    """
    slots = list(_slots(model))
    numbers = dict.fromkeys(model.parameters(), 0)
    for slot in slots:
        ends = np.cumsum([parameter.numel() for parameter in slot.parameters])
        places = np.searchsorted(ends, np.unique(slot.index), side="right")
        counts = np.bincount(places, minlength=len(ends))
        for parameter, count in zip(slot.parameters, counts, strict=True):
            numbers[parameter] += int(count)
    known = {parameter for parameter, count in numbers.items() if count >= parameter.numel()}
    known |= set(_second_biases(model))
    for path, layer in named_layers(model):
        own = dict(layer.named_parameters(recurse=False))
        lacking = [
            name
            for name, one in own.items()
            if one not in known and (one.requires_grad or not _users(layer))
        ]
        if lacking:
            raise ValueError(_unknown(model, path, layer, lacking))
    return {slot.name: slot.index.shape for slot in slots}


def read(model: nn.Module) -> dict[str, Array]:
    """Return copies of the model's weights, in Keras's layout."""
    return {slot.name: slot.array() for slot in _slots(model)}


def gradients(model: nn.Module) -> dict[str, Array]:
    """Return the gradient of every weight after a `backward()`, in Keras's layout."""
    return {slot.name: slot.array(_gradient) for slot in _slots(model)}


def state(model: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, Array]:
    """Return what else a training leaves: moments of the optimizer, averages of normalizations."""
    return _moments(model, optimizer) | averages(model)


def _moments(model: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, Array]:
    found = {}
    for own, name in MOMENTS.items():
        for slot in _slots(model):
            moments = [optimizer.state.get(parameter, {}).get(own) for parameter in slot.parameters]
            if all(moment is not None for moment in moments):
                by_parameter = dict(zip(slot.parameters, moments, strict=True))
                found[f"{slot.name} {name}"] = slot.array(by_parameter.__getitem__)
    return found


def averages(model: nn.Module) -> dict[str, Array]:
    """Return the running averages of batch normalizations, by Keras's names."""
    return {name: average.cpu().numpy().copy() for name, average in _averages(model)}


def write_averages(model: nn.Module, given: Mapping[str, Array]) -> None:
    """Write those running averages of batch normalizations that are given, by Keras's names."""
    for name, average in _averages(model):
        if name in given:
            average.copy_(torch.from_numpy(given[name]))


def _averages(model: nn.Module) -> Iterator[tuple[str, Tensor]]:
    for path, layer in named_layers(model):
        if isinstance(layer, _BatchNorm) and layer.running_var is not None:
            for name, average in (("mean", layer.running_mean), ("variance", layer.running_var)):
                yield _joined(path, f"moving_{name}"), average


def trainable(model: nn.Module) -> dict[str, tuple[int, ...]]:
    """Return the shapes of all that is trained, by Keras's name, or PyTorch's if it has none."""
    shapes, named = {}, set[nn.Parameter]()
    for slot in _slots(model):
        named |= set(slot.parameters)
        if all(parameter.requires_grad for parameter in slot.parameters):
            shapes[slot.name] = slot.index.shape
    return shapes | {
        name: tuple(parameter.shape)
        for name, parameter in model.named_parameters()
        if parameter not in named and parameter.requires_grad
    }


def parameters(model: nn.Module) -> int:
    """Return how many numbers of the model are trained."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


def _gradient(parameter: nn.Parameter) -> Tensor:
    return torch.zeros_like(parameter) if parameter.grad is None else parameter.grad


def _second_biases(model: nn.Module) -> Iterator[nn.Parameter]:
    for layer in model.modules():
        if isinstance(layer, nn.LSTM | nn.RNN | nn.LSTMCell | nn.RNNCell):
            for name, bias in layer.named_parameters(recurse=False):
                if name.startswith("bias_hh"):
                    yield bias


def _users(layer: nn.Module) -> bool:
    """Say whether the class of a layer is a user's, whose parameters have Keras's layout."""
    return type(layer).__module__.partition(".")[0] != "torch" or isinstance(layer, LISTS)


def _joined(path: str, name: str) -> str:
    return f"{path}/{name}" if path else name


def heard(model: nn.Module) -> dict[str, nn.Module]:
    """Return the layers whose outputs are compared, by name: those the twin names, or its own."""
    names = _names(model)
    if not names:
        return dict(model.named_children())
    found = {}
    for path, layer in layers_by_path(model):
        last = f"{path}/{layer.num_layers - 1}" if isinstance(layer, nn.RNNBase) else path
        if name := names.get(path, names.get(last)):  # of a stack, the last has the output
            found[name] = layer
    return found


def _names(model: nn.Module) -> Mapping[str, str]:
    """Return the names that a twin gives to layers, by where they are held: its NAMES."""
    return getattr(_twins.get(model), "NAMES", {})


def named_layers(model: nn.Module) -> list[tuple[str, nn.Module]]:
    """Return a model and its layers, and theirs, by name."""
    names = _names(model)
    return [(renamed(path, names), layer) for path, layer in layers_by_path(model)]


def layers_by_path(model: nn.Module) -> list[tuple[str, nn.Module]]:
    """Return a model and its layers, and theirs, by path, each once by the shortest."""
    found: list[tuple[str, nn.Module]] = []

    def look(path: str, layer: nn.Module) -> None:
        found.append((path, layer))
        for name, inner in layer.named_children():
            look(path if path and name in CELLS else _joined(path, name), inner)

    look("", model)
    return shortest(found)


def _slots(model: nn.Module) -> Iterator[Slot]:
    """Yield the weights in the order of the layers; what an earlier layer has, only there."""
    seen: set[nn.Parameter] = set()
    names = _names(model)
    for path, layer in layers_by_path(model):
        slots = list(_layer_slots(path, layer, _twins.get(model)))
        new = (slot for slot in slots if not seen.issuperset(slot.parameters))
        yield from (slot._replace(name=renamed(slot.name, names)) for slot in new)
        seen |= {parameter for slot in slots for parameter in slot.parameters}


def _layer_slots(path: str, layer: nn.Module, twin: ModuleType | None) -> Iterator[Slot]:
    """Yield the weights of a layer: as known, as taught, or its parameters as they are.

    What a layer of a user's holds itself and does not train is no weight, but a constant.
    """
    taught = twin.weights(layer) if hasattr(twin, "weights") else None
    kind = next((kind for kind in LAYERS if isinstance(layer, kind)), None)
    named = (LAYERS[kind](layer) if kind else {}) | (taught or {})
    own, used = list(layer.parameters()), set[nn.Parameter]()
    for name, views in named.items():
        slot = _slot(_joined(path, name), views, own) if views is not None else None
        if slot:
            used |= set(slot.parameters)
            padding = getattr(layer, "padding_idx", None)
            yield slot._replace(padding=padding if name == "embeddings" else None)
        elif taught and taught.get(name) is not None:
            raise ValueError(
                f"weights of {path}, a {type(layer).__name__}: {name}: expected views of its "
                f"parameters, or lists of views, came a {type(views).__name__} that is none"
            )
    used |= set(_second_biases(layer))
    for name, parameter in layer.named_parameters(recurse=False) if _users(layer) else ():
        if parameter not in used and parameter.requires_grad:
            yield _slot(_joined(path, name), parameter, own)


def _slot(name: str, views: Views, own: list[nn.Parameter]) -> Slot | None:
    """Return the weight that views of a layer's own parameters make; None if one is no view."""
    begins: dict[nn.Parameter, int] = {}
    length = 0

    def index(views: Views) -> Any:
        nonlocal length
        if isinstance(views, list):
            return [index(one) for one in views]
        parameter = next(one for one in own if _is_view(views, one))
        if parameter not in begins:
            begins[parameter], length = length, length + parameter.numel()
        places = torch.arange(parameter.numel()).view(parameter.shape)
        laid = torch.empty_strided(parameter.shape, parameter.stride(), dtype=torch.long)
        start = views.storage_offset() - parameter.storage_offset()
        found = laid.copy_(places).as_strided(views.shape, views.stride(), start)
        return found.numpy() + begins[parameter]

    try:
        found = np.block(index(views))
    except StopIteration:
        return None
    return Slot(name, tuple(begins), np.asarray(found))


def _is_view(view: object, parameter: nn.Parameter) -> bool:
    if not isinstance(view, Tensor):
        return False
    storages = (one.untyped_storage().data_ptr() for one in (view, parameter))
    start = view.storage_offset() - parameter.storage_offset()
    return len(set(storages)) == 1 and 0 <= start < parameter.numel()


def _unknown(model: nn.Module, path: str, layer: nn.Module, names: list[str]) -> str:
    kind, twin = type(layer).__name__, _twins.get(model)
    programs = sources([type(one) for one in model.modules()], "torch")
    if twin is not None and twin.__file__:
        programs.insert(0, Path(twin.__file__))
    where = made(kind, path, programs)
    views = ", ".join(f'"{name}": layer.{name}' for name in names)
    return (
        f"no weight layout known for {', '.join(names)} of {path or 'the model itself'}, a {kind}"
        f"{where}; docs/layers.md has what is known. To teach it, define, beside build, "
        f"weights(layer) that returns {{{views}}} for it, each as Keras has it, else None"
    )
