"""A problem's network, as its twin builds it, with its initial weights."""

from collections.abc import Set
from importlib import import_module

import keras
from keras.src.utils.naming import reset_uids

from backends import NOTHING
from backends._seeded import Noise
from backends.keras import _defaults, _device, _weights
from problems import Problem, mapped


def build(
    problem: Problem, seed: int, kept: Set[str] = NOTHING, noise: Noise | None = None
) -> keras.Model:
    """Return a new network of the problem.

    Raises:
        TypeError: the twin builds something else.
    """
    _device.seed(seed)
    twin = import_module(f"backends.keras.{problem.name}")
    reset_uids()  # a model that is built again has layers of the same names
    model = twin.build(problem)
    if not isinstance(model, keras.Layer):
        raise TypeError(f"build: expected a Keras model, came {model!r:.60}")
    _weights.learn(model, twin)
    model(mapped(lambda spec: keras.Input(spec.shape, dtype=spec.dtype), problem.input))  # weights
    _defaults.begin(model, problem, seed, kept, noise)
    return model
