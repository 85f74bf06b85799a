"""Examples of a problem drawn from the samples that trainings keep: inputs, truth, predictions.

What is best written becomes a table, curves and frames become figures.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from compare.drawing.groups import Group
from compare.drawing.svg import INK, STYLE, WIDTH, figure, legend
from compare.page.grid import Grid
from compare.records.predictions import Predictions
from problems import Array, Arrays, Curve, Drawing, Frames, Picture, Problem, Specs, Words, named

ROWS = 6  # of words
PANELS = 4  # of curves
ASKED: dict[str, Any] = {"color": INK, "linewidth": 1, "marker": ".", "markersize": 3}
THINNEST = 1.5  # line width of the side that is drawn last, on top of the others
RINGED = 3  # pixels: so few in a frame are easily missed
WRONG = "(wrong)"

Samples = Mapping[str, tuple[Group, Predictions]]  # by the side's name, all of one seed


@dataclass(frozen=True)
class Example:
    """One or several examples: as drawn, as a table, or only as the caption says them."""

    drawn: Figure | Grid | None
    caption: str


def inputs(problem: Problem, sample: Predictions) -> Example:
    """Return a few inputs of a problem, as its picture has them drawn."""
    questions = examples_of(problem.input, sample, f"{problem.drawn.name}.input")
    drawings = list(map(problem.picture.question, questions))
    caption = f"Examples of the input, {meaning(problem.input)}"
    if isinstance(drawings[0], Words):
        return Example(None, f"{caption}: {';  '.join(map(_words, drawings[:ROWS]))}")
    with rc_context(STYLE):
        if isinstance(drawings[0], Frames):
            return Example(_frames(drawings[0]), f"{caption}.")
        made, panels = figure(2.0, columns=3)
        for axes, drawing in zip(panels, drawings, strict=False):
            _draw(axes, drawing, **ASKED)
            _finish(axes, problem.picture, first=axes is panels[0])
        _same_scale(panels, problem.picture)
    return Example(made, f"{caption}.")


def meaning(specs: Specs) -> str:
    """Return what is in an array, or in each of several by name."""
    each = named(specs).items()
    return "; ".join(f"{name}: {one.meaning}" if name else one.meaning for name, one in each)


def examples_of(specs: Specs, sample: Predictions, what: str) -> list[Any]:
    """Return single examples of an array, or of several by name."""
    arrays = {name: sample[name] for name in named(specs, what)}
    if not isinstance(specs, Mapping):
        return list(arrays[what])
    rows = zip(*arrays.values(), strict=True)
    return [dict(zip(specs, row, strict=True)) for row in rows]


def predictions(problem: Problem, seeds: Mapping[int, Samples]) -> Iterator[Example]:
    """Yield inputs with their truth and what each side predicted, of the seeds that all have.

    Curves and words are those of the first seed. Of frames there is one example of each truth, and
    one with a wrong prediction if any is.
    """
    picture, part = problem.picture, problem.drawn.part
    seed, samples = next(iter(seeds.items()))
    one = next(_each(problem, samples))
    caption = f"Predictions of the networks of seed {seed} on the {part} part, and the truth."
    with rc_context(STYLE):
        if not isinstance(picture.truth(one.x, one.y), Words):
            yield Example(_curves(problem, samples), f"{caption} {picture.note}".strip())
        elif isinstance(picture.question(one.x), Frames):
            yield from _videos(problem, seeds)
        else:
            rows = [
                {"input": _words(picture.question(one.x)) or f"example {n}", **_said(picture, one)}
                for n, one in enumerate(islice(_each(problem, samples), ROWS), 1)
            ]
            columns = list(rows[0])
            table = Grid(columns, [list(row.values()) for row in rows], columns)
            yield Example(table, f"{caption} {picture.note}".strip())


@dataclass(frozen=True)
class _One:
    """One input, its target, and each side's output, by the side's name.

    Where there are several inputs, x has them by name; the target is the one that is scored.
    """

    x: Arrays
    y: Array
    outputs: dict[str, Array]


def _each(problem: Problem, samples: Samples) -> Iterator[_One]:
    """Yield the examples of a seed."""
    name, first = problem.drawn.name, next(iter(samples.values()))[1]
    outputs = {side: sample[f"{name}.output"] for side, (_, sample) in samples.items()}
    questions = examples_of(problem.input, first, f"{name}.input")
    for i, (x, y) in enumerate(zip(questions, first[f"{name}.target"], strict=True)):
        yield _One(x, y, {side: values[i] for side, values in outputs.items()})


def _said(picture: Picture, one: _One) -> dict[str, str]:
    """Return the truth and what each side predicted, marked where it is wrong."""
    truth = _words(picture.truth(one.x, one.y))
    said = {name: _words(picture.answer(one.x, output)) for name, output in one.outputs.items()}
    right = {name: text.partition(",")[0] == truth for name, text in said.items()}
    return {
        "truth": truth,
        **{name: text if right[name] else f"{text} {WRONG}" for name, text in said.items()},
    }


def _videos(problem: Problem, seeds: Mapping[int, Samples]) -> Iterator[Example]:
    """Yield the first example of each truth, and then the first that a side has wrong."""
    found: dict[str, Example] = {}
    for seed, samples in seeds.items():
        for place, one in enumerate(_each(problem, samples), start=1):
            said = _said(problem.picture, one)
            wrong = any(text.endswith(WRONG) for text in said.values())
            film = problem.picture.question(one.x)
            for kind in (said["truth"], *(["a wrong one"] if wrong else [])):
                if kind not in found and isinstance(film, Frames):
                    words = ". ".join(f"{name}: {text}" for name, text in said.items())
                    where = f"seed {seed}, example {place} of the {problem.drawn.part} part"
                    caption = f"{words[0].upper()}{words[1:]}. ({where[0].upper()}{where[1:]}.)"
                    found[kind] = Example(_frames(film, f"truth: {said['truth']}"), caption)
    yield from found.values()


def _curves(problem: Problem, samples: Samples) -> Figure:
    """Return panels with an example each: the truth below, then side on side, ever thinner."""
    picture = problem.picture
    made, panels = figure(4.2, columns=2, rows=PANELS // 2)
    widths = THINNEST + 1.8 * np.arange(len(samples))[::-1]
    truth: dict[str, Any] = {"color": INK, "alpha": 0.3, "marker": "o", "linewidth": widths[0] + 3}
    for axes, one in zip(panels, _each(problem, samples), strict=False):
        _draw(axes, (picture.given or picture.question)(one.x), **ASKED, label="input")
        _draw(axes, picture.truth(one.x, one.y), **truth, label="truth")
        for width, (name, (side, _)) in zip(widths, samples.items(), strict=True):
            style: dict[str, Any] = {
                "color": side.color,
                "linestyle": side.dash,
                "marker": side.mark,
            }
            style |= {"markerfacecolor": "none", "linewidth": width, "markeredgewidth": THINNEST}
            _draw(axes, picture.answer(one.x, one.outputs[name]), **style, label=name)
        _finish(axes, picture, first=axes in panels[::2])
    _same_scale(panels, picture)
    legend(made, panels[0])
    return made


def _draw(axes: Axes, drawing: Drawing, **style: Any) -> None:
    if not isinstance(drawing, Curve):
        raise TypeError(f"a picture of curves: expected a Curve, came {drawing!r}")
    if len(drawing.x) == 1:
        style |= {"markersize": 9}  # a point alone is easily missed
    axes.plot(drawing.x, drawing.y, **style)


def _finish(axes: Axes, picture: Picture, *, first: bool) -> None:
    if picture.level is not None:
        axes.axhline(picture.level, color=INK, linewidth=0.8, linestyle=":")
    axes.set_xlabel(picture.x_label)
    axes.set_ylabel(picture.y_label if first else "")


def _same_scale(panels: Sequence[Axes], picture: Picture) -> None:
    """Give x and y of all panels one scale, where the picture asks for it."""
    if picture.equal:
        used = [axes for axes in panels if axes.lines]
        ends = [end for axes in used for end in (*axes.get_xlim(), *axes.get_ylim())]
        for axes in used:
            axes.set(xlim=(min(ends), max(ends)), ylim=(min(ends), max(ends)), aspect="equal")


def _frames(frames: Frames, title: str = "") -> Figure:
    """Return frames beside each other, each in a border that lies clear of its pixels."""
    n = len(frames.images)
    made, panels = figure(WIDTH / n + 0.25 + 0.2 * bool(title), columns=n)
    for axes, image, name in zip(panels, frames.images, frames.titles, strict=True):
        rows, columns = np.nonzero(image)
        axes.imshow(image, cmap="Greys", interpolation="nearest", vmin=0, vmax=1)
        axes.set(
            xticks=[], yticks=[], title=name,
            xlim=(-2, image.shape[1] + 1), ylim=(image.shape[0] + 1, -2),
        )  # fmt: skip
        axes.spines[:].set_visible(True)
        if 0 < len(rows) <= RINGED:
            axes.plot(columns, rows, "o", color=INK, markersize=11, markerfacecolor="none")
    if title:
        made.suptitle(title, x=0.01, ha="left", weight="bold")
    return made


def _words(drawing: Drawing) -> str:
    """Return what is written in place of a drawing; "" of one that is drawn."""
    return drawing.text if isinstance(drawing, Words) else ""
