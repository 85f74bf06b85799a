"""`diptych check`."""

import argparse
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from compare.options import (
    Parser,
    add_backends,
    add_cluster,
    add_command,
    add_problems,
    add_python,
    add_tiers,
    folder,
)

if TYPE_CHECKING:
    from compare.console import Listener
    from compare.proof.alone import Diagnosis
    from compare.proof.finding import Finding


def add(commands: "argparse._SubParsersAction[Parser]") -> None:
    """Add the command of this room."""
    check = add_command(
        commands,
        "check",
        do_check,
        summary="prove that the backends train the same model",
        about="Prove, rung by rung, that the programs of a problem are the same model, trained the "
        "same way. The first rung that fails is named, with the tensor and both numbers.",
        examples="  diptych check\n  diptych check echo --backends pytorch keras-jax",
    )
    add_problems(check)
    add_backends(check)
    add_python(check)
    add_tiers(check)
    check.add_argument(
        "--device", choices=("cpu", "gpu"), default="cpu", help="where it is proven (cpu)"
    )
    check.add_argument(
        "--whole", action="store_true", help="train to the end of the recipe, in float64"
    )
    check.add_argument("--all", action="store_true", help="climb on past the first rung that fails")
    check.add_argument("--json", action="store_true", help="print the findings as JSON on stdout")
    add_cluster(check)
    check.add_argument("--out", type=folder, help="write check.md and check.json there")


def do_check(options: argparse.Namespace) -> int:
    """Climb the ladder for every pair; status 3 if a rung fails, 1 if one cannot be had.

    A proof on a GPU is not remembered: what runs is proven on the CPU.
    """
    from compare.console import Progress, complain
    from compare.processes.choice import (
        chosen_backends,
        chosen_device,
        chosen_problems,
        chosen_sides,
    )
    from compare.processes.cluster import connected
    from compare.proof.check import check
    from compare.proof.finding import Finding
    from compare.proof.gate import prove
    from compare.proof.on_node import checked
    from compare.proof.publish import (
        findings_json,
        print_diagnosis,
        print_findings,
        publish_findings,
    )

    with connected(options) as cluster, Progress() as progress:
        backends = chosen_backends(options.backends, here=cluster is None)
        sides = chosen_sides(backends, options.tier)
        names = chosen_problems(options.problems, backends)
        settings = {"past_failures": options.all, "whole": options.whole}
        asked: Callable[..., list[Finding]]
        if cluster:
            (device,) = cluster.devices([options.device])
            asked = partial(checked, cluster, device=device)
        else:
            device = chosen_device(options.device, backends)
            asked = prove if device == "cpu" else partial(check, device=device)
        findings = asked(names, sides, progress=progress, **settings)
        layers = {} if cluster else _alone(findings, progress)
    if options.out:
        publish_findings(options.out, findings)
    if options.json:
        print(findings_json(findings), end="")
    else:
        print_findings(findings)
        for pair, rows in layers.items():
            print_diagnosis(", ".join(pair), rows)
    wrong = [finding for finding in findings if not finding.passed]
    for finding in wrong:
        complain(str(finding))
    unknown = all(finding.unfinished or finding.unavailable for finding in wrong)
    return (1 if unknown else 3) if wrong else 0


def _alone(
    findings: "Sequence[Finding]", progress: "Listener"
) -> "dict[tuple[str, str], Diagnosis]":
    """Return each layer asked alone, by problem and backend, of pairs that differ in a number."""
    from backends import Side
    from compare.proof.alone import ON_NUMBERS, diagnosed

    found = {}
    for one in findings:
        key = (one.problem, one.backend)
        known = one.reference and one.reference != one.backend and one.rung in ON_NUMBERS
        if known and not (one.passed or one.unfinished or one.unavailable) and key not in found:
            progress.doing(f"asking each layer of {one.problem} alone: {one.backend}")
            sides = (Side.parse(one.backend), Side.parse(one.reference))
            found[key] = diagnosed(one.problem, *sides)
    progress.doing("")
    return found
