"""Tables as JSON: what is missing or not finite is null, never 0."""

import json
from typing import Any

import pandas as pd

from compare.records.record import finite
from compare.tables.publish import Tables


def rows_json(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table, ready for JSON."""
    rows = frame.astype(object).where(frame.notna(), None)
    return [finite(row) for row in rows.to_dict("records")]


def as_json(value: object) -> str:
    """Return a value as the text of a JSON file."""
    return json.dumps(finite(value), indent=1, allow_nan=False) + "\n"


def tables_json(tables: Tables) -> str:
    """Return as JSON what table.csv, verdicts.csv and devices.csv hold; infinite is null, too."""
    frames = {"table": tables.table, "verdicts": tables.verdicts, "devices": tables.devices}
    return as_json({name: rows_json(frame) for name, frame in frames.items()})
