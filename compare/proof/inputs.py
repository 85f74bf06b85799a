"""What a twin is asked about for the ladder, and the short training that it is given."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import count as count_from

import numpy as np

from backends._seeded import Noise
from problems import Array, Arrays, Data, Part, Problem, Spec, lengths, mapped, named

BATCH, SEED = 7, 0  # 7 is the length of no axis: a mix-up of batch and time shows
REAL = 4  # examples in it, where random numbers make sense beside them
FAR = 30.0  # times the range of the input: what a limit such as ReLU6's does is seen there
NEAR = 1e-6  # times one example: so is what an epsilon does
EPOCHS = 4


def batch(problem: Problem, part: Part, precision: str) -> Part:
    """Return BATCH examples: of the problem, and beside them random ones of numbers, not of marks.

    Whole numbers may be symbols, and not every row of symbols is a sentence; lengths are none.
    """
    first = part.changed(lambda array: array[:BATCH])
    inputs = named(problem.input)
    arrays = {name: array for name, array in named(part.x).items() if not inputs[name].length_of}
    if any(array.dtype.kind != "f" for array in arrays.values()):
        return first
    n, seeds = BATCH - REAL, count_from(SEED)

    def joined(spec: Spec, of: Array) -> Array:
        random = within(spec, of).random(n, next(seeds))
        return np.concatenate([of[:REAL], cast(random, precision)])

    x, y = (
        mapped(joined, specs, of)
        for specs, of in ((problem.input, part.x), (problem.target, part.y))
    )
    if not lengths(problem.input):
        return Part(x, y, first.weight)

    def unweighted(weight: Array) -> Array:  # for those beside, which have other lengths
        return np.concatenate([weight[:REAL], np.ones_like(weight[REAL:BATCH])])

    weight = None if first.weight is None else mapped(unweighted, first.weight)
    return problem.padded(Part(x, y, weight))


def within(spec: Spec, array: Array) -> Spec:
    """Return a spec with the range of some data where it has no bounds of its own."""
    low = spec.low if np.isfinite(spec.low) else float(array.min())
    return replace(spec, low=low, high=spec.high if np.isfinite(spec.high) else float(array.max()))


def stretched(x: Array) -> Array:
    """Return numbers spread over FAR times their range, to both sides; the last example near 0."""
    if x.dtype.kind != "f":
        return x
    middle = (x.min() + x.max()) / 2
    return np.concatenate([(x[:-1] - middle) * FAR + middle, x[-1:] * NEAR]).astype(x.dtype)


def far(problem: Problem, part: Part) -> Part:
    """Return a part with inputs that are stretched."""
    return problem.padded(replace(part, x=mapped(stretched, part.x)))


def with_noise(x: Arrays, noise: Noise | None) -> Arrays:
    """Return inputs with noise. Whole numbers stay: they may be marks, and are not rounded."""
    if isinstance(x, Mapping):
        return {name: _noisy(array, noise, f"input {name}") for name, array in x.items()}
    return _noisy(x, noise, "input")


def _noisy(x: Array, noise: Noise | None, name: str) -> Array:
    if noise is None or x.dtype.kind != "f":
        return x
    away = x * (1 + noise.size * noise.of(name, x.shape))
    return np.where(x == np.round(x), x, away)


def shortened(problem: Problem) -> Problem:
    """Return the problem with the short training that its proof asks for.

    Loss, optimizer and learning rates are those of its recipe. The last batch of an epoch is a
    partial one: as small as the recipe's, or half a batch where that has none.
    """
    proof, recipe = problem.proof, problem.recipe
    size = proof.batch_size or recipe.batch_size
    last = recipe.examples["train"] % recipe.batch_size
    last = last if 0 < last < size else -(-size // 2)
    examples = dict.fromkeys(recipe.examples, proof.held_out)
    examples["train"] = (proof.steps // EPOCHS - 1) * size + last
    return problem.scaled(batch_size=size).resized(examples, epochs=EPOCHS)


def in_short(data: Data) -> dict[str, Array]:
    """Return three numbers of each array of the data, by name, such as "train input".

    They are its mean, its size, and a sum that also depends on the order. The last digits of the
    data may be others in another version of NumPy.
    """
    arrays = {
        f"{name} {what}": np.float64(array).ravel()
        for name, part in data.items()
        for kind, of in (("input", part.x), ("target", part.y), ("weight", part.weight))
        if of is not None
        for what, array in named(of, kind).items()
    }
    return {
        name: np.array([one.mean(), np.abs(one).mean(), np.cos(np.arange(one.size)) @ one])
        for name, one in arrays.items()
    }


def cast(array: Array, precision: str) -> Array:
    """Return an array in a precision; whole numbers as they are."""
    return array.astype(precision) if array.dtype.kind == "f" else array
