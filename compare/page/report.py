"""report.html of a results folder: one page without network or script, from its records alone."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd
from markupsafe import Markup

from backends import BACKENDS, Side
from compare.drawing.groups import Group
from compare.page import figures as gallery
from compare.page.answer import answer, legend
from compare.page.fragment import environment
from compare.page.grid import MEANINGS, Grid, scores, times
from compare.page.layers_html import layers_css
from compare.page.learn import Chapter, chapter
from compare.page.program_html import program_css
from compare.page.section import Section, Shown, anchor, section, shown
from compare.page.words import Said, answers
from compare.records.files import write_whole
from compare.records.provenance import provenance
from compare.records.record import UNPROVEN, Record
from compare.tables.columns import HEADINGS
from compare.tables.devices import HEADINGS as DEVICES
from compare.tables.devices import HEADINGS_TEXT as DEVICES_TEXT
from compare.tables.devices import device_cells
from compare.tables.headline import headline
from compare.tables.names import names
from compare.tables.publish import Tables, tabulated, unscored
from compare.tables.statistics import MINIMUM
from compare.tables.verdicts import VERDICT_COLUMNS, VERDICT_TEXT, VERDICTS, verdict_cells

FILE = "report.html"
# What a folder may hold besides, as the navigation calls it; patterns, the first file counts.
FILES = {"table.csv": "table.csv", "runs.jsonl": "runs.jsonl", "logs": "cells/*/log.txt"}
MACHINERY = ("warnings", "target", "failed")  # columns whose emptiness is no lack


def report(folder: Path, records: Sequence[Record]) -> Path:
    """Write report.html into the folder, whole or not at all, and return its path."""
    template = environment.get_template("report.html")
    pieces_css = Markup(layers_css() + program_css())
    page = template.render(page=made(folder, records), pieces_css=pieces_css)
    write_whole(folder / FILE, page)
    return folder / FILE


@dataclass(frozen=True, kw_only=True)
class Page:
    """What the page says, in the order in which it says it. All is made before it is shown."""

    title: str
    subtitle: str
    files: dict[str, str]  # what there is besides in the folder, and where
    sentence: str
    warnings: list[str]  # what a reader must know before any figure
    failures: list[tuple[str, str]]  # trainings without a score, and their logs if there are any
    trainings: int
    answer: Grid
    legend: list[tuple[str, str]]
    notes: tuple[str, ...]
    ratios: list[Shown]
    words: dict[str, list[tuple[str, list[Said]]]]  # by problem, for every pair of sides
    verdicts: Grid
    verdict_meanings: Mapping[str, str]
    scores: Grid
    times: Grid
    common: str  # what all trainings share
    devices: Grid  # GPU against CPU, where both took part
    meanings: Mapping[str, str]  # of the columns
    learn: Chapter
    sections: list[Section]
    circumstances: list[str]  # machine, versions, settings, code
    unmeasured: list[str]


def made(folder: Path, records: Sequence[Record]) -> Page:
    """Return the page of some records."""
    tables, everyone = tabulated(records), gallery.called(records)
    problems = sorted({record.problem for record in records})
    found = headline(tables)
    enough = tables.verdicts[tables.verdicts["pairs"] >= MINIMUM]
    return Page(
        title=_title(everyone),
        subtitle=_subtitle(records, everyone),
        files={name: one for name, pattern in FILES.items() for one in _place(folder, pattern)},
        sentence=found.sentence,
        warnings=list(_warnings(records)),
        failures=list(_failures(folder, records)),
        trainings=len(records),
        answer=answer(found.rows, {name: anchor(name) for name in problems}),
        legend=list(legend(found)),
        notes=found.notes,
        ratios=list(shown(gallery.of_all(tables.verdicts, everyone))),
        words={name: list(_words(tables, name)) for name in problems},
        verdicts=Grid(list(VERDICTS), verdict_cells(enough), VERDICT_TEXT, (), VERDICT_COLUMNS),
        verdict_meanings=VERDICT_COLUMNS,
        scores=scores(tables.table, everyone, of_one=False),
        times=times(
            tables.table.drop_duplicates(["problem", "backend", "tier", "device", "mode"]), everyone
        ),
        common=_common(tables.table),
        devices=Grid(list(DEVICES), device_cells(tables.devices), DEVICES_TEXT),
        meanings=MEANINGS,
        learn=chapter(),
        sections=[section(name, everyone, tables.table, folder) for name in problems],
        circumstances=provenance(records),
        unmeasured=list(_unmeasured(tables.table, records)),
    )


def _title(everyone: Sequence[Group]) -> str:
    """Return what is compared."""
    sides = dict.fromkeys(str(Side.parse(side.key[0]).first) for side in everyone)
    *others, last = names(sides).values()
    who = " and ".join(filter(None, (", ".join(others), last)))
    return f"{who}: the same networks on the same data"


def _subtitle(records: Sequence[Record], everyone: Sequence[Group]) -> str:
    """Return how much was trained, when and where."""
    machines = dict.fromkeys(record.gpu or record.cpu or "?" for record in records)
    return (
        f"{_count(len({record.problem for record in records}), 'problem')}, "
        f"{_count(len(everyone), 'side')}, {_count(len({one.seed for one in records}), 'seed')}, "
        f"{_count(len(records), 'training')}; {', '.join(machines)}; "
        f"{max(record.started for record in records)[:10]}"
    )


def _count(n: int, thing: str) -> str:
    return f"{n} {thing}{'s' if n != 1 else ''}"


def _place(folder: Path, pattern: str) -> Iterator[str]:
    """Yield where a file of the folder is; of files in cells, where the cells are."""
    if any(folder.glob(pattern)):
        yield pattern.partition("*")[0]


def _warnings(records: Sequence[Record]) -> Iterator[str]:
    """Yield what a reader must know before any figure."""
    if any(record.recipe == "quick" for record in records):
        yield "By the quick recipes: a look, not a result. The targets are not meant for them."
    if any(record.proof == UNPROVEN for record in records):
        yield "Not proven: nobody has checked that the sides train the same model."


def _failures(folder: Path, records: Sequence[Record]) -> Iterator[tuple[str, str]]:
    """Yield the trainings without a score and why they have none, with the place of their log."""
    without = [record for record in records if record.status != "ok"]
    for record, line in zip(without, unscored(records), strict=True):
        log = f"cells/{record.key}/log.txt"
        yield line, quote(log) if (folder / log).is_file() else ""


def _words(tables: Tables, problem: str) -> Iterator[tuple[str, list[Said]]]:
    """Yield for every pair of sides what is compared, and what the verdicts say of it."""
    metrics = tables.table[tables.table["problem"] == problem]["better"]
    rows = tables.verdicts[tables.verdicts["problem"] == problem]
    named = names(dict.fromkeys([*tables.verdicts["reference"], *tables.verdicts["backend"]]))
    for key, judged in rows.groupby(["backend", "reference", "device", "mode"], sort=False):
        better = next(iter(metrics), "")  # a problem may have no score at all
        yield _pair(key, rows, named), answers(judged, better=better, names=named)


def _pair(key: Any, rows: pd.DataFrame, named: Mapping[str, str]) -> str:
    """Return which two sides are compared, with device and mode where they tell."""
    backend, reference, *rest = key
    telling = [
        value
        for name, value in zip(("device", "mode"), rest, strict=True)
        if rows[name].nunique() > 1
    ]
    return f"{named[backend]} against {named[reference]}" + (
        f" ({', '.join(telling)})" if telling else ""
    )


def _common(frame: pd.DataFrame) -> str:
    """Return what all trainings share."""
    found = {name: set(frame[name]) for name in ("device", "mode")}
    return ", ".join(f"{name} {min(one)}" for name, one in found.items() if len(one) == 1)


def _unmeasured(frame: pd.DataFrame, records: Sequence[Record]) -> Iterator[str]:
    """Yield what took no part, and which columns have no value in any row."""
    backends = {record.side.backend for record in records}
    devices = {record.device for record in records}
    yield from (f"{name}: took no part" for name in BACKENDS if name not in backends)
    yield from (f"{one}: nothing was trained there" for one in ("cpu", "gpu") if one not in devices)
    rows = [row for _, row in frame.iterrows()]
    empty = [name for name, of in HEADINGS.items() if not any(of(row) for row in rows)]
    if unknown := [name for name in empty if name not in MACHINERY]:
        yield f"no value in any training: {', '.join(unknown)}"
