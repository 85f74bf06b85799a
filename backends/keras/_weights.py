"""Weights by name, with Keras's own initial rules."""

from collections.abc import Iterator, Mapping
from math import prod
from typing import NamedTuple

import keras
from keras import layers
from keras.src.models.functional import Functional

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


KERAS_LISTS = ("_layers", "_modules", "_losses", "_metrics")  # attributes of every model


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
    for variable in model.trainable_variables:
        if id(variable) not in known:
            holders = [(path, one) for path, one in layers_by_path(model) if _holds(one, variable)]
            path, layer = holders[-1] if holders else ("the model itself", model)
            where = f"{path}, a {type(layer).__name__}"
            raise ValueError(
                f"no weight layout known for {variable.name} of {where}; known are "
                f"{', '.join(kind.__name__ for kind in LAYERS)}"
            )
    return {slot.name: Weight(tuple(slot.variable.shape), slot.draw) for slot in slots}


def read(model: keras.Model) -> dict[str, Array]:
    """Return copies of the model's weights."""
    return {slot.name: _array(slot.variable) for slot in _slots(model)}


def state(model: keras.Model) -> dict[str, Array]:
    """Return what else a training leaves: moments of the optimizer, averages of normalizations."""
    found = {}
    trained = [id(variable) for variable in model.trainable_variables]
    for name, kind in (("m", "_momentums"), ("v", "_velocities")):
        moments = getattr(model.optimizer, kind, ())
        for slot in _slots(model):
            if moments and id(slot.variable) in trained:
                found[f"{slot.name} {name}"] = _array(moments[trained.index(id(slot.variable))])
    return found | averages(model)


def averages(model: keras.Model) -> dict[str, Array]:
    """Return the running averages of batch normalizations."""
    found = {}
    for path, layer in layers_by_path(model):
        if isinstance(layer, layers.BatchNormalization):
            for name in ("moving_mean", "moving_variance"):
                found[f"{path}/{name}"] = _array(getattr(layer, name))
    return found


def trainable(model: keras.Model) -> dict[str, tuple[int, ...]]:
    """Return the shapes of all that is trained, by name."""
    trained = {id(variable) for variable in model.trainable_variables}
    return {
        slot.name: tuple(slot.variable.shape)
        for slot in _slots(model)
        if id(slot.variable) in trained
    }


def parameters(model: keras.Model) -> int:
    """Return how many numbers of the model are trained."""
    return sum(prod(variable.shape) for variable in model.trainable_variables)


def children(model: keras.Layer) -> dict[str, keras.Layer]:
    """Return the layers of a model by the attributes that hold them, each once.

    One in a list has its index after the attribute's name, one in a dict its key. Those of a
    sequential model have their index, those of a functional one their names.
    """
    if isinstance(model, keras.Sequential):
        return {str(i): layer for i, layer in enumerate(model.layers)}
    if isinstance(model, Functional):
        inputs = layers.InputLayer
        return {layer.name: layer for layer in model.layers if not isinstance(layer, inputs)}
    # Where the engine is PyTorch, a Keras model is an nn.Module, and that keeps its layers apart.
    held = vars(model) | vars(model).get("_modules", {})
    found: dict[int, tuple[str, keras.Layer]] = {}
    own = sorted(held, key=lambda name: name.startswith("_"))  # in which Keras has lists of its own
    for name in own:
        if name not in KERAS_LISTS:
            for path, layer in _held(name, held[name]):
                found.setdefault(id(layer), (path, layer))
    return dict(found.values())


def _held(name: str, value: object) -> Iterator[tuple[str, keras.Layer]]:
    """Yield the layers in the value of an attribute, by path."""
    if isinstance(value, keras.Layer):
        yield name, value
        return
    items = value.items() if isinstance(value, dict) else ()
    items = enumerate(value) if isinstance(value, list | tuple) else items
    for key, item in items:
        yield from _held(f"{name}/{key}", item)


def layers_by_path(model: keras.Layer, prefix: str = "") -> Iterator[tuple[str, keras.Layer]]:
    """Yield all layers of a model, and theirs, by path."""
    for name, layer in children(model).items():
        yield f"{prefix}{name}", layer
        yield from layers_by_path(layer, f"{prefix}{name}/")


def _holds(layer: keras.Layer, variable: keras.Variable) -> bool:
    return any(one is variable for one in layer.trainable_variables)


def _array(variable: keras.Variable) -> Array:
    return keras.ops.convert_to_numpy(variable).copy()


def _slots(model: keras.Layer) -> Iterator[Slot]:
    """Yield the weights in the order of the layers; one that two layers share, once."""
    seen: set[int] = set()
    for name, layer in children(model).items():
        for slot in _layer_slots(name, layer):
            if id(slot.variable) not in seen:
                yield slot
            seen.add(id(slot.variable))


def _layer_slots(path: str, layer: keras.Layer) -> Iterator[Slot]:
    if isinstance(layer, layers.Bidirectional):
        yield from _layer_slots(f"{path}/forward", layer.forward_layer)
        yield from _layer_slots(f"{path}/backward", layer.backward_layer)
    elif isinstance(layer, layers.TimeDistributed):
        yield from _layer_slots(path, layer.layer)
    elif kind := next((kind for kind in LAYERS if isinstance(layer, kind)), None):
        holder = getattr(layer, "cell", layer)
        for name in LAYERS[kind] if layer.built else ():  # one that is not used has no weights
            rule = open_forget_gate if (kind, name) == (layers.LSTM, "bias") else RULES[name]
            if (variable := getattr(holder, name)) is not None:
                yield Slot(f"{path}/{name}", rule, variable)
    else:
        for name, inner in children(layer).items():
            yield from _layer_slots(f"{path}/{name}", inner)
