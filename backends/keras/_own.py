"""What a loss and an optimizer of the twin's own are set to, and what the latter does."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras

from backends._own import DECOUPLED, EACH, NUMBERS, TOGETHER
from backends._registry import own_loss
from backends._seeded import Array
from backends.keras import _network, _optimizers, _weights
from problems import Problem

# Keras's name of a setting: that of both frameworks.
NAMES = {
    "momentum": "momentum",
    "nesterov": "nesterov",
    "epsilon": "epsilon",
    "rho": "rho",
    "centered": "centered",
    "initial_accumulator_value": "initial accumulator",
    "beta_1": "beta1",
    "beta_2": "beta2",
    "weight_decay": "decay",
}
CLIPS = {"clipnorm": EACH, "global_clipnorm": TOGETHER, "clipvalue": NUMBERS}
KINDS = {
    keras.optimizers.Adam: "adam",
    keras.optimizers.SGD: "sgd",
    keras.optimizers.RMSprop: "rmsprop",
    keras.optimizers.Adagrad: "adagrad",
    keras.optimizers.Adamax: "adamax",
    keras.optimizers.Nadam: "nadam",
}


def loss_settings(problem: Problem) -> dict[str, Any]:
    """Return what the twin's loss is set to, as far as that is told by an object of Keras's."""
    loss = getattr(own_loss("keras", problem.name), "own", None)
    if not isinstance(loss, keras.losses.Loss):
        return {}
    settings = loss.get_config()
    found: dict[str, Any] = {"kind": type(loss).__name__}
    return found | (
        {"label smoothing": settings["label_smoothing"]} if settings.get("label_smoothing") else {}
    )


def moved(
    problem: Problem, *, seed: int, gradients: Sequence[Mapping[str, Array]]
) -> tuple[list[dict[str, Array]], list[float], dict[str, Any]]:
    """Return the weights after each step with given gradients, the rates, and the settings."""
    model, other = (_network.build(problem, seed) for _ in range(2))
    made = _optimizers.optimizer(model, problem, len(gradients), frozenset())
    made.build(model.trainable_variables)
    found, rates = [], []
    for step in gradients:
        _weights.write(other, step)
        rates.append(float(keras.ops.convert_to_numpy(made.learning_rate)))
        given = [keras.ops.copy(one.value) for one in other.trainable_variables]
        made.apply(given, model.trainable_variables)
        found.append(_weights.read(model))
    return found, rates, _settings(made)


def _settings(optimizer: keras.optimizers.Optimizer) -> dict[str, Any]:
    settings = optimizer.get_config()
    kind = next((name for one, name in KINDS.items() if isinstance(optimizer, one)), "")
    found: dict[str, Any] = {"kind": kind or type(optimizer).__name__}
    found |= {NAMES[name]: settings[name] for name in NAMES if settings.get(name) is not None}
    if found.get("decay"):
        found["the decay is"] = DECOUPLED
    for name, told in CLIPS.items():
        if settings.get(name) is not None:
            found |= {"clip": settings[name], "clip by": told}
    return found | ({"float32 constants": True} if "beta1" in found else {})
