"""Records as data frames with the right types: `compare.load` and `compare.load_epochs`."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import zip_longest
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

import pandas as pd

from compare.records import journal as records
from compare.records import record as types
from compare.records.reading import of_one_code
from compare.records.record import FIELDS, SCORE_FIELDS, SIZES, Record, Score, UsageError

TIME = "datetime"
DTYPES = {str: "string", int: "Int64", float: "float64", bool: "boolean", datetime: TIME}


def _dtype(hint: Any) -> str | None:
    """Return the dtype of a type hint; None for lists and mappings."""
    if get_origin(hint) in (list, dict):
        return None
    inner = [one for one in get_args(hint) if one is not NoneType]  # of a union or a Literal
    if inner:
        return _dtype(inner[0])
    return DTYPES[hint if isinstance(hint, type) else type(hint)]


def _dtypes(kind: type) -> dict[str, str]:
    """Return the dtypes of the fields of a dataclass that hold a single value."""
    hints = get_type_hints(kind, vars(types) | {"Time": datetime})
    return {name: dtype for name, hint in hints.items() if (dtype := _dtype(hint))}


SINGLE, JUDGED = _dtypes(Record), _dtypes(Score)
# Field of a score: its column. A record has a unit too, the width of its network.
JUDGED_AS = {name: f"score_{name}" if name in SINGLE else name for name in JUDGED}
# Column of `load`: what it means. Besides, there is `version_...` for every version: a string.
RECORD_COLUMNS = {
    **{name: FIELDS[name] for name in SINGLE},
    "metric": "what is scored; missing where a record has no scores at all",
    **{JUDGED_AS[name]: meaning for name, meaning in SCORE_FIELDS.items()},
}
# Column of `load_epochs`: what it means.
EPOCH_COLUMNS = {
    **{
        name: FIELDS[name]
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

    The columns are those of RECORD_COLUMNS, which tells what they mean, and one for each version,
    as in `version_torch`. They are of the types string, Int64, float64, boolean, and datetime for
    `started`; what was not measured is missing, never 0, and versions stay strings: "2.10".

    Raises:
        UsageError: there are no records, or all are of another schema.
    """
    return records_frame(_read(folder))


def records_frame(found: Sequence[Record]) -> pd.DataFrame:
    """Return records as `load` does."""
    versions = sorted({f"version_{name}" for record in found for name in record.versions})
    judged = {JUDGED_AS[name]: dtype for name, dtype in JUDGED.items()}
    dtypes = SINGLE | {"metric": "string"} | judged | dict.fromkeys(versions, "string")
    return _frame([row for record in found for row in _metrics(record)], dtypes)


def load_epochs(folder: str | Path) -> pd.DataFrame:
    """Return the epochs of a results folder, a row per training and epoch.

    The columns are those of EPOCH_COLUMNS, which tells what they mean. A training that was broken
    off has as many rows as epochs were recorded.

    Raises:
        UsageError: there are no records, or all are of another schema.
    """
    return epochs_frame(_read(folder))


def epochs_frame(found: Sequence[Record]) -> pd.DataFrame:
    """Return the epochs of records as `load_epochs` does."""
    rows = [row for record in found for row in _epochs(record)]
    dtypes = {name: SINGLE.get(name, "float64") for name in EPOCH_COLUMNS}
    return _frame(rows, dtypes | {"epoch": "Int64"})


def _read(folder: str | Path) -> list[Record]:
    found, broken = records.read(Path(folder))
    for message in records.in_brief(broken):
        warnings.warn(message, stacklevel=3)
    if not found:
        raise UsageError(f"expected a folder with records in {records.FILE}, came {folder}")
    kept, left_out = of_one_code(found)
    for message in left_out:
        warnings.warn(message, stacklevel=3)
    return kept


def _metrics(record: Record) -> Iterator[dict[str, Any]]:
    training = {name: getattr(record, name) for name in SINGLE}
    training |= {f"version_{name}": version for name, version in record.versions.items()}
    for metric, score in record.scores.items():
        judged = {JUDGED_AS[name]: value for name, value in vars(score).items()}
        yield training | {"metric": metric} | judged
    if not record.scores:
        yield training


def _epochs(record: Record) -> Iterator[dict[str, Any]]:
    training = {name: getattr(record, name) for name in EPOCH_COLUMNS if name in SINGLE}
    timed = record.first_epoch_s is not None or record.epoch_s
    columns: dict[str, Sequence[float | None]] = {
        "train_loss": record.train_loss,
        "validation_loss": record.validation_loss,
        "score": record.epoch_scores,
        "epoch_s": [record.first_epoch_s, *record.epoch_s] if timed else [],
    }
    for epoch, values in enumerate(zip_longest(*columns.values()), start=1):
        yield training | {"epoch": epoch} | dict(zip(columns, values, strict=True))


def _frame(rows: Sequence[Mapping[str, Any]], dtypes: Mapping[str, str]) -> pd.DataFrame:
    """Return rows as a frame whose columns have these types, even where all values are missing."""
    columns = {}
    for name, dtype in dtypes.items():
        values = [row.get(name) for row in rows]
        if dtype == TIME:
            columns[name] = pd.to_datetime(pd.Series(values), utc=True, format="ISO8601")
        else:
            columns[name] = pd.Series(values, dtype=dtype)
    return pd.DataFrame(columns)
