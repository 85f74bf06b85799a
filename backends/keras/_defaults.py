"""Keras's defaults, and what takes their place so that both frameworks train the same model.

`kept` names those that stay: none in matched mode, all in native mode. What they do is said in
`backends.KERAS_DEFAULTS`. Its single bias is the matched one.
"""

from collections.abc import Set
from typing import Any

import keras

from backends._contract import NOTHING
from backends._registry import KERAS_DEFAULTS
from backends._seeded import Array, Noise, batch_order, give_weights
from backends.keras import _optimizers, _weights
from backends.keras._device import batches, sum_repeated_entries
from problems import Part, Problem, Recipe, count


def begin(
    model: keras.Model, problem: Problem, seed: int, kept: Set[str], noise: Noise | None
) -> None:
    """Give a new model its initial weights."""
    give_weights(_weights, model, problem, seed, noise, draw="weights" not in kept)


def optimizer(
    model: keras.Model,
    problem: Problem,
    steps_per_epoch: int,
    kept: Set[str] = NOTHING,
    noise: Noise | None = None,
) -> keras.optimizers.Optimizer:
    """Return the optimizer of a training by the problem's recipe."""
    made = _optimizers.optimizer(model, problem, steps_per_epoch, kept)
    if not kept.issuperset(KERAS_DEFAULTS):
        sum_repeated_entries(made)
    if noise:
        add_noise(made, noise)
    return made


def add_noise(optimizer: keras.optimizers.Optimizer, noise: Noise) -> None:
    """Have noise added to every gradient before each step, by the size of the largest of all.

    Two draws for each weight are mixed anew in each step: no engine has to keep the state of a
    generator.
    """
    apply, ops = optimizer.apply, keras.ops

    def drawn(i, like):
        stays, one, other = (
            ops.cast(noise.of(f"{i} {k}", like.shape), like.dtype) for k in range(3)
        )
        step = ops.cast(optimizer.iterations, like.dtype)
        angle = ops.sin(12.9898 * step + 78.233 * (i + 1)) * 43758.5453
        return stays + ops.cos(angle) * one + ops.sin(angle) * other

    def apply_noisy(gradients, variables=None):
        variables = variables or optimizer._trainable_variables  # JAX names none
        found = {
            i: ops.convert_to_tensor(one) for i, one in enumerate(gradients) if one is not None
        }
        size = noise.size * ops.max(ops.stack([ops.max(ops.abs(one)) for one in found.values()]))
        # No rounding makes a number of an exact 0.
        noisy = {i: one + size * ops.abs(ops.sign(one)) * drawn(i, one) for i, one in found.items()}
        return apply([noisy.get(i) for i in range(len(variables))], variables)

    optimizer.apply = apply_noisy


def orders(n: int, recipe: Recipe, seed: int, kept: Set[str]) -> Array | None:
    """Return the order (epoch, n) in which the n examples are seen; None leaves it to Keras."""
    return None if "shuffling" in kept else batch_order(n, epochs=recipe.epochs, seed=seed)


def feed(training: Part, orders: Array | None, batch_size: int) -> dict[str, Any]:
    """Return the arguments of `fit` that say which examples come when."""
    if orders is None:
        arrays = dict(zip(("x", "y", "sample_weight"), training.arrays, strict=False))
        return {**arrays, "batch_size": batch_size, "shuffle": True}
    return {
        "x": batches(training.arrays, orders, batch_size),
        "steps_per_epoch": -(-count(training.x) // batch_size),
        "shuffle": False,  # differs: default is an order of the engine's own
    }
