"""How far apart two networks may be that are one model: what rounding does to this very model.

The reference in float64 is asked again with noise of the size of rounding in its weights, inputs
and gradients. By how much that moves a number, its spread, is what any implementation's rounding
may do to it: in float64 with roundings of float64, in float32 with those of float32.
"""

import re

import numpy as np

from compare.proof.probe import Evidence
from problems import OWN, Array, Optimizer, Problem

FACTOR = 10.0  # times the spread: of three draws, and of operations that round otherwise
# Of the scale of a tensor: what is allowed where nothing spreads. What is computed once may lose
# three digits to sums and to cancellation; the losses and weights of a training are held closer.
FLOOR = {"float64": 1e-13, "float32": 5e-5}
CLOSER = {"float64": 1e-13, "float32": 2e-6}
# Of the optimizers of two twins: Keras keeps betas and decays in float32, of which 1 - 0.999 is off
# by 1e-5, and has Adam's epsilon at another place.
OF_TWINS = 2e-5
# Out of the range of the data, frameworks change over to limits: PyTorch's softplus above 20.
FAR, FAR_FLOOR = ("far/", "far loss"), 1e-6


# What is taken by the largest of all tensors of its kind in the network, for it may be 0 by theory:
# gradients, and each kind of moment. What by another tensor: an output may be near 0 by chance.
OF_ALL = r"(gradient)/.*|(state|step)/.* (?P<moment>\w+)"
SINGLE, WHOLE = "single/output", "layer/output"


def like(name: str) -> str:
    """Return the tensor that one is taken by."""
    return WHOLE + name.removeprefix(SINGLE) if name.startswith(SINGLE) else name


def scale(rung: str, name: str, evidence: Evidence, *, curve: bool) -> Array:
    """Return what differences from a tensor of the reference's evidence are taken by."""
    magnitude = np.abs(evidence[like(name)])
    if rung == "score":
        return np.ones(())
    if curve:
        return np.asarray(np.maximum(magnitude, 0.01 * magnitude[0]))
    if match := re.fullmatch(OF_ALL, name):
        kind, alike = match.groups(), []
        for key, array in evidence.items():
            if (other := re.fullmatch(OF_ALL, key)) and other.groups() == kind:
                alike.append(np.nanmax(np.abs(array), initial=0.0))
        return np.array(max(alike))
    return np.array(np.nanmax(magnitude, initial=0.0))


def bound(rung: str, name: str, precision: str, evidence: Evidence, by: Array) -> Array:
    """Return the largest relative difference allowed from the reference's evidence of a name.

    `by` is the scale that differences are taken by.
    """
    if rung == "parameters":
        return np.zeros(())
    spread = evidence.get(f"spread/{precision}/{like(name)}", np.zeros(()))
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = np.where(spread == 0, 0.0, spread / by)
    return np.asarray(FACTOR * relative + floor(rung, name, precision))


def floor(rung: str, name: str, precision: str) -> float:
    """Return the relative difference that is allowed where nothing spreads."""
    if name.startswith(FAR):
        return FAR_FLOOR
    return (CLOSER if rung in ("steps", "curve") else FLOOR)[precision]


def of_optimizers(problem: Problem, rung: str) -> float:
    """Return by how much what an optimizer has moved may differ besides: if it is the twin's."""
    assert isinstance(problem.recipe.optimizer, Optimizer)
    own = problem.recipe.optimizer.name == OWN
    return OF_TWINS if own and rung in ("steps", "curve", "state", "score") else 0.0


def flips(problem: Problem, name: str, precision: str) -> float:
    """Return by how much a score may differ besides: in float32, by its margin.

    Where more is better, answers are right or wrong: there, one of those held out as well.
    """
    if precision == "float64":
        return 0.0
    (metric,) = (one for one in problem.metrics if one.name == name)
    return metric.margin + (1 / problem.proof.held_out if metric.better == "higher" else 0.0)
