"""The values of a recipe: what an optimizer and a schedule may be, and the rates of each step."""

import re

import numpy as np
import pytest

from problems import OPTIMIZERS, SCHEDULES, Loss, Optimizer, Proof, Recipe, Schedule

USUAL = {"loss": "mean_absolute_error", "learning_rate": 2.0, "batch_size": 1, "epochs": 2}


def rates(schedule, steps=4):
    recipe = Recipe(**USUAL, examples={}, schedule=schedule)
    return recipe.rates(steps).tolist()


# Of 2 epochs of 4 steps.
RATES = {
    "constant": (Schedule(), [2.0] * 8),
    "by epoch": (Schedule("exponential", factor=0.5), [2.0] * 4 + [1.0] * 4),
    "by steps": (Schedule("exponential", factor=0.5, every=3), [2.0] * 3 + [1.0] * 3 + [0.5] * 2),
    "pieces": (
        Schedule("piecewise", at=(1, 6), factors=(0.5, 0.0)), [2.0, *[1.0] * 5, 0.0, 0.0]
    ),
    "cosine": (
        Schedule("cosine", final=0.5), [1.5 + 0.5 * np.cos(np.pi * k / 8) for k in range(8)]
    ),
    "warm-up": (Schedule(warm_up=4), [0.5, 1.0, 1.5, *[2.0] * 5]),
    "warm-up before steps": (
        Schedule("exponential", factor=0.5, every=2, warm_up=2),
        [1.0, 2.0, 2.0, 2.0, 1.0, 1.0, 0.5, 0.5],
    ),
    "a warm-up that does not end": (Schedule("cosine", warm_up=16), [k / 8 for k in range(1, 9)]),
}  # fmt: skip


@pytest.mark.parametrize("what", RATES)
def test_rates_are_those_of_the_schedule(what):
    schedule, expected = RATES[what]
    np.testing.assert_allclose(rates(schedule), expected, rtol=0, atol=1e-15)


def test_a_name_alone_means_the_default_form():
    recipe = Recipe(**USUAL, examples={}, optimizer="sgd", schedule="cosine")
    assert (recipe.optimizer, recipe.schedule) == (Optimizer("sgd"), Schedule("cosine"))


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_option_of_an_optimizer_is_one(name):
    for option, value in OPTIMIZERS[name].items():
        given = Optimizer(name, **{option: value}) if option != "nesterov" else Optimizer(name)
        assert given.option(option) == pytest.approx(value, rel=1e-7)
    assert str(Optimizer(name)) == name


def test_what_is_left_alone_is_told_by_whole_names_or_last_parts():
    asked = Optimizer("adamw", leave_alone=("bias", "norm/gamma"))
    assert asked.leaves_alone("fc/bias")
    assert asked.leaves_alone("norm/gamma")
    assert not asked.leaves_alone("other/gamma")
    assert not asked.leaves_alone("fc/kernel")


def test_weights_that_are_left_alone_are_there():
    asked = Optimizer("adamw", leave_alone=("bias", "norm/gama"))
    Optimizer("adamw", leave_alone=("bias", "norm/gamma")).check(["norm/gamma", "fc/bias"])
    with pytest.raises(ValueError, match="leave_alone: no weight norm/gama; there are bias, fc/"):
        asked.check(["norm/gamma", "fc/bias"])


# What is asked for, and the one line that it gets.
WRONG = {
    "no optimizer": (lambda: Optimizer("adma"), "no optimizer 'adma'; there are sgd, adam, "),
    "an option of another": (
        lambda: Optimizer("sgd", beta1=0.9),
        "sgd has no option 'beta1'; it has momentum, nesterov, l2, ",
    ),
    "two clips": (
        lambda: Optimizer("adam", clip_norm=1.0, clip_value=1.0),
        "expected one of clip_value, clip_norm, clip_global_norm, came clip_value and clip_norm",
    ),
    "a beta of 1": (
        lambda: Optimizer("adam", beta1=1.0), "adam: beta1: expected a number from 0 to below 1"
    ),
    "a switch": (lambda: Optimizer("rmsprop", centered=1), "expected True or False, came 1"),
    "an epsilon of 0": (lambda: Optimizer("adam", epsilon=0), "a number above 0, came 0"),
    "a decay below 0": (
        lambda: Optimizer("adam", weight_decay=-0.1), "expected a number, 0 or more, came -0.1"
    ),
    "a name for names": (
        lambda: Optimizer("adamw", leave_alone="bias"), "expected a tuple of names, came 'bias'"
    ),
    "nothing to be left alone": (
        lambda: Optimizer("adam", leave_alone=("bias",)), "expected l2 or weight_decay beside it"
    ),
    "nesterov alone": (
        lambda: Optimizer("sgd", nesterov=True), "nesterov: expected a momentum beside it"
    ),
    "no schedule": (lambda: Schedule("linear"), "no schedule 'linear'; there are constant, "),
    "an option of another schedule": (
        lambda: Schedule("cosine", factor=0.5),
        "cosine has no option 'factor'; it has final, warm_up",
    ),
    "no factor": (lambda: Schedule("exponential"), "exponential: expected factor, came none"),
    "every 0 steps": (
        lambda: Schedule("exponential", factor=0.5, every=0), "expected whole steps, 1 or more"
    ),
    "half a warm-up": (lambda: Schedule(warm_up=0.5), "whole steps, 0 or more, came 0.5"),
    "steps that descend": (
        lambda: Schedule("piecewise", at=(5, 2), factors=(1.0, 1.0)), "expected ascending steps"
    ),
    "too few factors": (
        lambda: Schedule("piecewise", at=(5, 6), factors=(1.0,)), "expected 2 factors, came 1"
    ),
    "no pieces": (
        lambda: Schedule("piecewise", at=(), factors=()),
        "piecewise: at: expected a tuple that is not empty, came ()",
    ),
    **{
        f"a warm-up of {came!r}": (
            lambda came=came: Schedule(warm_up=came),
            f"constant: warm_up: expected whole steps, 0 or more, came {came!r}",
        )
        for came in (False, None, "", 0.0, -1)
    },
    "an optimizer in a list": (
        lambda: Optimizer(["sgd"]), "no optimizer ['sgd']; there are sgd, adam, "
    ),
    "a schedule in a list": (
        lambda: Recipe(**USUAL, examples={}, schedule=["cosine"]), "no schedule ['cosine']; there a"
    ),
    "a loss in a list": (lambda: Loss(["huber"]), "no loss ['huber']; there are cross_entropy, "),
    "a decay that no float can hold": (
        lambda: Optimizer("adamw", weight_decay=10**400), "weight_decay: expected a number, 0 or "
    ),
    "examples in a list": (
        lambda: Recipe(**USUAL, examples=[4, 2]),
        "examples: expected a mapping by name, came [4, 2]",
    ),
    "examples by number": (
        lambda: Recipe(**USUAL, examples={0: 4}), "a mapping by name, came {0: 4}"
    ),
    "rates beyond all numbers": (
        lambda: rates(Schedule("exponential", factor=1e300, every=1)),
        "exponential: expected finite rates, came inf in step 2",
    ),
    "such rates of a recipe": (
        lambda: Recipe(
            **USUAL,
            examples={"train": 3},
            schedule=Schedule("exponential", factor=10**200, every=1),
        ),
        "exponential: expected finite rates, came inf in step 2",
    ),
    "a piece beyond all numbers": (
        lambda: rates(Schedule("piecewise", at=(1,), factors=(1.7e308,))),
        "piecewise: expected finite rates, came inf in step 1",
    ),
    "a rate of 0": (
        lambda: Recipe(**USUAL | {"learning_rate": 0}, examples={}), "expected a number above 0"
    ),
    "a rate that is no number": (
        lambda: Recipe(**USUAL | {"learning_rate": float("nan")}, examples={}), "came nan"
    ),
    "half an epoch": (
        lambda: Recipe(**USUAL | {"epochs": 0.5}, examples={}),
        "epochs: expected a whole number above 0, came 0.5",
    ),
    "a proof of 3 steps": (
        lambda: Proof(steps=3), "proof: steps: expected a whole number of 4 or more, came 3"
    ),
    "a proof of half a batch": (
        lambda: Proof(batch_size=0.5), "proof: batch_size: expected a whole number above 0"
    ),
}  # fmt: skip


def test_scalars_of_numpy_are_pythons_numbers():
    """They come from sums and means; a record of them is JSON."""
    examples, rate = {"train": np.int64(5)}, np.float32(0.5)
    recipe = Recipe(**USUAL | {"learning_rate": rate, "epochs": np.int64(2)}, examples=examples)
    pieces = Schedule("piecewise", at=(np.int64(3),), factors=(np.float64(0.5),))
    optimizer = Optimizer("rmsprop", rho=np.float64(0.9), centered=np.True_)
    found = [recipe.learning_rate, recipe.epochs, recipe.examples["train"], pieces.at[0]]
    found += [pieces.factors[0], optimizer.rho, optimizer.centered, Proof(steps=np.int64(8)).steps]
    found += [Loss("huber", delta=np.float32(2)).delta]
    assert [*map(type, found)] == [float, int, int, int, float, float, bool, int, float]


@pytest.mark.parametrize("what", WRONG)
def test_what_cannot_be_gets_one_line(what):
    make, why = WRONG[what]
    with pytest.raises(ValueError, match=re.escape(why)) as told:
        make()
    assert "\n" not in str(told.value)


def test_every_schedule_is_tried():
    assert {schedule.name for schedule, _ in RATES.values()} == set(SCHEDULES)
