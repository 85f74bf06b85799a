"""What a model that was not written for Diptych is made of: its layers, as they are called."""

from functools import partial
from typing import Any

import torch
from torch import nn

from backends._outputs import tensors
from backends._settings import Settings
from backends.pytorch import _layers, _layouts, _weights
from backends.pytorch._settings import family, settings


def leaves(model: nn.Module) -> dict[str, nn.Module]:
    """Return the layers that are looked at, by path: what holds no others, or is known as one."""
    found: dict[str, nn.Module] = {}
    for path, layer in _weights.layers_by_path(model):
        inside = any(path.startswith(f"{outer}/") for outer in found if _whole(found[outer]))
        if path and not inside and (_whole(layer) or not any(True for _ in layer.children())):
            found[path] = layer
    return found


def look(model: nn.Module, x: Any) -> list[dict[str, object]]:
    """Return the layers in the order of their first calls on x, in evaluation mode.

    Each has its path, kind, family, settings, the shapes of its weights, by Keras's names and in
    its layout, and those of its output, in each layout that may be meant.
    """
    shapes = _weights.describe(model)
    seen: dict[str, dict[str, object]] = {}

    def listen(path: str, layer: nn.Module, inputs: tuple, output: object) -> None:
        if path in seen:
            return
        came = next((tuple(one.shape) for one in tensors(inputs, torch.is_tensor)), ())
        told: Settings = settings(layer, came)
        left = _layers.outputs(path, layer, output, came[1] if len(came) > 1 else 0)
        seen[path] = {
            "path": path,
            "kind": type(layer).__name__,
            "family": family(layer),
            "settings": told,
            "weights": {
                name.removeprefix(f"{path}/"): shape
                for name, shape in shapes.items()
                if name.startswith(f"{path}/")
            },
            "outputs": [tuple(one.shape) for one in left.values()],
        }

    hooks = [
        layer.register_forward_hook(partial(listen, path)) for path, layer in leaves(model).items()
    ]
    training = model.training
    model.eval()
    with torch.inference_mode():
        model(x)
    model.train(training)
    for hook in hooks:
        hook.remove()
    return list(seen.values())


def _whole(layer: nn.Module) -> bool:
    """Say whether a layer is one as a whole, whatever it holds."""
    return isinstance(layer, tuple(_layouts.LAYERS))
