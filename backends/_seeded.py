"""What the seed decides, drawn once in NumPy for every backend: initial weights, batch order.

The initial weights follow Keras's defaults, the better documented of the two (Glorot and Bengio
2010; Saxe et al. 2014; Jozefowicz et al. 2015 for the forget gate).
"""

from collections.abc import Callable, Mapping
from math import prod, sqrt
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from problems import Problem, stream

Array = NDArray[Any]
NOTHING_GIVEN: Mapping[str, Array] = {}


def glorot_uniform(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Draw U(-a, a), a = sqrt(6 / (inputs + outputs)), of shape (..., inputs, outputs).

    Leading axes, a convolution's height and width, multiply both counts.
    """
    limit = sqrt(6 / (prod(shape[:-2]) * (shape[-2] + shape[-1])))
    return rng.uniform(-limit, limit, shape)


def orthogonal(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Draw a matrix (units, gates * units) with orthonormal rows, evenly among all such.

    Of more axes, all but the last count as rows; where there are more rows than columns, these are
    the orthonormal ones.
    """
    rows, columns = prod(shape[:-1]), shape[-1]
    q, r = np.linalg.qr(rng.standard_normal((max(rows, columns), min(rows, columns))))
    q = q * np.sign(np.diag(r))
    return np.asarray(q.T if rows <= columns else q).reshape(shape)


def small_uniform(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Draw U(-0.05, 0.05), for an embedding (entries, units)."""
    return rng.uniform(-0.05, 0.05, shape)


def zeros(_: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Return zeros."""
    return np.zeros(shape)


def ones(_: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Return ones."""
    return np.ones(shape)


def open_forget_gate(_: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Return an LSTM's bias (4 * units): 1 for the forget gate, which is second, else 0."""
    return np.repeat([0.0, 1.0, 0.0, 0.0], shape[0] // 4)


Draw = Callable[[np.random.Generator, tuple[int, ...]], Array]

# The initial rule of a weight, by Keras's name for it.
RULES: dict[str, Draw] = {
    "kernel": glorot_uniform,
    "recurrent_kernel": orthogonal,
    "bias": zeros,
    "embeddings": small_uniform,
    "gamma": ones,
    "beta": zeros,
    "scale": ones,
    "alpha": zeros,
}


def rule(name: str, shapes: Mapping[str, tuple[int, ...]]) -> Draw:
    """Return the initial rule of a weight, by the end of its name and the shapes of all weights.

    A weight of any other name, and a kernel with a single axis, has zeros; with two axes or more,
    it is drawn as a kernel is. A bias beside a recurrent kernel (units, 4 * units) is an LSTM's.
    """
    own = name.rpartition("/")[2]
    shape, recurrent = shapes[name], shapes.get(name.removesuffix(own) + "recurrent_kernel", ())
    if own == "bias" and len(recurrent) == 2 and recurrent[1:] == (4 * recurrent[0],) == shape:
        return open_forget_gate
    draw = RULES.get(own, glorot_uniform)
    matrix = draw in (glorot_uniform, orthogonal)
    return zeros if matrix and len(shape) < 2 else draw


class Noise(NamedTuple):
    """Noise of the size of rounding, by which a training shows what rounding may do to it.

    In a gradient, half of it is drawn anew for each step and half stays: the errors of rounding
    much the same numbers step after step are not independent.
    """

    size: (
        float  # standard deviation: of a weight, by its size; of a gradient, by the largest of all
    )
    draw: int  # which noise

    def of(self, name: str, shape: tuple[int, ...]) -> Array:
        """Return standard normal numbers: the same draw, name and shape, the same numbers."""
        return stream(self.draw, f"noise {name}").standard_normal(shape)


def check_given(given: Mapping[str, Array], shapes: Mapping[str, tuple[int, ...]]) -> None:
    """Raise ValueError unless initial weights that a problem gives are some of a model's."""
    for name, value in given.items():
        if name not in shapes:
            raise ValueError(f"initial: expected names among {sorted(shapes)}, came {name!r}")
        if value.shape != shapes[name]:
            raise ValueError(f"initial: {name}: expected {shapes[name]}, came {value.shape}")


def initial_weights(
    shapes: Mapping[str, tuple[int, ...]],
    seed: int,
    noise: Noise | None = None,
    given: Mapping[str, Array] = NOTHING_GIVEN,
) -> dict[str, Array]:
    """Return float32 values for weights: the same seed, names and shapes, the same numbers.

    Those that are given are not drawn. With noise, all are float64.

    Raises:
        ValueError: there are no weights to draw.
    """
    if not shapes:
        raise ValueError("expected a model with weights, came one without any")
    drawn = {
        name: (
            given[name] if name in given else rule(name, shapes)(stream(seed, name), shape)
        ).astype(np.float32)
        for name, shape in shapes.items()
    }
    if noise is None:
        return drawn
    return {
        name: value * (1 + noise.size * noise.of(name, value.shape))
        for name, value in drawn.items()
    }


def give_weights(
    weights: ModuleType, model: Any, problem: Problem, seed: int, noise: Noise | None, *, draw: bool
) -> None:
    """Give a new model its initial weights: those that its problem gives, and drawn ones.

    `weights` is the backend's _weights.py. If none are drawn, the others stay as they are.
    """
    given = problem.initial
    if given:
        averages = {name: one.shape for name, one in weights.averages(model).items()}
        check_given(given, weights.describe(model) | averages)
        weights.write_averages(model, given)
    if draw or given:
        known = given if draw else {**weights.read(model), **given}
        weights.write(model, initial_weights(weights.describe(model), seed, noise, known))


def batch_order(n: int, *, epochs: int, seed: int) -> NDArray[np.int64]:
    """Return the order in which examples are seen: one permutation of range(n) per epoch."""
    rng = stream(seed, "batch order")
    return np.stack([rng.permutation(n) for _ in range(epochs)])
