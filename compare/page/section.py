"""What the report page says of one problem, made before it is shown: plain values."""

import inspect
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from math import isinf
from pathlib import Path

import pandas as pd
from markupsafe import Markup
from matplotlib.figure import Figure

from compare.drawing import svg
from compare.drawing.groups import Group, in_problem
from compare.page import figures as gallery
from compare.page.figures import Picture, slug, spared
from compare.page.grid import Grid, measured, scores
from compare.page.layers_html import layers_html
from compare.page.program_html import program_html
from compare.programs.layers import steps
from compare.programs.pairing import fault, paired
from compare.records.record import Record
from problems import Problem, Spec, loss_text

# Said of data that no seed changes.
FIXED = " Every seed has the same data: seeds vary the initial weights and the order of batches."
DERIVED = ("Floor", "Baseline")  # how paragraphs of a docstring begin that derive a number


@dataclass(frozen=True)
class Shown:
    """A picture as the page shows it, in the page's ink; or a table, or only a caption."""

    kind: str
    svg: Markup
    table: Grid | None
    caption: str


@dataclass(frozen=True, kw_only=True)
class Section:
    """A problem: its definition, if there still is one, and its results."""

    name: str
    anchor: str
    known: bool  # whether there still is a definition
    lead: str
    about: list[str]  # paragraphs
    derivation: list[str]  # those that derive the baseline
    specs: Grid  # what goes in and comes out
    recipe: str
    layers: Markup
    programs: Markup
    proof: str
    scores: Grid
    times: Grid
    pictures: list[Shown]

    def of(self, *kinds: str) -> list[Shown]:
        """Return the pictures of these kinds."""
        return [one for kind in kinds for one in self.pictures if one.kind == kind]


def section(name: str, everyone: Sequence[Group], frame: pd.DataFrame, folder: Path) -> Section:
    """Return what there is to say of a problem; what its own code fails to make is left out."""
    here, rows = in_problem(everyone, name), frame[frame["problem"] == name]
    records = [record for side in here for record in side.records]
    problem = gallery.defined(name, quick=any(one.recipe == "quick" for one in records))
    text = _docstring(name) if problem else []
    specs = problem and spared(f"table of the data of {name}", partial(_specs, problem))
    recipe = problem and spared(f"sentence on the recipe of {name}", partial(_recipe, problem))
    at = next((i for i, one in enumerate(text) if one.startswith(DERIVED)), len(text))
    pictures = gallery.of_problem(name, problem, here, folder)
    return Section(
        name=name,
        anchor=anchor(name),
        known=problem is not None,
        lead=next(iter(text), problem.summary if problem else ""),
        about=text[1:at],
        derivation=text[at:],
        specs=specs or Grid([], []),
        recipe=recipe or "",
        layers=_layers(problem) if problem else Markup(),
        programs=_programs(name) if problem else Markup(),
        proof=_proof(here, records),
        scores=scores(rows, here, of_one=True),
        times=measured(rows, here),
        pictures=list(shown(pictures)),
    )


def shown(pictures: Iterator[Picture]) -> Iterator[Shown]:
    """Yield pictures as the page shows them; one that cannot be drawn is told on stderr."""
    for one in pictures:
        if not isinstance(one.drawn, Figure):
            yield Shown(one.kind, Markup(), one.drawn, one.caption)
        elif drawn := spared(f"picture {one.name}", partial(_inline, one, one.drawn)):
            yield Shown(one.kind, drawn, None, one.caption)


def anchor(problem: str) -> str:
    """Return a problem's id on the page."""
    return f"problem-{slug(problem)}"


def _inline(picture: Picture, drawn: Figure) -> Markup:
    text = svg.inline(drawn, name=picture.name, label=picture.label)
    return Markup(text)  # its only text is escaped


def _docstring(name: str) -> list[str]:
    """Return the paragraphs of a problem's docstring."""
    text = inspect.getdoc(sys.modules.get(f"problems.{name}")) or ""
    return text.split("\n\n") if text else []


def _specs(problem: Problem) -> Grid:
    columns = ("part", "meaning", "axes of one example", "type", "range", "unit")
    rows = [
        (what, one.meaning, one.axes or "none: a number", one.dtype, _range(one), one.unit)
        for what, one in problem.specs.items()
    ]
    return Grid(columns, rows, columns, (), {})


def _range(spec: Spec) -> str:
    return "any" if isinf(spec.high) and isinf(spec.low) else f"{spec.low:g} to {spec.high:g}"


def _recipe(problem: Problem) -> str:
    """Return how the problem is trained, in a sentence."""
    recipe = problem.recipe
    schedule = f", {recipe.schedule}" if str(recipe.schedule) else ""
    examples = ", ".join(f"{n:,} for {part}" for part, n in recipe.examples.items())
    return (
        f"Loss: {loss_text(recipe.losses)}. Optimizer: {recipe.optimizer}, learning rate "
        f"{recipe.learning_rate:g}{schedule}. {recipe.epochs} epochs in batches of "
        f"{recipe.batch_size}. Examples: {examples}." + FIXED * problem.fixed
    )


def _layers(problem: Problem) -> Markup:
    """Return the network as a diagram, with the shapes of both sides."""
    what = f"diagram of the network of {problem.name}"
    made = spared(what, lambda: layers_html(problem.name, steps(problem, paired(problem.name))))
    return made or Markup()


def _programs(name: str) -> Markup:
    """Return the two programs side by side."""
    what = f"programs of {name} side by side"
    made = spared(what, lambda: program_html(name, paired(name), complaint=fault(name)))
    return made or Markup()


def _proof(here: Sequence[Group], records: Sequence[Record]) -> str:
    """Return how far apart the check found the sides, and what computes on each, in a sentence."""
    differences = [record.parity for record in records if record.parity is not None]
    apart = (
        f"Before anything was timed, the check found the sides no farther apart than "
        f"{max(differences):.1e} in float64: layers, loss, gradients, a short training, what it "
        "leaves, scores. "
        if differences
        else "No check was made for these trainings, or there was one side only. "
    )
    kernels = dict.fromkeys(
        f"{record.kernel} ({side.name})"
        for side in here
        for record in side.records
        if record.kernel
    )
    return apart + (f"Recurrent layers are computed by: {', '.join(kernels)}." * bool(kernels))
