"""All pictures of a results folder: each with a name, a caption, and what it shows in words."""

import re
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

import pandas as pd
from matplotlib.figure import Figure

from compare.console import complain
from compare.drawing import svg
from compare.drawing.groups import Group, groups, in_problem
from compare.page import charts, examples
from compare.page.grid import Grid
from compare.records.files import write_whole
from compare.records.predictions import Predictions, read_predictions
from compare.records.record import Record
from compare.tables.columns import number
from compare.tables.names import names
from compare.tables.rows import TIMED
from compare.tables.statistics import COVERED
from compare.tables.verdicts import effect, verdicts
from compare.text import one_line
from problems import Problem, load
from problems import names as problem_names

LOOKED_AT = 9  # trainings of a side whose predictions are looked for
Made = TypeVar("Made")


@dataclass(frozen=True)
class Picture:
    """What is drawn, or a table, or nothing but a caption; `label` says in words what is seen.

    `kind` tells the pictures of a problem apart: inputs, predictions, learning, time, memory.
    """

    name: str
    kind: str
    drawn: Figure | Grid | None
    caption: str
    label: str


def plot(records: Sequence[Record], folder: Path, out: Path) -> list[Path]:
    """Write every figure of a results folder as an SVG file; return the files."""
    everyone = called(records)
    pictures = list(of_all(verdicts(records), everyone))
    for name in sorted({record.problem for record in records}):
        quick = any(record.recipe == "quick" for record in records)
        pictures += of_problem(name, defined(name, quick=quick), in_problem(everyone, name), folder)
    out.mkdir(parents=True, exist_ok=True)
    files = []
    for one in pictures:
        if isinstance(one.drawn, Figure):
            file = out / f"{one.name}.svg"
            write_whole(file, svg.standalone(one.drawn, name=one.name, label=one.label))
            files.append(file)
    return files


def slug(problem: str) -> str:
    """Return a problem's name as it may stand in an id or a file's name, whatever a record says."""
    return re.sub(r"\W", "-", problem)[:60]


def defined(name: str, *, quick: bool) -> Problem | None:
    """Return a problem's definition; None where records have outlived it.

    That its file cannot be read is told on stderr.
    """
    try:
        return load(name, quick=quick)
    except ValueError as error:
        if name in problem_names():
            complain(str(error))
        return None


def of_all(frame: pd.DataFrame, everyone: Sequence[Group]) -> Iterator[Picture]:
    """Yield who was faster, in an epoch and in a whole training; nothing for one side alone."""
    for measure, what in TIMED.items():
        rows = frame[(frame["measure"] == measure) & frame["effect"].notna()]
        if rows.empty:
            continue
        said = (f"{row['problem']} {row['backend']} {effect(row)}" for _, row in rows.iterrows())
        yield Picture(
            f"ratio-{measure}",
            "ratio",
            charts.ratios(rows, everyone, what),
            f"How many times as long {what} takes. To the right of 1 the reference is faster. "
            f"{_intervals(rows)}",
            f"Ratio of the time for {what}: {'; '.join(said)}",
        )


def _intervals(rows: pd.DataFrame) -> str:
    """Return what the bars cover, where there are any."""
    return f"A bar is the {COVERED}." if rows["low"].notna().any() else ""


def of_problem(
    name: str, problem: Problem | None, here: Sequence[Group], folder: Path
) -> Iterator[Picture]:
    """Yield the pictures of one problem; those whose data are missing are left out.

    So are those that the problem's own code fails to draw: that is told on stderr.
    """
    if problem:
        yield from _of_samples(problem, here, folder)
    trained = [side for side in here if side.scored]
    if trained:
        yield from _of_trainings(name, trained)


def _of_samples(problem: Problem, here: Sequence[Group], folder: Path) -> Iterator[Picture]:
    """Yield what goes in, and what the networks predict."""
    seeds = _samples(here, folder, problem)
    if not seeds:
        return
    name, meaning = problem.name, examples.meaning(problem.input)
    first = next(iter(next(iter(seeds.values())).values()))[1]
    drawn = spared(f"picture of the inputs of {name}", lambda: examples.inputs(problem, first))
    if drawn:
        yield Picture(
            f"{slug(name)}-inputs",
            "inputs",
            drawn.drawn,
            drawn.caption,
            f"Inputs of {name}: {meaning}",
        )
    found = spared(
        f"picture of the predictions of {name}",
        lambda: list(examples.predictions(problem, seeds)),
    )
    for i, one in enumerate(found or [], start=1):
        place = f"-{i}" if len(found or []) > 1 else ""
        label = f"Predictions of {name} beside the truth. {one.caption}"
        yield Picture(
            f"{slug(name)}-predictions{place}", "predictions", one.drawn, one.caption, label
        )


def _of_trainings(name: str, trained: Sequence[Group]) -> Iterator[Picture]:
    """Yield how the losses fell, what the time was spent on, and how much memory was taken."""
    last = (f"{side.name} {number(_last_loss(side))}" for side in trained)
    yield Picture(
        f"{slug(name)}-learning",
        "learning",
        charts.learning(trained),
        "Validation loss after each epoch, over epochs and over seconds of build and epochs: "
        "median of the seeds, and the range from the least to the greatest.",
        f"Learning curves of {name}; last median validation loss: {'; '.join(last)}",
    )
    spent = (f"{side.name} {sum(charts.spent(side.scored).values()):.3g} s" for side in trained)
    yield Picture(
        f"{slug(name)}-time",
        "time",
        charts.time_split(trained),
        "What the seconds of a training are spent on, geometric means over the seeds. The start of "
        "the process is in no other figure.",
        f"Time of a training of {name}: {'; '.join(spent)}",
    )
    if any(one.host_peak_bytes or one.gpu_peak_bytes for side in trained for one in side.scored):
        yield Picture(
            f"{slug(name)}-memory",
            "memory",
            charts.memory(trained),
            "Memory, the largest of all seeds, by how it was measured.",
            f"Memory that {name} takes, by {', '.join(side.name for side in trained)}",
        )


def _samples(here: Sequence[Group], folder: Path, problem: Problem) -> dict[int, examples.Samples]:
    """Return the samples by seed, of the first seeds, as far as all sides have one."""
    found: list[dict[int, Predictions]] = []
    for side in here:
        kept = {}
        for one in side.scored[:LOOKED_AT]:
            read = partial(read_predictions, folder, one.key, problem)
            if sample := spared(f"predictions of {one.key}", read):
                kept[one.seed] = sample
        found.append(kept)
    common = sorted(set.intersection(*map(set, found))) if found else []
    return {
        seed: {side.short: (side, kept[seed]) for side, kept in zip(here, found, strict=True)}
        for seed in common
    }


def spared(what: str, make: Callable[[], Made]) -> Made | None:
    """Return what is made; None, and a word on stderr, where that fails.

    A problem's own code may fail in any way, and a sample may be broken in any: a picture less is
    no reason to have no page.
    """
    try:
        return make()
    except (Exception, SystemExit) as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(last.filename).name}, line {last.lineno}"
        complain(f"no {what}: {type(error).__name__}: {one_line(error)} ({where})")
        return None


def _last_loss(side: Group) -> float:
    losses = [one.validation_loss[-1] for one in side.scored if one.validation_loss]
    return float(pd.Series(losses, dtype=float).median())


def called(records: Sequence[Record]) -> list[Group]:
    """Return the groups of a results folder by the names that people call the sides."""
    found = groups(records)
    named = names(dict.fromkeys(side.key[0] for side in found))
    return [
        replace(side, name=named[side.key[0]] + side.name.removeprefix(side.key[0]))
        for side in found
    ]
