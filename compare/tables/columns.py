"""The table for people: its headings, and how each is read off a row of table.csv."""

from collections.abc import Callable, Iterable

import pandas as pd

from backends import Side
from compare.records.record import UNPROVEN

MEBIBYTE = 2**20


def number(value: float | None) -> str:
    """Return a number to four significant digits; empty where there is none."""
    return "" if pd.isna(value) else f"{value:.4g}"


def spread(value: float) -> str:
    """Return a standard deviation to two significant digits; empty where there is none."""
    return "" if pd.isna(value) else f" ± {value:.2g}"


def mebibytes(value: int) -> str:
    """Return bytes as whole MiB; empty where there are none."""
    return "" if pd.isna(value) else f"{value / MEBIBYTE:.0f}"


def power(value: float) -> str:
    """Return a small number to two significant digits; empty where there is none."""
    return "" if pd.isna(value) else f"{value:.1e}"


def whole(value: int) -> str:
    """Return a whole number with commas; empty where there is none."""
    return "" if pd.isna(value) else f"{value:,}"


def _number(column: str) -> Callable[[pd.Series], str]:
    return lambda row: number(row[column])


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
    "target": _number("target"),
    "reached": lambda row: "" if pd.isna(row["reached"]) else f"{row['reached']}/{row['seeds']}",
    "failed": _text("failed"),
    "baseline": _number("baseline"),
    "parity": lambda row: UNPROVEN if row["proof"] == UNPROVEN else power(row["parity"]),
}
TIMES: dict[str, Callable[[pd.Series], str]] = {
    "wall s": _number("wall_s_median"),
    "start s": _number("start_s_median"),
    "build s": _number("build_s_median"),
    "first step s": _number("first_step_s_median"),
    "first epoch s": _number("first_epoch_s_median"),
    "compile s": _number("compile_s_median"),
    "epoch s": _number("epoch_s_median"),
    "validation s": _number("validation_s_median"),
    "predict s": _number("predict_s_median"),
    "cpu s": _number("cpu_s_median"),
    "samples/s": _number("samples_per_s_median"),
    "epochs to target": _number("epochs_to_target_median"),
    "s to target": _number("time_to_target_s_median"),
    "repeated": lambda row: power(row["repeat_difference"]),
    "kernel": _text("kernel"),
    "flags": _text("flags"),
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
    **{name: name for name in ("parity", "kernel", "flags", "parameters")},
    "score": "score_mean",
    "min": "score_min",
    **{name: f"{name.replace(' ', '_')}_median" for name in TIMES if name.endswith(" s")},
    "samples/s": "samples_per_s_median",
    "epochs to target": "epochs_to_target_median",
    "s to target": "time_to_target_s_median",
    "repeated": "repeat_difference",
    "host MiB": "host_peak_bytes",
    "grown by MiB": "host_growth_bytes",
    "GPU MiB": "gpu_peak_bytes",
    "reserved MiB": "gpu_reserved_bytes",
    "device MiB": "gpu_device_bytes",
}
TEXT = (*SIDES, "metric", "kernel", "flags")


def cells(frame: pd.DataFrame, headings: Iterable[str]) -> list[list[str]]:
    """Return the table for people: per row, a text for each of the headings."""
    return [[HEADINGS[heading](row) for heading in headings] for _, row in frame.iterrows()]
