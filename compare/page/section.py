"""What the report page says of one problem."""

import inspect
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd
from markupsafe import Markup

from compare import svg
from compare.groups import Side, in_problem
from compare.page import figures as gallery
from compare.page.layers_html import layers_html
from compare.page.program_html import program_html
from compare.programs.layers import steps
from compare.programs.pairing import Row, fault, paired
from compare.records.record import Record
from compare.tables.columns import MEANING, SCORES, SIDES, SIZES, TEXT, TIMES, cells, sides
from compare.tables.results import COLUMNS
from problems import Spec

MEANINGS = {heading: COLUMNS[column] for heading, column in MEANING.items()}


@dataclass(frozen=True)
class Grid:
    """A table for people: headings, rows of texts, and which columns are set to the left."""

    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    text: Sequence[str] = ()

    @property
    def meaning(self) -> dict[str, str]:
        """What the columns mean, of those that a legend explains."""
        return {name: MEANINGS[name] for name in self.headings if name in MEANINGS}


@dataclass(frozen=True)
class Figure:
    """A picture as the page shows it, in the page's ink."""

    svg: Markup
    caption: str

    @staticmethod
    def of(picture: gallery.Picture) -> "Figure":
        """Return a picture for the page."""
        drawn = svg.inline(picture.figure, name=picture.name, label=picture.label)
        return Figure(Markup(drawn), picture.caption)  # its only text is escaped


def grid(frame: pd.DataFrame, headings: Sequence[str]) -> Grid:
    """Return rows of the result table, without columns that are empty or tell no side apart."""
    rows = cells(frame, headings)
    told = [{row[i] for row in rows} for i in range(len(headings))]
    kept = [
        i
        for i, (name, values) in enumerate(zip(headings, told, strict=True))
        if values != {""} and (name not in ("device", "mode") or len(values) > 1)
        if name != "tier" or name in sides(frame)
    ]
    return Grid([headings[i] for i in kept], [[row[i] for i in kept] for row in rows], TEXT)


class Section:
    """A problem: its definition, if there still is one, and what came of it."""

    def __init__(self, name: str, everyone: Sequence[Side], frame: pd.DataFrame, folder: Path):
        self.name, self.folder = name, folder
        self.sides = in_problem(everyone, name)
        self.rows = frame[frame["problem"] == name]
        self.problem = gallery.defined(
            name, quick=any(one.recipe == "quick" for one in self.records)
        )

    @property
    def records(self) -> list[Record]:
        """The trainings of the problem."""
        return [record for side in self.sides for record in side.records]

    @property
    def anchor(self) -> str:
        """The section's id on the page."""
        return anchor(self.name)

    @property
    def about(self) -> list[str]:
        """The paragraphs of the problem's docstring."""
        module = sys.modules.get(f"problems.{self.name}")
        return (inspect.getdoc(module) or "").split("\n\n") if self.problem else []

    @property
    def specs(self) -> Grid:
        """What goes in and comes out."""
        if not self.problem:
            return Grid([], [])
        named = {"input": self.problem.input, "target": self.problem.target}
        named |= {"output": self.problem.output}
        headings = ("part", "meaning", "axes of one example", "type", "range", "unit")
        rows = [
            (what, one.meaning, one.axes or "none: a number", one.dtype, _range(one), one.unit)
            for what, one in named.items()
        ]
        return Grid(headings, rows, headings)

    @property
    def recipe(self) -> str:
        """How the problem is trained, in a sentence."""
        if not self.problem:
            return ""
        recipe = self.problem.recipe
        decay = f", times {recipe.decay:g} after every epoch" if recipe.decay != 1 else ""
        examples = ", ".join(f"{n:,} for {part}" for part, n in recipe.examples.items())
        return (
            f"Loss: {recipe.loss.replace('_', ' ')}. Optimizer: {recipe.optimizer}, learning rate "
            f"{recipe.learning_rate:g}{decay}. {recipe.epochs} epochs in batches of "
            f"{recipe.batch_size}. Examples: {examples}."
        )

    @cached_property
    def rows_of_programs(self) -> tuple[Row, ...]:
        """The twins, statement by statement."""
        return paired(self.name) if self.problem else ()

    @property
    def programs(self) -> Markup:
        """The two programs side by side."""
        return program_html(self.name, self.rows_of_programs, complaint=fault(self.name))

    @property
    def layers(self) -> Markup:
        """The network as a diagram, with the shapes of both sides."""
        if not self.problem:
            return Markup()
        return layers_html(self.name, steps(self.problem, self.rows_of_programs))

    @cached_property
    def figures(self) -> dict[str, Figure]:
        """The pictures of the problem, by what they show."""
        drawn = gallery.of_problem(self.name, self.problem, self.sides, self.folder)
        return {one.name.rpartition("-")[2]: Figure.of(one) for one in drawn}

    @property
    def scores(self) -> Grid:
        """The scores of this problem."""
        return grid(self.rows, ("backend", "tier", "device", "mode", *SCORES))

    @property
    def proof(self) -> str:
        """How far apart the check found the sides, and what computes on each, in a sentence."""
        differences = [record.parity for record in self.records if record.parity is not None]
        apart = (
            f"Before anything was timed, the check found the sides no farther apart than "
            f"{max(differences):.1e} in float64: layers, loss, gradients, the losses of 200 steps, "
            "scores. "
            if differences
            else "No check was made for these trainings, or there was one side only. "
        )
        kernels = dict.fromkeys(
            f"{record.kernel} ({side.name})"
            for side in self.sides
            for record in side.records
            if record.kernel
        )
        return apart + (f"Recurrent layers are computed by: {', '.join(kernels)}." * bool(kernels))

    @property
    def times(self) -> Grid:
        """The times and the memory of this problem."""
        headings = ("backend", "tier", "device", "mode", *TIMES, *SIZES)
        return grid(self.rows.drop_duplicates(list(SIDES)), headings)


def anchor(problem: str) -> str:
    """Return a problem's id on the page."""
    return f"problem-{gallery.slug(problem)}"


def _range(spec: Spec) -> str:
    return "any" if spec.low == -spec.high else f"{spec.low:g} to {spec.high:g}"
