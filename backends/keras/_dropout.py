"""Dropout in the check: Keras takes the numbers of backends/_dropout.py in place of its engine's.

All that drops in Keras calls one function: layers of Dropout, spatial ones, the cells of recurrent
layers, attention, a program that calls `keras.random.dropout`. What else draws random numbers draws
those of the engine.
"""

from math import prod
from unittest.mock import patch

import keras
from keras import ops
from keras.src.backend import random
from keras.src.backend.common import global_state
from keras.src.layers.rnn.dropout_rnn_cell import DropoutRNNCell

from backends._dropout import RING, STEPS, Draw, dropped, places, ring
from backends.keras import _weights


class SeededDropout:
    """The masks of a model, and what was drawn in the last step that was traced."""

    def __init__(self, model: keras.Model, seed: int) -> None:
        self.seed, self.ring, self.call = seed, ring(seed), model.call
        self.draws: list[Draw] = []
        self.steps = _counter(model)
        self.step = None  # a tensor: the step that is traced
        layers = _weights.named_layers(model)
        self.names = {
            id(layer.seed_generator): path.removesuffix("/cell")
            for path, layer in layers
            if hasattr(layer, "seed_generator")
        }

    def called(self, *args, **kwargs):
        """Call the model; in training, what it drops is what the seed says."""
        context = global_state.get_global_attribute("current_call_ctx")
        if not kwargs.get("training", getattr(context, "training", False)):
            return self.call(*args, **kwargs)
        self.draws = []
        with patch.object(random, "dropout", self._drop):
            return self.call(*args, **kwargs)

    def _drop(self, inputs, rate, noise_shape=None, seed=None):
        """Drop numbers of inputs (n, ...); an axis of size 1 in noise_shape shares its mask."""
        if rate == 0:
            return inputs
        if not self.draws:
            self.step = ops.cast(self.steps.next()[1], "int32")
        shape = list(ops.shape(inputs))
        for axis, size in enumerate(noise_shape or ()):
            shape[axis] = shape[axis] if size is None else size
        starts = ops.convert_to_tensor(places(self.seed, len(self.draws)))
        start = ops.take(starts, ops.mod(self.step, STEPS))
        name = self.names.get(id(seed), "")
        self.draws.append(Draw(name, float(rate), ", ".join(map(str, shape[1:]))))
        index = ops.mod(ops.arange(prod(shape), dtype="int32") + start, RING)
        kept = ops.take(ops.convert_to_tensor(self.ring), index) >= dropped(rate)
        kept = ops.cast(ops.reshape(kept, shape), inputs.dtype)
        return inputs * kept / (1 - rate) if rate < 1 else inputs * 0


def _counter(model: keras.Model) -> keras.random.SeedGenerator:
    """Return what counts the steps of a model, as part of its state: a generator counts its calls.

    Those of its layers count others, too: a recurrent layer draws in evaluation, for nothing.
    """
    locked, model._tracker.locked = model._tracker.locked, False  # what is built takes no more
    model.steps_of_dropout = counter = keras.random.SeedGenerator(0)
    model._tracker.locked = locked
    return counter


def draws(model: keras.Model) -> bool:
    """Say whether a model has layers that draw random numbers while it trains."""
    counter = getattr(model, "steps_of_dropout", None)
    return any(
        any(one is not counter for one in layer._seed_generators) and _rate(layer)
        for _, layer in _weights.named_layers(model)
    )


def _rate(layer: keras.Layer) -> float:
    """Return how much a layer with a generator drops; 1 where that is not its number."""
    if isinstance(layer, DropoutRNNCell):  # which has a generator, whether it drops or not
        return layer.dropout + layer.recurrent_dropout
    return 1.0


def seed_dropout(model: keras.Model, seed: int) -> SeededDropout:
    """Have the dropout of a model take the numbers of a seed from now on."""
    dropout = SeededDropout(model, seed)
    model.call = dropout.called
    return dropout
