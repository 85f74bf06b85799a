"""table.csv and table.md of a results folder, written from its records."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from backends import BACKENDS
from compare.explain import COLUMNS as EXPLAIN_COLUMNS
from compare.explain import readings
from compare.ladder import CAP, EXACT, FLOOR, ROUNDED, RUNGS, WITHIN, Finding
from compare.run import UNPROVEN, Record, finite
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
    return _rows(HEADINGS, TEXT, cells(frame, HEADINGS))


def _rows(headings: Iterable[str], text: Sequence[str], lines: Iterable[list[str]]) -> str:
    """Return a Markdown table; the columns named in `text` are set to the left."""
    ruler = [":--" if heading in text else "--:" for heading in headings]
    return "\n".join(f"| {' | '.join(line)} |" for line in [list(headings), ruler, *lines])


def publish_findings(folder: Path, findings: Sequence[Finding]) -> None:
    """Write check.json and check.md into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "check.json").write_text(findings_json(findings))
    (folder / "check.md").write_text(findings_markdown(findings))


def findings_json(findings: Sequence[Finding]) -> str:
    """Return the findings as JSON; what is not finite becomes null."""
    return json.dumps(finite([asdict(one) for one in findings]), indent=1, allow_nan=False) + "\n"


def findings_markdown(findings: Sequence[Finding]) -> str:
    """Return check.md: the ladder, what is wrong, and what the rungs and figures are."""
    wrong = [f"- {finding}" for finding in findings if not finding.passed]
    notes = dict.fromkeys(finding.note for finding in findings if finding.note)
    parts = [
        "# Are both sides the same model, trained the same way?",
        "Largest relative difference on each rung, of the backend against the one it is compared "
        "with, in the same precision.",
        _rows((*LADDER, *RUNGS), LADDER, ladder_cells(findings)),
        "\n".join(wrong) or "Nothing is wrong.",
        *notes,
        "## The rungs",
        "\n".join(f"- `{rung}`: {meaning}" for rung, meaning in RUNGS.items()),
        "A difference is taken by the largest magnitude in the tensor; of a loss in a curve, by "
        "its own magnitude, but no less than 1 % of the first; of a score, by 1.",
        f"Allowed in float64: {_bounds(EXACT)}; on an engine that computes a float64 network "
        f"partly in float32: {_bounds(ROUNDED)}. In float32: {WITHIN:g} times what the reference "
        f"in float32 is off itself in float64, at least {FLOOR:g}, at most {_bounds(CAP)}; a score "
        "may be off by the margin that the problem declares and one answer more.",
    ]
    return "\n\n".join(parts) + "\n"


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
        _rows(EXPLAINED, EXPLAINED_TEXT, explained_cells(frame)),
        "## The defaults",
        "\n".join(
            f"- {backend}, {name}: {meaning}"
            for backend in dict.fromkeys(frame["backend"])
            for name, meaning in BACKENDS[backend].defaults.items()
        ),
        "## What the columns mean",
        "The names are those of `explain.csv`; brackets hold 95 % intervals.",
        "\n".join(f"- `{name}`: {meaning}" for name, meaning in EXPLAIN_COLUMNS.items()),
        "## Where it was measured",
        "\n".join(f"- {line}" for line in circumstances(records)),
        "Seconds in these records are not for comparison: scores are taken after every epoch.",
    ]
    return "\n\n".join(parts) + "\n"


def explained_cells(frame: pd.DataFrame) -> list[list[str]]:
    """Return the explanation for people: per row, a text for each heading."""
    return [[of(row) for of in EXPLAINED.values()] for _, row in frame.iterrows()]


def _bounds(bounds: Mapping[str, float]) -> str:
    return ", ".join(f"{rung} {bound:g}" for rung, bound in bounds.items())


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
LADDER = ("problem", "backend", "against", "precision")


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


def ladder_cells(findings: Sequence[Finding]) -> list[list[str]]:
    """Return the ladder for people: a row per pair and precision, a column per rung."""
    rows = []
    for problem in dict.fromkeys(finding.problem for finding in findings):
        here = [finding for finding in findings if finding.problem == problem]
        alone = [finding for finding in here if not finding.reference]  # against a specification
        pairs = dict.fromkeys((f.backend, f.reference) for f in here if f.reference)
        for backend, reference in pairs or {(alone[-1].backend, ""): None}:
            mine = [f for f in here if (f.backend, f.reference) == (backend, reference)]
            for precision in ("float64", "float32") if mine else ("",):
                judged = [f for f in mine if f.precision == precision]
                if precision != "float32":  # what holds in any precision stands in the first row
                    judged += alone + [f for f in mine if not f.precision]
                cells = [_rung_cell([f for f in judged if f.rung == rung]) for rung in RUNGS]
                rows.append([problem, backend, reference, precision, *cells])
    return rows


def _rung_cell(findings: Sequence[Finding]) -> str:
    """Return the largest difference on a rung, or whether it holds; empty if nobody got there."""
    if not all(finding.passed for finding in findings):
        return "WRONG"
    numbers = [finding.relative for finding in findings if finding.relative is not None]
    if not numbers:
        return "ok" if findings else ""
    return f"{max(numbers):.1e}" if max(numbers) else "0"


def _reason(record: Record) -> str:
    reason = " ".join((record.reason or "").split())
    return f"{record.status}: {reason}" if reason else record.status


def _commit(record: Record) -> str | None:
    if record.commit is None:
        return None
    return record.commit[:12] + (" with uncommitted changes" if record.dirty else "")


def _distinct(values: Iterable[object]) -> str:
    return ", ".join(dict.fromkeys(str(value) for value in values if value is not None))
