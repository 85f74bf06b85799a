"""The tables in short, as Markdown for the summary of a job: the answer first."""

from collections.abc import Iterator, Sequence

import pandas as pd

from compare.console import markdown_list, markdown_table
from compare.records.provenance import provenance
from compare.records.record import Record
from compare.tables.columns import SIDES, TEXT, cells, sides
from compare.tables.headline import headline
from compare.tables.layout import markdown_headline
from compare.tables.publish import Tables, failures
from compare.tables.statistics import COVERED
from compare.tables.verdicts import MEASURES, effect, reservations, too_few

JUDGED = ("problem", "backend", "reference", "device", "mode", "recipe")
SCORED = (*SIDES, "metric", "score", "target", "reached", "failed")
TIMED = (*SIDES, "wall s", "first epoch s", "epoch s", "warnings")


def summary(tables: Tables, records: Sequence[Record]) -> str:
    """Return the answer, then verdicts, scores and times; what columns mean is in table.md."""
    trained = tables.table.drop_duplicates(list(SIDES))
    where = markdown_list(provenance(records))
    parts = [
        *markdown_headline(headline(tables)),
        "## Verdicts",
        *_verdicts(tables.verdicts),
        *failures(records),
        "## Scores",
        _table(tables.table, SCORED),
        "## Times",
        _table(trained, TIMED),
        f"<details><summary>Where it was measured</summary>\n\n{where}\n\n</details>",
    ]
    return "\n\n".join(parts) + "\n"


def _verdicts(frame: pd.DataFrame) -> Iterator[str]:
    """Yield a table with a row per problem and backend, and what the seeds do not suffice for."""
    dull = {name for name in JUDGED[2:] if frame[name].nunique() == 1}
    names = [name for name in JUDGED if name not in dull]
    lines = []
    for _, rows in frame.groupby(list(JUDGED), sort=False):
        found = {row["measure"]: _verdict(row) for _, row in rows.iterrows()}
        first = [str(rows.iloc[0][name]) for name in names]
        lines.append([*first, *(found.get(measure, "") for measure in MEASURES)])
    if lines:
        against = f"Against {frame.iloc[0]['reference']}: " if "reference" in dull else ""
        covers = f" In brackets, the {COVERED}." if frame["low"].notna().any() else ""
        yield f"{against}differences of scores, ratios of times.{covers}"
        yield markdown_table((*names, *MEASURES), (*names, *MEASURES), lines)
    else:
        yield "There is one backend only."
    if too_few(frame):
        yield f"{too_few(frame)}."


def _verdict(row: pd.Series) -> str:
    said = effect(row) if pd.isna(row["verdict"]) else f"{row['verdict']}: {effect(row)}"
    return ", ".join([said, *reservations(row)])


def _table(frame: pd.DataFrame, headings: Sequence[str]) -> str:
    """Return a table without the columns that are empty, or the same throughout."""
    dull = {name for name in ("device", "mode") if frame[name].nunique() == 1}
    dull |= set(SIDES) - set(sides(frame))
    dull |= {"warnings"} if frame["warnings"].isna().all() else set()
    headings = [name for name in headings if name not in dull]
    return markdown_table(headings, TEXT, cells(frame, headings))
