"""The ladder: proof, rung by rung, that two twins are the same model, trained the same way.

A pure function of the evidence that compare.proof.probe gathers. Each rung rests on those below it,
so the first that fails says where to look.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from backends import Side
from compare.proof.probe import BATCH, HELD_OUT, Evidence
from problems import Array, Problem

RUNGS = {
    "data": "inputs and targets are what the problem's spec says",
    "parameters": "as many trained tensors, of the same shapes, with the same initial numbers",
    "shapes": "the output of every named layer has the specified shape",
    "layers": "the same weights and a random input: the outputs of every named layer",
    "loss": "the loss of these outputs and random targets",
    "gradients": "its gradient, for every weight",
    "curve": "a short training by the problem's own recipe, 200 steps in 4 epochs with a partial "
    "last batch each: the loss of every step, the validation losses, the trained weights",
    "score": "the metrics of the network so trained",
}


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What was found on a rung: the first tensor that is wrong or else the one furthest off.

    `relative` is the difference by the largest magnitude in the tensor; of a loss in a curve, by
    its own magnitude, but no less than 1 % of the first; of a score, by 1.
    """

    problem: str
    backend: str  # the one that is judged; empty for the data, which are the same for all
    reference: str = ""  # the one that it is compared with; empty where that is the specification
    precision: str = ""
    rung: str
    tensor: str
    index: tuple[int, ...] = ()
    expected: str | float
    came: str | float
    absolute: float | None = None
    relative: float | None = None
    bound: float | None = None  # on `relative`
    passed: bool
    unavailable: bool = False  # there is no such network in the tier, so nothing was found
    unfinished: bool = False  # a process did not get to its end, so nothing was found
    note: str = ""  # what was done to the engine first, where something was

    def __str__(self) -> str:
        """Say it in one sentence."""
        sides = " against ".join(filter(None, (self.backend, self.reference)))
        where = ", ".join(filter(None, (self.problem, sides, self.precision)))
        index = f"[{', '.join(map(str, self.index))}]" if self.index else ""
        text = f"{where}: {self.rung}: {self.tensor}{index}: "
        text += f"expected {self.expected}, came {self.came}"
        if self.bound is not None:
            text += f" (difference {self.absolute:.3g}, relative {self.relative:.3g}, "
            text += f"allowed {self.bound:.3g})"
        return text


# How far apart two backends may be. In float64 the model itself shows. Seen over the six problems:
# layers 1.3e-15, loss 3.1e-16, gradients 1.0e-14, curve 4.6e-14, score 1.4e-16.
EXACT = {"layers": 1e-13, "loss": 1e-13, "gradients": 1e-12, "curve": 1e-11, "score": 1e-10}
# In float32, rounding grows from step to step, and more on one problem than on another. How much of
# it is the problem's own doing shows the reference against itself in float64: WITHIN times as much
# is allowed, at least FLOOR (some ten roundings), and at most CAP.
WITHIN, FLOOR = 10.0, 1e-6
CAP = {"layers": 1e-5, "loss": 1e-5, "gradients": 1e-3, "curve": 1e-3}

# Rung: where its tensors are in the evidence.
TENSORS = {
    "layers": ("layer/",),
    "loss": ("loss",),
    "gradients": ("gradient/",),
    "curve": ("curve", "validation", "trained/"),
    "score": ("score/",),
}
CURVES = {"curve": "loss", "validation": "validation loss"}  # losses in the order of their making


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A backend and its reference on one problem: their evidence in both precisions."""

    problem: Problem
    side: Side
    reference: Side
    expected: Mapping[str, Evidence]  # by precision, of the reference
    came: Mapping[str, Evidence]  # of the backend
    widened: str = ""  # what was done so that float64 is float64 throughout, where it was needed

    def climb(self) -> Iterator[Finding]:
        """Yield a finding per rung and precision, up to the first rung that fails."""
        for finding in self._rungs():
            yield finding
            if not finding.passed:
                return

    def _rungs(self) -> Iterator[Finding]:
        yield self._parameters()
        yield shapes(self.problem, self.reference, self.expected["float64"])
        yield shapes(self.problem, self.side, self.came["float64"])
        for precision in ("float64", "float32"):
            for rung in TENSORS:
                yield self._rung(rung, precision)

    def _parameters(self) -> Finding:
        """Compare names and shapes of all that is trained, then its initial numbers."""
        sides = (self.expected["float64"], self.came["float64"])
        shapes = [_under("trainable/", side) for side in sides]
        if not all(shapes):
            return self._failure("parameters", "float64")
        for name in dict.fromkeys([*shapes[0], *shapes[1]]):
            expected, came = (
                str(tuple(side[name].tolist())) if name in side else "no such weight"
                for side in shapes
            )
            if expected != came:
                return self._same("parameters", name, expected, came)
        weights = [_under("weight/", side) for side in sides]
        for name, numbers in weights[0].items():
            finding = self._numbers("parameters", "", name, numbers, weights[1][name])
            if not finding.passed:
                return finding
        count = f"{sum(int(np.prod(shape)) for shape in shapes[0].values()):,} numbers"
        return self._same("parameters", "all", count, count)

    def _rung(self, rung: str, precision: str) -> Finding:
        sides = (self.expected[precision], self.came[precision])
        expected, came = (self._tensors(rung, side) for side in sides)
        if not expected or not came:
            return self._failure(rung, precision)
        findings = [
            self._numbers(rung, precision, name, expected[name], came[name]) for name in expected
        ]
        wrong = [finding for finding in findings if not finding.passed]
        return wrong[0] if wrong else max(findings, key=lambda finding: finding.relative or 0.0)

    def _tensors(self, rung: str, evidence: Evidence) -> dict[str, Array]:
        """Return a rung's tensors by the names they go by in a finding, in the network's order."""
        if rung == "layers":
            names = (*self.problem.layers, "output")
            return {
                name: evidence[f"layer/{name}"] for name in names if f"layer/{name}" in evidence
            }
        found: dict[str, Array] = {}
        for kind in TENSORS[rung]:
            if kind.endswith("/"):
                found |= _under(kind, evidence)
            elif kind in evidence:
                found[CURVES.get(kind, kind)] = evidence[kind]
        return found

    def _numbers(
        self, rung: str, precision: str, name: str, expected: Array, came: Array
    ) -> Finding:
        if expected.shape != came.shape:
            return self._same(rung, name, _shape(expected), _shape(came), precision)
        curve = rung == "curve" and name in CURVES.values()
        absolute, relative = differences(rung, expected, came, curve=curve)
        bound = self._bound(rung, precision, name, curve=curve)
        wrong = ~(relative <= bound)  # which is also true of what is not a number
        flat = np.argmax(wrong) if curve and wrong.any() else np.argmax(relative)
        index = np.unravel_index(flat, relative.shape)
        return Finding(
            problem=self.problem.name,
            backend=str(self.side),
            reference=str(self.reference),
            precision=precision,
            rung=rung,
            tensor=name,
            index=tuple(map(int, index)),
            expected=float(expected[index]),
            came=float(came[index]),
            absolute=float(absolute[index]),
            relative=float(relative[index]),
            bound=float(np.broadcast_to(bound, relative.shape)[index]),
            passed=not wrong.any(),
            note=self.widened if precision == "float64" else "",
        )

    def _bound(self, rung: str, precision: str, name: str, *, curve: bool) -> Array:
        if rung == "parameters":
            return np.zeros(())
        if precision == "float64":
            return np.array(EXACT[rung])
        exact, rounded = (
            self._tensors(rung, self.expected[p])[name] for p in ("float64", "float32")
        )
        _, own = differences(rung, exact, rounded, curve=curve)
        allowed = WITHIN * (np.maximum.accumulate(own) if curve else np.max(own))
        if rung == "score":
            (margin,) = (one.margin for one in self.problem.metrics if one.name == name)
            return np.maximum(allowed, margin + 1 / HELD_OUT)  # one answer may fall either way
        return np.clip(allowed, FLOOR, CAP[rung])

    def _failure(self, rung: str, precision: str) -> Finding:
        """Say which of the two has nothing to show on a rung, and why."""
        failed, evidence = self.side, self.came[precision]
        if "error" in self.expected[precision]:
            failed, evidence = self.reference, self.expected[precision]
        return Finding(
            problem=self.problem.name,
            backend=str(failed),
            precision=precision,
            rung=rung,
            tensor="twin",
            expected="a network",
            came=str(evidence.get("error", "nothing")),
            passed=False,
            unavailable="unavailable" in evidence,
            unfinished="unfinished" in evidence,
        )

    def _same(
        self, rung: str, tensor: str, expected: str, came: str, precision: str = ""
    ) -> Finding:
        return Finding(
            problem=self.problem.name,
            backend=str(self.side),
            reference=str(self.reference),
            precision=precision,
            rung=rung,
            tensor=tensor,
            expected=expected,
            came=came,
            passed=expected == came,
        )


def shapes(problem: Problem, side: Side, evidence: Evidence) -> Finding:
    """Compare the shape after every named layer, and of the output, with the specified ones."""
    expected = {name: problem.layer_shape(name, batch=BATCH) for name in problem.layers}
    expected["output"] = (BATCH, *problem.output.shape)
    came = {name: _shape(evidence.get(f"layer/{name}")) for name in expected}
    texts = {name: (str(shape), came[name]) for name, shape in expected.items()}
    if "error" in evidence and not _under("layer/", evidence):
        texts = {"twin": ("a network", str(evidence["error"]))}
    wrong = [name for name, (one, other) in texts.items() if one != other]
    tensor = (wrong or list(texts)[-1:])[0]
    return Finding(
        problem=problem.name,
        backend=str(side),
        rung="shapes",
        tensor=tensor,
        expected=texts[tensor][0],
        came=texts[tensor][1],
        passed=not wrong,
        unfinished="unfinished" in evidence,
    )


def differences(
    rung: str, expected: Array, came: Array, *, curve: bool = False
) -> tuple[Array, Array]:
    """Return the absolute and the relative differences of two arrays; see Finding."""
    absolute = np.abs(np.float64(came) - np.float64(expected))
    magnitude = np.abs(np.float64(expected))
    if rung == "score":
        scale = np.ones(())
    elif curve:
        scale = np.maximum(magnitude, 0.01 * magnitude[0])
    else:
        scale = magnitude.max()
    with np.errstate(divide="ignore", invalid="ignore"):
        return absolute, np.where(absolute == 0, 0.0, absolute / scale)


def _under(kind: str, evidence: Evidence) -> dict[str, Array]:
    return {k.removeprefix(kind): v for k, v in evidence.items() if k.startswith(kind)}


def _shape(array: Array | None) -> str:
    return "no such layer" if array is None else str(tuple(array.shape))
