"""Which optimizer it is that moves weights so, of those that are known; imports no framework.

Both optimizers are given the same weights and the same gradients, step by step. What each does is
told by the settings of its object, and by a formula that moves the weights as it did, to rounding.
Formulas: the documentation of both frameworks.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from backends._own import COUPLED, DECOUPLED, EACH, NUMBERS, TOGETHER, WITHOUT_RATE
from problems import Array

Weights = Mapping[str, Array]
Told = dict[str, object]  # what an optimizer is, part by part
CLOSE = 1e-6  # relative to the largest move: rounding, Keras's rates and decays of float32
ROUNDED = "float32 constants"  # Keras's powers of its betas, of which 1 - 0.999 is off by 1e-5
STEPS = 12
SIZES = (3.0, 1e-2, 1e-5)  # of the gradients: weights take turns
# Where the two frameworks have another formula under one name: the forms that are tried.
FORMS: dict[str, dict[str, tuple[object, ...]]] = {
    "sgd": {"the rate is": ("outside of the momentum", "within the momentum")},
    "adam": {"epsilon is": ("before the correction", "after the correction", "in the root")},
    "rmsprop": {"epsilon is": ("outside of the root", "in the root")},
    "adagrad": {"epsilon is": ("outside of the root", "in the root")},
    "adamax": {"epsilon is": ("in what is kept", "added where it divides")},
    "nadam": {},
}
DECAYS = (COUPLED, DECOUPLED, WITHOUT_RATE)
CLIPS = (EACH, TOGETHER, NUMBERS)
NONE = "none"


def gradients(shapes: Mapping[str, tuple[int, ...]], seed: int = 0) -> list[dict[str, Array]]:
    """Return gradients of STEPS steps, large and small, the same for the same names and shapes."""
    found = []
    for step in range(STEPS):
        rng = np.random.default_rng([seed, step])
        found.append(
            {
                name: rng.standard_normal(shapes[name]) * SIZES[i % len(SIZES)]
                for i, name in enumerate(sorted(shapes))
            }
        )
    return found


UNPROVEN = "no known formula does what both optimizers do, so more may differ than these settings"


@dataclass(frozen=True, kw_only=True)
class Moved:
    """What a side's optimizer did: weights after each step (step, ...), by name; its settings."""

    weights: Weights
    rates: Sequence[float]  # the learning rate of each step
    settings: Told


def cause(start: Weights, steps: Sequence[Weights], one: Moved, other: Moved) -> list[str]:
    """Return in what two optimizers differ, one sentence each; none if no formula fits both."""
    both = (one, other)
    if _apart(one.weights, other.weights) <= CLOSE:
        return []
    fits = [list(_fitting(start, steps, side, both)) for side in both]
    pairs = [
        (sum(here.get(key) != there.get(key) for key in here | there), here, there)
        for here, there in product(*fits)
    ]
    if not pairs:
        return _by_settings(one, other)
    _, here, there = min(pairs, key=lambda pair: pair[0])
    keys = [
        key
        for key in here | there
        if key != ROUNDED and _told(here.get(key, NONE)) != _told(there.get(key, NONE))
    ]
    telling = [
        key
        for key in keys
        if _apart(_run(start, steps, here), _run(start, steps, {**here, key: there.get(key)}))
        > CLOSE
    ]
    return [
        f"{key} {_told(here.get(key, NONE))} here and {_told(there.get(key, NONE))} there"
        for key in telling or keys
    ]


def _by_settings(one: Moved, other: Moved) -> list[str]:
    """Return which settings differ, where no formula is known that does what a side does."""
    here, there = one.settings, other.settings
    found = [
        f"{key} is {_told(here[key])} here and {_told(there[key])} there"
        for key in here
        if key in there and not _alike(here[key], there[key])
    ]
    return [*found, UNPROVEN] if found else []


def _fitting(
    start: Weights, steps: Sequence[Weights], side: Moved, both: Sequence[Moved]
) -> Iterator[Told]:
    """Yield what an optimizer may be that did what a side did: as it is set, or in other forms."""
    for plain in (True, False):
        any_found = False
        for told in _candidates(side, both, plain=plain):
            if _apart(side.weights, _run(start, steps, told)) <= CLOSE:
                any_found = True
                yield told
        if any_found:
            return


def _candidates(side: Moved, both: Sequence[Moved], *, plain: bool) -> Iterator[Told]:
    """Yield what a side may be: with its settings in every form; unless plain, with others too."""
    settings = side.settings
    kind = str(settings.get("kind", ""))
    if kind not in FORMS:
        return
    base = {key: value for key, value in settings.items() if key in HYPER} | {"kind": kind}
    base["the learning rates are"] = tuple(side.rates)
    decay, clip = settings.get("decay", 0.0) or 0.0, settings.get("clip")
    decays: list[tuple[object, object]] = [(decay, settings.get("the decay is", NONE))]
    clips: list[tuple[object, object]] = (
        [(clip, settings.get("clip by"))] if clip else [(None, NONE)]
    )
    if not plain:
        amounts = {one.settings.get("decay", 0.0) or 0.0 for one in both} - {0.0}
        amounts |= {2 * one for one in amounts if isinstance(one, float)} | {
            one / 2 for one in amounts if isinstance(one, float)
        }
        decays += [(one, how) for one in amounts for how in DECAYS] + [(0.0, NONE)]
        sizes = {one.settings.get("clip") for one in both} - {None} or {1.0}
        clips += [(one, how) for one in sizes | {1.0, 0.5, 5.0} for how in CLIPS] + [(None, NONE)]
    forms = FORMS[kind]
    for values, decayed, clipped, alone in product(
        product(*forms.values()), decays, clips, (False, True) if decay else (False,)
    ):
        told = base | dict(zip(forms, values, strict=True))
        told |= {"the decay is": decayed[1], "its amount is": decayed[0]}
        told |= {"gradients are clipped:": clipped[1], "to": clipped[0]}
        yield told | ({"biases decay:": "no"} if alone else {})


HYPER = (
    *(
        "momentum",
        "nesterov",
        "beta1",
        "beta2",
        "epsilon",
        "rho",
        "centered",
        "initial accumulator",
    ),
    "dampening",
    ROUNDED,
)


def _run(start: Weights, steps: Sequence[Weights], told: Told) -> Weights:
    """Return what a formula makes of the weights, after each step, by name."""
    now = {name: one.copy() for name, one in start.items()}
    kept: dict[str, dict[str, Any]] = {name: {} for name in now}
    rates = told["the learning rates are"]
    assert isinstance(rates, tuple)
    found: dict[str, list[Array]] = {name: [] for name in now}
    for t, (step, rate) in enumerate(zip(steps, rates, strict=False), 1):
        for name, g in _clipped(step, told).items():
            if name not in now:
                continue
            w, decays = now[name], "biases decay:" not in told or now[name].ndim > 1
            amount = float(told["its amount is"] or 0.0) if decays else 0.0  # type: ignore[arg-type]
            if told["the decay is"] == DECAYS[0]:
                g = g + amount * w
            elif told["the decay is"] == DECAYS[1]:
                w = w - rate * amount * w
            elif told["the decay is"] == DECAYS[2]:
                w = w - amount * w
            now[name] = w - _step(g, kept[name], t, rate, told)
            found[name].append(now[name])
    return {name: np.stack(one) for name, one in found.items() if one}


def _clipped(step: Weights, told: Told) -> Weights:
    how, most = told["gradients are clipped:"], told["to"]
    if how == NONE or not isinstance(most, float):
        return step
    if how == CLIPS[2]:
        return {name: np.clip(g, -most, most) for name, g in step.items()}
    if how == CLIPS[0]:
        norms = {name: float(np.linalg.norm(g)) for name, g in step.items()}
    else:
        norms = dict.fromkeys(step, float(np.sqrt(sum(np.square(g).sum() for g in step.values()))))
    return {name: g * (most / max(norms[name], most)) for name, g in step.items()}


def _step(g: Array, kept: dict[str, Any], t: int, rate: float, told: Told) -> Any:
    """Return by how much a weight is moved; `kept` is what stays from step to step."""
    kind = told["kind"]

    def number(name: str, default: float = 0.0) -> float:
        value = told.get(name, default)
        return float(value) if isinstance(value, int | float) else default

    def kept_as(name: str, value: Any) -> Any:
        kept[name] = value
        return value

    zeros, epsilon, place = np.zeros_like(g), number("epsilon"), told.get("epsilon is")
    if kind == "sgd":
        momentum, within = number("momentum"), told["the rate is"] == "within the momentum"
        given = rate * g if within else g
        if not within and t > 1:
            given = (1 - number("dampening")) * g
        b = kept_as("b", momentum * kept.get("b", zeros) + given)
        if told.get("nesterov"):
            b = momentum * b + (rate * g if within else g)
        return b if within else rate * b
    if kind in ("rmsprop", "adagrad"):
        if kind == "adagrad":
            begun = np.full_like(g, number("initial accumulator"))
            v = kept_as("v", kept.get("v", begun) + g * g)
        else:
            rho = number("rho")
            v = kept_as("v", rho * kept.get("v", zeros) + (1 - rho) * g * g)
            if told.get("centered"):
                mean = kept_as("mean", rho * kept.get("mean", zeros) + (1 - rho) * g)
                v = v - mean * mean
        move = g / (np.sqrt(v + epsilon) if place == "in the root" else np.sqrt(v) + epsilon)
        if number("momentum"):
            move = kept_as("b", number("momentum") * kept.get("b", zeros) + move)
        return rate * move
    beta1, beta2 = number("beta1"), number("beta2")
    power1, power2 = (
        float(np.float32(beta)) ** t if told.get(ROUNDED) else beta**t for beta in (beta1, beta2)
    )
    m = kept_as("m", beta1 * kept.get("m", zeros) + (1 - beta1) * g)
    if kind == "adamax":
        if place == "in what is kept":
            u = kept_as("u", np.maximum(beta2 * kept.get("u", zeros), np.abs(g) + epsilon))
        else:
            u = kept_as("u", np.maximum(beta2 * kept.get("u", zeros), np.abs(g))) + epsilon
        return rate / (1 - power1) * m / u
    v = kept_as("v", beta2 * kept.get("v", zeros) + (1 - beta2) * g * g)
    if kind == "nadam":
        now, following = (beta1 * (1 - 0.5 * 0.96**one) for one in (t, t + 1))
        product_now = kept_as("p", kept.get("p", np.ones(())) * now)
        ahead = following * m / (1 - product_now * following) + (1 - now) * g / (1 - product_now)
        return rate * ahead / (np.sqrt(v / (1 - beta2**t)) + epsilon)
    correction = 1 - power2
    if place == "before the correction":
        root = (np.sqrt(v) + epsilon) / np.sqrt(correction)
    elif place == "after the correction":
        root = np.sqrt(v / correction) + epsilon
    else:
        root = np.sqrt(v / correction + epsilon)
    return rate / (1 - power1) * m / root


def _apart(one: Weights, other: Weights) -> float:
    """Return how far weights are apart, by how far the first are moved at most."""
    apart = 0.0
    for name in one.keys() & other.keys():
        first, second = one[name], other[name]
        if first.shape != second.shape:
            return np.inf
        moves = np.abs(np.diff(first, axis=0)).max(initial=0.0)
        if not (np.isfinite(first).all() and np.isfinite(second).all()):
            return np.inf
        apart = max(apart, float(np.abs(first - second).max() / (moves or 1.0)))
    return apart


def _alike(one: object, other: object) -> bool:
    if isinstance(one, int | float) and isinstance(other, int | float):
        return bool(np.isclose(one, other, rtol=1e-6, atol=0))
    return one == other


def _told(value: object) -> str:
    if isinstance(value, tuple):
        shown = [f"{one:g}" for one in value]
        return ", ".join(shown[:4]) + (", ..." if len(shown) > 4 else "")
    return f"{value:g}" if isinstance(value, float) else str(value)
