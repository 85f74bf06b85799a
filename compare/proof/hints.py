"""Where to look for the cause of what is wrong on a rung: sentences, from the same evidence."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import zip_longest

import numpy as np

from backends._dropout import Draw
from compare.proof.bounds import FACTOR, FLOOR
from compare.proof.finding import Finding
from compare.proof.probe import Evidence
from problems import Array

FAR_OFF = ", far out of the range or near 0"
WHERE = {
    "far/": FAR_OFF,
    "again/": ", asked again",
    "single/": " of one example",
}
DRAWN = (
    "`draw` has to take all chance from its seed: look for a generator without one, for a set, "
    "whose order is another in each process, and for the time"
)
TRAINING_MODE = (
    "In evaluation mode the two agree: they differ in training mode only. {}. Look at batch "
    "normalization, at noise, which each framework draws itself, and at whether Keras's `call` has "
    "an argument `training` and hands it on"
)
NO_DROPOUT = "Neither has dropout"
SAME_DROPOUT = "In dropout the same numbers are dropped, from the first draw to the last"
OTHER_DROPOUT = "Dropout is paired in the order of its draws: number {} is {} on {} and {} on {}"
LOSS = (
    "The outputs agree, and their loss does not, in evaluation mode either: look for a regularizer "
    "or another term that one side adds, for a program that changes its input, for a mask that "
    "Keras's output carries (the weights of a `Part` say what counts), or at a `loss` of your own"
)
OPTIMIZER = (
    "The first gradients agree: look at what else happens in a step, such as a constraint, "
    "clipping, a regularizer of what is still 0, or a state that is kept"
)
RATE = "The schedules differ: look at where a warm-up ends, and at whether steps count from 0 or 1"
TAKEN = "One side takes more steps than the other: look at a last, partial batch that is left out"
STEP = (
    "The first gradients agree: a moment that differs tells of clipping, a penalty or a beta, a "
    "weight alone of epsilon's place, of a decay that one side leaves out, or of a constraint"
)
RESTS = "This may follow from what is wrong before it: {}"
DIVERGES = "The training diverges on both sides: give the recipe a smaller learning rate"
AVERAGES = (
    "Losses in training agree, those in evaluation mode do not: look at the momentum of batch "
    "normalizations, which PyTorch counts as 1 less Keras's"
)
STATISTICS = (
    "One step averages otherwise: look at the momentum, which PyTorch counts as 1 less Keras's, at "
    "whether the variance is divided by n or n - 1, and at whether the layer is frozen"
)
STATE = "A network that answers the same question otherwise keeps a state, or draws random numbers"
SINGLE = (
    "The difference is of the size of float32's rounding: one side computes something in float32, "
    "or has constants that were made in it, in a module other than the program's"
)
FAR = (
    "The two agree within the range of the data and differ beyond it: look for a limit, such as "
    "that of ReLU6, or, where numbers are near 0, for an epsilon"
)


def told(name: str) -> str:
    """Return a name of the evidence as a finding tells it."""
    kind, slash, rest = name.partition("/")
    kinds = (
        *("layer", "far", "again", "single", "gradient", "average", "step"),
        *("trained", "state", "score"),
    )
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
            "places, on both sides: in a Sequential, an activation is a layer of its own"
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
    return f"{'; '.join(named)}. {why}. docs/layers.md tells the names, and how to teach others"


def of_numbers(finding: Finding, expected: Evidence, came: Evidence) -> str:
    """Say where to look for the cause of numbers that are wrong."""
    if finding.tensor == "rate":
        return RATE if isinstance(finding.came, float) else TAKEN
    asked = (finding.expected, finding.came, finding.bound)
    numbers = [one for one in asked if isinstance(one, float)]
    whole = np.isfinite(numbers).all()
    if finding.rung not in ("layers", "loss") and not whole and _diverges(expected, came):
        return DIVERGES
    if finding.rung == "layers":
        if finding.tensor.endswith(FAR_OFF):
            return FAR
        if finding.precision == "float64" and 1e-10 < (finding.relative or 0.0) < 1e-6:
            return SINGLE
        return _kinds(finding.tensor.removesuffix(".last"), expected, came)
    if finding.rung == "loss":
        if finding.tensor.endswith(FAR_OFF):
            return FAR
        if finding.tensor == "evaluation loss":
            return LOSS
        return TRAINING_MODE.format(of_draws(finding, expected, came))
    if finding.rung == "statistics":
        kinds = _kinds(finding.tensor.rpartition("/")[0], expected, came)
        return ". ".join(filter(None, (STATISTICS, kinds)))
    if finding.rung == "steps":
        return STEP
    if finding.rung == "curve" and finding.precision == "float64":
        averages = finding.tensor == "validation loss" and _same_curve(expected, came)
        return AVERAGES if averages else OPTIMIZER
    return ""


def _diverges(*sides: Evidence) -> bool:
    """Say whether the losses of a training are no numbers in the end, on both sides."""
    losses = [[of[name] for name in ("step/loss", "curve") if name in of] for of in sides]
    return all(any(not np.isfinite(one).all() for one in of) for of in losses)


def _kinds(layer: str, expected: Evidence, came: Evidence) -> str:
    """Say what a layer is on both sides; nothing where one of them does not know it."""
    kinds = [of.get(f"kind/{layer}") for of in (expected, came)]
    known = all(kind is not None for kind in kinds)
    return f"The layers are {kinds[0]} and {kinds[1]}" if known else ""


def of_draws(finding: Finding, expected: Evidence, came: Evidence) -> str:
    """Say where the dropout of the two sides is not the same."""
    sides = [[tuple(draw) for draw in of.get("draws", ())] for of in (expected, came)]
    if found := first_other_draw(*sides):
        number, one, other = found
        return OTHER_DROPOUT.format(number, one, finding.reference, other, finding.backend)
    return SAME_DROPOUT if sides[0] else NO_DROPOUT


def first_other_draw(
    expected: Sequence[Sequence[str]], came: Sequence[Sequence[str]]
) -> tuple[int, str, str] | None:
    """Return the first draw of dropout that is another one: its number, and both in words."""
    for number, pair in enumerate(zip_longest(expected, came), 1):
        asked = [None if draw is None else tuple(draw[1:]) for draw in pair]  # names may differ
        if asked[0] != asked[1]:
            one, other = ("none" if draw is None else _told(draw) for draw in pair)
            return number, one, other
    return None


def _told(draw: Sequence[str]) -> str:
    return str(Draw(draw[0], float(draw[1]), draw[2]))


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
