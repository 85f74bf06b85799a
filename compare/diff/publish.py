"""A diff as Markdown, the answer in words first, then the tables; and as JSON."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from compare.console import markdown_table, plain
from compare.diff.difference import ALONE, KEY, Diff
from compare.diff.limits import Offence
from compare.diff.words import answer, what
from compare.records.provenance import DIFFERING
from compare.records.record import Record, as_json
from compare.tables.columns import number
from compare.tables.publish import rows_json
from compare.tables.statistics import COVERED
from compare.tables.verdicts import effect


def _text(name: str) -> Callable[[pd.Series], str]:
    return lambda row: "" if pd.isna(row[name]) else str(row[name])


def _value(value: float) -> str:
    """Return a mean; none where a pair has no value, and counts as infinitely bad."""
    return "none" if math.isinf(value) else number(value)


def _verdict(row: pd.Series) -> str:
    """Return what became of B's value; empty where there are too few seeds to tell."""
    found = row["verdict"] if pd.isna(row["change"]) else row["change"]
    return "" if pd.isna(found) else str(found)


# Heading in the diff for people: how it is read off a row.
COMPARED: dict[str, Callable[[pd.Series], str]] = {
    **{name: _text(name) for name in KEY},
    "value": what,
    "A": lambda row: _value(row["value_a"]),
    "B": lambda row: _value(row["value_b"]),
    "change [95 %]": effect,
    "verdict": _verdict,
    "pairs": _text("pairs"),
    "lost": _text("lost"),
    "warnings": _text("warnings"),
    "proof": _text("proof"),
}
LEFT = (*KEY, "value", "verdict", "warnings", "proof", *DIFFERING, *ALONE)


@dataclass(frozen=True)
class Section:
    """A titled table of a diff."""

    title: str
    headings: Sequence[str]
    lines: Sequence[Sequence[str]]


def source(folder: Path, records: Sequence[Record]) -> str:
    """Return in words what a side of the diff is: folder, number of trainings, days."""
    days = dict.fromkeys(f(record.started[:10] for record in records) for f in (min, max))
    return f"{folder}, {len(records)} trainings of {' to '.join(days)}"


def sections(diff: Diff) -> Iterator[Section]:
    """Yield what is worth a table: what changed, what else differs, what was not compared, all."""
    rows = diff.rows
    changed = rows[rows["change"].notna() | (rows["lost"] > 0)]
    if len(changed):
        yield _compared("What changed", changed)
    for title, frame in (
        ("What else differs", diff.provenance),
        ("In one folder only, or without anything to compare", diff.alone),
    ):
        if len(frame):
            yield Section(title, list(frame.columns), frame.astype(str).to_numpy().tolist())
    if len(rows):
        yield _compared("All comparisons", rows)


def _compared(title: str, rows: pd.DataFrame) -> Section:
    """Return rows for people, without the columns that tell nothing."""
    dull = {name for name in ("device", "mode", "recipe") if rows[name].nunique() == 1}
    dull |= set() if rows["lost"].any() else {"lost"}
    headings = [name for name in COMPARED if name not in dull]
    lines = [[COMPARED[name](row) for name in headings] for _, row in rows.iterrows()]
    told = [i for i in range(len(headings)) if any(line[i] for line in lines)]
    return Section(title, [headings[i] for i in told], [[line[i] for i in told] for line in lines])


def diff_markdown(diff: Diff, a: str, b: str) -> str:
    """Return the diff as Markdown for the summary of a job; `a` and `b` name the sides."""
    parts = [f"**{plain(answer(diff))}**", plain(f"A is {a}; B is {b}.")]
    parts += [f"Brackets hold the {COVERED}."] * bool(diff.rows["low"].notna().any())
    for section in sections(diff):
        made = markdown_table(section.headings, LEFT, map(list, section.lines))
        if section.title == "All comparisons":
            parts += [f"<details><summary>{section.title}</summary>", made, "</details>"]
        else:
            parts += [f"### {section.title}", made]
    return "\n\n".join(parts) + "\n"


def diff_json(diff: Diff, a: str, b: str, offences: Sequence[Offence]) -> str:
    """Return the diff as JSON, with what --fail-on found; what is missing is null."""
    found = {
        "answer": answer(diff),
        "a": a,
        "b": b,
        "fail_on": [asdict(one) for one in offences],
        "pace": diff.pace,
        "paces": diff.paces,
        "rows": rows_json(diff.rows),
        "circumstances": rows_json(diff.provenance),
        "alone": rows_json(diff.alone),
    }
    return as_json(found)
