"""Weights by name, with Keras's own initial rules."""

from collections.abc import Callable, Iterator, Mapping
from math import prod
from typing import NamedTuple

import keras
from keras import layers

from backends._seeded import Array, Weight, glorot_uniform, open_forget_gate, orthogonal, zeros


class Slot(NamedTuple):
    """One trainable variable and the initial rule for it."""

    name: str
    draw: Callable[..., Array]
    variable: keras.Variable


def write(model: keras.Model, weights: Mapping[str, Array]) -> None:
    """Write weights into the model.

    Raises:
        ValueError: names or shapes are not those of the model.
    """
    slots = {slot.name: slot.variable for slot in _slots(model)}
    if slots.keys() != weights.keys():
        raise ValueError(f"expected weights {sorted(slots)}, came {sorted(weights)}")
    for name, variable in slots.items():
        variable.assign(weights[name])  # which checks the shape


def describe(model: keras.Model) -> dict[str, Weight]:
    """Return the model's weights: names, shapes and initial rules.

    Raises:
        ValueError: the model has a trainable variable whose name is not known here.
    """
    known = {id(slot.variable) for slot in _slots(model)}
    for variable in model.trainable_variables:
        if id(variable) not in known:
            raise ValueError(f"no weight layout known for {variable.path}")
    return {slot.name: Weight(tuple(slot.variable.shape), slot.draw) for slot in _slots(model)}


def parameters(model: keras.Model) -> int:
    """Return how many numbers of the model are trained."""
    return sum(prod(variable.shape) for variable in model.trainable_variables)


def children(model: keras.Model) -> dict[str, keras.Layer]:
    """Return the model's layers by the names of the attributes that hold them."""
    # Where the engine is PyTorch, a Keras model is an nn.Module, and that keeps its layers apart.
    held = vars(model) | vars(model).get("_modules", {})
    return {name: value for name, value in held.items() if isinstance(value, keras.Layer)}


def _slots(model: keras.Model) -> Iterator[Slot]:
    for name, layer in children(model).items():
        if isinstance(layer, layers.Dense | layers.Conv2D):
            yield Slot(f"{name}/kernel", glorot_uniform, layer.kernel)
            yield Slot(f"{name}/bias", zeros, layer.bias)
        elif isinstance(layer, layers.LSTM):
            yield from _lstm_slots(name, layer)
        elif isinstance(layer, layers.Bidirectional):
            yield from _lstm_slots(f"{name}/forward", layer.forward_layer)
            yield from _lstm_slots(f"{name}/backward", layer.backward_layer)


def _lstm_slots(name: str, layer: layers.LSTM) -> Iterator[Slot]:
    yield Slot(f"{name}/kernel", glorot_uniform, layer.cell.kernel)
    yield Slot(f"{name}/recurrent_kernel", orthogonal, layer.cell.recurrent_kernel)
    yield Slot(f"{name}/bias", open_forget_gate, layer.cell.bias)
