"""A sweep for people and programs: sweep.csv, crossovers.csv, sweep.md and sweep.svg."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd
from rich import box
from rich.table import Table
from rich.text import Text

from compare.console import stdout
from compare.groups import sides
from compare.records.record import UNPROVEN, Record
from compare.studies.sweep import COLUMNS, sweep
from compare.studies.sweep_pairs import CROSSOVERS, crossovers, pairs
from compare.studies.sweep_words import SWEPT, rate, readings
from compare.studies.throughput import throughput
from compare.svg import standalone
from compare.tables.columns import mebibytes, number, power, whole
from compare.tables.publish import circumstances, failures, markdown_rows
from compare.training.size import EPOCHS, STEPS

HOW = f"""Each point is the median of the seeds. Every training has a process of its own and goes \
through {EPOCHS} epochs of whole batches, at least {STEPS} in each, of which the first does not \
count; samples per second are from the median of the others. Seeds go through the sizes up and \
down in turn, the sides taking turns at each size."""
CROSSOVER = """At a crossover two sides are equally fast. Between the sizes that were timed, the \
logarithm of their ratio is taken to change evenly with the logarithm of the size: what that gets \
wrong is in no interval. The interval holds the sizes at which a t test, paired by seed, does not \
tell the two apart; with few seeds it is wide. Nothing is said of sizes beyond those timed. Each \
interval stands for itself: they are not corrected for their number."""
PROOF = """The check before a sweep is made at the problem's own sizes. A batch size changes \
nothing in the model. For a network of other units, `parameters` and `loss_difference` tell \
whether the sides still train the same one."""


def publish_sweep(folder: Path, records: Sequence[Record]) -> None:
    """Write the tables and the picture of one problem's sweep into the folder."""
    frame, found = sweep(records), list(pairs(records))
    frame.to_csv(folder / "sweep.csv", index=False)
    crossovers(records).to_csv(folder / "crossovers.csv", index=False, float_format="%.10g")
    (folder / "sweep.md").write_text(markdown(records))
    drawn = throughput(frame, sides(records), found)
    label = f"Samples per second of {records[0].problem}. {' '.join(readings(found))}"
    (folder / "sweep.svg").write_text(standalone(drawn, name="sweep", label=label))


def markdown(records: Sequence[Record]) -> str:
    """Return sweep.md: what comes of it in words, the picture, the table, what it all means."""
    unproven = any(record.proof == UNPROVEN for record in records)
    parts = [
        f"# {records[0].problem}: samples per second, by size",
        "\n".join(f"- {sentence}" for sentence in readings(list(pairs(records)))),
        "![Samples per second against size](sweep.svg)",
        HOW,
        CROSSOVER,
        "Nobody has checked that the sides train the same model." if unproven else PROOF,
        markdown_rows(HEADINGS, TEXT, cells(sweep(records))),
        *failures(records),
        "## What the columns mean",
        "Of `sweep.csv`; samples/s hold the range of the seeds in brackets:",
        "\n".join(f"- `{name}`: {meaning}" for name, meaning in COLUMNS.items()),
        "Of `crossovers.csv`:",
        "\n".join(f"- `{name}`: {meaning}" for name, meaning in CROSSOVERS.items()),
        "## Where it was measured",
        "\n".join(f"- {line}" for line in circumstances(records)),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def print_sweep(records: Sequence[Record], folder: Path) -> None:
    """Print the table, who is the faster from where on, and where the whole is."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for heading in HEADINGS:
        table.add_column(heading, justify="left" if heading in TEXT else "right")
    for line in cells(sweep(records)):
        table.add_row(*map(Text, line))
    console = stdout()
    console.print(table)
    for sentence in readings(list(pairs(records))):
        console.print(Text(sentence))
    console.print(Text(f"The picture, and what all this means: {folder}/sweep.svg, sweep.md"))


def cells(frame: pd.DataFrame) -> list[list[str]]:
    """Return the table for people: per row, a text for each of HEADINGS."""
    return [[of(row) for of in HEADINGS.values()] for _, row in frame.iterrows()]


def _rate(row: pd.Series) -> str:
    if pd.isna(row["samples_per_s_median"]):
        return ""
    middle, least, most = (rate(row[f"samples_per_s_{name}"]) for name in ("median", "min", "max"))
    return f"{middle} [{least}, {most}]"


# Heading for people: how it is read off a row of sweep.csv.
HEADINGS: dict[str, Callable[[pd.Series], str]] = {
    "backend": lambda row: row["backend"],
    "device": lambda row: row["device"],
    "varied": lambda row: SWEPT[row["sweep"]],
    "size": lambda row: str(row["size"]),
    "samples/s": _rate,
    "epoch s": lambda row: number(row["epoch_s_median"]),
    "first step s": lambda row: number(row["first_step_s_median"]),
    "host MiB": lambda row: mebibytes(row["host_peak_bytes"]),
    "GPU MiB": lambda row: mebibytes(row["gpu_peak_bytes"]),
    "parameters": lambda row: whole(row["parameters"]),
    "loss differs by": lambda row: power(row["loss_difference"]),
    "seeds": lambda row: str(row["seeds"]),
    "failed": lambda row: str(row["failed"]) if row["failed"] else "",
    "flags": lambda row: "" if pd.isna(row["flags"]) else str(row["flags"]),
}
TEXT = ("backend", "device", "varied", "flags")
