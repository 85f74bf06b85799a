"""The optimizers of a recipe: Keras's own, or PyTorch's formula in their place.

The formulas are those of `problems.Optimizer`; with Keras's own defaults kept, they are its own.
Each is written for one variable, and is done with all at once where Keras's own are: _together.py.
"""

import math
from collections.abc import Set

import keras
import numpy as np
from keras import ops

from backends._registry import own_optimizer
from backends._seeded import Array
from backends.keras import _weights
from backends.keras._together import Together, added, maximum, plus, read, sqrt
from problems import OPTIMIZERS, OWN, Optimizer, Problem, Recipe

# Option of a recipe: Keras's argument.
NAMES = {
    "momentum": "momentum",
    "nesterov": "nesterov",
    "beta1": "beta_1",
    "beta2": "beta_2",
    "epsilon": "epsilon",
    "rho": "rho",
    "centered": "centered",
    "initial_accumulator": "initial_accumulator_value",
    "weight_decay": "weight_decay",
    "clip_value": "clipvalue",
    "clip_norm": "clipnorm",
    "clip_global_norm": "global_clipnorm",
}


class Rates(keras.optimizers.schedules.LearningRateSchedule):
    """The learning rate of each step, where a callback would only change it by epoch."""

    def __init__(self, rates: Array) -> None:
        self.rates = ops.convert_to_tensor(rates, keras.config.floatx())

    def __call__(self, step):
        """Return the rate of a step; the first is 0."""
        return ops.take(self.rates, step)


class SGD(keras.optimizers.SGD, Together):
    """SGD with momentum as PyTorch computes it: the rate is not part of what is kept."""

    def update_step(self, gradient, variable, learning_rate):
        """Move a variable by a step."""
        rate = ops.cast(learning_rate, variable.dtype)
        kept = self.of(variable, self.momentums)
        self.assign(kept, plus(gradient, self.momentum, read(kept)))
        kept = read(kept)
        step = plus(gradient, self.momentum, kept) if self.nesterov else kept
        self.assign_sub(variable, step * rate)


class RMSprop(keras.optimizers.RMSprop, Together):
    """RMSprop as PyTorch computes it: epsilon outside of the root, the rate after the momentum."""

    outside, late = True, True

    def update_step(self, gradient, variable, learning_rate):
        """Move a variable by a step."""
        rate = ops.cast(learning_rate, variable.dtype)
        square = self.of(variable, self._velocities)
        self.approach(square, gradient * gradient, 1 - self.rho)
        variance = read(square)
        if self.centered:
            mean = self.of(variable, self._average_gradients)
            self.approach(mean, gradient, 1 - self.rho)
            variance = variance - mean * mean
        if self.outside:
            step = gradient / (sqrt(variance) + self.epsilon)
        else:
            step = gradient / sqrt(variance + self.epsilon)
        if not self.late:
            step, rate = step * rate, 1.0
        if self.momentum > 0:
            kept = self.of(variable, self._momentums)
            self.assign(kept, plus(step, self.momentum, read(kept)))
            step = read(kept)
        self.assign_sub(variable, step * rate)


class InsideRMSprop(RMSprop):
    """The same with epsilon where Keras has it, inside of the root."""

    outside = False


class EarlyRMSprop(RMSprop):
    """The same with the rate where Keras has it, in what is kept."""

    late = False


class Adagrad(keras.optimizers.Adagrad, Together):
    """Adagrad as PyTorch computes it: epsilon outside of the root."""

    def update_step(self, gradient, variable, learning_rate):
        """Move a variable by a step."""
        rate = ops.cast(learning_rate, variable.dtype)
        total = self.of(variable, self._accumulators)
        self.assign_add(total, gradient * gradient)
        self.assign_sub(variable, gradient * rate / (sqrt(total) + self.epsilon))


class Adamax(keras.optimizers.Adamax, Together):
    """Adamax as PyTorch computes it: epsilon in the largest gradient that is kept."""

    def update_step(self, gradient, variable, learning_rate):
        """Move a variable by a step."""
        rate = ops.cast(learning_rate, variable.dtype)
        mean, largest = self.of(variable, self._m), self.of(variable, self._u)
        self.approach(mean, gradient, 1 - self.beta_1)
        magnitude = abs(gradient) + self.epsilon
        self.assign(largest, maximum(self.beta_2 * read(largest), magnitude))
        size = rate / _less_power(self.beta_1, self.iterations + 1, variable.dtype)
        self.assign_sub(variable, read(mean) * size / largest)


class Nadam(keras.optimizers.Nadam, Together):
    """Nadam by Keras's formula, with constants that are not rounded to float32."""

    def update_step(self, gradient, variable, learning_rate):
        """Move a variable by a step."""
        dtype = variable.dtype
        step, rate = ops.cast(self.iterations + 1, dtype), ops.cast(learning_rate, dtype)
        now, following = (
            self.beta_1 * (1 - 0.5 * ops.power(0.96, one)) for one in (step, step + 1)
        )
        product = ops.cast(self._u_product, dtype)  # of all so far, as Keras keeps it
        mean, square = self.of(variable, self._momentums), self.of(variable, self._velocities)
        self.approach(mean, gradient, 1 - self.beta_1)
        self.approach(square, gradient * gradient, 1 - self.beta_2)
        ahead = read(mean) * (following / (1 - product * following))
        ahead = ahead + gradient * ((1 - now) / (1 - product))
        root = sqrt(square / _less_power(self.beta_2, self.iterations + 1, dtype))
        self.assign_sub(variable, ahead * rate / (root + self.epsilon))


KINDS = {
    "sgd": SGD,
    "adam": keras.optimizers.Adam,
    "adamw": keras.optimizers.AdamW,
    "rmsprop": RMSprop,
    "adagrad": Adagrad,
    "adamax": Adamax,
    "nadam": Nadam,
}
STOCK = KINDS | {
    "sgd": keras.optimizers.SGD,
    "rmsprop": keras.optimizers.RMSprop,
    "adagrad": keras.optimizers.Adagrad,
    "adamax": keras.optimizers.Adamax,
    "nadam": keras.optimizers.Nadam,
}


def optimizer(
    model: keras.Model, problem: Problem, steps_per_epoch: int, kept: Set[str]
) -> keras.optimizers.Optimizer:
    """Return the optimizer of a training by the problem's recipe.

    `kept` names the defaults of Keras that are left as they are.

    Raises:
        ValueError: the recipe leaves weights alone that there are not.
        TypeError: the twin's own is none of Keras's.
    """
    recipe = problem.recipe
    asked, own = recipe.optimizer, "optimizer" in kept
    if asked.name == OWN:
        return _of_twin(problem, model)
    names = [one for one in OPTIMIZERS[asked.name] if not own or one in asked.given]
    settings = {NAMES[one]: asked.option(one) for one in names}
    settings |= {NAMES[one]: asked.option(one) for one in asked.given if one in NAMES}
    slots = {slot.name: slot.variable for slot in _weights._slots(model)}
    asked.check(slots)
    alone = [variable for name, variable in slots.items() if asked.leaves_alone(name)]
    made = _kind(asked, kept)(_rate(recipe, steps_per_epoch), **settings)
    if len(alone) == len(slots):
        made.weight_decay = None  # Keras on PyTorch cannot decay nothing
    made.exclude_from_weight_decay(var_list=alone)
    if (asked.l2 or asked.option("weight_decay")) and not own:
        _fill(made)
    if asked.l2:
        _penalize(made, asked.l2, {made._var_key(variable) for variable in alone})
    return made


def _of_twin(problem: Problem, model: keras.Model) -> keras.optimizers.Optimizer:
    """Return the optimizer that a twin has made."""
    made = own_optimizer("keras", problem.name)(model)
    if not isinstance(made, keras.optimizers.Optimizer):
        raise TypeError(f"optimizer(model): expected an optimizer of Keras, came {made!r:.60}")
    _weights.OF_TWINS.add(made)
    return made


def epoch_rates(recipe: Recipe, steps_per_epoch: int) -> list[float] | None:
    """Return the rate of each epoch; None where it changes within one, or is the twin's own."""
    if recipe.optimizer.name == OWN:
        return None
    rates = recipe.rates(steps_per_epoch)[::steps_per_epoch]
    return rates.tolist() if recipe.schedule.by_epoch else None


def rates(optimizer: keras.optimizers.Optimizer, history: dict, n: int) -> list[float]:
    """Return the rate of each of n steps: that of its epoch, or its own among those of all."""
    own = optimizer._learning_rate
    if isinstance(own, Rates):
        return ops.convert_to_numpy(own(ops.arange(n))).tolist()
    if isinstance(own, keras.optimizers.schedules.LearningRateSchedule):  # a twin's
        return [float(ops.convert_to_numpy(own(step))) for step in range(n)]
    by_epoch = history.get("learning_rate", [float(ops.convert_to_numpy(own))])
    return np.repeat(by_epoch, n // len(by_epoch)).tolist()


def _rate(recipe: Recipe, steps_per_epoch: int) -> float | Rates:
    """Return a rate that a callback changes from epoch to epoch, or the rates of all steps."""
    if epoch_rates(recipe, steps_per_epoch):
        return float(recipe.learning_rate)
    return Rates(recipe.rates(steps_per_epoch))


def _kind(asked: Optimizer, kept: Set[str]) -> type[keras.optimizers.Optimizer]:
    """Return what makes the optimizer: Keras's own where its formula is the one, or is kept."""
    own = "optimizer" in kept
    if asked.name == "sgd":
        own = "momentum" in kept or not asked.momentum
    if asked.name == "rmsprop" and asked.momentum and own != ("momentum" in kept):
        return InsideRMSprop if own else EarlyRMSprop
    return (STOCK if own else KINDS)[asked.name]


def filled(gradients: list, variables: list) -> list:
    """Return gradients of variables with 0 where there is none, because nothing flows there."""
    return [
        ops.zeros(variable.shape, variable.dtype) if gradient is None else gradient
        for gradient, variable in zip(gradients, variables, strict=True)
    ]


def _fill(made: keras.optimizers.Optimizer) -> None:
    """Have a gradient of 0 where there is none, as JAX has by itself: what is not used decays."""
    apply = made.apply

    def apply_filled(gradients, variables=None):
        variables = variables or made._trainable_variables  # JAX names none
        apply(filled(gradients, variables), variables)

    made.apply = apply_filled


def _penalize(made: keras.optimizers.Optimizer, l2: float, alone: Set) -> None:
    """Have l2 times each weight added to its gradient, after it is clipped.

    differs: a regularizer of Keras's adds to the loss too, and is clipped with the rest.
    """
    update = made._backend_update_step

    def penalized(gradients, variables, learning_rate):
        acts = [i for i, one in enumerate(variables) if made._var_key(one) not in alone]
        moved = added([gradients[i] for i in acts], l2, [variables[i] for i in acts])
        penalties = dict(zip(acts, moved, strict=True))
        gradients = [penalties.get(i, one) for i, one in enumerate(gradients)]
        update(gradients, variables, learning_rate)

    made._backend_update_step = penalized


def _less_power(beta: float, step, dtype: str):
    """Return 1 - beta^step, to the last digit: float32 would lose four of them near 1."""
    return -ops.expm1(ops.cast(step, dtype) * (math.log(beta) if beta else -math.inf))


class Gradient(keras.optimizers.SGD):
    """An optimizer that leaves the gradient of every weight in the weight's place."""

    def apply(self, grads, trainable_variables=None):
        """Apply the gradients; where there is none, because nothing flows there, it is 0."""
        variables = trainable_variables or self._trainable_variables
        return super().apply(filled(grads, variables), trainable_variables)

    def update_step(self, gradient, variable, learning_rate):
        """Replace the variable by its gradient."""
        zeros = keras.ops.zeros(variable.shape, variable.dtype)  # JAX: none like a variable
        self.assign(variable, zeros)
        self.assign_add(variable, gradient)  # which sums an embedding's entries, seen repeatedly
