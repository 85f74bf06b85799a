"""Check before training: data against their spec, every layer's shape against the expected one."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import problems
from backends import Probe
from compare.probe import BATCH, probe
from problems._problem import Problem


class Finding(NamedTuple):
    """One thing checked: what was expected, what came, and whether they agree."""

    problem: str
    backend: str  # empty for the data, which are the same for all
    what: str
    expected: str
    came: str
    right: bool


def check(names: Sequence[str], backends: Sequence[str]) -> list[Finding]:
    """Return all findings, by problem: data first, then each layer on each backend."""
    with ThreadPoolExecutor() as pool:
        probes = dict(
            zip(backends, pool.map(lambda name: probe(name, names), backends), strict=True)
        )
    findings = []
    for name in names:
        problem = problems.load(name)
        findings.append(_data(problem))
        for backend in backends:
            findings += layers(problem, backend, probes[backend][name])
        if len(counts := _parameters({b: probes[b][name] for b in backends})) > 1:
            came = ", ".join(f"{backend} {count}" for backend, count in counts.items())
            alike = len(set(counts.values())) == 1
            findings.append(Finding(name, "", "parameters", "as many on all", came, alike))
    return findings


def layers(problem: Problem, backend: str, found: Probe | str) -> list[Finding]:
    """Compare the shape after every named layer, and of the output, with the expected ones."""
    if isinstance(found, str):
        return [Finding(problem.name, backend, "twin", "a network", found, False)]
    expected = {name: problem.layer_shape(name, batch=BATCH) for name in problem.layers}
    expected["output"] = (BATCH, *problem.output.shape)
    came = {name: array.shape for name, array in found.layers.items()} | {
        "output": found.output.shape
    }
    return [
        Finding(
            problem.name,
            backend,
            name,
            str(shape),
            str(came.get(name, "no such layer")),
            came.get(name) == shape,
        )
        for name, shape in expected.items()
    ]


def _data(problem: Problem) -> Finding:
    expected = f"x ({problem.input.axes}), y ({problem.target.axes}), after the batch axis"
    try:
        problem.make_data(seed=0)
    except Exception as error:  # whatever a problem's own code raises is a finding
        came = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
        return Finding(problem.name, "", "data", expected, came, False)
    return Finding(problem.name, "", "data", expected, "as specified", True)


def _parameters(probes: Mapping[str, Probe | str]) -> dict[str, int]:
    return {
        backend: found.parameters for backend, found in probes.items() if isinstance(found, Probe)
    }
