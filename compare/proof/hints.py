"""Where to look for the cause of what is wrong on a rung: sentences, from the same evidence."""

from collections.abc import Iterable, Mapping

import numpy as np

from compare.proof.bounds import FACTOR, FLOOR
from compare.proof.finding import Finding
from compare.proof.probe import Evidence
from problems import Array

WHERE = {
    "far/": ", far out of the range",
    "again/": ", asked again",
    "single/": " of one example",
}
TRAINING_MODE = (
    "In evaluation mode the two agree: they differ in training mode only. Look at batch "
    "normalization, at dropout or noise, which each framework draws itself, and at whether Keras's "
    "`call` has an argument `training`"
)
LOSS = (
    "The outputs agree, and their loss does not, in evaluation mode either: look for a regularizer "
    "or another term that one side adds, for a program that changes its input, for a mask that "
    "Keras's output carries (the weights of a `Part` say what counts), or at a `loss` of your own"
)
OPTIMIZER = (
    "The first gradients agree: look at what else happens in a step, such as a constraint, "
    "clipping, a regularizer of what is still 0, or a state that is kept"
)
AVERAGES = (
    "Losses in training agree, those in evaluation mode do not: look at the momentum of batch "
    "normalizations, which PyTorch counts as 1 less Keras's"
)
STATE = "A network that answers the same question otherwise keeps a state, or draws random numbers"
SINGLE = (
    "The difference is of the size of float32's rounding: one side computes something in float32, "
    "or has constants that were made in it, in a module other than the program's"
)
FAR = (
    "The two agree within the range of the data and differ beyond it: look for a limit, such as "
    "that of ReLU6"
)


def told(name: str) -> str:
    """Return a name of the evidence as a finding tells it."""
    kind, slash, rest = name.partition("/")
    kinds = ("layer", "far", "again", "single", "gradient", "trained", "state", "score")
    return f"{rest}{WHERE.get(f'{kind}/', '')}" if slash and kind in kinds else name


def shows_nothing(findings: Iterable[Finding]) -> str:
    """Say of what everything passes, since rounding alone may move it as far as it is from 0."""
    wide = [one for one in findings if (one.bound or 0.0) >= 1]
    if not wide:
        return ""
    where = f"{wide[0].problem}, {wide[0].precision}: {wide[0].rung}"
    return (
        f"{where} shows nothing of {', '.join(one.tensor for one in wide)}: in this model, "
        "rounding alone may move it as far as it is from 0"
    )


def of_names(
    expected: Mapping[str, Array], came: Mapping[str, Array], reference: str, side: str
) -> str:
    """Say what the weights of the two sides are called and what may be wrong with the names."""
    if expected.keys() == came.keys():
        return ""
    sides = {reference: expected, side: came}
    named = [
        f"{who} has {', '.join(f'{name} {array.shape}' for name, array in found.items())}"
        for who, found in sides.items()
    ]
    first, second = ([array.shape for array in found.values()] for found in sides.values())
    why = "Layers are paired by their attribute names: use the same on both sides"
    if first == second:
        why = (
            "Their shapes agree in this order: give the layers the same attribute names, or "
            "places, on both sides"
        )
    elif len(first) < len(second):
        why = (
            f"{reference} has fewer: PyTorch does not see a layer in a plain list or dict; use "
            "nn.ModuleList or nn.ModuleDict"
        )
    elif len(first) > len(second):
        why = (
            f"{side} has fewer: Keras makes the weights of a layer when it is first called, so a "
            "layer that is never called has none"
        )
    return f"{'; '.join(named)}. {why}"


def of_numbers(finding: Finding, expected: Evidence, came: Evidence) -> str:
    """Say where to look for the cause of numbers that are wrong."""
    if finding.rung == "layers":
        if finding.tensor.endswith(WHERE["far/"]):
            return FAR
        if finding.precision == "float64" and 1e-10 < (finding.relative or 0.0) < 1e-6:
            return SINGLE
        layer = finding.tensor.removesuffix(".last")
        kinds = [of.get(f"kind/{layer}") for of in (expected, came)]
        if all(kind is not None for kind in kinds):
            return f"The layers are {kinds[0]} and {kinds[1]}"
    if finding.rung == "loss":
        return LOSS if finding.tensor == "evaluation loss" else TRAINING_MODE
    if finding.rung == "curve" and finding.precision == "float64":
        averages = finding.tensor == "validation loss" and _same_curve(expected, came)
        return AVERAGES if averages else OPTIMIZER
    return ""


def _same_curve(expected: Evidence, came: Evidence) -> bool:
    """Say whether the losses of training agree, as far as that can be said without their scale."""
    allowed = FACTOR * expected.get("spread/float64/curve", 0.0)
    allowed = allowed + FLOOR["float64"] * np.abs(expected["curve"]).max()
    return bool((np.abs(came["curve"] - expected["curve"]) <= allowed).all())


def written(evidence: Iterable[Evidence]) -> str:
    """Say which initial weights the twins set themselves, which are not in use."""
    places = [str(place) for of in evidence for place in np.atleast_1d(of.get("initialisers", []))]
    if not places:
        return ""
    return (
        f"Initial weights that a program sets itself ({'; '.join(places)}) are not in use: matched "
        "mode draws them once for all. `--mode native` and `diptych explain` use them"
    )
