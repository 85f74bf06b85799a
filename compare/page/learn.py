"""The chapter Learn: why the same model is worse in one framework, and the lessons."""

from collections.abc import Hashable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup

import problems
from backends import BACKENDS
from compare.console import complain
from compare.lessons import _records, _tell
from compare.lessons._lesson import Lesson, Rows, lessons
from compare.page.fragment import environment
from compare.page.grid import Grid
from compare.page.program_html import lines
from compare.processes.machine import ROOT
from compare.programs.pairing import title
from compare.records.journal import in_brief
from compare.text import one_line, visible

EXPLAINED = ROOT / "results" / "explain" / "explain.csv"
REFERENCE = "pytorch"
NAMES = {REFERENCE: "PyTorch", "keras-tensorflow": "Keras"}
TEXT = ("problem", "backend", "defaults", "metric")  # columns of explain.csv that are used
NUMBERS = ("seeds", "score_mean", "matched_mean", "change", "change_low", "change_high")
KEPT = {
    "weights": "own initial weights",
    "bias": "own second bias of the LSTM",
    "optimizer": "own Adam",
    "divisor": "own divisor of a weighted loss",
    "shuffling": "own batch order",
    "all": "all of its own",
}

# What each default is about, and what takes its place; by the names in the registry.
MATCHED = {
    "weights": (
        "initial weights",
        "Keras's rules, drawn in NumPy: Glorot uniform; orthogonal from step to step; biases 0, "
        "and 1 for the forget gate of an LSTM",
    ),
    "bias": ("biases of recurrent layers", "one in an LSTM: PyTorch's second is 0 and stays 0"),
    "optimizer": ("Adam", "epsilon 1e-7, added before the bias correction, as Keras does"),
    "divisor": ("divisor of a weighted loss", "the weights' sum"),
    "shuffling": ("order of batches", "one new order each epoch, drawn in NumPy"),
}
# What Keras does by itself where it keeps what is made equal.
KERAS = {
    "bias": "one in an LSTM, two in a GRU",
    "optimizer": "epsilon 1e-7, added before the bias correction",
}

TEMPLATE = """\
<div class="programs">
{% for programs in pairs %}
<table role="table" aria-label="{{ lesson.title }}">
<thead role="rowgroup"><tr role="row">
{% for title, text in programs %}
<th role="columnheader" scope="col">{{ title }}</th>
{% endfor %}
</tr></thead>
<tbody role="rowgroup"><tr role="row">
{% for title, text in programs %}
<td role="cell">
<span class="side">{{ title }}</span>
<code>
{%- for indent, line in lines(text) -%}
<span class="line in{{ indent }}">{{ line }}</span>
{%- endfor -%}
</code>
</td>
{% endfor %}
</tr></tbody>
</table>
{% endfor %}
</div>
"""


@dataclass(frozen=True, kw_only=True)
class Taught:
    """A lesson, as the page shows it."""

    lesson: Lesson
    programs: Markup
    now: Markup
    figures: Grid  # what was measured
    answer: Markup
    where: str  # it was measured


@dataclass(frozen=True, kw_only=True)
class Chapter:
    """All of the chapter."""

    question: str  # the answer to: same model, why is PyTorch worse?
    rules: Grid  # what each framework does by itself, and what is done in matched mode
    defaults: Grid  # the defaults that change a score
    table: Grid  # claim of 2017, verdict, figure
    lessons: list[Taught]


def chapter(explained: Path = EXPLAINED, figures: Path | None = None) -> Chapter:
    """Return the chapter; what was not measured has no figures."""
    every = lessons()
    found, complaints = _records.read(figures or _records.folder(), every)
    for message in in_brief(complaints):
        complain(message)
    rows = _clear(_explained(explained))
    return Chapter(
        question=_question(rows),
        rules=_rules(),
        defaults=Grid(
            [
                "problem",
                "framework",
                "what it keeps",
                "metric",
                "seeds",
                "made equal",
                "kept",
                "change [95 %]",
            ],
            [_cells(row) for row in rows],
            ("framework", "what it keeps", "metric"),
        ),
        table=Grid(
            ["observation of 2017", "now", "figure"],
            [
                [_link(name, f"{number}. {title}"), verdict, coded(figure)]
                for number, name, title, verdict, figure in _tell.rows(every, found)
            ],
            ("now", "figure"),
        ),
        lessons=[
            Taught(
                lesson=one,
                programs=_programs(one),
                now=coded(one.now),
                figures=_grid(_tell.table(one, found)),
                answer=coded(_tell.answer(one, found)),
                where=_tell.where(one, found),
            )
            for one in every
        ],
    )


def coded(text: str) -> Markup:
    """Return a text with what stands between backticks as code."""
    parts = enumerate(visible(text).split("`"))
    return Markup("").join(
        Markup("<code>{}</code>").format(one) if i % 2 else one for i, one in parts
    )


def _grid(cells: Rows) -> Grid:
    """Return a table of a lesson; it is empty if nothing was measured."""
    heads, *rows = [[coded(cell) for cell in row] for row in cells] or [[]]
    return Grid(heads, rows, heads, meaning={})


def _link(name: str, title: str) -> Markup:
    return Markup('<a href="#lesson-{}">{}</a>').format(name, title)


def _programs(lesson: Lesson) -> Markup:
    programs = [(title, text.strip()) for title, text in _tell.programs(lesson)]
    template = environment.from_string(TEMPLATE)
    pairs = [programs[i : i + 2] for i in range(0, len(programs), 2)]
    return Markup(template.render(lesson=lesson, pairs=pairs, lines=lines))


def _explained(file: Path) -> pd.DataFrame:
    """Return what the defaults do; nothing, with a complaint, if the file cannot be read."""
    if not file.is_file():
        return pd.DataFrame(columns=[*TEXT, *NUMBERS])
    try:
        frame = pd.read_csv(file)[[*TEXT, *NUMBERS]].astype(dict.fromkeys(NUMBERS, float))
    except (ValueError, LookupError, OverflowError) as error:
        complain(f"{file} cannot be read: {one_line(error)}")
        return pd.DataFrame(columns=[*TEXT, *NUMBERS])
    better = {name: _better(name) for name in problems.names()}
    pairs = zip(frame["problem"], frame["metric"], strict=True)
    known = [metric in better.get(name, {}) for name, metric in pairs]
    return frame[known].replace([np.inf, -np.inf], np.nan).dropna(subset=[*NUMBERS])


def _clear(frame: pd.DataFrame) -> list[Mapping[Hashable, Any]]:
    """Return the defaults whose change has an interval without zero, the largest change first."""
    rows = [] if frame.empty else frame.to_dict("records")
    kept = [row for row in rows if row["change_low"] * row["change_high"] > 0]
    return sorted(kept, key=lambda row: -abs(row["change"]))


def _cells(row: Mapping[Hashable, Any]) -> Sequence[str]:
    change, low, high = (f"{row[name]:+.5f}" for name in ("change", "change_low", "change_high"))
    return [
        str(row["problem"]),
        NAMES.get(str(row["backend"]), str(row["backend"])),
        KEPT.get(str(row["defaults"]), str(row["defaults"])),
        _metric(row),
        f"{row['seeds']:.0f}",
        f"{row['matched_mean']:.4f}",
        f"{row['score_mean']:.4f}",
        f"{change} [{low}, {high}]",
    ]


def _rules() -> Grid:
    folders = {backend.folder: backend for backend in BACKENDS.values()}
    rows = [
        [what, *(one.defaults.get(name, KERAS.get(name, "")) for one in folders.values()), matched]
        for name, (what, matched) in MATCHED.items()
    ]
    columns = [
        "default",
        *(f"{title(name)} by itself" for name in folders),
        "both in matched mode",
    ]
    return Grid(columns, rows, columns)


def _better(problem: str) -> dict[str, str]:
    """Return by metric whether higher or lower is better; nothing if the file is spoilt."""
    with suppress(ValueError):
        return {one.name: one.better for one in problems.load(problem).metrics}
    return {}


def _lower(row: Mapping[Hashable, Any]) -> bool:
    """Say whether lower is better in a row's metric."""
    return _better(str(row["problem"])).get(str(row["metric"])) == "lower"


def _metric(row: Mapping[Hashable, Any]) -> str:
    """Return the name of a metric, and that lower is better if it is so."""
    return f"{row['metric']}{', lower is better' * _lower(row)}"


def _loss(row: Mapping[Hashable, Any]) -> float:
    """Return what a default costs, as a share of the score without it; below 0 if it helps."""
    change = row["change"] if _lower(row) else -row["change"]
    return float(change / abs(row["matched_mean"])) if row["matched_mean"] else 0.0


def _question(rows: Sequence[Mapping[Hashable, Any]]) -> str:
    worse = [row for row in rows if row["backend"] == REFERENCE and _loss(row) > 0]
    if not worse:
        return (
            "Often because it is not the same model: what you leave out, each framework sets in "
            "its own way. `diptych explain` measures what this does; here is no figure of it."
        )
    first = max(worse, key=_loss)
    name = NAMES[REFERENCE]
    kept = KEPT.get(str(first["defaults"]), first["defaults"])
    return (
        "Often because it is not the same model: what you leave out, each framework sets in "
        f"its own way. The largest effect that was measured: the {first['metric']} of "
        f"{first['problem']} in {name} is {first['score_mean']:.3f} with its {kept}, and "
        f"{first['matched_mean']:.3f} with what both sides share in this comparison (difference "
        f"{first['change']:+.2f}, 95 % interval {first['change_low']:+.2f} to "
        f"{first['change_high']:+.2f})."
    )
