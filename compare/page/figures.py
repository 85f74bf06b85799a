"""All pictures of a results folder: each with a name, a caption, and what it shows in words."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from compare import svg
from compare.files import write_whole
from compare.groups import Side, in_problem, sides
from compare.page import charts, examples
from compare.page.words import TIMED
from compare.records.predictions import Predictions, read_predictions
from compare.records.record import Record
from compare.tables.columns import number
from compare.tables.verdicts import effect, verdicts
from problems import Problem, load

LOOKED_AT = 9  # trainings of a side, until there is a seed that all have predictions of


@dataclass(frozen=True)
class Picture:
    """A figure, the name of its file, what it is, and what is seen in it, for those who cannot."""

    name: str
    figure: Figure
    caption: str
    label: str


def plot(records: Sequence[Record], folder: Path, out: Path) -> list[Path]:
    """Write every picture of a results folder as an SVG file; return the files."""
    everyone = sides(records)
    pictures = list(of_all(verdicts(records), everyone))
    for name in sorted({record.problem for record in records}):
        quick = any(record.recipe == "quick" for record in records)
        pictures += of_problem(name, defined(name, quick=quick), in_problem(everyone, name), folder)
    out.mkdir(parents=True, exist_ok=True)
    files = []
    for one in pictures:
        file = out / f"{one.name}.svg"
        write_whole(file, svg.standalone(one.figure, name=one.name, label=one.label))
        files.append(file)
    return files


def slug(problem: str) -> str:
    """Return a problem's name as it may stand in an id or a file's name, whatever a record says."""
    return re.sub(r"\W", "-", problem)[:60]


def defined(name: str, *, quick: bool) -> Problem | None:
    """Return a problem's definition; None where records have outlived it."""
    try:
        return load(name, quick=quick)
    except ValueError:
        return None


def of_all(frame: pd.DataFrame, everyone: Sequence[Side]) -> Iterator[Picture]:
    """Yield who was faster, in an epoch and in a whole training; nothing for one side alone."""
    for measure, what in TIMED.items():
        rows = frame[(frame["measure"] == measure) & frame["effect"].notna()]
        if rows.empty:
            continue
        said = (f"{row['problem']} {row['backend']} {effect(row)}" for _, row in rows.iterrows())
        yield Picture(
            f"ratio-{measure}",
            charts.ratios(rows, everyone),
            f"How many times as long {what} takes, with the 95 % interval over the seeds; to the "
            "left of 1 the first named is the faster. A hollow mark has too few seeds for one.",
            f"Ratio of the time for {what}: {'; '.join(said)}",
        )


def of_problem(
    name: str, problem: Problem | None, here: Sequence[Side], folder: Path
) -> Iterator[Picture]:
    """Yield the pictures of one problem; those whose data are missing are left out."""
    seed, kept = _predictions(here, folder, problem) if problem else (0, {})
    if problem and kept:
        one = next(iter(kept.values()))[1]
        yield Picture(
            f"{slug(name)}-inputs",
            examples.questions(problem, one),
            f"Examples of the input: {problem.input.meaning}.",
            f"Inputs of {name}: {problem.input.meaning}",
        )
        yield Picture(
            f"{slug(name)}-answers",
            examples.answers(problem, kept),
            f"What the networks of seed {seed} answer to inputs of the {problem.drawn.part} part, "
            "and the truth.",
            f"Answers for {name} beside the truth, by {', '.join(kept)}",
        )
    trained = [side for side in here if side.scored]
    if not trained:
        return
    last = (f"{side.name} {number(_last_loss(side))}" for side in trained)
    yield Picture(
        f"{slug(name)}-learning",
        charts.learning(trained),
        "Validation loss after each epoch, over epochs and over seconds of build and epochs: "
        "median of the seeds, and the range from the least to the greatest.",
        f"Learning curves of {name}; last median validation loss: {'; '.join(last)}",
    )
    spent = (f"{side.name} {sum(charts.spent(side.scored).values()):.3g} s" for side in trained)
    yield Picture(
        f"{slug(name)}-time",
        charts.time_split(trained),
        "What the seconds of a training are spent on, medians over the seeds.",
        f"Time of a training of {name}: {'; '.join(spent)}",
    )
    if any(one.host_peak_bytes or one.gpu_peak_bytes for side in trained for one in side.scored):
        yield Picture(
            f"{slug(name)}-memory",
            charts.memory(trained),
            "Memory, the largest of all seeds, by how it was measured.",
            f"Memory that {name} takes, by {', '.join(side.name for side in trained)}",
        )


def _predictions(
    here: Sequence[Side], folder: Path, problem: Problem
) -> tuple[int, dict[str, tuple[Side, Predictions]]]:
    """Return the first seed that all sides have predictions of, and those, by the side's name."""
    found = [
        {one.seed: read_predictions(folder, one.key, problem) for one in side.scored[:LOOKED_AT]}
        for side in here
    ]
    whole = [{seed for seed, arrays in one.items() if arrays} for one in found]
    common = set.intersection(*whole) if whole else set()
    if not common:
        return 0, {}
    seed = min(common)
    return seed, {side.short: (side, kept[seed]) for side, kept in zip(here, found, strict=True)}


def _last_loss(side: Side) -> float:
    losses = [one.validation_loss[-1] for one in side.scored if one.validation_loss]
    return float(pd.Series(losses, dtype=float).median())
