"""What a model that was not written for Diptych is made of: its layers, as they are called."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import keras
from keras import layers
from keras.src.utils.naming import reset_uids

from backends import _places, _reference
from backends._outputs import tensors
from backends._reference import SEED, Looked, Seen, model_of
from backends._seeded import Array
from backends.keras import _stored, _weights
from backends.keras._settings import family, settings

# What is one layer as a whole, whatever it holds.
WHOLE = layers.RNN | layers.Bidirectional | layers.TimeDistributed | layers.MultiHeadAttention


def remember() -> None:
    """From now on, note where each layer is made."""
    _places.remember(keras.Layer)


def look(reference: str, x: Mapping[str, Array], stored: str = "", channels: str = "") -> Looked:
    """Return what a model is made of, as it is called on x, in evaluation mode, and its weights.

    These are its own, or those of a file. `channels` is of PyTorch alone.

    Raises:
        ValueError: the reference is none, or the model does not run.
    """
    reset_uids()  # a model that is built again has layers of the same names
    remember()
    keras.utils.set_random_seed(SEED)
    model = model_of(reference)
    if not isinstance(model, keras.Layer):
        raise ValueError(f"{reference}: expected a Keras model, came a {type(model).__name__}")
    looked = _reference.look(x, partial(_see, model, x), keras.ops.is_tensor)
    if stored:
        _reference.loaded(partial(_stored.load, model), stored)
    weights = _weights.read(model) | _weights.averages(model)
    return looked._replace(weights=weights)


def leaves(model: keras.Model) -> dict[str, keras.Layer]:
    """Return the layers that are looked at, by path: what holds no others, or is known as one."""
    found: dict[str, keras.Layer] = {}
    paths = _weights.layers_by_path(model)
    holders = {path.rpartition("/")[0] for path, _ in paths}
    for path, layer in paths:
        inside = any(path.startswith(f"{outer}/") for outer in found)
        if path and not inside and (isinstance(layer, WHOLE) or path not in holders):
            found.setdefault(path, layer)  # a recurrent layer has the path of its cell
    return found


class Holder:
    """What has a model, as the twin has that is written for it."""

    def __init__(self, model: keras.Model) -> None:
        self.model = model


def _see(model: keras.Model, x: Mapping[str, Array], call: str, moved: tuple[str, ...]) -> Seen:
    given = {name or "x": keras.ops.convert_to_tensor(array) for name, array in x.items()}
    program = call.format(**{name: name for name in given})
    eval(program, {"self": Holder(model)} | given)  # which makes the weights
    shapes, seen = _weights.describe(model), {}
    for path, layer in leaves(model).items():
        layer.call = _noted(path, layer, shapes, seen)
    try:
        output = eval(program, {"self": Holder(model)} | given)
    finally:
        for layer in leaves(model).values():
            vars(layer).pop("call", None)
    return Seen(list(seen.values()), output)


def _noted(
    path: str,
    layer: keras.Layer,
    shapes: Mapping[str, tuple[int, ...]],
    seen: dict[str, dict[str, Any]],
):
    call = layer.call

    def noted(*args, **kwargs):
        output = call(*args, **kwargs)
        if path in seen:
            seen[path]["calls"] += 1
        else:
            given = tensors((args, kwargs), keras.ops.is_tensor)
            came = next((tuple(one.shape) for one in given), ())
            left = next((tuple(one.shape) for one in tensors(output, keras.ops.is_tensor)), ())
            second = getattr(layer, "data_format", "") == "channels_first" and len(left) > 2
            recurrent = isinstance(layer, layers.RNN | layers.Bidirectional)
            key = ".last" if recurrent and not layer.return_sequences else ""
            seen[path] = {
                "path": path,
                "kind": type(layer).__name__,
                "family": family(layer),
                "settings": settings(layer, came),
                "weights": {
                    name.removeprefix(f"{path}/"): shape
                    for name, shape in shapes.items()
                    if name.startswith(f"{path}/")
                },
                "outputs": {key: (left[0], *left[2:], left[1]) if second else left},
                "where": _places.place_of(layer),
                "calls": 1,
            }
        return output

    return noted
