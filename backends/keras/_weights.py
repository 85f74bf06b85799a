"""Weights by name, with Keras's own initial rules."""

from collections.abc import Iterator, Mapping
from math import prod
from typing import NamedTuple

import keras
from keras import layers

from backends._seeded import RULES, Array, Draw, Weight, open_forget_gate

# Layer: the names of its weights, which it holds under these names itself.
LAYERS = {
    layers.Dense: ("kernel", "bias"),
    layers.Conv1D: ("kernel", "bias"),
    layers.Conv2D: ("kernel", "bias"),
    layers.Embedding: ("embeddings",),
    layers.BatchNormalization: ("gamma", "beta"),
    layers.LayerNormalization: ("gamma", "beta"),
    layers.LSTM: ("kernel", "recurrent_kernel", "bias"),
    layers.GRU: ("kernel", "recurrent_kernel", "bias"),
    layers.SimpleRNN: ("kernel", "recurrent_kernel", "bias"),
}


class Slot(NamedTuple):
    """One trainable variable and the initial rule for it."""

    name: str
    draw: Draw
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
        ValueError: the model has a layer whose weights are not known here.
    """
    slots = list(_slots(model))
    known = {id(slot.variable) for slot in slots}
    for name, layer in children(model).items():
        for variable in layer.trainable_variables:
            if id(variable) not in known:
                kind = type(layer).__name__
                raise ValueError(f"no weight layout known for {variable.name} of {name}, a {kind}")
    if len(model.trainable_variables) != len(slots):
        raise ValueError(f"no weight layout known for a weight of {type(model).__name__} itself")
    return {slot.name: Weight(tuple(slot.variable.shape), slot.draw) for slot in slots}


def read(model: keras.Model) -> dict[str, Array]:
    """Return copies of the model's weights."""
    return {slot.name: keras.ops.convert_to_numpy(slot.variable).copy() for slot in _slots(model)}


def trainable(model: keras.Model) -> dict[str, tuple[int, ...]]:
    """Return the shapes of all that is trained, by name."""
    return {slot.name: tuple(slot.variable.shape) for slot in _slots(model)}


def parameters(model: keras.Model) -> int:
    """Return how many numbers of the model are trained."""
    return sum(prod(variable.shape) for variable in model.trainable_variables)


def children(model: keras.Layer) -> dict[str, keras.Layer]:
    """Return the layers of a model by the attributes that hold them; in a list, by its index."""
    if isinstance(model, keras.Sequential):
        return {str(i): layer for i, layer in enumerate(model.layers)}
    # Where the engine is PyTorch, a Keras model is an nn.Module, and that keeps its layers apart.
    held = vars(model) | vars(model).get("_modules", {})
    found = {}
    for name, value in held.items():
        if isinstance(value, keras.Layer):
            found[name] = value
        elif isinstance(value, list | tuple) and not name.startswith("_"):
            found |= {f"{name}/{i}": v for i, v in enumerate(value) if isinstance(v, keras.Layer)}
    return found


def _slots(model: keras.Layer, prefix: str = "") -> Iterator[Slot]:
    for name, layer in children(model).items():
        yield from _layer_slots(f"{prefix}{name}", layer)


def _layer_slots(path: str, layer: keras.Layer) -> Iterator[Slot]:
    if isinstance(layer, layers.Bidirectional):
        yield from _layer_slots(f"{path}/forward", layer.forward_layer)
        yield from _layer_slots(f"{path}/backward", layer.backward_layer)
    elif isinstance(layer, layers.TimeDistributed):
        yield from _layer_slots(path, layer.layer)
    elif kind := next((kind for kind in LAYERS if isinstance(layer, kind)), None):
        holder = getattr(layer, "cell", layer)
        for name in LAYERS[kind]:
            rule = open_forget_gate if (kind, name) == (layers.LSTM, "bias") else RULES[name]
            if (variable := getattr(holder, name)) is not None:
                yield Slot(f"{path}/{name}", rule, variable)
    else:
        yield from _slots(layer, f"{path}/")
