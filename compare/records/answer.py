"""Run + what was measured -> Record: everything about a record that needs no framework."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import problems
from compare.processes import machine
from compare.records.record import Record, Run
from problems import Problem


def judged(problem: Problem, scores: Mapping[str, float]) -> dict[str, dict[str, Any]]:
    """Return, by metric, the score (None where there is none) and what it is judged by."""
    return {
        metric.name: {
            "score": scores.get(metric.name),
            "better": metric.better,
            "target": metric.target,
            "reached": metric.reached(scores[metric.name]) if metric.name in scores else None,
            "baseline": metric.baseline,
            "best": metric.best,
            "margin": metric.margin,
            "unit": metric.unit,
        }
        for metric in problem.metrics
    }


def answer(run: Run, **measured: Any) -> Record:
    """Return the record of a run: what was asked, what was measured, on what machine and code."""
    if "scores" not in measured:
        measured["scores"] = judged(problems.load(run.problem), {})
    return Record(**asdict(run) | machine.facts() | measured)


def leave(record: Record, cell: Path) -> None:
    """Write a record into the folder of its training, whole or not at all."""
    partial = cell / "record.json.partial"
    partial.write_text(record.to_json() + "\n")
    partial.replace(cell / "record.json")


def now() -> str:
    """Return the time, ISO 8601 in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def one_line(error: BaseException) -> str:
    """Return the first line of an error's message."""
    return (str(error).strip().splitlines() or [""])[0]
