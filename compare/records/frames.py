"""Records as data frames with the right types: `compare.load` and `compare.load_epochs`."""

import json
import warnings
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pandas as pd

from compare.records import journal as records
from compare.records.record import SIZES, Record, UsageError

SCHEMA: dict[str, Any] = json.loads(
    files("compare.records").joinpath("record.schema.json").read_text("utf-8")
)
DTYPES = {"string": "string", "integer": "Int64", "number": "float64", "boolean": "boolean"}
TIME = "datetime"


def _dtype(field: Mapping[str, Any]) -> str | None:
    """Return the dtype of a field of the schema; None for lists and mappings."""
    kinds = field["type"] if isinstance(field["type"], list) else [field["type"]]
    return TIME if field.get("format") == "date-time" else DTYPES.get(kinds[0])


FIELDS = {name: one for name, one in SCHEMA["properties"].items() if _dtype(one)}
JUDGED = SCHEMA["$defs"]["judged"]["properties"]
# Column of `load`: what it means. Besides, there is `version_...` for every version: a string.
COLUMNS = {
    **{name: one["description"] for name, one in FIELDS.items()},
    "metric": "what is scored; missing where a record has no scores at all",
    **{name: one["description"] for name, one in JUDGED.items()},
}
# Column of `load_epochs`: what it means.
EPOCH_COLUMNS = {
    **{
        name: FIELDS[name]["description"]
        for name in (
            "problem",
            "backend",
            "device",
            "mode",
            "tier",
            "recipe",
            *SIZES,
            "seed",
            "status",
        )
    },
    "epoch": "number of the epoch, from 1",
    "train_loss": "mean loss over the training part, while it was trained on",
    "validation_loss": "mean loss over the validation part, after the epoch",
    "score": "score of the first metric on the validation part, after the epoch",
    "epoch_s": "seconds of the epoch; the first one with tracing and compilation",
}


def load(folder: str | Path) -> pd.DataFrame:
    """Return the records of a results folder, a row per training and metric.

    The columns are those of COLUMNS, which tells what they mean, and one for each version, as in
    `version_torch`. They are of the types string, Int64, float64, boolean, and datetime for
    `started`; what was not measured is missing, never 0, and versions stay strings: "2.10".

    Raises:
        UsageError: there are no records, or they are of another schema.
    """
    found = _read(folder)
    versions = sorted({f"version_{name}" for record in found for name in record.versions})
    dtypes = {name: _dtype(one) for name, one in FIELDS.items()}
    dtypes |= {"metric": "string"} | {name: _dtype(one) for name, one in JUDGED.items()}
    dtypes |= dict.fromkeys(versions, "string")
    return _frame([row for record in found for row in _metrics(record)], dtypes)


def load_epochs(folder: str | Path) -> pd.DataFrame:
    """Return the epochs of a results folder, a row per training and epoch.

    The columns are those of EPOCH_COLUMNS, which tells what they mean. A training that was broken
    off has as many rows as epochs were recorded.

    Raises:
        UsageError: there are no records, or they are of another schema.
    """
    rows = [row for record in _read(folder) for row in _epochs(record)]
    dtypes = {name: _dtype(FIELDS[name]) if name in FIELDS else "float64" for name in EPOCH_COLUMNS}
    return _frame(rows, dtypes | {"epoch": "Int64"})


def _read(folder: str | Path) -> list[Record]:
    found, broken = records.read(Path(folder))
    for message in broken:
        warnings.warn(message, stacklevel=3)
    if not found:
        raise UsageError(f"expected a folder with records in {records.FILE}, came {folder}")
    return found


def _metrics(record: Record) -> Iterator[dict[str, Any]]:
    training = {name: getattr(record, name) for name in FIELDS}
    training |= {f"version_{name}": version for name, version in record.versions.items()}
    for metric, judged in record.scores.items() or [(None, {})]:
        yield training | {"metric": metric} | judged


def _epochs(record: Record) -> Iterator[dict[str, Any]]:
    training = {name: getattr(record, name) for name in EPOCH_COLUMNS if name in FIELDS}
    timed = record.first_epoch_s is not None or record.epoch_s
    columns: dict[str, Sequence[float | None]] = {
        "train_loss": record.train_loss,
        "validation_loss": record.validation_loss,
        "score": record.epoch_scores,
        "epoch_s": [record.first_epoch_s, *record.epoch_s] if timed else [],
    }
    for epoch, values in enumerate(zip_longest(*columns.values()), start=1):
        yield training | {"epoch": epoch} | dict(zip(columns, values, strict=True))


def _frame(rows: Sequence[Mapping[str, Any]], dtypes: Mapping[str, str | None]) -> pd.DataFrame:
    """Return rows as a frame whose columns have these types, even where all values are missing."""
    columns = {}
    for name, dtype in dtypes.items():
        values = [row.get(name) for row in rows]
        if dtype == TIME:
            columns[name] = pd.to_datetime(pd.Series(values), utc=True, format="ISO8601")
        else:
            columns[name] = pd.Series(values, dtype=dtype)
    return pd.DataFrame(columns)
