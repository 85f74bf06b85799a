"""Weights by name, as Keras names them, but for a few that are named as they are used."""

import re
from collections.abc import Iterator, Mapping
from math import prod
from pathlib import Path
from types import ModuleType
from typing import NamedTuple
from weakref import WeakKeyDictionary, WeakSet

import keras
from keras import layers
from keras.src.layers.convolutional.base_conv import BaseConv
from keras.src.layers.convolutional.base_separable_conv import BaseSeparableConv
from keras.src.models.functional import Functional

from backends._paths import made, renamed, shortest, sources
from backends._seeded import Array

# Attributes of every model and layer in which Keras keeps lists of its own.
KERAS_LISTS = ("_layers", "_modules", "_losses", "_metrics", "_torch_params")
KERAS_LISTS += ("_trainable_variables", "_non_trainable_variables", "_tracker")
CELLS = ("cell", "cells")  # a layer that holds one has its weights
# One layer of Keras's does what two convolutions do elsewhere: its weights are named as theirs.
SEPARABLE = {
    "depthwise_kernel": "depthwise/kernel",
    "pointwise_kernel": "pointwise/kernel",
    "bias": "pointwise/bias",
}
ATTENTION = {
    "query": "_query_dense",
    "key": "_key_dense",
    "value": "_value_dense",
    "attention_output": "_output_dense",
}

BASES = (keras.Layer, keras.Model, keras.Sequential, Functional)  # which have no weights

_twins: WeakKeyDictionary[keras.Layer, ModuleType] = WeakKeyDictionary()


def learn(model: keras.Model, twin: ModuleType) -> None:
    """Take the module that a model comes from: its `weights`, if it has them, are asked first."""
    _twins[model] = twin


# Optimizer: where it keeps what for each weight, and its name on both sides.
MOMENTS = {
    keras.optimizers.SGD: {"momentums": "momentum"},
    keras.optimizers.RMSprop: {
        "_velocities": "v",
        "_momentums": "momentum",
        "_average_gradients": "average",
    },
    keras.optimizers.Adagrad: {"_accumulators": "accumulator"},
    keras.optimizers.Adamax: {"_m": "m", "_u": "u"},
    keras.optimizers.Optimizer: {"_momentums": "m", "_velocities": "v"},
}


# Optimizers that twins have made: what these keep is not compared.
OF_TWINS: WeakSet[keras.optimizers.Optimizer] = WeakSet()


class Slot(NamedTuple):
    """One variable that is or can be trained, and its shape, in which nothing is repeated."""

    name: str
    variable: keras.Variable
    shape: tuple[int, ...]

    def array(self, variable: keras.Variable | None = None) -> Array:
        """Return a copy of the weight, or of another variable that belongs to it."""
        return _array(self.variable if variable is None else variable).reshape(self.shape)


def write(model: keras.Model, weights: Mapping[str, Array]) -> None:
    """Write weights into the model.

    Raises:
        ValueError: names or shapes are not those of the model.
    """
    slots = {slot.name: slot for slot in _slots(model)}
    if slots.keys() != weights.keys():
        raise ValueError(f"expected weights {sorted(slots)}, came {sorted(weights)}")
    for name, slot in slots.items():
        if slot.shape != weights[name].shape:
            raise ValueError(f"{name}: expected {slot.shape}, came {weights[name].shape}")
        slot.variable.assign(weights[name].reshape(slot.variable.shape))


def describe(model: keras.Model) -> dict[str, tuple[int, ...]]:
    """Return the shapes of the model's weights, by name.

    Raises:
        ValueError: the model has a weight in a place that has no name.
    """
    slots = list(_slots(model))
    known = {id(slot.variable) for slot in slots}
    for variable in model.trainable_variables:
        if id(variable) not in known:
            raise ValueError(_unknown(model, variable))
    return {slot.name: slot.shape for slot in slots}


def read(model: keras.Model) -> dict[str, Array]:
    """Return copies of the model's weights."""
    return {slot.name: slot.array() for slot in _slots(model)}


def state(model: keras.Model) -> dict[str, Array]:
    """Return what else a training leaves: moments of the optimizer, averages of normalizations."""
    found: dict[str, Array] = {}
    if model.optimizer in OF_TWINS:
        return averages(model)
    trained = [id(variable) for variable in model.trainable_variables]
    kinds = (names for of, names in MOMENTS.items() if isinstance(model.optimizer, of))
    for kind, name in next(kinds, {}).items():
        moments = getattr(model.optimizer, kind, ())
        for slot in _slots(model):
            if moments and id(slot.variable) in trained:
                moment = moments[trained.index(id(slot.variable))]
                found[f"{slot.name} {name}"] = slot.array(moment)
    return found | averages(model)


def averages(model: keras.Model) -> dict[str, Array]:
    """Return the running averages of batch normalizations."""
    return {name: _array(average) for name, average in _averages(model)}


def write_averages(model: keras.Model, given: Mapping[str, Array]) -> None:
    """Write those running averages of batch normalizations that are given."""
    for name, average in _averages(model):
        if name in given:
            average.assign(given[name])


def _averages(model: keras.Model) -> Iterator[tuple[str, keras.Variable]]:
    for path, layer in named_layers(model):
        if isinstance(layer, layers.BatchNormalization):
            for name in ("moving_mean", "moving_variance"):
                yield _joined(path, name), getattr(layer, name)


def trainable(model: keras.Model) -> dict[str, tuple[int, ...]]:
    """Return the shapes of all that is trained, by name."""
    trained = {id(variable) for variable in model.trainable_variables}
    return {slot.name: slot.shape for slot in _slots(model) if id(slot.variable) in trained}


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
    found: list[tuple[str, keras.Layer]] = []
    own = sorted(held, key=lambda name: name.startswith("_"))  # in which Keras has lists of its own
    for name in own:
        if name not in KERAS_LISTS:
            for path, layer in _items(name, held[name]):
                if isinstance(layer, keras.Layer):
                    found.append((path, layer))
    return dict(shortest(found))


def _parts(layer: keras.Layer) -> dict[str, keras.Layer]:
    """Return the layers in a layer, by name; one without a name is as good as its holder."""
    if isinstance(layer, layers.Bidirectional):
        return {"forward": layer.forward_layer, "backward": layer.backward_layer}
    if isinstance(layer, layers.TimeDistributed):
        return {"": layer.layer}
    if isinstance(layer, layers.MultiHeadAttention | layers.GroupQueryAttention):
        return (
            {name: getattr(layer, held) for name, held in ATTENTION.items()} if layer.built else {}
        )
    return children(layer)


def heard(model: keras.Layer) -> dict[str, keras.Layer]:
    """Return the layers whose outputs are compared, by name: those the twin names, or its own."""
    names = _names(model)
    if not names:
        return children(model)
    found: dict[str, keras.Layer] = {}
    for path, layer in layers_by_path(model):
        if name := names.get(path):
            found.setdefault(name, layer)  # a recurrent layer has the path of its cell
    return found


def _names(model: keras.Layer) -> Mapping[str, str]:
    """Return the names that a twin gives to layers, by where they are held: its NAMES."""
    return getattr(_twins.get(model), "NAMES", {})


def named_layers(model: keras.Layer) -> list[tuple[str, keras.Layer]]:
    """Return a model and its layers, and theirs, by name."""
    names = _names(model)
    return [(renamed(path, names), layer) for path, layer in layers_by_path(model)]


def layers_by_path(model: keras.Layer) -> list[tuple[str, keras.Layer]]:
    """Return a model and its layers, and theirs, by path, each once by the shortest."""
    found: list[tuple[str, keras.Layer]] = []

    def look(path: str, layer: keras.Layer, holders: tuple[keras.Layer, ...] = ()) -> None:
        found.append((path, layer))
        for name, inner in _parts(layer).items():
            first, _, rest = name.partition("/")
            here = _joined(path, rest if path and first in CELLS else name)
            if not any(one is inner for one in (layer, *holders)):
                look(here, inner, (layer, *holders))

    look("", model)
    return shortest(found)


def _joined(*names: str) -> str:
    return "/".join(filter(None, names))


def _array(variable: keras.Variable) -> Array:
    return keras.ops.convert_to_numpy(variable).copy()


def _slots(model: keras.Layer) -> Iterator[Slot]:
    """Yield the weights in the order of the layers; one that two layers share, once."""
    seen: set[int] = set()
    names = _names(model)
    for path, layer in layers_by_path(model):
        for slot in _layer_slots(path, layer, _twins.get(model)):
            if id(slot.variable) not in seen:
                yield slot._replace(name=renamed(slot.name, names))
            seen.add(id(slot.variable))


def _layer_slots(path: str, layer: keras.Layer, twin: ModuleType | None) -> Iterator[Slot]:
    """Yield the weights of a layer: as taught, or by their own names.

    What a layer of a user's holds itself and does not train is no weight, but a constant.
    """
    taught = twin.weights(layer) if hasattr(twin, "weights") else None
    for name, variable in (taught or {}).items():
        if not isinstance(variable, keras.Variable):
            raise ValueError(
                f"weights of {path}, a {type(layer).__name__}: {name}: expected a variable, came "
                f"a {type(variable).__name__}"
            )
        yield Slot(_joined(path, name), variable, tuple(variable.shape))
    kinds = [kind for kind in type(layer).__mro__ if kind not in BASES]
    keras_own = any(kind.__module__.startswith("keras.src.layers.") for kind in kinds)
    for variable in layer._trainable_variables:
        if variable.trainable or keras_own:
            name = _name(layer, variable)
            if isinstance(layer, BaseSeparableConv):
                name = SEPARABLE.get(name, name)
            yield Slot(_joined(path, name), variable, _shape(layer, variable))


def _name(layer: keras.Layer, variable: keras.Variable) -> str:
    """Return a variable's name: of the public attribute that holds it, or else its own.

    One in a list has its index after the name of the list. One that was given no name of its own
    has that of any attribute.
    """
    names = [
        path
        for name, held in vars(layer).items()
        if name not in KERAS_LISTS
        for path, value in _items(name, held)
        if value is variable
    ]
    names.sort(key=lambda path: (path.startswith("_"), path.count("/")))
    named = not re.fullmatch(r"variable(_\d+)?", variable.name)
    own = not names or (names[0].startswith("_") and named)
    return variable.name if own else names[0]


def _items(name: str, value: object) -> Iterator[tuple[str, object]]:
    """Yield what an attribute holds, by path: itself, or what is in its lists and dicts."""
    items = value.items() if isinstance(value, dict) else ()
    items = enumerate(value) if isinstance(value, list | tuple) else items
    yield name, value
    for key, item in items:
        yield from _items(f"{name}/{key}", item)


def _shape(layer: keras.Layer, variable: keras.Variable) -> tuple[int, ...]:
    """Return a variable's shape, without the axes that a PReLU's slopes are shared over.

    The kernel of a convolution with as many groups as channels is that of a depthwise one.
    """
    shape = tuple(variable.shape)
    if isinstance(layer, layers.PReLU):
        while len(shape) > 1 and shape[0] == 1:
            shape = shape[1:]
    if isinstance(layer, BaseConv) and len(shape) > 1 and layer.groups > 1 == shape[-2]:
        shape = (*shape[:-2], layer.groups, shape[-1] // layer.groups)
    return shape


def _unknown(model: keras.Model, variable: keras.Variable) -> str:
    holders = [one for one in model._flatten_layers() if _holds(one, variable)]
    layer = holders[-1] if holders else model
    kind, twin = type(layer).__name__, _twins.get(model)
    programs = sources([type(one) for one in model._flatten_layers()], "keras")
    if twin is not None and twin.__file__:
        programs.insert(0, Path(twin.__file__))
    where = made(kind, "", programs)
    return (
        f"no weight layout known for {variable.name} of {layer.name}, a {kind}{where}: expected "
        "layers in attributes, or in lists or dicts in them. To teach it, define, beside build, "
        f'weights(layer) that returns {{"{layer.name}/{variable.name}": ...}} for the layer that '
        "holds it, else None"
    )


def _holds(layer: keras.Layer, variable: keras.Variable) -> bool:
    return any(one is variable for one in layer.trainable_variables)
