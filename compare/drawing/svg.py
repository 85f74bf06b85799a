"""Matplotlib figures in one style, and as SVG text: the same figure is always the same bytes."""

import io
import re
import warnings
from html import escape
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from compare.text import visible

WIDTH = 4.6  # inches
INK = "#010203"  # stands for the colour of the text around, which no figure uses otherwise
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",  # text stays text: small, searchable
    "font.family": ["sans-serif"],
    "font.sans-serif": ["DejaVu Sans"],  # comes with matplotlib: widths are the same everywhere
    "font.size": 9,
    "text.color": INK,
    "text.parse_math": False,  # a name is no formula
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.titlesize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "lines.linewidth": 1.5,
    "lines.markersize": 5,
}
NOTHING: dict[str, Any] = dict.fromkeys(
    ("Date", "Creator", "Format", "Type")
)  # no metadata: no date, no version


def figure(height: float, columns: int = 1, rows: int = 1) -> tuple[Figure, list[Axes]]:
    """Return a figure of the common width and its axes, row by row."""
    with rc_context(STYLE):
        made = Figure(figsize=(WIDTH, height), layout="constrained")
        axes = made.subplots(rows, columns, squeeze=False)
    return made, list(axes.ravel())


def legend(made: Figure, axes: Axes, *, columns: int = 2, below: bool = False) -> None:
    """Put the names of what is drawn above the figure, or below it, each once."""
    handles, names = axes.get_legend_handles_labels()
    unique = dict(zip(names, handles, strict=True))
    made.legend(
        unique.values(),
        unique.keys(),
        loc="outside lower left" if below else "outside upper left",
        ncols=columns,
    )


def inline(figure: Figure, *, name: str, label: str) -> str:
    """Return a figure as an SVG element for a page, in the page's own ink.

    `name` is what its ids begin with, so that two figures on a page share none; `label` says in
    words what it shows.
    """
    text = _svg(figure, name)
    text = text[text.index("<svg") :].replace(INK, "currentColor")
    text = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{name}-", text)
    opening = f'<svg role="img" aria-label="{escape(visible(label))}" viewBox="{_viewbox(text)}">'
    return re.sub(r"<svg[^>]*>", lambda _: opening, text, count=1)


def standalone(figure: Figure, *, name: str, label: str) -> str:
    """Return a figure as an SVG file, dark on white, with a title that says what it shows."""
    text = _svg(figure, name).replace(INK, "#1f2328")
    title = f'<title>{escape(visible(label))}</title><rect width="100%" height="100%" fill="#fff"/>'
    return re.sub(r"<svg[^>]*>", lambda opening: f"{opening[0]}\n {title}", text, count=1)


def _viewbox(text: str) -> str:
    found = re.search(r'viewBox="([^"]*)"', text)
    if found is None:
        raise ValueError("expected a picture with a viewBox, came one without")
    return found[1]


def _svg(figure: Figure, name: str) -> str:
    file = io.StringIO()
    with rc_context(STYLE | {"svg.hashsalt": name}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # text stays text, for other fonts
        figure.savefig(file, format="svg", metadata=NOTHING, transparent=True)
    return "\n".join(line.rstrip() for line in file.getvalue().splitlines()) + "\n"
