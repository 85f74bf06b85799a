"""report.html of a results folder: one page without network or script, from its records alone."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from backends import BACKENDS, Side
from compare.groups import sides
from compare.page import figures as gallery
from compare.page.layers_html import layers_css
from compare.page.program_html import program_css
from compare.page.section import MEANINGS, Figure, Grid, Section, anchor, grid
from compare.page.words import TIMED, Said, answers
from compare.records.provenance import provenance
from compare.records.record import UNPROVEN, Record
from compare.statistics import MINIMUM
from compare.tables.columns import HEADINGS, SIDES
from compare.tables.devices import HEADINGS as DEVICES
from compare.tables.devices import HEADINGS_TEXT as DEVICES_TEXT
from compare.tables.devices import device_cells
from compare.tables.publish import tabulated, unscored
from compare.tables.verdicts import COLUMNS, VERDICT_TEXT, VERDICTS, effect, too_few, verdict_cells

FILE = "report.html"
SHOWN = (
    *SIDES, "metric", "score", "target", "passed", "failed", "epoch s", "wall s", "s to target",
    "host MiB", "GPU MiB", "baseline", "parity", "warnings",
)  # fmt: skip


def report(folder: Path, records: Sequence[Record]) -> Path:
    """Write report.html into the folder, whole or not at all, and return its path."""
    environment = Environment(
        loader=PackageLoader("compare.page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    template = environment.get_template("report.html")
    pieces_css = Markup(layers_css() + program_css())
    page = template.render(page=Page(folder, records), anchor=anchor, pieces_css=pieces_css)
    partial = folder / f"{FILE}.partial"
    partial.write_text(page, encoding="utf-8", errors="replace")
    return partial.replace(folder / FILE)


@dataclass(frozen=True)
class Answer:
    """What the verdicts of one problem say of two sides."""

    compared: str
    said: list[Said]
    rows: pd.DataFrame

    @property
    def leads(self) -> list[str]:
        """The answer on the scores and that on the times."""
        return [lead for lead, _ in (*self.said, ("", ""), ("", ""))][:2]

    @property
    def ratios(self) -> list[str]:
        """How many times as long an epoch and a training take, with their intervals."""
        by_measure = {row["measure"]: effect(row) for _, row in self.rows.iterrows()}
        return [by_measure.get(name, "") for name in TIMED]


class Page:
    """What the page says, in the order in which it says it."""

    def __init__(self, folder: Path, records: Sequence[Record]) -> None:
        self.folder, self.records = folder, records
        self.tables = tabulated(records)
        self.sides = sides(records)

    @property
    def title(self) -> str:
        """What is compared."""
        names = dict.fromkeys(str(Side.parse(side.key[0]).first) for side in self.sides)
        return f"{', '.join(names)}: the same networks on the same data"

    @property
    def subtitle(self) -> str:
        """How much was trained, when and where."""
        seeds = len({record.seed for record in self.records})
        day = max(record.started for record in self.records)[:10]
        machines = dict.fromkeys(record.gpu or record.cpu or "?" for record in self.records)
        problems = len({record.problem for record in self.records})
        return (
            f"{_count(problems, 'problem')}, {_count(len(self.sides), 'side')}, "
            f"{_count(seeds, 'seed')}, {_count(len(self.records), 'training')}; "
            f"{', '.join(machines)}; {day}"
        )

    @property
    def warnings(self) -> Iterator[str]:
        """Yield what a reader must know before any figure."""
        if any(record.recipe == "quick" for record in self.records):
            yield "By the quick recipes: a look, not a result. The targets are not meant for them."
        if any(record.proof == UNPROVEN for record in self.records):
            yield "Not proven: nobody has checked that the sides train the same model."
        if too_few(self.tables.verdicts):
            yield f"{too_few(self.tables.verdicts)}."

    @property
    def failures(self) -> list[str]:
        """The trainings without a score, and why they have none."""
        return unscored(self.records)

    @cached_property
    def sections(self) -> list[Section]:
        """A section for each problem."""
        names = sorted({record.problem for record in self.records})
        return [Section(name, self.sides, self.tables.table, self.folder) for name in names]

    @cached_property
    def answers(self) -> dict[str, list["Answer"]]:
        """What the verdicts say, by problem: an answer for every pair of sides."""
        return {section.name: list(self._answers(section)) for section in self.sections}

    def _answers(self, section: Section) -> Iterator["Answer"]:
        scores = (score for one in section.records for score in one.scores.values())
        better = next((score.better for score in scores), "higher")
        rows = self.tables.verdicts[self.tables.verdicts["problem"] == section.name]
        for key, judged in rows.groupby(["backend", "reference", "device", "mode"], sort=False):
            yield Answer(_pair(key, rows), answers(judged, better=better), judged)

    @property
    def many(self) -> Grid | None:
        """The answers as a table, where a problem has several; else None."""
        if all(len(pairs) < 2 for pairs in self.answers.values()):
            return None
        headings = ["problem", "compared", "scores", "time", *TIMED.values()]
        rows = [
            [name, one.compared, *one.leads, *one.ratios]
            for name, pairs in self.answers.items()
            for one in pairs
        ]
        return Grid(headings, rows, headings)

    def alone(self, problem: str) -> str:
        """Say why there is nothing to compare in a problem."""
        found = next(section for section in self.sections if section.name == problem)
        if len(found.sides) == 1:
            return f"{found.sides[0].name} took part alone"
        return "no two sides have trainings of the same seeds"

    @property
    def ratios(self) -> list[Figure]:
        """The pictures of who was faster, where there are two sides."""
        return [Figure.of(one) for one in gallery.of_all(self.tables.verdicts, self.sides)]

    @property
    def verdicts(self) -> Grid:
        """The verdicts, where there are enough seeds for any."""
        enough = self.tables.verdicts[self.tables.verdicts["pairs"] >= MINIMUM]
        return Grid(list(VERDICTS), verdict_cells(enough), VERDICT_TEXT)

    @property
    def verdict_meanings(self) -> dict[str, str]:
        """What the columns of the verdicts mean."""
        return COLUMNS

    @property
    def table(self) -> Grid:
        """The result table."""
        return grid(self.tables.table, SHOWN)

    @property
    def devices(self) -> Grid:
        """GPU against CPU, where both took part."""
        return Grid(list(DEVICES), device_cells(self.tables.devices), DEVICES_TEXT)

    @property
    def common(self) -> str:
        """What all rows of the result table share, and which therefore has no column."""
        found = {name: set(self.tables.table[name]) for name in ("device", "mode")}
        return ", ".join(f"{name} {min(one)}" for name, one in found.items() if len(one) == 1)

    @property
    def unmeasured(self) -> list[str]:
        """What no training of this folder tells, and what took no part in it."""
        rows = [row for _, row in self.tables.table.iterrows()]
        empty = [name for name, of in HEADINGS.items() if not any(of(row) for row in rows)]
        backends = {record.side.backend for record in self.records}
        devices = {record.device for record in self.records}
        return [
            *(f"{name}: took no part" for name in BACKENDS if name not in backends),
            *(
                f"{name}: nothing was trained there"
                for name in ("cpu", "gpu")
                if name not in devices
            ),
            *(f"{name}: {MEANINGS[name]}" for name in empty if name not in ("warnings", "target")),
        ]

    @property
    def defaults(self) -> Grid:
        """What each framework does if it is left to itself, default by default."""
        folders = {backend.folder: backend for backend in BACKENDS.values()}
        names = dict.fromkeys(name for one in folders.values() for name in one.defaults)
        rows = [
            [name, *(one.defaults.get(name, "as in matched mode") for one in folders.values())]
            for name in names
        ]
        headings = ["default", *folders]
        return Grid(headings, rows, headings)

    @property
    def circumstances(self) -> list[str]:
        """Machine, versions, settings, code."""
        return provenance(self.records)


def _pair(key: Any, rows: pd.DataFrame) -> str:
    """Return which two sides are compared, with device and mode where they tell."""
    backend, reference, *rest = key
    telling = [
        value
        for name, value in zip(("device", "mode"), rest, strict=True)
        if rows[name].nunique() > 1
    ]
    return f"{backend} against {reference}" + (f" ({', '.join(telling)})" if telling else "")


def _count(n: int, thing: str) -> str:
    return f"{n} {thing}{'s' if n != 1 else ''}"
