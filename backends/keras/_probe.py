"""What each layer of an untrained network gets and leaves, and what comes back through it."""

from collections.abc import Mapping
from functools import cache

import keras
import numpy as np
from keras.src.backend import get_keras_mask
from keras.src.layers.convolutional.base_conv import BaseConv
from keras.src.layers.convolutional.base_conv_transpose import BaseConvTranspose
from keras.src.layers.convolutional.base_depthwise_conv import BaseDepthwiseConv
from keras.src.layers.convolutional.base_separable_conv import BaseSeparableConv

from backends import OTHERWISE, Probe
from backends._outputs import outputs_of, tensors
from backends._places import place_of
from backends._seeded import Array, Noise
from backends._tiers import COMPILED
from backends.keras import _tier, _weights
from backends.keras._network import build
from backends.keras._optimizers import Gradient
from problems import Arrays, Problem, first_axis, lengths, mapped, named

RECURRENT = keras.layers.RNN | keras.layers.Bidirectional
FUSED = keras.layers.Dense | BaseConv | BaseConvTranspose | BaseDepthwiseConv | BaseSeparableConv
NORMALIZATION = keras.layers.BatchNormalization | keras.layers.GroupNormalization
COMMON = ("name", "trainable", "dtype", "build_config", "seed")  # settings that tell nothing


class InputAsWeight(keras.Model):
    """A layer whose input is a weight, so that `fit` finds its gradient on every engine."""

    def __init__(self, layer: keras.Layer, x: Array) -> None:
        super().__init__()
        self.layer = layer
        layer.trainable = False
        self.x = self.add_weight(shape=x.shape, initializer=lambda *_, **__: x)

    def call(self, _):
        """Make the loss the sum of the sines of the output, without what the layer adds itself."""
        first = self.layer(self.x + 0.0, training=False)
        while isinstance(first, tuple | list) and first:
            first = first[0]
        nothing = 0.0 * keras.ops.sum(self.x)  # PyTorch refuses what no gradient flows through
        self.add_loss(keras.ops.sum(keras.ops.sin(first)) + nothing - sum(self.layer.losses))
        return first


def probe(problem: Problem, *, seed: int, noise: Noise | None = None) -> Probe:
    """Return the problem's untrained twin."""
    model = build(problem, seed, noise=noise)
    heard: dict[str, Array] = {}
    given: dict[str, list[Array]] = {}
    for name, layer in _weights.heard(model).items():
        layer.call = _recorded(layer, name, heard, given)

    @_tier.compiled()
    def ask(x: Arrays) -> dict[str, Array]:
        heard.clear()
        outputs = outputs_of(problem.output, model(x), keras.ops.is_tensor)
        _check_masks(problem, outputs)
        found = mapped(keras.ops.convert_to_numpy, outputs) | heard
        if _tier.chosen == COMPILED:  # which leaves nothing of the layers to be seen
            whole = build(problem, seed, noise=noise)
            _tier.compile_model(whole)
            found |= named(whole.predict(x, verbose=0), "output")
        return found

    def inputs(x: Arrays) -> dict[str, Array]:
        given.clear()
        model(x)
        return {name: arrays[0] for name, arrays in given.items() if len(arrays) == 1}

    def alone(asked: Mapping[str, Array]) -> dict[str, Array]:
        heard.clear()
        for name, array in asked.items():
            layers[name](_as_it_takes(layers[name], array), training=False)
        return dict(heard)

    @cache
    def unheard() -> dict[str, keras.Layer]:
        return _weights.heard(build(problem, seed, noise=noise))

    def backwards(name: str, array: Array) -> dict[str, Array]:
        layer = unheard()[name]
        found = {_key(layer, name): _gradient(layer, array)}
        if fused := _fused(layer):
            layer.activation = None
            found[f"{_key(layer, name)}{OTHERWISE}"] = _gradient(layer, array)
            layer.activation = fused
        return found

    layers = _weights.heard(model)
    kinds = {name: _kind(layer) for name, layer in layers.items()}
    places = {name: place_of(layer) for name, layer in layers.items()}
    weights, trained = _weights.read(model), _weights.trainable(model)
    return Probe(weights, trained, kinds, ask, places, inputs, alone, backwards)


def _check_masks(problem: Problem, outputs) -> None:
    """Raise ValueError where Keras leaves steps out of a loss, and no length says which.

    Keras 3.15 hands a mask on from layer to layer, as far as the loss; a network called with
    symbols does not show it.
    """
    for name, spec in named(problem.output, "output").items():
        masked = get_keras_mask(outputs[name]) is not None
        if masked and first_axis(spec) not in lengths(problem.input) and not problem.weighted:
            raise ValueError(
                f"{name}: carries a mask, by which Keras would leave steps out of the loss, and no "
                "input is the length that says which: expected a Spec with length_of, or weights"
            )


def _kind(layer: keras.Layer) -> str:
    """Return what a layer is, with its settings; without those that every layer has."""
    settings = {
        name: value
        for name, value in layer.get_config().items()
        if isinstance(value, bool | int | float | str | tuple | list) and name not in COMMON
    }
    told = ", ".join(f"{name}={value}" for name, value in settings.items())
    return f"{type(layer).__name__}({told})"


def _own(layer: keras.Layer) -> bool:
    """Say whether a layer's `call` is an author's."""
    return type(layer).call.__module__.partition(".")[0] != "keras"


def _fused(layer: keras.Layer):
    """Return the activation within a layer, which PyTorch has not; None if it has none.

    That of a layer with a `call` of the author's is not known.
    """
    within = isinstance(layer, FUSED) and not _own(layer)
    fused = getattr(layer, "activation", None) if within else None
    return None if fused is keras.activations.linear else fused


def _key(layer: keras.Layer, name: str) -> str:
    """Return the name of what a layer leaves: "x.last" is the last step."""
    last = isinstance(layer, RECURRENT) and not (_own(layer) or layer.return_sequences)
    return f"{name}.last" if last else name


def _channels_second(layer: keras.Layer) -> bool:
    axis = getattr(layer, "axis", None) if isinstance(layer, NORMALIZATION) else None
    return getattr(layer, "data_format", None) == "channels_first" or axis in (1, [1])


def _as_it_takes(layer: keras.Layer, x: Array) -> Array:
    """Return an input with channels last as a layer takes it."""
    return np.moveaxis(x, -1, 1) if _channels_second(layer) and x.ndim > 2 else x


def _gradient(layer: keras.Layer, x: Array) -> Array:
    """Return the gradient of a layer's input, channels last: see `Probe.backwards`."""
    model = InputAsWeight(layer, _as_it_takes(layer, x))
    _tier.compile_steps(model, Gradient())
    model.train_on_batch(np.zeros((1, 1)))
    found = keras.ops.convert_to_numpy(model.x)
    return np.moveaxis(found, 1, -1) if _channels_second(layer) and found.ndim > 2 else found


def _recorded(
    layer: keras.Layer, name: str, outputs: dict[str, Array], inputs: dict[str, list[Array]]
):
    """Return the layer's `call`, noting inputs and output by name; "x.last" is the last step.

    Of several outputs the first is noted, of a convolution with channels first the usual layout. A
    `call` of the author's may leave another layout, or the last step alone: both are noted. Of one
    with an activation of its own, which PyTorch has not, what comes before that is noted, too.
    """
    call, fused = layer.call, _fused(layer)
    recurrent = isinstance(layer, RECURRENT)
    own, key, channels_second = _own(layer), _key(layer, name), _channels_second(layer)

    def recorded(*args, **kwargs):
        came = tensors([args, kwargs], keras.ops.is_tensor)
        if name not in inputs:
            inputs[name] = [
                np.moveaxis(array, 1, -1) if channels_second and array.ndim > 2 else array
                for array in map(keras.ops.convert_to_numpy, came)
            ]
        if fused:
            layer.activation = None
            before = keras.ops.convert_to_numpy(call(*args, **kwargs))
            layer.activation = fused
            outputs[f"{key}{OTHERWISE}"] = np.moveaxis(before, 1, -1) if channels_second else before
        output = first = call(*args, **kwargs)
        while isinstance(first, tuple | list) and first:
            first = first[0]
        if keras.ops.is_tensor(first):
            array = keras.ops.convert_to_numpy(first)
            moved = np.moveaxis(array, 1, -1) if array.ndim > 2 else array
            outputs[key] = moved if channels_second and not own else array
            if own and array.ndim > 2:
                outputs[f"{key}{OTHERWISE}"] = moved
            if own and recurrent and (array.ndim == 2 or not layer.return_sequences):
                outputs[f"{key}.last"] = array
        return output

    return recorded
