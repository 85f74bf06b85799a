"""Writes docs/columns.md, from what the code says of its columns: `python tests/columns.py`."""

from compare.diff.difference import COLUMNS as DIFF
from compare.processes.machine import ROOT
from compare.records.frames import COLUMNS as LOADED
from compare.records.frames import EPOCH_COLUMNS as EPOCHS
from compare.studies.explain import COLUMNS as EXPLAIN
from compare.studies.sweep import COLUMNS as SWEEP
from compare.studies.sweep import CROSSOVERS
from compare.tables.devices import COLUMNS as DEVICES
from compare.tables.results import COLUMNS as TABLE
from compare.tables.verdicts import COLUMNS as VERDICTS

PAGE = ROOT / "docs" / "columns.md"
ABOUT = """# Columns

This page is written by `python tests/columns.py`, from the code. Do not edit it.

A missing value is empty, or null in JSON. It is never 0. Seconds end in `_s`, bytes in `_bytes`.
"""
# Table: where it comes from; its columns.
TABLES = {
    "table.csv": (
        "A row for each problem, backend, device, mode, tier and metric. "
        "Written by `diptych run` and `diptych table`.",
        TABLE,
    ),
    "verdicts.csv": (
        "A row for each backend against its reference, by problem and measure. "
        "Written by `diptych run` and `diptych table`.",
        VERDICTS,
    ),
    "devices.csv": (
        "A row for each backend on the GPU against itself on the CPU. "
        "Written by `diptych run` and `diptych table`, if both devices were used.",
        DEVICES,
    ),
    "The rows of a diff": ("Printed by `diptych diff A B --json`.", DIFF),
    "explain.csv": (
        "A row for each problem, backend and default. Written by `diptych explain`.",
        EXPLAIN,
    ),
    "sweep.csv": ("A row for each side and size. Written by `diptych sweep`.", SWEEP),
    "crossovers.csv": (
        "A row for each size at which two sides are equally fast. Written by `diptych sweep`.",
        CROSSOVERS,
    ),
    "compare.load": (
        "A row for each training and metric. There is also a column for each version, "
        "`version_torch` for instance.",
        LOADED,
    ),
    "compare.load_epochs": ("A row for each training and epoch.", EPOCHS),
}


def page() -> str:
    """Return docs/columns.md."""
    parts = [ABOUT]
    for name, (origin, columns) in TABLES.items():
        meanings = "".join(f"- `{column}`: {meaning}\n" for column, meaning in columns.items())
        parts.append(f"## {name}\n\n{origin}\n\n{meanings}")
    return "\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page())
