"""The check on a node of a cluster, a problem at a time: `... compare.proof.on_node FOLDER`.

A node remembers what it has proven, for the trainings that come to it.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from backends import Side
from compare.console import Listener
from compare.processes import interpreter
from compare.processes.cluster import Answer, Begun, Cluster, Work
from compare.processes.node import answer_in, question_in
from compare.proof.check import check
from compare.proof.finding import Finding
from compare.proof.gate import prove
from compare.records.record import UsageError

MODULE = "compare.proof.on_node"
TIMEOUT_S = 24 * 3600.0  # whole trainings in float64 take hours


def checked(
    cluster: Cluster,
    names: Sequence[str],
    sides: Sequence[Side],
    *,
    device: str,
    progress: Listener,
    past_failures: bool,
    whole: bool,
) -> list[Finding]:
    """Return the findings of some problems, in their order, each checked on one node.

    Raises:
        UsageError: a node cannot check one of them.
    """
    asked = {
        "sides": [(side.program, side.tier) for side in sides],
        "device": device,
        "options": {"past_failures": past_failures, "whole": whole},
        "pythons": interpreter.PYTHONS,
    }
    works = [
        Work(
            name=name,
            module=MODULE,
            question=asked | {"problem": name},
            timeout_s=TIMEOUT_S,
            gpu=device == "gpu",
        )
        for name in names
    ]
    found: dict[str, list[Finding]] = {}
    nodes: dict[str, str] = {}
    for event in cluster.do(works):
        name = event.work.name
        if isinstance(event, Answer):
            found[name] = _findings(name, event, nodes.get(name, ""))
        elif isinstance(event, Begun):
            nodes[name] = event.node
            progress.doing(f"proving {name} on {event.node}", len(found) + 1, len(names))
    return [finding for name in names for finding in found[name]]


def _findings(name: str, answer: Answer, node: str) -> list[Finding]:
    """Return what a node found; if it found nothing, that."""
    said = answer.said or {}
    if refusal := said.get("refusal"):
        raise UsageError(f"--ray: node {node}: {refusal}")
    if answer.failure:
        return [
            Finding(
                problem=name,
                backend="",
                rung="data",
                tensor="all parts",
                expected=f"an answer of node {node}" if node else "an answer",
                came=answer.failure,
                passed=False,
                unfinished=True,
            )
        ]
    return [Finding(**fields | {"index": tuple(fields["index"])}) for fields in said["findings"]]


def answer(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return the findings of a problem, or why there are none."""
    interpreter.PYTHONS.update(asked["pythons"])
    sides = [Side.parse(program, tier) for program, tier in asked["sides"]]
    names, options = [asked["problem"]], asked["options"]
    try:
        for side in sides:
            if missing := interpreter.environment(side.in_default_tier).missing:
                return {"refusal": f"backend {side.program!r} needs {' and '.join(missing)}"}
        if asked["device"] == "cpu":
            findings = prove(names, sides, **options)
        else:
            findings = check(names, sides, device=asked["device"], **options)
    except UsageError as error:
        return {"refusal": str(error)}
    return {"findings": [asdict(finding) for finding in findings]}


if __name__ == "__main__":
    answer_in(Path(sys.argv[1]), answer(question_in(Path(sys.argv[1]))))
