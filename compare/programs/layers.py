"""The steps of a network from input to output, with the shapes that both programs tell."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from compare.programs.pairing import Row
from compare.programs.statements import Doing, Statement
from problems import Problem, Specs, named

HEAD = Doing("def", "call")  # of the method that the steps are in
SHAPE = re.compile(r"\([\w*]+(, *[\w*]+)*,?\)")  # at the beginning of a comment


@dataclass(frozen=True)
class Move:
    """How one of the programs takes a step; all is empty where the program does not take it."""

    does: str = ""  # the layer it calls, e.g. "lstm", or the operation, e.g. "permute"
    made: str = ""  # what makes that layer, e.g. "LSTM"
    shape: str = ""  # after it, as its comment says, e.g. "(n, t, 25)"; empty if that says nothing
    mark: str = ""  # "only here", "differs" or nothing


@dataclass(frozen=True)
class Step:
    """A step of the network, which one or both of the programs take."""

    name: str  # "input", the layer's, "output", or what the programs do
    left: Move
    right: Move
    layer: str = ""  # its name in Problem.layers, e.g. "lstm.last"; empty if it has none
    axes: str = ""  # the shape that the problem expects after it, e.g. "batch unit=25"; of several
    # inputs or outputs "NAME: batch unit=25; NAME: batch"

    @property
    def sides(self) -> tuple[Move, Move]:
        """The step in both programs, in the order of the panels."""
        return self.left, self.right


def steps(problem: Problem, rows: Sequence[Row]) -> tuple[Step, ...]:
    """Return what happens to the input on its way to the output, for the rows of the twins."""
    left, right = ([row.sides[side] for row in rows] for side in (0, 1))
    makers = [{one.doing.key: one.doing.does for one in program} for program in (left, right)]
    (first_left, last_left), (first_right, last_right) = ends(left), ends(right)
    return (
        Step("input", first_left, first_right, axes=axes_of(problem.input, problem)),
        *(step(problem, row, makers) for row in rows if any(map(is_step, row.sides))),
        Step("output", last_left, last_right, axes=axes_of(problem.output, problem)),
    )


def axes_of(specs: Specs, problem: Problem) -> str:
    """Return the axes of an array, or of several as "NAME: axes; NAME: axes"."""
    axes = {name: with_sizes(f"batch {one.axes}", problem) for name, one in named(specs).items()}
    return "; ".join(f"{name}: {text}" if name else text for name, text in axes.items())


def ends(program: Sequence[Statement]) -> tuple[Move, Move]:
    """Return the input and the output of a program: the first and the last shape that it tells."""
    shapes = [shape_of(one) for one in program if one.doing == HEAD or is_step(one)] or [""]
    return Move(shape=shapes[0]), Move(shape=next(filter(None, reversed(shapes)), ""))


def is_step(statement: Statement) -> bool:
    """Say whether a statement is a step of the network."""
    return statement.doing.kind == "step" and statement.scope == ("class", HEAD.key)


def step(problem: Problem, row: Row, makers: Sequence[Mapping[str, str]]) -> Step:
    """Return the step that a row is; `makers` tells for each side what makes its layers."""
    left, right = (side_of(one, own) for one, own in zip(row.sides, makers, strict=True))
    layers = row.left.doing.layers or row.right.doing.layers
    actions = dict.fromkeys(side.does for side in (left, right) if side.does)
    name = layers[-1] if layers else " / ".join(actions)
    known = [layer for layer in (name, f"{name}.last") if layer in problem.layers]
    if not known or name not in actions:  # if more is done than the layer does
        return Step(name, left, right)
    return Step(name, left, right, known[0], with_sizes(problem.layers[known[0]], problem))


def side_of(statement: Statement, makers: Mapping[str, str]) -> Move:
    """Return what a statement is in a step."""
    if not is_step(statement):
        return Move()
    made = [makers.get(f"self.{layer}", "") for layer in statement.doing.layers]
    shape = shape_of(statement)
    return Move(statement.doing.does, ", ".join(filter(None, made)), shape, statement.mark)


def shape_of(statement: Statement) -> str:
    """Return the shape that a statement's comments say it leaves, "" if they say nothing."""
    found = map(SHAPE.match, statement.comments)
    return next((match.group() for match in found if match), "")


def with_sizes(axes: str, problem: Problem) -> str:
    """Return an axes text with the sizes it leaves out: "batch unit" -> "batch unit=25"."""
    return " ".join(
        f"{axis}={problem.sizes[axis]}" if axis in problem.sizes else axis for axis in axes.split()
    )
