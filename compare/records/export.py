"""Records in the formats of other tools, for their charts and alarms. Pure functions.

`pytest-benchmark compare FILE` reads the one, and its own package computes the statistics; the
other is what github-action-benchmark calls customSmallerIsBetter. Both come from the records alone:
nothing is said of the machine that exports them.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from statistics import fmean, geometric_mean, median, stdev
from typing import Any

from compare.records.provenance import distinct
from compare.records.record import Record, UsageError, of_side

SIDE = ("problem", "backend", "device", "mode")


def pytest_benchmark(records: Sequence[Record]) -> dict[str, Any]:
    """Return what pytest-benchmark stores: a benchmark per side, its data the later epochs.

    Sides without such epochs are left out.

    Raises:
        UsageError: no side has any, or pytest-benchmark is not installed.
    """
    try:
        from pytest_benchmark import __version__
    except ImportError:
        raise UsageError(
            "--format pytest-benchmark: expected the package pytest-benchmark, found none; "
            "python -m pip install pytest-benchmark"
        ) from None
    benchmarks = [
        _benchmark(name, side)
        for name, side in _sides(records).items()
        if any(record.epoch_s for record in side)
    ]
    if not benchmarks:
        raise UsageError("expected trainings of more than one epoch, came none")
    last = max(records, key=lambda record: record.started)
    return {
        "machine_info": {
            "processor": distinct(record.cpu for record in records),
            "gpu": distinct(record.gpu for record in records),
            "threads": distinct(record.threads for record in records),
            "jobs": distinct(record.jobs for record in records),
            "versions": _versions(records),
        },
        "commit_info": {
            "id": last.commit or "unknown",
            "time": None,
            "author_time": None,
            "dirty": any(record.dirty for record in records),
            "project": "diptych",
            "branch": "(unknown)",
        },
        "benchmarks": benchmarks,
        "datetime": last.started,
        "version": __version__,
    }


def smaller_is_better(records: Sequence[Record]) -> list[dict[str, Any]]:
    """Return what is charted of each side: seconds, distances from the best score, failures.

    An entry has a name, a unit, a value, a range (a standard deviation) and, for the tooltip, an
    extra. What was not measured has no entry.
    """
    return [
        {
            "name": f"{name}: {what}",
            "unit": unit,
            "value": value,
            "range": f"± {_deviation(values):.4g}",
            "extra": _tooltip(side),
        }
        for name, side in _sides(records).items()
        for what, unit, value, values in _charted(side)
    ]


FORMATS: dict[str, Callable[[Sequence[Record]], object]] = {
    "pytest-benchmark": pytest_benchmark,
    "github-action-benchmark": smaller_is_better,
}


def _sides(records: Iterable[Record]) -> dict[str, list[Record]]:
    """Return the trainings by the name of their side; a short recipe is named."""
    sides: dict[str, list[Record]] = {}
    for record in records:
        parts = [*of_side(record, SIDE)]
        parts += [record.recipe] if record.recipe != "full" else []
        sides.setdefault("-".join(parts), []).append(record)
    return dict(sorted(sides.items()))


def _benchmark(name: str, side: Sequence[Record]) -> dict[str, Any]:
    problem = side[0].problem
    return {
        "group": problem,
        "name": name,
        "fullname": name,
        "params": dict(zip(SIDE, of_side(side[0], SIDE), strict=True)),
        "param": name.removeprefix(f"{problem}-"),
        "extra_info": {
            "seeds": [record.seed for record in side],
            "status": [record.status for record in side],
            "wall_s": [record.total_s for record in side],
            "first_epoch_s": [record.first_epoch_s for record in side],
            "scores": {
                metric: [record.score(metric) for record in side] for metric in _metrics(side)
            },
        },
        "options": {},
        "stats": _stats([second for record in side for second in record.epoch_s]),
    }


def _stats(seconds: Sequence[float]) -> dict[str, Any]:
    """Return the statistics of pytest-benchmark for at least one value."""
    from pytest_benchmark.stats import Stats

    made = Stats()
    for second in seconds:
        made.update(second)
    stats: dict[str, Any] = made.as_dict()
    return stats | {"data": made.data, "iterations": 1}


def _charted(side: Sequence[Record]) -> Iterator[tuple[str, str, float, list[float]]]:
    """Yield what, unit, value, and the values that it is the mean of."""
    epochs = [median(record.epoch_s) for record in side if record.epoch_s]
    walls = [record.total_s for record in side if record.total_s is not None]
    for what, seconds in (("epoch", epochs), ("wall", walls)):
        if seconds:
            yield what, "s", geometric_mean(seconds), seconds
    for metric in _metrics(side):
        judged = [record.scores[metric] for record in side if metric in record.scores]
        gaps = [
            abs(judge.best - judge.score)
            for judge in judged
            if judge.best is not None and judge.score is not None
        ]
        if gaps:
            unit = judged[0].unit or ""
            yield f"{metric}, distance from the best", unit, fmean(gaps), gaps
    yield "without a score", "trainings", sum(record.status != "ok" for record in side), []


def _deviation(values: Sequence[float]) -> float:
    """Return the standard deviation (n - 1) of some values; 0 for one alone."""
    return stdev(values) if len(values) > 1 else 0.0


def _tooltip(side: Sequence[Record]) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in _versions(side).items())
    return f"seeds: {len(side)}\n{distinct(record.cpu for record in side)}\n{versions}"


def _metrics(side: Iterable[Record]) -> list[str]:
    return list(dict.fromkeys(metric for record in side for metric in record.scores))


def _versions(records: Sequence[Record]) -> dict[str, str]:
    names = sorted({name for record in records for name in record.versions})
    return {name: distinct(record.versions.get(name) for record in records) for name in names}
