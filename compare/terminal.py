"""What a person sees: progress and rows on stderr as they come, tables on stdout."""

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

import pandas as pd
from rich import box, progress
from rich.console import Console
from rich.table import Table
from rich.text import Text

from compare.doctor import Reading
from compare.explain import readings
from compare.finding import RUNGS, Finding
from compare.publish import HEADINGS, TEXT, cells
from compare.publish_check import LADDER, ladder_cells
from compare.publish_explain import EXPLAINED, EXPLAINED_TEXT, explained_cells
from compare.run import Record

WIDE = 240  # columns of the output where it is no terminal
NARROWEST = ("metric", "backend", "score", "target", "reached", "wall s")
# From how many columns on the table has which headings; without "problem", that is a line above.
LAYOUTS = {
    220: tuple(HEADINGS),
    128: (*NARROWEST, "first epoch s", "epoch s", "baseline", "host MiB"),
}


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
    what = f"{record.problem:<14}{record.backend:<18}{record.device:<5}seed {record.seed:<4}"
    if record.status != "ok":
        return f"{what}{record.status}: {record.reason}"
    scores = [f"{metric} {one['score']:.4g}" for metric, one in record.scores.items()]
    return f"{what}{record.total_s:7.1f} s  {', '.join(scores)}"


def stdout() -> Console:
    """Return a console for tables, wide where there is no terminal to fit."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=WIDE)


def print_table(frame: pd.DataFrame, folder: Path, *, quick: bool) -> None:
    """Print the table for people, as much of it as is readable, and where the whole is."""
    console = stdout()
    headings = next(
        (columns for width, columns in LAYOUTS.items() if console.width >= width), NARROWEST
    )
    if frame["failed"].any() and "failed" not in headings:
        headings = (*headings, "failed")
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for heading in headings:
        left = heading in TEXT
        table.add_column(
            heading,
            justify="left" if left else "right",
            no_wrap=heading != "metric",
            overflow="fold",
        )
    if "problem" in headings:
        for line in cells(frame, headings):
            table.add_row(*map(Text, line))
    else:
        for problem, rows in frame.groupby("problem", sort=False):
            table.add_row(Text(str(problem), style="bold"))
            for _, pair in rows.groupby("metric", sort=False):  # both sides of a metric together
                for line in cells(pair, headings):
                    table.add_row(*map(Text, line))
    console.print(table)
    if quick:
        console.print(
            "By the quick recipes: a look, not a result. The targets are not meant for them."
        )
    console.print(Text(f"All columns, and what they mean: {folder}/table.md, table.csv"))


def print_findings(findings: Sequence[Finding]) -> None:
    """Print the largest difference on every rung."""
    table = Table(*LADDER, *RUNGS, box=box.SIMPLE_HEAD)
    for line in ladder_cells(findings):
        table.add_row(*map(Text, line))
    stdout().print(table)
    for note in dict.fromkeys(finding.note for finding in findings if finding.note):
        stdout().print(Text(f"{note}: there, float64 is held to float32's bounds"))


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
