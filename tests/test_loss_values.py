"""What a loss, its targets and weights may be, and what is refused in one line."""

import re
from dataclasses import replace

import numpy as np
import pytest
from test_losses import definition

from problems import Loss, Part, Recipe, Spec, loss_text
from problems._loss import check_targets

# --- weights of a part -----------------------------------------------------------------------


def test_weights_go_with_their_examples():
    part = Part(np.arange(3), np.arange(3), np.arange(3.0))
    assert part.repeated(5).weight.tolist() == [0, 1, 2, 0, 1]
    assert part.changed(lambda array: array[:2]).weight.tolist() == [0, 1]
    several = replace(part, weight={"a": np.arange(3.0)})
    assert several.repeated(4).weight["a"].tolist() == [0, 1, 2, 0]
    assert Part(part.x, part.y).repeated(4).weight is None
    assert len(Part(part.x, part.y).arrays) == 2


WRONG_WEIGHTS = {
    "shape": (
        np.ones((20, 2), np.float32),
        "expected (20,) or (20, 3) or (20, 3, 3), came (20, 2)",
    ),
    "dtype": (np.ones(20), "expected float32, came float64"),
    "negative": (np.full(20, -1, np.float32), "expected numbers of 0 or more, not all 0, came [-1"),
    "nan": (np.full(20, np.nan, np.float32), "expected numbers of 0 or more, not all 0, came [nan"),
    "none": (np.zeros(20, np.float32), "expected numbers of 0 or more, not all 0, came [0, 0]"),
    "named": ({"a": np.ones(20)}, "expected (20,) or (20, 3) or (20, 3, 3), came dict"),
}


@pytest.mark.parametrize(("weight", "why"), WRONG_WEIGHTS.values(), ids=WRONG_WEIGHTS)
def test_weights_that_cannot_be_used_are_refused(weight, why):
    problem = definition("mse_no")

    def draw(seed, sizes):
        drawn = problem.draw(seed, sizes)
        return {**drawn, "test": replace(drawn["test"], weight=weight)}

    with pytest.raises(ValueError, match=r"^mse_no test weight: ") as told:
        replace(problem, draw=draw).make_data(0)
    assert why in str(told.value)


def test_probabilities_have_to_sum_to_1():
    problem = definition("kl_no")

    def draw(seed, sizes):
        return {name: replace(one, y=one.y / 2) for name, one in problem.draw(seed, sizes).items()}

    with pytest.raises(ValueError, match=r"^kl_no train target: .* came sums from 0\.5 to 0\.5$"):
        replace(problem, draw=draw).make_data(0)


# --- what is refused -------------------------------------------------------------------------

WRONG_LOSSES = {
    "name": (("mse",), {}, "no loss 'mse'; there are cross_entropy, "),
    "option": (("mean_squared_error",), {"delta": 1}, "no option delta; its options are: none"),
    "delta": (("huber",), {"delta": 0}, "delta: expected a number above 0, came 0"),
    "not a number": (("huber",), {"delta": "1"}, "delta: expected a number above 0, came '1'"),
    "smoothing": (
        ("cross_entropy",),
        {"label_smoothing": 1},
        "label_smoothing: expected a number in [0, 1), came 1",
    ),
    "negative": (
        ("cross_entropy",),
        {"label_smoothing": -0.1},
        "expected a number in [0, 1), came",
    ),
    "no class": (("cross_entropy",), {"class_weights": (0, 0)}, "expected numbers of 0 or more"),
    "one class": (("cross_entropy",), {"class_weights": 5}, "expected numbers of 0 or more"),
    **{
        f"weights in {what}": (
            ("cross_entropy",),
            {"class_weights": came},
            "in the order of the cl",
        )
        for what, came in (("a set", {1.0, 5.0}), ("text", "15"), ("bytes", b"15"))
    },
    "a table of weights": (("cross_entropy",), {"class_weights": np.ones((2, 2))}, "in the order"),
    **{
        f"weights by class: {came}": (
            ("cross_entropy",),
            {"class_weights": came},
            f"class_weights: expected all classes from 0 on, came {came}",
        )
        for came in ({0: 1.0, 2: 5.0}, {1: 1.0, 2: 5.0}, {"0": 1.0}, {})
    },
    "weights": (("huber",), {"weight": np.ones(50)}, "a number above 0, came array([1., 1., "),
    "weight": (("huber",), {"weight": -1}, "weight: expected a number above 0, came -1"),
}


@pytest.mark.parametrize(("name", "options", "why"), WRONG_LOSSES.values(), ids=WRONG_LOSSES)
def test_a_wrong_loss_is_refused_in_one_line(name, options, why):
    with pytest.raises(ValueError, match=re.escape(why)) as told:
        Loss(*name, **options)
    assert "\n" not in str(told.value)


def spec(shape, dtype="float32", low=-np.inf, high=np.inf):
    """Return a spec of axes of these sizes."""
    axes = " ".join(f"a{i}={n}" for i, n in enumerate(shape))
    return Spec(axes=axes, dtype=dtype, low=low, high=high, meaning="", unit="")


CLASSES, SHARES = spec((4,), "int64", 0, 2), spec((4, 3), low=0, high=1)
WRONG_TARGETS = {
    "integers": ("huber", spec((4, 3), "int64"), "target: expected float32 for the loss huber"),
    "shape": ("mean_squared_error", spec((4,)), "target: expected shape (4, 3) for the loss mean_"),
    "floats": ("cross_entropy", spec((4,)), "target: expected int64 for the loss cross_entropy"),
    "classes": (
        "cross_entropy",
        spec((4,), "int64", 0, 3),
        "target: expected values in [0, 2] for the loss cross_entropy, came [0, 3]",
    ),
    "bits": ("binary_cross_entropy", spec((4, 3), low=-1, high=1), "expected values in [0, 1]"),
    "shares": ("kl_divergence", spec((4, 3)), "expected values in [0, 1]"),
    "weights": (
        Loss("cross_entropy", class_weights=(1, 2)),
        CLASSES,
        "class_weights: expected 3 numbers, one per class, came 2",
    ),
    "two": (
        Loss("binary_cross_entropy", class_weights=(1, 2, 3)),
        SHARES,
        "class_weights: expected 2 numbers, one per class, came 3",
    ),
    "several": (
        {"a": "huber"},
        SHARES,
        "expected one for each of the outputs (one without a name)",
    ),
}


@pytest.mark.parametrize(("loss", "target", "why"), WRONG_TARGETS.values(), ids=WRONG_TARGETS)
def test_a_target_that_a_loss_does_not_take_is_refused(loss, target, why):
    problem = definition("mse_no")
    output = spec((4, 3))
    recipe = replace(problem.recipe, loss=loss)
    with pytest.raises(ValueError, match=re.escape(why)):
        replace(problem, layers={}, output=output, target=target, recipe=recipe, quick=recipe)


def test_losses_of_several_outputs_have_their_names():
    given = {"a": "huber", "b": Loss("cross_entropy", weight=0.5)}
    recipe = Recipe(loss=given, learning_rate=1, batch_size=1, epochs=1, examples={})
    assert recipe.losses == {"a": Loss("huber", delta=1.0), "b": Loss("cross_entropy", weight=0.5)}
    assert loss_text(recipe.losses) == "a: huber (delta 1); b: cross entropy (weight 0.5)"
    outputs = {"a": SHARES, "b": SHARES}
    check_targets(recipe.losses, outputs, {"a": SHARES, "b": CLASSES})
    with pytest.raises(ValueError, match=r"^b: target: expected shape"):
        check_targets(recipe.losses, outputs, {"a": SHARES, "b": SHARES})
    with pytest.raises(
        ValueError, match=r"^loss: expected one for each of the targets \(a\), came"
    ):
        check_targets(recipe.losses, outputs, {"a": SHARES})


@pytest.mark.parametrize(
    ("loss", "why"),
    [
        (Loss("huber", weight=2), "weight: it is for several outputs, expected 1, came 2"),
        ({}, "loss: expected one for each output, came none"),
        (3, "loss: expected a name or a Loss, came 3"),
    ],
)
def test_a_recipe_without_one_loss_is_refused(loss, why):
    with pytest.raises(ValueError, match=why):
        Recipe(loss=loss, learning_rate=1, batch_size=1, epochs=1, examples={})


def test_class_weights_may_go_by_class():
    """Keras's form; its keys are no weights."""
    by_class = Loss("cross_entropy", class_weights={1: 5, 0: np.float32(1)})
    assert by_class == Loss("cross_entropy", class_weights=(1.0, 5.0))


def test_a_loss_says_its_options():
    assert Loss("huber").text == "huber (delta 1)"
    assert Loss("mean_squared_error").text == "mean_squared_error"
    both = Loss("cross_entropy", label_smoothing=0.1, class_weights=[1, 2])
    assert both.text == "cross_entropy (label_smoothing 0.1, class_weights (1.0, 2.0))"
