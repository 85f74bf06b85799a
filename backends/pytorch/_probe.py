"""What each layer of an untrained network gets and leaves, and what comes back through it."""

from collections.abc import Mapping
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from backends import OTHERWISE, Probe
from backends._outputs import tensors
from backends._places import place_of
from backends._seeded import Array, Noise
from backends.pytorch import _device, _layers, _tier, _weights
from backends.pytorch._network import build, predict
from backends.pytorch._rows import Rows
from problems import Arrays, Problem, mapped, named


def probe(problem: Problem, *, seed: int, noise: Noise | None = None) -> Probe:
    """Return the problem's untrained twin."""
    model = build(problem, seed, noise=noise)

    def whole(network: nn.Module, x: Arrays) -> dict[str, Tensor]:
        rows = Rows(problem, mapped(np.copy, x))  # a twin may write into its input
        return named(predict(network, rows, len(rows)), "output")

    @_tier.whole()
    def ask(x: Arrays) -> dict[str, Array]:
        found: dict[str, Tensor] = {}

        def listen(name: str, layer: nn.Module, _, output) -> None:
            outputs = _layers.outputs(name, layer, output, _steps(problem, name, x))
            found.update({key: one.clone() for key, one in outputs.items()})  # for `inplace`

        hooks = [
            layer.register_forward_hook(partial(listen, name))
            for name, layer in _weights.heard(model).items()
        ]
        found |= whole(model, x)
        for hook in hooks:
            hook.remove()
        if _tier.compiled:  # which leaves nothing of the layers to be seen
            found |= whole(_tier.ready(model), x)
        return {name: tensor.detach().cpu().numpy() for name, tensor in found.items()}

    def inputs(x: Arrays) -> dict[str, Array]:
        found: dict[str, Array] = {}

        def listen(name: str, layer: nn.Module, args: tuple, options: dict) -> None:
            given = list(tensors([args, options], torch.is_tensor))
            if len(given) == 1 and name not in found:
                found[name] = _layers.channels_last(layer, given[0]).cpu().numpy().copy()

        hooks = [
            layer.register_forward_pre_hook(partial(listen, name), with_kwargs=True)
            for name, layer in _weights.heard(model).items()
        ]
        whole(model, x)
        for hook in hooks:
            hook.remove()
        return found

    def alone(given: Mapping[str, Array]) -> dict[str, Array]:
        model.eval()
        heard, found = _weights.heard(model), {}
        with torch.inference_mode():
            for name, array in given.items():
                x = torch.from_numpy(array).to(_device.device).clone()  # a layer may write into it
                output = heard[name](_layers.as_it_takes(heard[name], x))
                found |= _layers.outputs(name, heard[name], output, _second(array))
        return {name: tensor.cpu().numpy() for name, tensor in found.items()}

    def backwards(name: str, array: Array) -> dict[str, Array]:
        model.eval()
        layer = _weights.heard(model)[name]
        x = torch.from_numpy(array).to(_device.device).requires_grad_()
        output = layer(_layers.as_it_takes(layer, x.clone()))
        left = _layers.outputs(name, layer, output, _second(array))
        return {
            key: _gradient(one.sin().sum(), x)
            for key, one in left.items()
            if not key.endswith(OTHERWISE)
        }

    kinds = {name: _layers.kind(layer) for name, layer in _weights.heard(model).items()}
    places = {name: place_of(layer) for name, layer in _weights.heard(model).items()}
    weights, trained = _weights.read(model), _weights.trainable(model)
    return Probe(weights, trained, kinds, ask, places, inputs, alone, backwards)


def _second(array: Array) -> int:
    """Return the length of the second axis: the steps of a sequence; 0 without one."""
    return array.shape[1] if array.ndim > 1 else 0


def _gradient(number: Tensor, x: Tensor) -> Array:
    """Return the gradient of a number; 0 where nothing flows back to x."""
    if not number.requires_grad:
        return np.zeros(x.shape)
    (found,) = torch.autograd.grad(number, x, retain_graph=True, materialize_grads=True)
    return found.cpu().numpy()


def _steps(problem: Problem, layer: str, x: Arrays) -> int:
    """Return how many steps a packed sequence has with its padding."""
    if isinstance(x, np.ndarray):
        return (*x.shape, 0)[1]
    return problem.layer_shape(layer, batch=1)[1] if layer in problem.layers else 0
