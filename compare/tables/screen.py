"""The tables of a results folder in the terminal."""

from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.table import Table
from rich.text import Text

from compare.console import stdout, table
from compare.statistics import MINIMUM
from compare.tables.columns import SCORES, TEXT, cells, sides
from compare.tables.devices import HEADINGS, HEADINGS_TEXT, device_cells
from compare.tables.publish import Tables
from compare.tables.verdicts import effect, too_few

NARROWEST = ("metric", "backend", "tier", "score", "target", "reached", "wall s")
# From how many columns on the table has which headings; without "problem", that is a line above.
LAYOUTS = {
    220: (
        "problem", "backend", "tier", "device", "mode", *SCORES, "wall s", "first epoch s",
        "epoch s", "s to target", "parameters", "host MiB", "GPU MiB",
    ),
    128: (*NARROWEST, "first epoch s", "epoch s", "baseline", "host MiB"),
}  # fmt: skip


def print_table(tables: Tables, folder: Path, *, quick: bool) -> None:
    """Print the tables for people, as much of them as is readable, and where the whole is."""
    console = stdout()
    console.print(score_table(tables.table, console.width))
    for name, advice in tables.flags.items():
        console.print(Text(f"{name} ({', '.join(tables.flagged(name))}): {advice}."))
    if quick:
        console.print(
            "By the quick recipes: a look, not a result. The targets are not meant for them."
        )
    if not tables.devices.empty:
        console.print(device_table(tables.devices))
    print_verdicts(tables.verdicts, console)
    console.print(
        Text(f"All columns, and what they mean: {folder}/table.md, table.csv, verdicts.csv")
    )


def score_table(frame: pd.DataFrame, width: int) -> Table:
    """Return the table for people, with the headings that a terminal of that width has room for."""
    headings = next((columns for least, columns in LAYOUTS.items() if width >= least), NARROWEST)
    rare = {
        "failed": frame["failed"].any(),
        "mode": frame["mode"].nunique() > 1,
        "device": frame["device"].nunique() > 1,
        "repeated": frame["repeat_difference"].notna().any(),
    }
    headings = tuple(name for name in headings if name != "tier" or "tier" in sides(frame))
    headings += tuple(name for name, wanted in rare.items() if wanted and name not in headings)
    rows: list[list[str]] = []
    if "problem" in headings:
        rows = cells(frame, headings)
    else:
        for problem, mine in frame.groupby("problem", sort=False):
            rows.append([str(problem)])
            for _, pair in mine.groupby("metric", sort=False):  # both sides of a metric together
                rows += cells(pair, headings)
    return table(headings, rows, TEXT, whole=[name for name in headings if name != "metric"])


def device_table(frame: pd.DataFrame) -> Table:
    """Return the table of GPU against CPU."""
    return table(HEADINGS, device_cells(frame), HEADINGS_TEXT, title="GPU against CPU")


def print_verdicts(frame: pd.DataFrame, console: Console) -> None:
    """Print a row per problem and measure for every two sides; or how many seeds that needs."""
    enough = frame[frame["pairs"] >= MINIMUM]
    pair = ["backend", "reference", "device", "mode", "recipe"]
    headings = ("problem", "measure", "difference or ratio", "verdict")
    for (backend, reference, *how), mine in enough.groupby(pair, sort=False):
        rows = []
        for problem, judged in mine.groupby("problem", sort=False):
            for i, (_, row) in enumerate(judged.iterrows()):
                name = str(problem) if i == 0 else ""
                rows.append([name, row["measure"], effect(row), row["verdict"]])
        title = f"{backend} against {reference}: {', '.join(map(str, how))}"
        console.print(table(headings, rows, headings, title=title))
    if too_few(frame):
        console.print(Text(f"{too_few(frame)}."))
