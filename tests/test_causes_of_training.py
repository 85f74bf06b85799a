"""Why losses, gradients, averages and steps differ is named where numbers agree, and only there."""

import numpy as np
import pytest

from compare.proof.causes import losses, optimizers, training
from compare.proof.causes.optimizers import Moved

RNG = np.random.default_rng(0)
LOGITS, CLASSES = RNG.normal(size=(8, 4)), RNG.integers(0, 4, 8)
NUMBERS, TARGETS = RNG.normal(size=(8, 1)), RNG.normal(size=8)
BITS = RNG.integers(0, 2, (8, 1)).astype(float)


def entropies(logits, smoothing=0.0):
    logs = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    hot = np.eye(4)[CLASSES] * (1 - smoothing) + smoothing / 4
    return -(hot * logs).sum(-1)


def softmax(logits):
    return np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)


WEIGHTS = np.array([1.0, 2.0, 3.0, 4.0])
WEIGHTED = entropies(LOGITS) * WEIGHTS[CLASSES]
AWAY = NUMBERS - TARGETS[:, None]


@pytest.mark.parametrize(
    ("one", "other", "outputs", "targets", "told"),
    [
        (entropies(LOGITS).mean(), entropies(softmax(LOGITS)).mean(), LOGITS, CLASSES,
         "outputs are taken for logits here and logits, after a softmax there"),
        (entropies(LOGITS).mean(), entropies(LOGITS).sum(), LOGITS, CLASSES,
         "it is the mean over all elements here and the sum there"),
        (entropies(LOGITS).mean(), entropies(LOGITS, 0.1).mean(), LOGITS, CLASSES,
         "label smoothing 0 here and 0.1 over all classes there"),
        (WEIGHTED.sum() / WEIGHTS[CLASSES].sum(), WEIGHTED.mean(), LOGITS, CLASSES,
         "the sum, divided by the weights here and the mean over all elements there"),
        (np.square(NUMBERS - TARGETS).mean(), np.square(AWAY).mean(), NUMBERS, TARGETS,
         "(n, n), as shapes (n, 1) and (n,) are broadcast here and element by element there"),
        (np.square(AWAY).mean(), np.abs(AWAY).mean(), NUMBERS, TARGETS[:, None],
         "the loss squared differences here and absolute differences there"),
        (0.7, 1.4, NUMBERS, BITS, "the loss is 2 times as large there"),
        (0.7, 0.9, NUMBERS, BITS, ""),
        (np.nan, 0.9, NUMBERS, BITS, ""),
    ],
)  # fmt: skip
def test_a_loss_is_known_by_its_number(one, other, outputs, targets, told):
    options = {"class weights": WEIGHTS.tolist()}
    found = losses.cause(one, other, outputs, targets, options)
    assert told in found
    assert bool(found) == bool(told)


def test_gradients_part_right_after_the_last_layer_that_gets_another():
    one = {f"{name}/kernel": RNG.normal(size=(3, 2)) for name in ("a", "b", "c")}
    layers = ("a", "relu~", "b.last", "drop", "c", "output")
    other = one | {name: np.tanh(one[name]) for name in ("a/kernel", "b/kernel")}
    (told,) = training._first_back(one, other, layers)
    assert told == "b is the first to get another gradient on the way back: look at what follows it"
    assert not [*training._first_back(one, one, layers)]
    assert not [*training._first_back(one, {name: -array for name, array in one.items()}, layers)]


def test_gradients_differ_by_a_factor_or_stop():
    one = {"a": RNG.normal(size=(3, 2)), "b": RNG.normal(size=2)}
    twice = {name: 2 * array for name, array in one.items()}
    assert training._of_gradients(one, twice) == "each gradient is 2 times as large there"
    stopped = one | {"a": np.zeros((3, 2))}
    assert training._of_gradients(one, stopped) == "no gradient comes to a there"
    assert training._of_gradients(stopped, one) == "no gradient comes to a here"
    other = one | {"b": RNG.normal(size=2)}
    assert training._of_gradients(one, other) == "the gradients of b differ, and of a agree"
    assert training._of_gradients(one, one) == ""


def test_averages_differ_by_the_share_of_the_new_ones():
    mean, variance = RNG.normal(size=3), RNG.random(3)
    one = {"n/moving_mean": 0.01 * mean, "n/moving_variance": 0.99 + 0.01 * variance}
    other = {"n/moving_mean": 0.1 * mean, "n/moving_variance": 0.9 + 0.1 * variance}
    (found,) = training._of_averages(one, other, {})
    assert "counts 10 times as much there" in found
    unbiased = one | {"n/moving_variance": 0.99 + 0.01 * variance * np.array([1.1, 1.2, 1.3])}
    (found,) = training._of_averages(one, unbiased, {})
    assert "divided by another number" in found
    assert list(training._of_averages(one, one, {})) == []
    # Where averages begin as they are given, a share is of what is added to them.
    begun = {"n/moving_mean": RNG.normal(size=3)}
    new = RNG.normal(size=3)
    moved = [
        {"n/moving_mean": share * new + (1 - share) * begun["n/moving_mean"]}
        for share in (0.01, 0.1)
    ]
    (found,) = training._of_averages(*moved, begun)
    assert "counts 10 times as much there" in found


START = {"fc/kernel": RNG.normal(size=(4, 3)), "fc/bias": RNG.normal(size=3)}
STEPS = optimizers.gradients({name: one.shape for name, one in START.items()})
SGD = {"kind": "sgd", "momentum": 0.9, "nesterov": False}
ADAM = {"kind": "adam", "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-7}


def moved(settings, rate=0.1, **told):
    """Return what an optimizer leaves that is set so, and is otherwise what is told."""
    forms = {key: values[0] for key, values in optimizers.FORMS[settings["kind"]].items()}
    whole = {"the decay is": settings.get("the decay is", "none"), "its amount is": 0.0}
    whole |= {"gradients are clipped:": settings.get("clip by", "none")}
    whole |= {"to": settings.get("clip"), "its amount is": settings.get("decay", 0.0)}
    rates = tuple([rate] * len(STEPS)) if isinstance(rate, float) else rate
    whole |= forms | settings | {"the learning rates are": rates}
    whole |= {key.replace("_", " "): value for key, value in told.items()}
    weights = optimizers._run(START, STEPS, whole)
    return Moved(weights=weights, rates=rates, settings=settings)


FALLING = tuple(0.1 * 0.5**step for step in range(len(STEPS)))
DECAY = {"decay": 0.05, "the decay is": "coupled, added to the gradient"}
CLIP = {"clip": 0.5, "clip by": "each gradient by its norm"}


@pytest.mark.parametrize(
    ("one", "other", "told"),
    [
        (moved(ADAM), moved(ADAM | {"epsilon": 1e-3}), "epsilon 1e-07 here and 0.001 there"),
        (moved(ADAM), moved(ADAM, epsilon_is="after the correction"),
         "epsilon is before the correction here and after the correction there"),
        (moved(SGD, FALLING), moved(SGD, FALLING, the_rate_is="within the momentum"),
         "the rate is outside of the momentum here and within the momentum there"),
        (moved(SGD), moved(SGD | {"momentum": 0.5}), "momentum 0.9 here and 0.5 there"),
        (moved(SGD), moved(SGD | {"nesterov": True}), "nesterov False here and True there"),
        (moved(SGD | DECAY), moved(SGD | DECAY | {"the decay is": "decoupled"}),
         "the decay is coupled, added to the gradient here and decoupled there"),
        (moved(SGD | CLIP), moved(SGD | CLIP | {"clip by": "all gradients by one norm"}),
         "each gradient by its norm here and all gradients by one norm there"),
        (moved(SGD), moved(SGD, FALLING), "the learning rates are 0.1, 0.1"),
    ],
)  # fmt: skip
def test_an_optimizer_is_known_by_what_it_leaves(one, other, told):
    assert any(told in found for found in optimizers.cause(START, STEPS, one, other))
    assert optimizers.cause(START, STEPS, one, one) == []


def test_of_an_unknown_optimizer_the_settings_are_told():
    one, other = moved(SGD), moved(SGD | {"momentum": 0.5})
    strange = {name: array + 1.0 for name, array in one.weights.items()}
    found = optimizers.cause(START, STEPS, Moved(**vars(one) | {"weights": strange}), other)
    assert found == ["momentum is 0.9 here and 0.5 there", optimizers.UNPROVEN]


def test_a_padding_entry_that_is_trained_on_one_side_is_told():
    one = {"emb/embeddings": np.array([[np.nan, np.nan], [1.0, 2.0]])}
    other = {"emb/embeddings": np.array([[0.5, 0.0], [1.0, 2.0]])}
    (found,) = training._of_entries(one, other)
    assert found == "emb/embeddings: entry 0 is padding here, and is trained there"
    (found,) = training._of_entries(other, one)
    assert found == "emb/embeddings: entry 0 is padding there, and is trained here"
    assert list(training._of_entries(one, one)) == []
