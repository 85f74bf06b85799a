"""Values of a problem that do not go together, or are of another kind: one line for each."""

import re
from dataclasses import replace

import numpy as np
import pytest
from test_several import OUTPUTS

import problems
from problems import Part, Spec

ECHO = problems.load("echo", quick=True)
OWN = replace(ECHO.recipe, loss="own")
METRIC = ECHO.metrics[0]


def spec(axes, dtype="float32", low=0, high=9, **settings):
    return Spec(axes=axes, dtype=dtype, low=low, high=high, meaning="", unit="", **settings)


def scored(measure, target, output="symbol=10", **settings):
    """Make a problem of a loss of its own, whose targets may be of any shape."""
    output = spec(output)
    metric = replace(METRIC, measure=measure, trivial=np.zeros(output.shape), **settings)
    own = {"recipe": OWN, "quick": OWN, "layers": {}, "metrics": (metric,)}
    return replace(ECHO, **own, output=output, target=target)


FACTORIES = ("top_accuracy", "precision_of", "recall_of", "f1_of")
EQUAL = ("binary_accuracy", "mean_absolute_error", "roc_auc")
CLASSES = ("accuracy", "sequence_accuracy", "macro_f1")
WRONG = {
    **{
        f"{name} of one number": (
            lambda name=name: scored(getattr(problems, name), spec(""), "k=1"),
            "metric 'accuracy': expected targets of shape (1,), came ()",
        )
        for name in EQUAL
    },
    **{
        f"{name} of one logit": (
            lambda name=name: scored(getattr(problems, name), spec("k=1"), "k=1"),
            "metric 'accuracy': expected targets of shape (), came (1,)",
        )
        for name in CLASSES
    },
    "classes that are floats": (
        lambda: scored(problems.macro_f1, spec("")),
        "metric 'accuracy': expected targets that are classes, such as int64, came float32",
    ),
    "classes beyond the outputs": (
        lambda: scored(problems.macro_f1, spec("", "int64"), "k=9"),
        "metric 'accuracy': expected classes from 0 to 8, came 9",
    ),
    "a class that the outputs have not": (
        lambda: scored(problems.recall_of(10), spec("", "int64")),
        "metric 'accuracy': a metric of one class: expected a class from 0 to 9, came 10",
    ),
    "one class of none": (
        lambda: scored(problems.recall_of(3), spec("", "int64"), ""),
        "metric 'accuracy': expected answers with an axis of classes, came none",
    ),
    **{
        f"{name}, not called": (
            lambda name=name: replace(METRIC, measure=getattr(problems, name)),
            f"metric 'accuracy': measure: expected a function of (answers, targets), came {name}, "
            "which takes (",
        )
        for name in FACTORIES
    },
    "a measure by name": (
        lambda: replace(METRIC, measure="accuracy"),
        "measure: expected a function of (answers, targets), came 'accuracy'",
    ),
    "a question by name": (
        lambda: replace(METRIC, ask="all"),
        "ask: expected a function of (predict, x), came 'all'",
    ),
    "a margin below 0": (
        lambda: replace(METRIC, margin=-0.1), "margin: expected 0 or more, came -0.1"
    ),
    "a best that is a switch": (
        lambda: replace(METRIC, best=True), "best: expected a number, came True"
    ),
    "a name that is a number": (
        lambda: replace(METRIC, name=5), "metric: name: expected text, came 5"
    ),
    **{
        f"a {what} that is none": (
            lambda what=what: replace(METRIC, **{what: None}),
            f"metric 'accuracy': {what}: expected text, came None",
        )
        for what in ("unit", "part")
    },
    "a trivial answer of a batch": (
        lambda: replace(ECHO, metrics=(replace(METRIC, trivial=np.zeros((1, 10))),)),
        "metric 'accuracy': trivial: expected an array of shape (10,), came (1, 10)",
    ),
    "a trivial answer in a list": (
        lambda: replace(ECHO, metrics=(replace(METRIC, trivial=[0.0] * 10),)),
        "metric 'accuracy': trivial: expected an array of shape (10,), came a list",
    ),
    "metrics that are one": (
        lambda: replace(ECHO, metrics=METRIC), "metrics: expected a tuple of Metric, came a Metric"
    ),
    "metrics by name": (
        lambda: replace(ECHO, metrics=("mae",)), "metrics: expected a Metric, came a str"
    ),
    "a recipe by name": (lambda: replace(ECHO, quick="short"), "quick: expected a Recipe, came"),
    "layers in a list": (
        lambda: replace(ECHO, layers=["lstm"]), "layers: expected a mapping by name, came ['lstm']"
    ),
    "a layer by number": (
        lambda: replace(ECHO, layers={"dense": 10}), "layers: dense: expected text, came 10"
    ),
    "hidden sizes in a list": (
        lambda: replace(ECHO, hidden=[25]), "hidden: expected a mapping by name, came [25]"
    ),
    "data in the place of draw": (
        lambda: replace(ECHO, draw={}), "draw: expected a function of (seed, sizes), came {}"
    ),
    "a width in the place of widen": (
        lambda: replace(ECHO, widen=25), "widen: expected a function of (unit), came 25"
    ),
    "inputs in a tuple": (
        lambda: replace(ECHO, input=(ECHO.input, ECHO.input)),
        "input: expected a Spec, or several by name, came a tuple",
    ),
    "no inputs": (lambda: replace(ECHO, input={}), "input: expected a Spec, or several by name, c"),
    "an input that is text": (
        lambda: replace(ECHO, input={"a": "time=5"}), "or several by name, came a str"
    ),
    "a hidden size of an axis of the data": (
        lambda: replace(ECHO, hidden={"unit": 25, "symbol": 9}),
        "axis symbol: expected one size, came 10 (input) and 9 (hidden)",
    ),
    "two sizes in one array": (
        lambda: replace(ECHO, input=spec("time=5 time=4 symbol=10")),
        "axis time: expected one size, came 5 (input) and 4 (input)",
    ),
    "a batch in the data": (
        lambda: replace(ECHO, input=spec("batch=5 symbol=10")),
        "input: axis batch: expected another name, it is of the examples",
    ),
    "a batch in the network": (
        lambda: replace(ECHO, hidden={"unit": 25, "batch": 9}), "hidden: axis batch: expected anoth"
    ),
    **{
        f"a type {dtype!r}": (
            lambda dtype=dtype: spec("", dtype),
            f"spec: dtype: expected a type of NumPy by its name, such as float32 or int64, "
            f"came {told}",
        )
        for dtype, told in (("no", "'no'"), ("f4", "'f4'"), ("object", "'object'"), (5, "5"))
    },
    **{
        f"a range from {low} to {high}": (
            lambda low=low, high=high: spec("", low=low, high=high),
            "spec: expected numbers low and high, low no more than high, "
            f"came {low!r} and {high!r}",
        )
        for low, high in ((np.nan, 1.0), (0, float("nan")), (1, 0), ("a", "b"), (False, True))
    },
}  # fmt: skip


@pytest.mark.parametrize(("make", "why"), WRONG.values(), ids=WRONG)
def test_a_wrong_value_gets_one_line(make, why):
    with pytest.raises(ValueError, match=re.escape(why)) as told:
        make()
    assert "\n" not in str(told.value)


def drawn(problem, change):
    """Draw the data of a problem after a change of each part."""
    return replace(
        problem,
        draw=lambda *asked: {name: change(one) for name, one in problem.draw(*asked).items()},
    )


WRONG_DATA = {
    "tuples": (ECHO, lambda part: (part.x, part.y), "echo train: expected a Part, came a tuple"),
    "no weights of an output": (
        OUTPUTS,
        lambda part: replace(part, weight={"kind": np.ones(100, np.float32), "size": None}),
        "two_outputs train size weight: expected an array, came None",
    ),
}


@pytest.mark.parametrize(("problem", "change", "why"), WRONG_DATA.values(), ids=WRONG_DATA)
def test_wrong_data_get_one_line(problem, change, why):
    wrong = drawn(problem, change)
    for make in (wrong, wrong.resized(problem.recipe.examples, epochs=1)):
        with pytest.raises(ValueError, match=f"^{why}$"):
            make.make_data(0)


def test_a_draw_that_returns_one_part_gets_one_line():
    part = ECHO.draw(0, {"train": 5})["train"]
    with pytest.raises(ValueError, match=r"^echo: draw: expected a mapping by name, came Part"):
        replace(ECHO, draw=lambda *_: part).make_data(0)


def test_a_measure_of_ones_own_may_compare_what_it_likes():
    def first(answers, targets):
        return float(np.mean(answers[:, 0] - targets))

    problem = scored(first, spec(""), "k=2")
    part = Part(np.zeros((3, 5, 10), np.float32), np.zeros(3, np.float32))
    assert problem.measured(problem.metrics[0], np.ones((3, 2)), part) == 1


def test_what_is_asked_in_another_way_is_checked_when_it_is_scored():
    problem = scored(
        problems.mean_absolute_error, spec(""), "k=1", ask=lambda predict, x: predict(x)[..., 0]
    )
    part = Part(np.zeros((3, 5, 10), np.float32), np.ones(3, np.float32))
    assert problem.measured(problem.metrics[0], np.zeros(3), part) == 1
    with pytest.raises(ValueError, match=r"expected targets of shape \(3, 1\), came \(3,\)"):
        problem.measured(problem.metrics[0], np.zeros((3, 1)), part)
