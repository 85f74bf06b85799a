"""The check before training: data against their spec, then the ladder for every pair."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count

import numpy as np

import problems
from backends import Side
from compare.console import SILENT, Listener
from compare.processes import machine
from compare.processes.launcher import Launcher
from compare.proof import hints
from compare.proof.finding import Finding
from compare.proof.ladder import Pair, shapes
from compare.proof.probe import Evidence, Job, probe
from problems import Problem, named

PRECISIONS = ("float64", "float32")
EXPECTED = re.compile(r"(.+?): expected (.+), came (.+)", re.DOTALL)
DIGITS = 1e-5  # by which data of the same seed may differ: of sums, in versions of NumPy
MOST = 6  # processes on a GPU at a time: each takes some of its memory before it computes


def reference_of(sides: Iterable[Side]) -> Side:
    """Return what all sides are compared with: the first backend listed, in its default tier.

    It need not be one of them.
    """
    return min((side.in_default_tier for side in sides), key=lambda side: side.rank)


def check(
    names: Sequence[str],
    sides: Sequence[Side],
    *,
    device: str = "cpu",
    launcher: Launcher | None = None,
    progress: Listener = SILENT,
    past_failures: bool = False,
    whole: bool = False,
) -> list[Finding]:
    """Return all findings, by problem: the data, then every other side against the reference.

    Those of a pair end with the first rung that fails, unless it is to be climbed on. The training
    is a short one in both precisions, or the `whole` one in float64.

    A backend alone, in its default tier, is held against the specified shapes.
    """
    reference = reference_of(sides)
    sides = list(dict.fromkeys((reference, *sides)))
    # The slowest first, which is trained with noise too, so that it is not waited for alone.
    by_turn = sorted(sides, key=lambda side: side != reference)
    precisions = PRECISIONS[:1] if whole else PRECISIONS
    jobs = [(side, precision) for precision in precisions for side in by_turn]
    number, total = count(1), len(names) * len(jobs)

    def tell(name: str, job: Job) -> None:
        progress.doing(f"proving {name}: {job[0]}, {job[1]}", next(number), total)

    processors = len(machine.processors())
    at_a_time = min(processors, MOST) if device == "gpu" else processors
    progress.doing(f"starting {', '.join(map(str, sides))}")
    evidence = probe(
        jobs,
        names,
        reference=reference,
        at_a_time=at_a_time,
        device=device,
        whole=whole,
        launcher=launcher,
        tell=tell,
    )
    progress.doing("")
    # What is said of the reference alone is said once.
    return list(
        dict.fromkeys(
            finding
            for name in names
            for finding in judge(
                problems.load(name),
                sides,
                {job: evidence[job][name] for job in jobs},
                past_failures=past_failures,
            )
        )
    )


def judge(
    problem: Problem,
    sides: Sequence[Side],
    evidence: dict[Job, Evidence],
    *,
    past_failures: bool = False,
) -> Iterator[Finding]:
    """Yield the findings of one problem, given the evidence by side and precision."""
    data = _data(problem)
    yield data
    if not data.passed:
        return
    reference = reference_of(sides)
    drawn = list(_drawn(problem, evidence, reference))
    yield from drawn
    if drawn:
        return

    def of(side: Side) -> dict[str, Evidence]:
        return {precision: found for (other, precision), found in evidence.items() if other == side}

    if len(sides) == 1:
        yield shapes(problem, reference, evidence[reference, "float64"])
    for side in sides:
        if side != reference:
            yield from Pair(
                problem=problem,
                side=side,
                reference=reference,
                expected=of(reference),
                came=of(side),
                widened=side.definition.widened or reference.definition.widened,
            ).climb(past_failures=past_failures)


def _drawn(
    problem: Problem, evidence: Mapping[Job, Evidence], reference: Side
) -> Iterator[Finding]:
    """Yield the first array of the data that is not the same in all processes."""
    first = evidence[reference, PRECISIONS[0]]
    for (side, _), found in evidence.items():
        for name in found:
            if not name.startswith("drawn/") or name not in first:
                continue
            if not np.allclose(found[name], first[name], rtol=DIGITS, atol=DIGITS):
                yield Finding(
                    problem=problem.name,
                    backend=str(side),
                    reference=str(reference),
                    rung="data",
                    tensor=name.removeprefix("drawn/"),
                    expected="the same array for the same seed",
                    came="another one in each process",
                    passed=False,
                    hint=hints.DRAWN,
                )
                return


def _data(problem: Problem) -> Finding:
    specs = named(problem.input, "x") | named(problem.target, "y")
    axes = ", ".join(f"{name} ({spec.axes})" for name, spec in specs.items())
    expected = f"{axes}, after the batch axis"
    tensor, came = "all parts", expected
    try:
        problem.make_data(seed=0)
    except (Exception, SystemExit) as error:  # whatever a problem's own code raises is a finding
        came = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
        if told := EXPECTED.fullmatch(came):
            tensor, expected, came = told.groups()
            tensor = tensor.removeprefix(f"{problem.name} ")
    return Finding(
        problem=problem.name,
        backend="",
        rung="data",
        tensor=tensor,
        expected=expected,
        came=came,
        passed=came == expected,
    )
