"""Did all backends change in time alike? Then the machine is suspected before any code."""

import math

import pandas as pd

from compare.judge import RATIO_MARGIN

NEARLY_ALL = 0.8  # of a backend's rows


def pace(rows: pd.DataFrame) -> float | None:
    """Return the ratio by which nearly all rows of every backend changed in time; None if not so.

    Of each problem, backend, device, mode and recipe, the first time counts. Alike is from half to
    twice the median change, on the log scale. With one backend there is no such ratio: its
    framework would be as good a suspect as the machine.
    """
    timed = rows[rows["measure"].isin(["epoch_s", "wall_s"]) & rows["effect"].notna()]
    timed = timed.drop_duplicates(["problem", "backend", "device", "mode", "recipe"])
    if timed["backend"].nunique() < 2:
        return None
    changes = timed["effect"].astype(float).map(math.log)
    middle = float(changes.median())
    if abs(middle) <= math.log1p(RATIO_MARGIN):
        return None
    alike = (changes / middle).between(0.5, 2)
    return math.exp(middle) if alike.groupby(timed["backend"]).mean().min() >= NEARLY_ALL else None


def paces(rows: pd.DataFrame) -> dict[str, float]:
    """Return the same of each problem that has one: a run does one problem after the other."""
    found = {str(problem): pace(mine) for problem, mine in rows.groupby("problem")}
    return {problem: ratio for problem, ratio in found.items() if ratio is not None}
