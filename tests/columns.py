"""Writes docs/columns.md, from what the code says of its columns: `python tests/columns.py`."""

from compare.diff.difference import DIFF_COLUMNS
from compare.processes.machine import ROOT
from compare.records.frames import EPOCH_COLUMNS as EPOCHS
from compare.records.frames import RECORD_COLUMNS
from compare.studies.explain import EXPLAIN_COLUMNS
from compare.studies.sweep import CROSSOVERS, SWEEP_COLUMNS
from compare.tables.devices import DEVICE_COLUMNS
from compare.tables.results import TABLE_COLUMNS
from compare.tables.verdicts import VERDICT_COLUMNS

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
        TABLE_COLUMNS,
    ),
    "verdicts.csv": (
        "A row for each backend against its reference, by problem and measure. "
        "Written by `diptych run` and `diptych table`.",
        VERDICT_COLUMNS,
    ),
    "devices.csv": (
        "A row for each backend on the GPU against itself on the CPU. "
        "Written by `diptych run` and `diptych table`, if both devices were used.",
        DEVICE_COLUMNS,
    ),
    "The rows of a diff": ("Printed by `diptych diff A B --json`.", DIFF_COLUMNS),
    "explain.csv": (
        "A row for each problem, backend and default. Written by `diptych explain`.",
        EXPLAIN_COLUMNS,
    ),
    "sweep.csv": ("A row for each side and size. Written by `diptych sweep`.", SWEEP_COLUMNS),
    "crossovers.csv": (
        "A row for each size at which two sides are equally fast. Written by `diptych sweep`.",
        CROSSOVERS,
    ),
    "compare.load": (
        "A row for each training and metric. There is also a column for each version, "
        "`version_torch` for instance.",
        RECORD_COLUMNS,
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
