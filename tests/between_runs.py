"""Do intervals hold between runs? `python tests/between_runs.py OUT.md RUN RUN ...` writes OUT.md.

Each RUN is a folder of `diptych run`, all of the same trainings by the same code, made at different
times. An interval holds if the mean ratio of the other runs lies in it. With n runs that mean has
a spread of its own: were all runs alike, intervals from few seeds would hold it less often than in
95 % of cases, for their width knows nothing of it.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from compare.console import markdown_table
from compare.records.provenance import provenance
from compare.records.reading import records_of
from compare.records.record import Record, UsageError
from compare.tables.statistics import COVERED, geometric_mean
from compare.tables.verdicts import FAMILY, verdicts

MEASURES = {"epoch_s": "an epoch", "wall_s": "a whole training"}
ROW = ["problem", *FAMILY]


def ratios(records: Sequence[Record]) -> pd.DataFrame:
    """Return the ratios that have an interval, by what they are of."""
    found = verdicts(records).dropna(subset=["low"])
    return found[found["measure"].isin(MEASURES)].set_index(ROW)[["effect", "low", "high"]]


def held(runs: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return whether each run's interval holds the mean of the others: a column per run.

    What has no interval in one of the runs is left out.
    """
    effects = pd.concat([run["effect"] for run in runs], axis=1, join="inner")
    columns = {}
    for i, run in enumerate(runs):
        others = effects.iloc[:, [j for j in range(len(runs)) if j != i]]
        mean = others.apply(lambda row: geometric_mean(list(row)), axis=1)
        low, high = (run.loc[effects.index, end] for end in ("low", "high"))
        columns[i] = low.le(mean) & high.ge(mean)
    return pd.DataFrame(columns)


def alike(runs: Sequence[Sequence[Record]]) -> None:
    """See that these are several runs of the same trainings by the same code.

    Raises:
        UsageError: they are not.
    """
    if len(runs) < 2:
        raise UsageError(f"expected two runs or more, came {len(runs)}")
    made = [{(one.key, one.fingerprint or "") for one in run} for run in runs]
    for one in made[1:]:
        if one != made[0]:
            key, _ = min(one ^ made[0])
            raise UsageError(f"expected runs of the same trainings and code, {key} differs")


def report(runs: Sequence[Sequence[Record]]) -> str:
    """Return the Markdown of some runs.

    Raises:
        UsageError: nothing has an interval in all of them.
    """
    found = [ratios(run) for run in runs]
    holds = held(found)
    if holds.empty:
        raise UsageError("expected times with intervals, from six seeds or more, came none")
    rows = []
    for key in holds.index:
        problem, *_, backend, _, measure = key
        told = [
            f"{run.loc[key, 'effect']:.3f} [{run.loc[key, 'low']:.3f}, {run.loc[key, 'high']:.3f}]"
            + ("" if holds.loc[key, i] else " **no**")
            for i, run in enumerate(found)
        ]
        rows.append([problem, backend, MEASURES[measure], *told])
    began = [min(one.started for one in run)[:16].replace("T", " ") for run in runs]
    heads = ["problem", "backend", "of", *(f"run of {when}" for when in began)]
    count, total = int(holds.to_numpy().sum()), holds.size
    text = [
        "# Do intervals hold between runs?",
        f"**{count} of {total} intervals hold the mean ratio of the other {len(runs) - 1} runs "
        f"({count / total:.0%}).** The others are marked: no.",
        f"Ratios of times, the backend's by PyTorch's. In brackets: {COVERED}.",
        markdown_table(heads, heads[:3], rows),
        *(f"- {fact}" for fact in provenance([one for run in runs for one in run])),
    ]
    return "\n\n".join(text) + "\n"


if __name__ == "__main__":
    out, *folders = sys.argv[1:]
    read = [records_of(Path(folder)) for folder in folders]
    alike(read)
    Path(out).write_text(report(read))
