"""The contract of a problem, for every file in problems/.

Its rules are those of compare/project/contract.py, which users' own problems keep too.
"""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from conftest import shared
from synthetic import known

import problems
from compare.project.contract import RULES, told
from problems import Part, Spec, mapped, named, shape

EVERY_PROBLEM = pytest.mark.parametrize("name", problems.names())


def same(one, other):
    """Say whether two arrays, or those of two mappings by name, are the same."""
    return all(named(mapped(np.array_equal, one, other)).values())


def first(n, arrays):
    """Return the first examples."""
    return mapped(lambda array: array[:n], arrays)


@shared
def data():
    """The quick data of every problem."""
    return {name: problems.load(name, quick=True).make_data(3) for name in problems.names()}


@EVERY_PROBLEM
@pytest.mark.parametrize("rule", RULES, ids=told)
def test_every_problem_keeps_every_rule(name, rule):
    rule(name)


@EVERY_PROBLEM
def test_data_off_the_spec_are_refused(name):
    problem = problems.load(name, quick=True)
    part = problem.make_data(0)["test"]
    wrong = {
        "input": Part(mapped(lambda array: array[..., None], part.x), part.y),
        "target": Part(part.x, mapped(lambda array: array.astype(np.int16), part.y)),
    }
    for what, bad in wrong.items():
        broken = replace(problem, draw=lambda seed, sizes, bad=bad: {"test": bad})
        with pytest.raises(ValueError, match=f"{name} test {what}[^:]*: expected"):
            broken.make_data(0)
    larger = Part(mapped(lambda array: array + 99, part.x), part.y)
    too_large = replace(problem, draw=lambda seed, sizes: {"test": larger})
    with pytest.raises(ValueError, match="expected values in"):
        too_large.make_data(0)


@EVERY_PROBLEM
def test_a_random_input_is_of_the_specified_shape(name):
    for what, spec in named(problems.load(name).input, "random input").items():
        spec.check(spec.random(3, seed=0), what)


@EVERY_PROBLEM
def test_a_problem_at_its_own_sizes_is_itself(name):
    problem = problems.load(name)
    own = problem.recipe.batch_size
    assert problem.scaled() == problem.scaled(batch_size=own) == problem
    if problem.widen:
        assert problem.scaled(unit=problem.hidden["unit"]) == problem


@EVERY_PROBLEM
def test_a_problem_at_other_sizes_has_the_same_data_and_names(name):
    problem = problems.load(name, quick=True)
    other = problem.scaled(batch_size=7)
    assert (other.recipe.batch_size, problem.recipe.batch_size) != (7, 7)
    assert replace(other.recipe, batch_size=problem.recipe.batch_size) == problem.recipe
    if problem.widen:
        wide = problem.scaled(unit=6)
        assert wide.hidden.keys() == problem.hidden.keys()
        assert (wide.sizes["unit"], wide.recipe) == (6, problem.recipe)
        assert all(wide.layer_shape(layer, batch=2) for layer in wide.layers)


def test_sizes_that_hang_on_one_another_stay_consistent():
    assert problems.load("cumsum").scaled(unit=8).layer_shape("lstm", batch=2) == (2, 10, 16)
    assert problems.load("addition").scaled(unit=8).sizes["encoding"] == 12


def test_a_problem_that_does_not_say_how_has_one_width():
    with pytest.raises(ValueError, match="problem 'echo' has one width only"):
        replace(problems.load("echo"), widen=None).scaled(unit=6)


def test_addition_keeps_unseen_questions_out_of_training():
    data = problems.load("addition").make_data(0)
    rows = {part: {x.tobytes() for x in data[part].x} for part in data}
    assert len(rows["unseen"]) == 200
    assert rows["train"] | rows["unseen"] == {
        x.tobytes() for x in problems.load("addition").draw(1, {"train": 100_000})["train"].x
    } | {x.tobytes() for x in problems.load("addition").draw(1, {})["unseen"].x}
    for part in ("train", "validation", "test"):
        assert not rows[part] & rows["unseen"]


def test_shape_reads_folded_and_bare_axes():
    assert shape("batch*time height=4 unit", batch=2, time=5, unit=3) == (10, 4, 3)
    assert shape("") == ()
    with pytest.raises(ValueError, match="axis 'unit' of 'batch unit' has no size"):
        shape("batch unit", batch=2)


def test_a_file_that_defines_no_problem_is_named(monkeypatch):
    monkeypatch.setattr(problems, "names", lambda: ("_metrics",))
    with pytest.raises(ValueError, match=r"problems/_metrics.py must define PROBLEM"):
        problems.load("_metrics")


@EVERY_PROBLEM
def test_answers_of_another_shape_are_refused(name, data):
    """NumPy would stretch (n,) and (n, 1) to (n, n), and score that."""
    problem = problems.load(name, quick=True)
    wider = partial(mapped, lambda array: array[..., None])
    with pytest.raises(ValueError, match=f"{name} output[^:]*: expected"):
        problem.ask(lambda x: wider(known(problem)(x)), data[name])


def test_a_recipe_names_a_loss_and_an_optimizer_that_exist():
    recipe = problems.load("echo").recipe
    with pytest.raises(ValueError, match="no loss 'hinge'; there are cross_entropy, "):
        replace(recipe, loss="hinge")
    with pytest.raises(ValueError, match="no optimizer 'lion'; there are sgd, adam"):
        replace(recipe, optimizer="lion")


def test_a_file_that_cannot_be_read_is_named(monkeypatch):
    monkeypatch.setattr(problems, "names", lambda: ("echoes",))
    with pytest.raises(ValueError, match=r"problems/echoes.py cannot be read: ModuleNotFoundErr"):
        problems.load("echoes")


def test_spec_takes_no_nan():
    spec = Spec(axes="x=1", dtype="float32", low=0, high=1, meaning="", unit="")
    with pytest.raises(ValueError, match="expected values in"):
        spec.check(np.array([[np.nan]], dtype=np.float32), "x")


@EVERY_PROBLEM
def test_a_part_that_came_short_is_named(name):
    problem = problems.load(name, quick=True)
    whole = problem.make_data(0)

    def short(seed, sizes):
        return {**whole, "validation": whole["validation"].changed(lambda array: array[:3])}

    with pytest.raises(ValueError, match=f"{name} validation: expected .* examples, came 3$"):
        replace(problem, draw=short).make_data(0)
    parts = {part: value for part, value in whole.items() if part != "validation"}
    with pytest.raises(ValueError, match=r"validation: expected .* examples, came no such part$"):
        replace(problem, draw=lambda seed, sizes: parts).make_data(0)
    uneven = whole | {"test": replace(whole["test"], y=first(5, whole["test"].y))}
    with pytest.raises(ValueError, match=r"test: expected .* examples, came .* and 5$"):
        replace(problem, draw=lambda seed, sizes: uneven).make_data(0)


@EVERY_PROBLEM
def test_a_problem_of_another_size_draws_no_more_than_its_recipe_asks_for(name):
    problem = problems.load(name, quick=True)
    own, asked = problem.recipe.examples, {}

    def draw(seed, sizes):
        asked.update(sizes)
        return problem.draw(seed, sizes)

    more = {"train": 2 * own["train"] + 3, "validation": 5, "test": own["test"]}
    resized = replace(problem, draw=draw).resized(more, epochs=3)
    data = resized.make_data(0)
    assert asked == {"train": own["train"], "validation": 5, "test": own["test"]}
    assert (resized.recipe.epochs, resized.recipe.examples) == (3, more)
    n = own["train"]
    for x in named(data["train"].x).values():
        assert np.array_equal(x[:n], x[n : 2 * n])
        assert np.array_equal(x[:3], x[2 * n :])
    as_many = replace(problem, draw=draw).resized(own, epochs=3).make_data(0)
    assert all(same(as_many[one].x, part.x) for one, part in problem.make_data(0).items())


def test_a_reference_is_optional_and_a_network_may_pass_it():
    digits = problems.load("digits")
    (metric,) = digits.metrics
    assert metric.baseline < metric.reference < metric.best
    assert digits.reference_score(metric) == metric.reference
    echo = problems.load("echo")
    assert echo.reference_score(echo.metrics[0]) == echo.metrics[0].best == 1
    unknown = replace(echo, reference=None)
    assert unknown.reference_score(unknown.metrics[0]) is None
    with pytest.raises(ValueError, match=r"'accuracy': reference: expected none, .* came 0.987"):
        replace(digits, reference=None)


def test_nothing_is_better_than_the_best():
    for name, better, worse in (("digits", 1.01, 0.5), ("co2", -0.1, 0.6)):
        (metric,) = problems.load(name).metrics
        assert replace(metric, reference=worse)
        with pytest.raises(ValueError, match="expected a score no better than the best"):
            replace(metric, reference=better)
    with pytest.raises(ValueError, match="reference: expected a number, came nan"):
        replace(metric, reference=float("nan"))
