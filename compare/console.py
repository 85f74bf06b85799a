"""What a person sees: progress and rows on stderr as they come, tables on stdout."""

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

import pandas as pd
from rich import box, progress
from rich.console import Console
from rich.table import Table
from rich.text import Text

from compare.judge import MINIMUM
from compare.processes.doctor import Reading
from compare.proof.finding import RUNGS, Finding
from compare.proof.publish import LADDER, ladder_cells
from compare.records.record import MATCHED, SWEEP, Record, sizes
from compare.studies.explain import readings
from compare.studies.publish_explain import EXPLAINED, EXPLAINED_TEXT, explained_cells
from compare.studies.sweep_words import rate
from compare.tables.columns import SCORES, TEXT, cells, number, sides
from compare.tables.devices import HEADINGS, HEADINGS_TEXT, device_cells
from compare.tables.publish import Tables
from compare.tables.publish_verdict import effect, too_few
from compare.tables.results import samples_per_s

WIDE = 240  # columns of the output where it is no terminal
NARROWEST = ("metric", "backend", "tier", "score", "target", "reached", "wall s")
# From how many columns on the table has which headings; without "problem", that is a line above.
LAYOUTS = {
    220: (
        "problem", "backend", "tier", "device", "mode", *SCORES, "wall s", "first epoch s",
        "epoch s", "s to target", "parameters", "host MiB", "GPU MiB",
    ),
    128: (*NARROWEST, "first epoch s", "epoch s", "baseline", "host MiB"),
}  # fmt: skip


class Progress:
    """A bar with the time left; where stderr is no terminal, plain lines only."""

    def __init__(self, trainings: int) -> None:
        self.console = Console(stderr=True, highlight=False, soft_wrap=True)
        self.bar = progress.Progress(
            progress.TextColumn("{task.completed}/{task.total} trainings"),
            progress.BarColumn(),
            progress.TextColumn("for"),
            progress.TimeElapsedColumn(),
            progress.TextColumn("time left"),
            progress.TimeRemainingColumn(),
            console=self.console,
            speed_estimate_period=3600,  # trainings end seldom: look back on all of them
            disable=not self.console.is_terminal,
        )
        self.task = self.bar.add_task("", total=trainings)

    def __enter__(self) -> "Progress":
        self.bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.bar.stop()

    def tell(self, message: str) -> None:
        """Print a message."""
        self.console.print(Text(message))

    def done(self, record: Record) -> None:
        """Print a finished training and move the bar."""
        self.tell(row(record))
        self.bar.advance(self.task)


def row(record: Record) -> str:
    """Return a training and what came of it as one line."""
    side = record.side if record.mode == MATCHED else f"{record.side} {record.mode}"
    what = f"{record.problem:<14}{side:<26}{record.device:<5}seed {record.seed:<4}"
    if record.status != "ok":
        return f"{what}{record.status}: {record.reason}"
    if record.recipe == SWEEP:
        at = ", ".join(f"{name.replace('_', ' ')} {n}" for name, n in sizes(record).items())
        return f"{what}{record.total_s:7.1f} s  {at}: {rate(samples_per_s(record))} samples/s"
    scores = [f"{metric} {number(one.score)}" for metric, one in record.scores.items()]
    return f"{what}{record.total_s:7.1f} s  {', '.join(scores)}"


def stdout() -> Console:
    """Return a console for tables, wide where there is no terminal to fit."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=WIDE)


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
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for heading in headings:
        table.add_column(
            heading,
            justify="left" if heading in TEXT else "right",
            no_wrap=heading != "metric",
            overflow="fold",
        )
    if "problem" in headings:
        for line in cells(frame, headings):
            table.add_row(*map(Text, line))
        return table
    for problem, rows in frame.groupby("problem", sort=False):
        table.add_row(Text(str(problem), style="bold"))
        for _, pair in rows.groupby("metric", sort=False):  # both sides of a metric together
            for line in cells(pair, headings):
                table.add_row(*map(Text, line))
    return table


def device_table(frame: pd.DataFrame) -> Table:
    """Return the table of GPU against CPU."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.title, table.title_justify = Text("GPU against CPU", style="bold"), "left"
    for heading in HEADINGS:
        left = heading in HEADINGS_TEXT
        table.add_column(heading, justify="left" if left else "right", overflow="fold")
    for line in device_cells(frame):
        table.add_row(*map(Text, line))
    return table


def print_verdicts(frame: pd.DataFrame, console: Console) -> None:
    """Print a row per problem and measure for every two sides; or how many seeds that needs."""
    enough = frame[frame["pairs"] >= MINIMUM]
    sides = ["backend", "reference", "device", "mode", "recipe"]
    for (backend, reference, *how), rows in enough.groupby(sides, sort=False):
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
        table.title = Text(
            f"{backend} against {reference}: {', '.join(map(str, how))}", style="bold"
        )
        table.title_justify = "left"
        for heading in ("problem", "measure", "difference or ratio", "verdict"):
            table.add_column(heading, overflow="fold")
        for problem, judged in rows.groupby("problem", sort=False):
            for i, (_, row) in enumerate(judged.iterrows()):
                name = str(problem) if i == 0 else ""
                table.add_row(*map(Text, (name, row["measure"], effect(row), row["verdict"])))
        console.print(table)
    if too_few(frame):
        console.print(Text(f"{too_few(frame)}."))


def print_findings(findings: Sequence[Finding]) -> None:
    """Print the largest difference on every rung."""
    table = Table(*LADDER, *RUNGS, box=box.SIMPLE_HEAD)
    for line in ladder_cells(findings):
        table.add_row(*map(Text, line))
    stdout().print(table)
    for note in dict.fromkeys(finding.note for finding in findings if finding.note):
        stdout().print(Text(f"{note}."))


def print_explanation(frame: pd.DataFrame, folder: Path) -> None:
    """Print what each default does, a sentence per problem, and where all figures are."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for heading in EXPLAINED:
        table.add_column(heading, justify="left" if heading in EXPLAINED_TEXT else "right")
    for line in explained_cells(frame):
        table.add_row(*map(Text, line))
    console = stdout()
    console.print(table)
    for sentence in readings(frame):
        console.print(Text(sentence.replace("**", "")))
    console.print(Text(f"All columns, and what they mean: {folder}/explain.md, explain.csv"))


def complain(message: str) -> None:
    """Print what is wrong on stderr, in one line."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(Text(f"diptych: {message}"))


def print_readings(readings: Sequence[Reading]) -> None:
    """Print what was looked at, and what to do where not all is well."""
    table = Table("about", "what", "found", "what to do", box=box.SIMPLE_HEAD)
    for one in readings:
        advice = f"{'WRONG' if one.failed else 'warning'}: {one.advice}" if one.advice else ""
        table.add_row(*map(Text, (one.about, one.what, one.found, advice)))
    stdout().print(table)
