"""The steps of a network: the shapes in the twins' comments are those that the problem expects."""

from dataclasses import replace
from itertools import takewhile
from math import prod

import pytest
from conftest import COMPLETE
from test_pairing import ODD, TWINS

import problems
from backends import PANELS
from compare.programs.layers import Move, steps
from compare.programs.pairing import pair, paired, read
from problems import shape

EVERY_PROBLEM = pytest.mark.parametrize("name", COMPLETE)
BATCH = 7  # the length of no axis


def sizes(told, problem):
    """Return the numbers of a shape in a comment, e.g. "(n*t, 25)"."""
    known = {"n": BATCH, "t": problem.sizes.get("time")}
    axes = [axis.split("*") for axis in told.strip("(,)").split(", ")]
    return tuple(prod(known.get(part) or int(part) for part in axis) for axis in axes)


def first(axes):
    """Return the axes of an array, or of the first of several inputs or outputs."""
    return axes.partition(";")[0].rpartition(": ")[2]


def told(taken, i, side):
    """Return the shapes that a program tells after its i-th step and what it alone does then.

    A step without a comment leaves the shape as it is.
    """
    alone = takewhile(lambda step: step.sides[side].mark == "only here", taken[i + 1 :])
    found = [step.sides[side].shape for step in (taken[i], *alone)]
    before = [step.sides[side].shape for step in taken[:i] if step.sides[side].shape]
    return [one for one in found if one] or before[-1:]


def lies(problem, rows):
    """Return what the twins tell that the problem does not expect, up to the order of axes."""
    taken = steps(problem, rows)
    found = []
    for i, step in enumerate(taken):
        expected = shape(first(step.axes), batch=BATCH, **problem.sizes) if step.axes else None
        for side, panel in enumerate(PANELS):
            shapes = told(taken, i, side)
            if expected and sorted(expected) not in [sorted(sizes(one, problem)) for one in shapes]:
                found.append(f"{panel}: {step.name}: told {shapes}, expected {expected}")
    return found


@EVERY_PROBLEM
def test_comments_tell_the_shapes_that_the_problem_expects(name):
    assert lies(problems.load(name), paired(name)) == []


@EVERY_PROBLEM
def test_keras_tells_the_axes_in_the_order_of_the_problem(name):
    problem = problems.load(name)
    for step in steps(problem, paired(name)):
        if step.axes and step.right.shape:
            expected = shape(first(step.axes), batch=BATCH, **problem.sizes)
            assert sizes(step.right.shape, problem) == expected, step


@EVERY_PROBLEM
def test_every_layer_of_the_problem_is_a_step(name):
    problem = problems.load(name)
    taken = steps(problem, paired(name))
    assert [step.layer for step in taken if step.layer] == list(problem.layers)
    assert [step.name for step in (taken[0], taken[-1])] == ["input", "output"]
    for step in taken:
        if step.layer:
            assert step.left.made, "PyTorch says what the layer is"
            assert step.right.made, "and so does Keras"


@pytest.mark.parametrize(
    ("side", "old", "new", "complaint"),
    [
        (0, "(n, t, 10)", "(n, t, 11)", "pytorch: input: told ['(n, t, 11)'], expected (7, 5, 10)"),
        (
            0,
            "(n, 25)",
            "(n, 26)",
            "pytorch: lstm: told ['(1, n, 25)', '(n, 26)'], expected (7, 25)",
        ),
        (1, "(n, 25)", "(n, t, 25)", "keras: lstm: told ['(n, t, 25)'], expected (7, 25)"),
        (1, "  # (n, 25)", "", "keras: lstm: told ['(n, t, 10)'], expected (7, 25)"),
        (1, "  # (n, 10)", "", "keras: dense: told ['(n, 25)'], expected (7, 10)"),
    ],
)
def test_a_comment_that_lies_is_found(side, old, new, complaint):
    programs = [read(folder, "echo") for folder in PANELS]
    assert old in programs[side]
    programs[side] = programs[side].replace(old, new)
    assert lies(problems.load("echo"), pair(*programs))[0] == complaint


def test_steps_tell_both_sides():
    taken = {
        step.name: step for step in steps(problems.load("moving_square"), paired("moving_square"))
    }
    conv = taken["conv"]
    assert conv.left == Move("conv", "Conv2d", "(n*t, 2, 49, 49)")
    assert conv.right == Move("conv", "Conv2D", "(n*t, 49, 49, 2)")
    assert (conv.layer, conv.axes) == ("conv", "batch*time height=49 width=49 filter=2")
    assert taken["relu"].left.shape == "", "a comment that says nothing"
    assert taken["to / cast"].sides == (Move("to"), Move("cast"))
    assert taken["x[0]"].sides == (Move("x[0]", "", "(n, 50)", "only here"), Move())
    assert (taken["lstm"].layer, taken["lstm"].axes) == ("lstm.last", "batch unit=50")
    repeat = next(
        s for s in steps(problems.load("addition"), paired("addition")) if s.name == "repeat"
    )
    assert repeat.left == Move("unsqueeze, expand", "", "(n, 2, 75)")
    assert repeat.right == Move("repeat", "RepeatVector", "(n, 2, 75)")


@pytest.mark.parametrize("twins", TWINS.values(), ids=TWINS)
def test_any_network_has_steps(twins):
    taken = steps(problems.load("echo"), pair(*twins))
    assert {"input", "dense", "output"} <= {step.name for step in taken}


@pytest.mark.parametrize("program", ODD.values(), ids=ODD)
def test_where_there_is_no_network_there_are_its_ends(program):
    taken = steps(problems.load("echo"), pair(program, ""))
    assert [step.name for step in taken] == ["input", "output"]
    assert {step.sides for step in taken} == {(Move(), Move())}


def test_a_step_that_does_more_than_its_layer_is_not_that_layer():
    echo = replace(problems.load("echo"), layers={"conv1d": "batch unit"})
    taken = steps(echo, pair(*TWINS["convolutions"]))
    (body,) = (step for step in taken if step.name == "conv1d")
    assert body.left.does == "movedim, conv1d, tanh, mean"
    assert body.right.does == "conv1d, tanh, mean"
    assert (body.layer, body.axes) == ("", "")
