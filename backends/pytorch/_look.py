"""What a model that was not written for Diptych is made of: its layers, as they are called."""

from collections.abc import Mapping
from functools import partial

import torch
from torch import nn
from torch.nn.modules import batchnorm, conv, pooling

from backends import _places, _reference
from backends._outputs import tensors
from backends._reference import SEED, Looked, Seen, model_of
from backends._seeded import Array
from backends.pytorch import _layers, _layouts, _stored, _weights
from backends.pytorch._settings import family, settings

SPATIAL = (conv._ConvNd, pooling._MaxPoolNd, pooling._AvgPoolNd, batchnorm._BatchNorm)


def remember() -> None:
    """From now on, note where each layer is made."""
    _places.remember(nn.Module)


def look(reference: str, x: Mapping[str, Array], stored: str = "", channels: str = "") -> Looked:
    """Return what a model is made of, as it is called on x, in evaluation mode, and its weights.

    These are its own, or those of a file.

    x has channels last; where the model does not run so, they are moved to the second place. With
    `channels`, "first" or "last", nothing is tried.

    Raises:
        ValueError: the reference is none, or the model does not run.
    """
    remember()
    torch.manual_seed(SEED)
    model = model_of(reference)
    if not isinstance(model, nn.Module):
        raise ValueError(f"{reference}: expected a PyTorch module, came a {type(model).__name__}")
    model.eval()
    tried = (channels,) if channels else (_reference.LAST, _reference.FIRST)
    looked = _reference.look(x, partial(_see, model, x), torch.is_tensor, tried)
    if stored:
        _reference.loaded(partial(_stored.load, model), stored)
    _weights.fold_second_bias(model)
    weights = _weights.read(model) | _weights.averages(model)
    return looked._replace(weights=weights)


def leaves(model: nn.Module) -> dict[str, nn.Module]:
    """Return the layers that are looked at, by path: what holds no others, or is known as one."""
    found: dict[str, nn.Module] = {}
    for path, layer in _weights.layers_by_path(model):
        inside = any(path.startswith(f"{outer}/") for outer in found if _whole(found[outer]))
        if path and not inside and (_whole(layer) or not any(True for _ in layer.children())):
            found[path] = layer
    return found


class Holder:
    """What has a model, as the twin has that is written for it."""

    def __init__(self, model: nn.Module) -> None:
        self.model = model


def _see(model: nn.Module, x: Mapping[str, Array], call: str, moved: tuple[str, ...]) -> Seen:
    given = {name or "x": torch.from_numpy(array) for name, array in x.items()}
    for name in moved:  # as it comes from most loaders: some models ask for such strides
        last = given[name or "x"]
        given[name or "x"] = last.movedim(-1, 1).clone(memory_format=torch.contiguous_format)
    shapes = _weights.describe(model)
    layers: dict[str, dict[str, object]] = {}
    doubtful, met = False, dict[str, int]()

    def listen(path: str, layer: nn.Module, args: tuple, options: dict, output: object) -> None:
        nonlocal doubtful
        came = next(iter(tensors((args, options), torch.is_tensor)), torch.empty((1, 0)))
        if isinstance(layer, SPATIAL) and not layers and not moved and came.ndim > 2:
            # Its second axis is that of the input, which is none of channels.
            doubtful = any(came.shape == one.shape for one in given.values())
        met[path] = met.get(path, 0) + 1
        if met[path] > 1:
            for own in _layers_of(layer, path):
                layers[own]["calls"] = met[path]
            return
        left = _layers.outputs(path, layer, output, (*came.shape, 0)[1])
        told = {
            "kind": type(layer).__name__,
            "family": family(layer),
            "settings": settings(layer, tuple(came.shape)),
            "where": _places.place_of(layer),
            "calls": 1,
        }
        outputs = {name.removeprefix(path): tuple(one.shape) for name, one in left.items()}
        for own in _layers_of(layer, path):  # of several in one, the last has the output
            weights = {
                name.removeprefix(f"{own}/"): shape
                for name, shape in shapes.items()
                if name.startswith(f"{own}/")
            }
            layers[own] = told | {"path": own, "weights": weights, "outputs": {}}
        layers[own]["outputs"] = outputs

    hooks = [
        layer.register_forward_hook(partial(listen, path), with_kwargs=True)
        for path, layer in leaves(model).items()
    ]
    try:
        with torch.inference_mode():
            names = {name: name for name in given}
            output = eval(call.format(**names), {"self": Holder(model)} | given)
    finally:
        for hook in hooks:
            hook.remove()
    return Seen(list(layers.values()), output, doubtful)


def _layers_of(layer: nn.Module, path: str) -> list[str]:
    """Return the paths of the layers that one layer is of Keras's: those of a stack."""
    if isinstance(layer, nn.RNNBase) and layer.num_layers > 1:
        return [f"{path}/{i}" for i in range(layer.num_layers)]
    return [path]


def _whole(layer: nn.Module) -> bool:
    """Say whether a layer is one as a whole, whatever it holds."""
    return isinstance(layer, tuple(_layouts.LAYERS))
