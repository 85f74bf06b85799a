"""The statistics that pytest-benchmark keeps of some seconds, by its names."""

import math
from collections.abc import Sequence
from statistics import fmean, median, stdev
from typing import Any


def stats(data: Sequence[float]) -> dict[str, Any]:
    """Return them for at least one value; `ops` are per second, all others in seconds or counts."""
    mean, spread = fmean(data), deviation(data)
    q1, q3 = _quantile(data, 0.25), _quantile(data, 0.75)
    low, high = q1 - 1.5 * (q3 - q1), q3 + 1.5 * (q3 - q1)
    far = sum(not mean - spread <= one <= mean + spread for one in data)
    out = sum(not low <= one <= high for one in data)
    return {
        "min": min(data),
        "max": max(data),
        "mean": mean,
        "stddev": spread,
        "rounds": len(data),
        "median": median(data),
        "iqr": q3 - q1,
        "q1": q1,
        "q3": q3,
        "iqr_outliers": out,
        "stddev_outliers": far,
        "outliers": f"{far};{out}",
        "ld15iqr": min(one for one in data if one >= low),
        "hd15iqr": max(one for one in data if one <= high),
        "ops": 1 / mean if mean else 0,
        "total": math.fsum(data),
        "data": list(data),
        "iterations": 1,
    }


def deviation(values: Sequence[float]) -> float:
    """Return the standard deviation (n - 1) of some values; 0 for one alone."""
    return stdev(values) if len(values) > 1 else 0.0


def _quantile(data: Sequence[float], share: float) -> float:
    """Return a quantile by Hazen's rule: the i-th of n values lies at (i - 1/2) / n."""
    ordered = sorted(data)
    place = min(max(len(ordered) * share - 0.5, 0), len(ordered) - 1)
    below, above = ordered[math.floor(place)], ordered[math.ceil(place)]
    return below + (above - below) * (place - math.floor(place))
