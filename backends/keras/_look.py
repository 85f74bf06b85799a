"""What a model that was not written for Diptych is made of: its layers, as they are called."""

from typing import Any

import keras
from keras import layers

from backends._outputs import tensors
from backends.keras import _weights
from backends.keras._settings import family, settings

# What is one layer as a whole, whatever it holds.
WHOLE = layers.RNN | layers.Bidirectional | layers.TimeDistributed | layers.MultiHeadAttention


def leaves(model: keras.Model) -> dict[str, keras.Layer]:
    """Return the layers that are looked at, by path: what holds no others, or is known as one."""
    found: dict[str, keras.Layer] = {}
    paths = _weights.layers_by_path(model)
    holders = {path.rpartition("/")[0] for path, _ in paths}
    for path, layer in paths:
        inside = any(path.startswith(f"{outer}/") for outer in found)
        if path and not inside and (isinstance(layer, WHOLE) or path not in holders):
            found[path] = layer
    return found


def look(model: keras.Model, x: Any) -> list[dict[str, object]]:
    """Return the layers in the order of their first calls on x, in evaluation mode.

    Each has its path, kind, family, settings, the shapes of its weights, by their names, and those
    of its output, in each layout that may be meant.
    """
    model(x, training=False)  # which makes the weights
    shapes = _weights.describe(model)
    seen: dict[str, dict[str, object]] = {}
    for path, layer in leaves(model).items():
        layer.call = _noted(path, layer, shapes, seen)
    try:
        model(x, training=False)
    finally:
        for layer in leaves(model).values():
            vars(layer).pop("call", None)
    return list(seen.values())


def _noted(path: str, layer: keras.Layer, shapes: Any, seen: dict[str, dict[str, object]]):
    call = layer.call

    def noted(*args, **kwargs):
        output = call(*args, **kwargs)
        if path not in seen:
            came = next((tuple(one.shape) for one in tensors(args, keras.ops.is_tensor)), ())
            left = next((tuple(one.shape) for one in tensors(output, keras.ops.is_tensor)), ())
            second = getattr(layer, "data_format", "") == "channels_first" and len(left) > 2
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
                "outputs": [(left[0], *left[2:], left[1]) if second else left],
            }
        return output

    return noted
