"""The ladder: proof, rung by rung, that two twins are the same model, trained the same way.

A pure function of the evidence that compare.proof.probe gathers. Each rung rests on those below it,
so the first that fails says where to look.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from backends import OTHERWISE, Side
from compare.proof import hints
from compare.proof.bounds import FAR, bound, flips, floor, of_optimizers, scale
from compare.proof.finding import NETWORK, RUNGS, Finding
from compare.proof.inputs import BATCH
from compare.proof.probe import CURVES, Evidence
from problems import Array, Problem, named

# Rung: where its tensors are in the evidence, and how the names there are told.
TENSORS = {
    "layers": ("layer/", "single/", "far/"),
    "loss": ("evaluation loss", "far loss", "loss"),
    "gradients": ("gradient/",),
    "statistics": ("average/",),
    "steps": ("step/",),
    "curve": ("rates", "curve", "validation", "trained/"),
    "state": ("state/",),
    "score": ("score/",),
}
AFTER_IT_IS_MADE = tuple(TENSORS)[1:]
COUNT = "state/steps"  # which both sides have, whatever else they are
TOLD = {
    "rates": "rate",
    "far loss": f"loss{hints.FAR_OFF}",
    "curve": "loss",
    "validation": "validation loss",
}


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A backend and its reference on one problem: their evidence in both precisions."""

    problem: Problem
    side: Side
    reference: Side
    expected: Mapping[str, Evidence]  # by precision, of the reference
    came: Mapping[str, Evidence]  # of the backend
    widened: str = ""  # what was done so that float64 is float64 throughout, where it was needed

    def climb(self, *, past_failures: bool = False) -> Iterator[Finding]:
        """Yield a finding per rung and precision, up to the first rung that fails."""
        failed: dict[str, None] = {}
        order = list(RUNGS)
        for finding in self._rungs():
            before = [one for one in failed if order.index(one) < order.index(finding.rung)]
            if before and not finding.passed:
                finding = replace(finding, hint=hints.RESTS.format(", ".join(before)))
            yield finding
            if not finding.passed:
                failed[finding.rung] = None
                if not past_failures:
                    return

    def _rungs(self) -> Iterator[Finding]:
        yield self._parameters()
        yield shapes(self.problem, self.reference, self.expected["float64"])
        yield shapes(self.problem, self.side, self.came["float64"])
        yield self._steady(self.reference, self.expected["float64"])
        yield self._steady(self.side, self.came["float64"])
        for rung in TENSORS:
            yield self._rung(rung, "float64", self.side)
        for rung in (one for one in TENSORS if one != "steps") if "float32" in self.came else ():
            yield self._rung(rung, "float32", self.reference)
            yield self._rung(rung, "float32", self.side)

    def _parameters(self) -> Finding:
        """Compare names and shapes of all that is trained, then its initial numbers."""
        sides = (self.expected["float64"], self.came["float64"])
        trained = [_under("trainable/", side) for side in sides]
        weights = [_under("weight/", side) for side in sides]
        if not all(weights):
            return self._failure("parameters", "float64", self.side)
        for name in dict.fromkeys([*trained[0], *trained[1]]):
            expected, came = (_trained(name, *of) for of in zip(trained, weights, strict=True))
            if expected != came:
                hint = hints.of_names(weights[0], weights[1], str(self.reference), str(self.side))
                return replace(self._same("parameters", name, expected, came), hint=hint)
        for name, numbers in weights[0].items():
            if name in weights[1]:
                finding = self._numbers(
                    "parameters", "", self.side, name, numbers, weights[1][name]
                )
                if not finding.passed:
                    return finding
        total = sum(int(np.prod(shape)) for shape in trained[0].values())
        counted = f"{total:,} numbers"
        return replace(self._same("parameters", "all", counted, counted), note=hints.written(sides))

    def _steady(self, side: Side, evidence: Evidence) -> Finding:
        """See that a network gives the same answer twice: else no other rung tells anything."""
        for output in named(self.problem.output, "output"):
            first, again = (evidence.get(f"{kind}/{output}") for kind in ("layer", "again"))
            if first is None or again is None:
                return self._failure("layers", "float64", side)
            finding = self._same_twice(side, output, first, again)
            if not finding.passed:
                return finding
        return finding

    def _same_twice(self, side: Side, output: str, first: Array, again: Array) -> Finding:
        told = hints.told(f"again/{output}")
        absolute = np.nan_to_num(np.abs(again - first))
        apart, by = float(absolute.max()), float(np.nan_to_num(np.abs(first)).max())
        index = np.unravel_index(np.argmax(absolute), first.shape)
        allowed = floor("layers", told, "float64")
        finding = replace(
            self._same("layers", told, "", "", "float64"),
            backend=str(side),
            reference="",
            index=tuple(map(int, index)),
            expected=float(first[index]),
            came=float(again[index]),
            absolute=apart,
            relative=0.0 if not apart else apart / by if by else np.inf,
            bound=allowed,
            passed=apart <= allowed * by,
            note=self.widened,
        )
        return finding if finding.passed else replace(finding, hint=hints.STATE)

    def _rung(self, rung: str, precision: str, side: Side) -> Finding:
        """Compare a side, which may be the reference itself in float32, with the exact one."""
        own = self.expected if side == self.reference else self.came
        expected, came = (_tensors(rung, of) for of in (self.expected["float64"], own[precision]))
        had = all("loss" in of for of in (self.expected["float64"], own[precision]))
        if rung == "statistics" and had and not expected.keys() & came.keys():
            none = "no averages in common"  # as where one side never uses them
            return replace(self._same(rung, "all", none, none, precision), backend=str(side))
        if not came or not expected:
            return self._failure(rung, precision, side)
        if rung == "layers":
            expected, came = self._laid_out(expected, came)
        findings = [
            self._numbers(rung, precision, side, name, expected[name], came[name])
            for name in expected
            if name in came
        ]
        if not findings or {*expected} & {*came} == {COUNT} != {*expected, *came}:
            one, other = (", ".join(map(hints.told, of)) for of in (expected, came))
            return replace(self._same(rung, "names", one, other, precision), backend=str(side))
        wrong = [finding for finding in findings if not finding.passed]
        if wrong:
            if rung == "steps":  # the first of them tells most
                wrong.sort(key=lambda one: one.index[:1])
            evidence = (self.expected["float64"], own[precision])
            return replace(wrong[0], hint=hints.of_numbers(wrong[0], *evidence))
        nearest = max(findings, key=lambda one: (one.relative or 0.0) / (one.bound or 1.0))
        telling = [one.relative or 0.0 for one in findings if (one.bound or 0.0) < 1]
        note = hints.shows_nothing(findings) or nearest.note
        return replace(nearest, largest=max(telling, default=None), note=note)

    def _laid_out(
        self, expected: Mapping[str, Array], came: Mapping[str, Array]
    ) -> tuple[dict[str, Array], dict[str, Array]]:
        """Return the outputs of the layers, each in the layout in which it is the other one's.

        That of a layer which works on channels in any place is there in both.
        """
        found: tuple[dict[str, Array], dict[str, Array]] = ({}, {})
        layers = [f"{kind}{name}" for kind in ("layer/", "far/") for name in self.problem.layers]
        outputs = named(self.problem.output, "output")
        for name in (*layers, *(f"{kind}{one}" for kind in TENSORS["layers"] for one in outputs)):
            layouts = list(product(_layouts(expected, name), _layouts(came, name)))
            alike = [pair for pair in layouts if pair[0].shape == pair[1].shape] or layouts
            if alike:
                nearest = min(alike, key=lambda pair: _apart(*pair))
                for one, array in zip(found, nearest, strict=True):
                    one[name] = array
        return found

    def _numbers(
        self, rung: str, precision: str, side: Side, name: str, expected: Array, came: Array
    ) -> Finding:
        told = hints.told(TOLD.get(name, name))
        if expected.shape != came.shape:
            return replace(
                self._same(rung, told, _shape(expected), _shape(came), precision), backend=str(side)
            )
        curve, exact = name in CURVES, self.expected["float64"]
        by = scale(rung, name if name in exact else f"weight/{name}", exact, curve=curve)
        allowed = bound(rung, name, precision, exact, by)
        allowed = np.maximum(allowed, of_optimizers(self.problem, rung))
        if rung == "score":
            allowed = allowed + flips(self.problem, name.removeprefix("score/"), precision)
        with np.errstate(invalid="ignore"):
            absolute = np.abs(np.float64(came) - np.float64(expected))
        absolute = np.where(self._lacking(rung, side, name, expected, came), 0.0, absolute)
        with np.errstate(divide="ignore", invalid="ignore"):
            relative = np.where(absolute == 0, 0.0, absolute / by)
        wrong = ~(relative <= allowed)  # which is also true of what is not a number
        first = curve or rung == "steps" or name == "rates"
        flat = np.argmax(wrong) if first and wrong.any() else np.argmax(relative)
        index = np.unravel_index(flat, relative.shape)
        return Finding(
            problem=self.problem.name,
            backend=str(side),
            reference=str(self.reference),
            precision=precision,
            rung=rung,
            tensor=told,
            index=tuple(map(int, index)),
            expected=float(expected[index]),
            came=float(came[index]),
            absolute=float(absolute[index]),
            relative=float(relative[index]),
            bound=float(np.broadcast_to(allowed, relative.shape)[index]),
            passed=not wrong.any(),
            note=self.widened if precision == "float64" else "",
        )

    def _lacking(
        self, rung: str, side: Side, name: str, expected: Array, came: Array
    ) -> Array | bool:
        """Say where there is nothing to compare.

        An entry for padding is no weight, a step after the end of a sequence no output; far out of
        the range, no number is as good as another.
        """
        both = (expected, came)
        if name == "far loss":  # a mean: one side alone without a number is wrong
            return ~np.isfinite(expected)
        if name.startswith(FAR):
            return np.logical_or(*(~np.isfinite(array) for array in both))
        if rung == "layers":
            layer = name.startswith("layer/") and name not in named(
                self.problem.output, "layer/output"
            )
            return layer and np.logical_or(*map(np.isnan, both))
        weight = "weight/" + re.sub(r"^(gradient|step|trained|state)/| \w+$", "", name)
        own = self.expected if side == self.reference else self.came
        holes = [of["float64"].get(weight) for of in (self.expected, own)]
        found = [np.isnan(array) for array in holes if array is not None]
        return np.logical_or.reduce(found) if found else False

    def _failure(self, rung: str, precision: str, side: Side) -> Finding:
        """Say which of the two has nothing to show on a rung, and why."""
        failed, evidence = side, self.came[precision]
        for found in (self.expected["float64"], self.expected[precision]):
            if "error" in found:
                failed, evidence = self.reference, found
        error = str(evidence.get("error", "nothing"))
        return Finding(
            problem=self.problem.name,
            backend=str(failed),
            precision=precision,
            rung=rung,
            tensor=NETWORK,
            expected="a training" if rung in AFTER_IT_IS_MADE else "a network",
            came=error,
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
    expected = {f"layer/{name}": problem.layer_shape(name, batch=BATCH) for name in problem.layers}
    outputs = named(problem.output, "output").items()
    expected |= {f"layer/{name}": (BATCH, *spec.shape) for name, spec in outputs}
    expected |= {f"single/{name}": (1, *spec.shape) for name, spec in outputs}
    texts = {}
    for name, shape in expected.items():
        came = [_shape(array) for array in _layouts(evidence, name)] or ["no such layer"]
        told = hints.told(TOLD.get(name, name))
        texts[told] = (str(shape), str(shape) if str(shape) in came else came[0])
    if not _under("layer/", evidence):
        texts = {NETWORK: ("a network", str(evidence.get("error", "nothing")))}
    elif "single error" in evidence:
        single = next(name for name in expected if name.startswith("single/"))
        texts[hints.told(single)] = (str(expected[single]), str(evidence["single error"]))
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
        unavailable="unavailable" in evidence,
    )


def _tensors(rung: str, evidence: Evidence) -> dict[str, Array]:
    """Return a rung's tensors in the network's order, by their names in the evidence."""
    return {
        name: array
        for kind in TENSORS[rung]
        for name, array in evidence.items()
        if (name.startswith(kind) if kind.endswith("/") else name == kind)
    }


def _layouts(evidence: Mapping[str, Array], name: str) -> list[Array]:
    """Return a layer's output in each layout that it may be in."""
    return [evidence[key] for key in (name, f"{name}{OTHERWISE}") if key in evidence]


def _apart(one: Array, other: Array) -> float:
    if one.shape != other.shape:
        return np.inf
    return float(np.nanmax(np.abs(np.float64(one) - np.float64(other)), initial=0.0))


def _trained(name: str, shapes: Mapping[str, Array], weights: Mapping[str, Array]) -> str:
    if name in shapes:
        return str(tuple(shapes[name].tolist()))
    return "frozen: it is not trained" if name in weights else "no such weight"


def _under(kind: str, evidence: Evidence) -> dict[str, Array]:
    return {k.removeprefix(kind): v for k, v in evidence.items() if k.startswith(kind)}


def _shape(array: Array) -> str:
    return str(tuple(array.shape))
