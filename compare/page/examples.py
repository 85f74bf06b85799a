"""Examples of a problem drawn from the predictions that trainings keep: inputs, truth, answers."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from compare.groups import Side
from compare.records.predictions import Predictions
from compare.svg import INK, STYLE, figure, legend_above
from problems import Array, Curve, Drawing, Frames, Picture, Problem, Words

ROWS = 6  # of words
PANELS = 4  # of curves or images
TRUTH: dict[str, Any] = {"color": INK, "linewidth": 3, "alpha": 0.35, "marker": "o"}
ASKED: dict[str, Any] = {"color": INK, "linewidth": 1, "marker": ".", "markersize": 3}


def questions(problem: Problem, kept: Predictions) -> Figure:
    """Return a few inputs of a problem, as its picture has them drawn."""
    inputs = kept[f"{problem.drawn.name}.input"]
    drawings = [problem.picture.question(x) for x in inputs]
    with rc_context(STYLE):
        if isinstance(drawings[0], Frames):
            return _film(drawings[0])
        if isinstance(drawings[0], Words):
            return _written([{"input": _words(one)} for one in drawings[:ROWS]])
        made, panels = figure(2.0, columns=3)
        for axes, drawing in zip(panels, drawings, strict=False):
            _draw(axes, drawing, problem.picture, **ASKED)
            _finish(axes, problem.picture, first=axes is panels[0])
    return made


def answers(problem: Problem, kept: Mapping[str, tuple[Side, Predictions]]) -> Figure:
    """Return a few inputs with their truth and what each side answered, by the side's name."""
    picture, metric = problem.picture, problem.drawn.name
    one = next(iter(kept.values()))[1]
    inputs, targets = one[f"{metric}.input"], one[f"{metric}.target"]
    given = {name: arrays[f"{metric}.output"] for name, (_, arrays) in kept.items()}
    with rc_context(STYLE):
        if isinstance(picture.truth(inputs[0], targets[0]), Words):
            films = [one for one in map(picture.question, inputs) if isinstance(one, Frames)]
            if films:
                return _judged_images(films, _said(picture, inputs, targets, given))
            asked = [{"input": _words(picture.question(x))} for x in inputs[:ROWS]]
            said = _said(picture, inputs, targets, given)
            return _written([one | texts for one, texts in zip(asked, said, strict=False)])
        made, panels = figure(4.2, columns=2, rows=PANELS // 2)
        for i, axes in enumerate(panels[: len(inputs)]):
            _draw(
                axes,
                (picture.given or picture.question)(inputs[i]),
                picture,
                **ASKED,
                label="input",
            )
            _draw(axes, picture.truth(inputs[i], targets[i]), picture, **TRUTH, label="truth")
            for name, (side, _) in kept.items():
                style = {"color": side.color, "linestyle": side.dash, "marker": side.mark}
                style |= {"markerfacecolor": "none", "label": name}
                _draw(axes, picture.answer(inputs[i], given[name][i]), picture, **style)
            _finish(axes, picture, first=i % 2 == 0)
        legend_above(made, panels[0])
    return made


def _draw(axes: Axes, drawing: Drawing, picture: Picture, **style: Any) -> None:
    if not isinstance(drawing, Curve):
        raise TypeError(f"a picture of curves: expected a Curve, came {drawing!r}")
    if len(drawing.x) == 1:
        style |= {"markersize": 9}  # a point alone is easily missed
    axes.plot(drawing.x, drawing.y, **style)
    if picture.equal:
        axes.set_aspect("equal", adjustable="datalim")


def _finish(axes: Axes, picture: Picture, *, first: bool) -> None:
    if picture.level is not None:
        axes.axhline(picture.level, color=INK, linewidth=0.8, linestyle=":")
    axes.set_xlabel(picture.x_label)
    axes.set_ylabel(picture.y_label if first else "")


def _film(frames: Frames) -> Figure:
    made, panels = figure(1.5, columns=len(frames.images))
    for axes, image, title in zip(panels, frames.images, frames.titles, strict=True):
        _image(axes, image, title)
    return made


def _image(axes: Axes, image: Array, title: str) -> None:
    axes.imshow(image, cmap="Greys", interpolation="nearest", vmin=0, vmax=1)
    axes.set_title(title)
    axes.set(xticks=[], yticks=[])


def _judged_images(films: Sequence[Frames], said: Sequence[dict[str, str]]) -> Figure:
    made, panels = figure(3.6 + 0.3 * len(said[0]), columns=2, rows=PANELS // 2)
    for axes, film, texts in zip(panels, films, said, strict=False):
        title = "\n".join(f"{name}: {text}" for name, text in texts.items())
        _image(axes, film.images[-1], title)
    return made


def _said(
    picture: Picture, inputs: Array, targets: Array, given: Mapping[str, Array]
) -> list[dict[str, str]]:
    """Return for each input the truth and what each side said, marked where it is wrong."""
    rows = []
    for i, (x, y) in enumerate(zip(inputs, targets, strict=True)):
        truth = _words(picture.truth(x, y))
        said = {name: _words(picture.answer(x, outputs[i])) for name, outputs in given.items()}
        wrong = {name: text.partition(",")[0] != truth for name, text in said.items()}
        marked = {name: f"{text} ✗" if wrong[name] else text for name, text in said.items()}
        rows.append({"truth": truth, **marked})
    return rows


def _words(drawing: Drawing) -> str:
    return drawing.text if isinstance(drawing, Words) else ""


def _written(rows: Sequence[dict[str, str]]) -> Figure:
    """Return rows of texts as a table, headed by their names."""
    made, (axes,) = figure(0.1 + 0.26 * (1 + len(rows)))
    axes.set_axis_off()
    lines = [list(rows[0]), *(list(row.values()) for row in rows)]
    widths = [max(len(line[column]) for line in lines) + 3 for column in range(len(lines[0]))]
    total = max(sum(widths), 44)
    for i, line in enumerate(lines):
        for column, text in enumerate(line):
            axes.text(
                sum(widths[:column]) / total, 1 - (i + 0.5) / len(lines), text, va="center",
                weight="bold" if i == 0 else "normal", transform=axes.transAxes,
                parse_math=False, fontsize=11,
            )  # fmt: skip
    return made
