"""What a person sees: progress and rows on stderr as they come, tables on stdout."""

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

import pandas as pd
from rich import box, progress
from rich.console import Console
from rich.table import Table
from rich.text import Text

from compare.check import Finding
from compare.publish import BRIEF, HEADINGS, TEXT, cells
from compare.run import Record

WIDE = 240  # columns that the whole table needs, and gets where the output is no terminal


class Progress:
    """A bar with the time left; where stderr is no terminal, plain lines only."""

    def __init__(self, trainings: int) -> None:
        self.console = Console(stderr=True, highlight=False, soft_wrap=True)
        self.bar = progress.Progress(
            progress.TextColumn("{task.completed}/{task.total} trainings"),
            progress.BarColumn(),
            progress.TimeElapsedColumn(),
            progress.TextColumn("left"),
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


def print_table(frame: pd.DataFrame, folder: Path) -> None:
    """Print the table for people, and where the files are."""
    console = stdout()
    headings = tuple(HEADINGS) if console.width >= WIDE else BRIEF
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in headings:
        left = heading in TEXT
        table.add_column(heading, justify="left" if left else "right", overflow="fold")
    for line in cells(frame, headings):
        table.add_row(*map(Text, line))
    console.print(table)
    console.print(Text(f"written: {folder}/runs.jsonl, table.csv, table.md"))


def print_findings(findings: Sequence[Finding]) -> int:
    """Print what was checked, what is wrong last; return the exit status, 0 or 3."""
    table = Table("problem", "backend", "what", "expected", "came", "", box=box.SIMPLE_HEAD)
    for finding in findings:
        *texts, right = finding
        table.add_row(*map(Text, texts), Text("ok" if right else "WRONG"))
    stdout().print(table)
    wrong = [finding for finding in findings if not finding.right]
    for finding in wrong:
        where = " ".join(filter(None, (finding.problem, finding.backend, finding.what)))
        message = f"diptych: {where}: expected {finding.expected}, came {finding.came}"
        Console(stderr=True, highlight=False, soft_wrap=True).print(Text(message))
    return 3 if wrong else 0
