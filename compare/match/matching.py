"""Two models are paired, written down as the twins of a problem, and climb the ladder."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import problems
from backends import Side
from compare.console import SILENT, Listener
from compare.match.asked import Asked, Models
from compare.match.look import Look, looks
from compare.match.pairing import Pair, paired
from compare.match.written import files, shared, with_shared_outputs
from compare.processes.launcher import Launcher
from compare.proof.alone import ON_NUMBERS, Diagnosis, diagnosed
from compare.proof.check import check
from compare.proof.finding import NETWORK, Finding
from problems import Problem, count

PANELS = ("pytorch", "keras")


class Unlooked(ValueError):
    """A model that cannot be looked at: which one, and why."""

    def __init__(self, panel: str, why: str) -> None:
        super().__init__(why)
        self.panel = panel


@dataclass(frozen=True, kw_only=True)
class Matched:
    """What was found of two models; mappings are by panel, "pytorch" and "keras"."""

    pairs: Sequence[Pair]
    looks: Mapping[str, Look]
    findings: Sequence[Finding]
    diagnosis: Diagnosis  # empty if every rung holds
    flattened: Mapping[str, int]  # layers right up to the order of their rows: channels before it
    files: Mapping[str, bytes]  # of the problem, by path
    left_out: Sequence[str]  # weights that the other side has not, where those of one are taken

    @property
    def passed(self) -> bool:
        """Whether every rung that was climbed holds."""
        return all(one.passed for one in self.findings)

    @property
    def unknown(self) -> bool:
        """Whether nothing can be said, for a model does not run, or not to its end."""
        wrong = [one for one in self.findings if not one.passed]
        return all(one.unfinished or one.unavailable or one.tensor == NETWORK for one in wrong)


def match(
    name: str,
    ours: Models,
    asked: Asked,
    *,
    project: Path,
    sides: Sequence[Side],
    launcher: Launcher,
    partners: Mapping[str, str] | None = None,
    progress: Listener = SILENT,
    past_failures: bool = False,
) -> Matched:
    """Return what is found of two models, as the problem `name` of the project in use.

    `partners` has paths of Keras's layers by PyTorch's. Sides are PyTorch and an engine of Keras's.

    Raises:
        Unlooked: a model, a loss or an optimizer cannot be had, or does not run.
        ValueError: their outputs are not to be compared, or a given path is no layer's.
    """
    progress.doing("looking at both models")
    by_side = dict(zip(sides, PANELS, strict=True))
    references = {side: ours.models[panel] for side, panel in by_side.items()}
    stored = {side: asked.stored for side, panel in by_side.items() if panel == asked.weights}
    looked = looks(references, asked.inputs, launcher, stored, asked.channels)
    seen: dict[str, Look] = {}
    for side, panel in by_side.items():
        found = looked[side]
        if isinstance(found, str):
            raise Unlooked(panel, found)
        if panel == asked.weights:
            _check_finite(panel, found, asked)
        seen[panel] = found
    seen = with_shared_outputs(seen, one=bool(ours.losses))
    pairs = paired(seen["pytorch"].layers, seen["keras"].layers, partners)
    flattened: dict[str, int] = {}
    while True:
        write(project, files(name, asked, ours, seen, pairs, flattened))
        findings = check(
            [name], sides, launcher=launcher, progress=progress, past_failures=past_failures
        )
        diagnosis = Diagnosis([], [])
        wrong = [one for one in findings if not one.passed and one.tensor != NETWORK]
        if any(one.rung in ON_NUMBERS for one in wrong):
            progress.doing("asking each layer alone")
            diagnosis = diagnosed(name, sides[1], sides[0], launcher)
        if not all(one.reference for one in wrong):  # one answers otherwise when it is asked again
            diagnosis = diagnosis._replace(causes=[])
        found_now = {one.layer: one.channels for one in diagnosis.layers if one.channels}
        if not found_now.keys() - flattened.keys():
            break
        flattened |= found_now  # once more, with their rows in the other order
    baselines = _baselines(problems.load(name))
    return Matched(
        pairs=pairs,
        looks=seen,
        findings=findings,
        diagnosis=diagnosis,
        flattened=flattened,
        files=files(name, asked, ours, seen, pairs, flattened, baselines),
        left_out=shared(asked.weights, seen, pairs, flattened)[1] if asked.weights else [],
    )


def _check_finite(panel: str, look: Look, asked: Asked) -> None:
    for name, array in look.weights.items():
        paddings = np.isnan(array).all(-1, keepdims=True) & name.endswith("embeddings")
        if not (np.isfinite(array) | paddings).all():
            where = asked.stored or "the model"
            raise Unlooked(
                panel, f"weights of {where}: {name}: expected finite numbers, came others"
            )


def write(project: Path, texts: Mapping[str, bytes]) -> None:
    """Write the files of a problem into a project."""
    for path, text in texts.items():
        target = project / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text)


def _baselines(problem: Problem) -> dict[str, float]:
    """Return what the trivial answer of each metric scores."""
    data = problem.make_data(0)
    found = {}
    for metric in problem.metrics:
        part = data[metric.part]
        answers = np.broadcast_to(metric.trivial, (count(part.x), *metric.trivial.shape))
        found[metric.name] = problem.measured(metric, answers, part)
    return found
