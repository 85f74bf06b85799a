"""explain.csv and explain.md, written from the records of `diptych explain`."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd

from backends import BACKENDS
from compare.records.record import Record
from compare.studies.explain import COLUMNS, readings
from compare.tables.columns import number
from compare.tables.publish import circumstances, markdown_rows


def publish_explanation(folder: Path, frame: pd.DataFrame, records: Sequence[Record]) -> None:
    """Write explain.csv and explain.md into the folder."""
    frame.to_csv(folder / "explain.csv", index=False)
    (folder / "explain.md").write_text(explanation(frame, records))


def explanation(frame: pd.DataFrame, records: Sequence[Record]) -> str:
    """Return explain.md: a sentence per problem, the figures, what defaults and columns are."""
    parts = [
        "# What each framework's defaults do",
        "From matched mode, one default at a time is left to the framework, then all of them; "
        "each training is compared with the matched one of the same seed. Fewer than 6 seeds are "
        "a look, not a result.",
        "\n".join(f"- {sentence}" for sentence in readings(frame)),
        markdown_rows(EXPLAINED, EXPLAINED_TEXT, explained_cells(frame)),
        "## The defaults",
        "\n".join(
            f"- {backend}, {name}: {meaning}"
            for backend in dict.fromkeys(frame["backend"])
            for name, meaning in BACKENDS[backend].defaults.items()
        ),
        "## What the columns mean",
        "The names are those of `explain.csv`; brackets hold 95 % intervals.",
        "\n".join(f"- `{name}`: {meaning}" for name, meaning in COLUMNS.items()),
        "## Where it was measured",
        "\n".join(f"- {line}" for line in circumstances(records)),
        "Seconds are not compared here.",
    ]
    return "\n\n".join(parts) + "\n"


def explained_cells(frame: pd.DataFrame) -> list[list[str]]:
    """Return the explanation for people: per row, a text for each heading."""
    return [[of(row) for of in EXPLAINED.values()] for _, row in frame.iterrows()]


def _interval(row: pd.Series, low: str, high: str) -> str:
    return "" if pd.isna(row[low]) else f" [{row[low]:+.2g}, {row[high]:+.2g}]"


def _change(row: pd.Series, name: str, low: str, high: str) -> str:
    return "" if pd.isna(row[name]) else f"{row[name]:+.3g}" + _interval(row, low, high)


def _reached(row: pd.Series, name: str) -> str:
    return "" if pd.isna(row[name]) else f"{row[name]}/{row['seeds']}"


# Heading in the explanation for people: how it is read off a row of explain.csv.
EXPLAINED: dict[str, Callable[[pd.Series], str]] = {
    "problem": lambda row: row["problem"],
    "backend": lambda row: row["backend"],
    "defaults kept": lambda row: row["defaults"],
    "metric": lambda row: row["metric"],
    "seeds": lambda row: str(row["seeds"]),
    "failed": lambda row: str(row["failed"]),
    "matched": lambda row: number(row["matched_mean"]),
    "score": lambda row: number(row["score_mean"]),
    "change": lambda row: _change(row, "change", "change_low", "change_high"),
    "reached matched": lambda row: _reached(row, "matched_reached"),
    "reached": lambda row: _reached(row, "reached"),
    "epochs matched": lambda row: number(row["matched_epochs"]),
    "epochs": lambda row: number(row["epochs"]),
    "change of epochs": lambda row: _change(row, "epochs_change", "epochs_low", "epochs_high"),
}
EXPLAINED_TEXT = ("problem", "backend", "defaults kept", "metric")
