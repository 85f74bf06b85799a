"""The table for people: its headings, and how each is read off a row of table.csv."""

import math
from collections.abc import Callable, Iterable, Sequence

import pandas as pd

from backends import Side
from compare.records.record import UNPROVEN

MEBIBYTE = 2**20
PLACES = 8  # decimals: more are written as a power of ten
NOTHING = "below noise"  # of compilation: the first epoch took no longer than a later one


def number(value: float | None, digits: int = 4) -> str:
    """Return a number to so many significant digits at least; empty where there is none.

    >>> [number(value) for value in (1, 0.0846, 31749.9, 0)]
    ['1.000', '0.08460', '31,750', '0']
    """
    if value is None or pd.isna(value):
        return ""
    if value == 0 or math.isinf(value):
        return f"{value:g}"
    return _fixed(value, decimals([value], digits))


def signed(values: Sequence[float]) -> list[str]:
    """Return numbers with their signs and as many decimals each: three digits of the largest.

    >>> signed([0.00055, -0.000509, 0.001609])
    ['+0.00055', '-0.00051', '+0.00161']
    """
    places = decimals(values, 3)
    return [
        f"{'+' if value > 0 else ''}{_fixed(value, places)}" if value else "0" for value in values
    ]


def decimals(values: Iterable[float], digits: int) -> int:
    """Return how many decimals show so many significant digits of the largest number."""
    largest = max((abs(value) for value in values if math.isfinite(value)), default=0.0)
    exponent = int(f"{largest:.{digits - 1}e}".partition("e")[2]) if largest else 0
    return max(0, digits - 1 - exponent)


def _fixed(value: float, places: int) -> str:
    """Return a number with so many decimals, or as a power of ten if that would be long."""
    return f"{value:,.{places}f}" if places <= PLACES else f"{value:.1e}"


def spread(value: float) -> str:
    """Return a standard deviation to two significant digits; empty where there is none."""
    return "" if pd.isna(value) else f" ± {number(value, 2)}"


def mebibytes(value: int) -> str:
    """Return bytes as whole MiB; empty where there are none."""
    return "" if pd.isna(value) else f"{value / MEBIBYTE:,.0f}"


def power(value: float) -> str:
    """Return a small number to two significant digits; empty where there is none."""
    return "" if pd.isna(value) else f"{value:.1e}"


def whole(value: int) -> str:
    """Return a whole number with commas; empty where there is none."""
    return "" if pd.isna(value) else f"{value:,}"


def _number(column: str) -> Callable[[pd.Series], str]:
    return lambda row: number(row[column])


def _seconds(column: str) -> Callable[[pd.Series], str]:
    return lambda row: number(row[column], 3)


def _plain(column: str) -> Callable[[pd.Series], str]:
    return lambda row: "" if pd.isna(row[column]) else f"{row[column]:g}"


def _compiled(row: pd.Series) -> str:
    """Return the seconds of compilation; in words where the first epoch was none the slower."""
    found = row["compile_s_geomean"]
    return NOTHING if found < 0 else number(found, 3)


def _of_seeds(row: pd.Series, column: str) -> str:
    """Return of how many seeds something holds; empty where it was not asked."""
    return "" if pd.isna(row[column]) else f"{row[column]}/{row['seeds']}"


def _mebibytes(column: str) -> Callable[[pd.Series], str]:
    return lambda row: mebibytes(row[column])


def _text(column: str) -> Callable[[pd.Series], str]:
    return lambda row: "" if pd.isna(row[column]) else str(row[column])


# Heading in a table for people: how it is read off a row of the table for programs.
SIDES: dict[str, Callable[[pd.Series], str]] = {
    name: _text(name) for name in ("problem", "backend", "device", "mode", "tier")
}
SCORES: dict[str, Callable[[pd.Series], str]] = {
    "metric": _text("metric"),
    "score": lambda row: number(row["score_mean"]) + spread(row["score_std"]),
    "min": _number("score_min"),
    "target": _plain("target"),
    "reached": lambda row: _of_seeds(row, "reached"),
    "failed": _text("failed"),
    "baseline": _number("baseline"),
    "reference": _number("reference"),
    "parity": lambda row: UNPROVEN if row["proof"] == UNPROVEN else power(row["parity"]),
}
TIMES: dict[str, Callable[[pd.Series], str]] = {
    "wall s": _seconds("wall_s_geomean"),
    "start s": _seconds("start_s_geomean"),
    "build s": _seconds("build_s_geomean"),
    "first step s": _seconds("first_step_s_geomean"),
    "first epoch s": _seconds("first_epoch_s_geomean"),
    "compile s": _compiled,
    "epoch s": _seconds("epoch_s_geomean"),
    "validation s": _seconds("validation_s_geomean"),
    "predict s": _seconds("predict_s_geomean"),
    "cpu s": _seconds("cpu_s_geomean"),
    "samples/s": _seconds("samples_per_s_geomean"),
    "target seen": lambda row: _of_seeds(row, "target_seen"),
    "epochs to target": _plain("epochs_to_target_mean"),
    "s to target": _seconds("time_to_target_s_geomean"),
    "repeated": lambda row: power(row["repeat_difference"]),
    "kernel": _text("kernel"),
    "warnings": _text("warnings"),
}
SIZES: dict[str, Callable[[pd.Series], str]] = {
    "parameters": lambda row: whole(row["parameters"]),
    "host MiB": _mebibytes("host_peak_bytes"),
    "grown by MiB": _mebibytes("host_growth_bytes"),
    "GPU MiB": _mebibytes("gpu_peak_bytes"),
    "reserved MiB": _mebibytes("gpu_reserved_bytes"),
    "device MiB": _mebibytes("gpu_device_bytes"),
}


def sides(frame: pd.DataFrame) -> list[str]:
    """Return the headings that tell the rows apart: the tier only if one is not a default one."""
    usual = [Side.parse(backend).runs_in for backend in frame["backend"]]
    return [name for name in SIDES if name != "tier" or (frame["tier"] != usual).any()]


HEADINGS = SIDES | SCORES | TIMES | SIZES
# Heading: the column of table.csv that says what it means.
MEANING = {
    **{name: name for name in (*SIDES, "metric", "target", "reached", "failed", "baseline")},
    "reference": "reference",
    **{name: name for name in ("parity", "kernel", "warnings", "parameters")},
    "score": "score_mean",
    "min": "score_min",
    **{name: f"{name.replace(' ', '_')}_geomean" for name in TIMES if name.endswith(" s")},
    "samples/s": "samples_per_s_geomean",
    "target seen": "target_seen",
    "epochs to target": "epochs_to_target_mean",
    "s to target": "time_to_target_s_geomean",
    "repeated": "repeat_difference",
    "host MiB": "host_peak_bytes",
    "grown by MiB": "host_growth_bytes",
    "GPU MiB": "gpu_peak_bytes",
    "reserved MiB": "gpu_reserved_bytes",
    "device MiB": "gpu_device_bytes",
}
TEXT = (*SIDES, "metric", "kernel", "warnings")


def cells(frame: pd.DataFrame, headings: Iterable[str]) -> list[list[str]]:
    """Return the table for people: per row, a text for each of the headings."""
    return [[HEADINGS[heading](row) for heading in headings] for _, row in frame.iterrows()]
