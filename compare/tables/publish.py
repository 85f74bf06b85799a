"""table.csv, verdicts.csv and table.md of a results folder, written from its records."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from backends import Side
from compare.console import markdown_list, markdown_table
from compare.records.files import write_whole
from compare.records.provenance import provenance
from compare.records.record import Record, as_json, finite
from compare.tables.columns import SCORES, SIDES, SIZES, TEXT, TIMES, cells, sides
from compare.tables.devices import DEVICE_COLUMNS, device_cells, devices
from compare.tables.devices import HEADINGS as DEVICES
from compare.tables.devices import HEADINGS_TEXT as DEVICES_TEXT
from compare.tables.headline import headline
from compare.tables.layout import markdown_headline
from compare.tables.measures import WARNINGS
from compare.tables.results import TABLE_COLUMNS, table
from compare.tables.statistics import COVERED, MINIMUM
from compare.tables.verdicts import (
    VERDICT_TEXT,
    VERDICTS,
    meanings,
    too_few,
    verdict_cells,
    verdicts,
)
from compare.text import shortened

LONGEST = 1000  # characters of a reason; the log has the rest


@dataclass(frozen=True)
class Tables:
    """What a results folder says: a row per side and metric, and a verdict per pair and measure."""

    table: pd.DataFrame
    verdicts: pd.DataFrame
    devices: pd.DataFrame = field(default_factory=pd.DataFrame)  # GPU against CPU, if both

    @property
    def warnings(self) -> dict[str, str]:
        """The warnings that some row has, and what to do about each."""
        return {name: advice for name, advice in WARNINGS.items() if self.doubted(name)}

    def doubted(self, warning: str) -> list[str]:
        """Return the problems and sides whose times have this warning."""
        rows = (row for _, row in self.table.iterrows() if warning in split(row["warnings"]))
        found = [f"{row['problem']} {Side.parse(row['backend'], row['tier'])}" for row in rows]
        return list(dict.fromkeys(found))


def tabulated(records: Sequence[Record]) -> Tables:
    """Return the tables of some records."""
    return Tables(table(records), verdicts(records), devices(records))


def publish(folder: Path, records: Sequence[Record]) -> Tables:
    """Write table.csv, verdicts.csv and table.md into the folder and return the tables.

    Where trainings were done on both devices, devices.csv as well.

    All are written to ten digits: beyond that, processors differ in their logarithms.
    """
    tables = tabulated(records)
    write_whole(folder / "table.csv", _csv(tables.table))
    write_whole(folder / "verdicts.csv", _csv(tables.verdicts))
    (folder / "devices.csv").unlink(missing_ok=True)
    if not tables.devices.empty:
        write_whole(folder / "devices.csv", _csv(tables.devices))
    write_whole(folder / "table.md", markdown(tables, records))
    return tables


def _csv(frame: pd.DataFrame) -> str:
    return str(frame.to_csv(index=False, float_format="%.10g"))


def markdown(tables: Tables, records: Sequence[Record]) -> str:
    """Return table.md: the tables, what failed, what the columns mean, where it was measured."""
    quick = any(record.recipe == "quick" for record in records)
    trained = tables.table.drop_duplicates(list(SIDES))  # times and sizes are those of all metrics
    parts = [
        "# PyTorch and Keras on the same problems" + (": a quick look, not a result" * quick),
        *markdown_headline(headline(tables)),
        "Where a value is missing, it was not measured or does not exist; it is never 0.",
        "## Scores",
        _section(tables.table, SCORES),
        *failures(records),
        "## Times",
        _section(trained, TIMES),
        *_warnings(tables),
        "## Memory",
        _section(trained, SIZES),
        *_devices(tables.devices),
        *_verdicts(tables.verdicts),
        "## What the columns mean",
        "The names are those of `table.csv`. Here, score is score_mean ± score_std, s are "
        "seconds, MiB are 2^20 bytes. Compile s is `below noise` where the first "
        "epoch took no longer than a later one.",
        "\n".join(f"- `{name}`: {meaning}" for name, meaning in TABLE_COLUMNS.items()),
        "## Where it was measured",
        markdown_list(provenance(records)),
    ]
    return "\n\n".join(parts) + "\n"


def split(warnings: str | float) -> list[str]:
    """Return the warnings that a cell of a table holds."""
    return [] if pd.isna(warnings) or not warnings else str(warnings).split("; ")


def _section(frame: pd.DataFrame, headings: Iterable[str]) -> str:
    headings = [*sides(frame), *headings]
    return markdown_table(headings, TEXT, cells(frame, headings))


def _warnings(tables: Tables) -> list[str]:
    lines = [f"- {name}: {advice}." for name, advice in tables.warnings.items()]
    return ["What the warnings tell, and what to do:", "\n".join(lines)] if lines else []


def unscored(records: Sequence[Record]) -> list[str]:
    """Return which trainings have no score, and why, a line for each."""
    return [f"{record.key}: {_reason(record)}" for record in records if record.status != "ok"]


def failures(records: Sequence[Record]) -> list[str]:
    """Return the section of the trainings without a score; nothing if there are none."""
    lines = unscored(records)
    return ["## Trainings without a score", markdown_list(lines)] if lines else []


def _devices(frame: pd.DataFrame) -> list[str]:
    """Return the section of GPU against CPU; nothing where there is one device only."""
    if frame.empty:
        return []
    rows = markdown_table(DEVICES, DEVICES_TEXT, device_cells(frame))
    meaning = "\n".join(f"- `{name}`: {text}" for name, text in DEVICE_COLUMNS.items())
    return ["## GPU against CPU", rows, "The columns of `devices.csv`:", meaning]


def _verdicts(frame: pd.DataFrame) -> list[str]:
    """Return the section of the verdicts; nothing where there is only one backend."""
    if frame.empty:
        return []
    enough = frame[frame["pairs"] >= MINIMUM]
    rows = [markdown_table(VERDICTS, VERDICT_TEXT, verdict_cells(enough))] if len(enough) else []
    few = [f"{too_few(frame)}."] if too_few(frame) else []
    covers = [f"Brackets hold the {COVERED}."] if enough["low"].notna().any() else []
    return ["## Verdicts", *rows, *covers, *few, "The columns of `verdicts.csv`:", meanings()]


def _reason(record: Record) -> str:
    reason = shortened(" ".join((record.reason or "").split()), LONGEST)
    return f"{record.status}: {reason}" if reason else record.status


def rows_json(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table, ready for JSON."""
    rows = frame.astype(object).where(frame.notna(), None)
    return [finite(row) for row in rows.to_dict("records")]


def tables_json(tables: Tables) -> str:
    """Return as JSON what table.csv, verdicts.csv and devices.csv hold; infinite is null, too."""
    frames = {"table": tables.table, "verdicts": tables.verdicts, "devices": tables.devices}
    return as_json({name: rows_json(frame) for name, frame in frames.items()})
