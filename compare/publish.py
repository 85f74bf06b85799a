"""table.csv and table.md of a results folder, written from its records."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pandas as pd

from compare.run import UNPROVEN, Record
from compare.table import COLUMNS, table

MEBIBYTE = 2**20


def number(value: float) -> str:
    """Return a number to four significant digits; empty where there is none."""
    return "" if pd.isna(value) else f"{value:.4g}"


def spread(value: float) -> str:
    """Return a standard deviation to two significant digits; empty where there is none."""
    return "" if pd.isna(value) else f" ± {value:.2g}"


def mebibytes(value: int) -> str:
    """Return bytes as whole MiB; empty where there are none."""
    return "" if pd.isna(value) else f"{value / MEBIBYTE:.0f}"


def power(value: float) -> str:
    """Return a small number to two significant digits; empty where there is none."""
    return "" if pd.isna(value) else f"{value:.1e}"


def whole(value: int) -> str:
    """Return a whole number with commas; empty where there is none."""
    return "" if pd.isna(value) else f"{value:,}"


# Heading in a table for people: how it is read off a row of the table for programs.
HEADINGS: dict[str, Callable[[pd.Series], str]] = {
    "problem": lambda row: row["problem"],
    "backend": lambda row: row["backend"],
    "device": lambda row: row["device"],
    "mode": lambda row: row["mode"],
    "metric": lambda row: row["metric"],
    "score": lambda row: number(row["score_mean"]) + spread(row["score_std"]),
    "min": lambda row: number(row["score_min"]),
    "target": lambda row: number(row["target"]),
    "reached": lambda row: "" if pd.isna(row["reached"]) else f"{row['reached']}/{row['seeds']}",
    "failed": lambda row: str(row["failed"]),
    "baseline": lambda row: number(row["baseline"]),
    "wall s": lambda row: number(row["wall_s_median"]),
    "first epoch s": lambda row: number(row["first_epoch_s_median"]),
    "epoch s": lambda row: number(row["epoch_s_median"]),
    "host MiB": lambda row: mebibytes(row["host_peak_bytes"]),
    "GPU MiB": lambda row: mebibytes(row["gpu_peak_bytes"]),
    "parameters": lambda row: whole(row["parameters"]),
    "parity": lambda row: UNPROVEN if row["proof"] == UNPROVEN else power(row["parity"]),
}
TEXT = ("problem", "backend", "device", "mode", "metric")


def cells(frame: pd.DataFrame, headings: Iterable[str]) -> list[list[str]]:
    """Return the table for people: per row, a text for each of the headings."""
    return [[HEADINGS[heading](row) for heading in headings] for _, row in frame.iterrows()]


def publish(folder: Path, records: Sequence[Record]) -> pd.DataFrame:
    """Write table.csv and table.md into the folder and return the table."""
    frame = table(records)
    frame.to_csv(folder / "table.csv", index=False)
    (folder / "table.md").write_text(markdown(frame, records))
    return frame


def markdown(frame: pd.DataFrame, records: Sequence[Record]) -> str:
    """Return table.md: the table, what failed, what the columns mean, where it was measured."""
    failures = [record for record in records if record.status != "ok"]
    quick = any(record.recipe == "quick" for record in records)
    parts = [
        "# PyTorch and Keras on the same problems" + (": a quick look, not a result" * quick),
        markdown_table(frame),
        "Where a value is missing, it was not measured or does not exist; it is never 0.",
    ]
    if failures:
        parts.append("## Trainings without a score")
        parts.append("\n".join(f"- {record.key}: {_reason(record)}" for record in failures))
    parts.append("## What the columns mean")
    parts.append(
        "The names are those of `table.csv`. Here, score is score_mean ± score_std, s are seconds, "
        "MiB are 2^20 bytes."
    )
    parts.append("\n".join(f"- `{name}`: {meaning}" for name, meaning in COLUMNS.items()))
    parts.append("## Where it was measured")
    parts.append("\n".join(f"- {line}" for line in circumstances(records)))
    return "\n\n".join(parts) + "\n"


def markdown_table(frame: pd.DataFrame) -> str:
    """Return the table alone, as Markdown."""
    return markdown_rows(HEADINGS, TEXT, cells(frame, HEADINGS))


def markdown_rows(headings: Iterable[str], text: Sequence[str], lines: Iterable[list[str]]) -> str:
    """Return a Markdown table; the columns named in `text` are set to the left."""
    ruler = [":--" if heading in text else "--:" for heading in headings]
    return "\n".join(f"| {' | '.join(line)} |" for line in [list(headings), ruler, *lines])


def circumstances(records: Sequence[Record]) -> list[str]:
    """Return what machine, settings, versions and code the records come from; all, if several."""
    versions: dict[str, list[str]] = {}
    for record in records:
        for name, version in record.versions.items():
            if version not in versions.setdefault(name, []):
                versions[name].append(version)
    started = sorted(record.started for record in records)
    pairs: dict[str, Iterable[object]] = {
        "processor": [record.cpu for record in records],
        "GPU": [record.gpu for record in records],
        "recipe": [record.recipe for record in records],
        "trainings at a time": [record.jobs for record in records],
        "threads and processors for each": [record.threads for record in records],
        "commit": [_commit(record) for record in records],
    }
    lines = [f"{name}: {_distinct(values)}" for name, values in pairs.items() if _distinct(values)]
    lines += [f"{name} {', '.join(found)}" for name, found in sorted(versions.items())]
    return [*lines, f"from {started[0]} to {started[-1]}"] if started else lines


def _reason(record: Record) -> str:
    reason = " ".join((record.reason or "").split())
    return f"{record.status}: {reason}" if reason else record.status


def _commit(record: Record) -> str | None:
    if record.commit is None:
        return None
    return record.commit[:12] + (" with uncommitted changes" if record.dirty else "")


def _distinct(values: Iterable[object]) -> str:
    return ", ".join(dict.fromkeys(str(value) for value in values if value is not None))
