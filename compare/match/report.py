"""What was paired, for people and for programs."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from math import isclose
from typing import Any

import numpy as np

from backends._settings import told
from compare.console import aligned, terminal_width, wrapped
from compare.match.asked import Asked
from compare.match.matching import Matched
from compare.match.pairing import Pair, Seen
from compare.match.written import plain_name, shared
from compare.proof.publish import near, print_diagnosis, print_findings
from compare.records.record import finite

# What one side has as a layer of its own, and the other one within a layer.
APART = ("activation",)
# How much larger are weights of another distribution, how much chance makes of few, what is shown.
OTHERWISE, SPREAD, SHOWN = 1.3, 6.0, 6
HEADS = ("PyTorch", "kind", "Keras", "kind", "paired by")


def differences(pairs: Sequence[Pair]) -> list[tuple[Pair, str, Any, Any]]:
    """Return what paired layers are set to differently: pair, setting, PyTorch's, Keras's."""
    found = []
    for pair in pairs:
        if pair.left and pair.right:
            one, other = pair.left.settings, pair.right.settings
            for name in (name for name in one if name in other):
                fused = name in APART and pair.left.weights and pair.left.family != "recurrent"
                if not fused and not _same(one[name], other[name]):
                    found.append((pair, name, one[name], other[name]))
    return found


def _same(one: object, other: object) -> bool:
    numbers = (int, float)
    if isinstance(one, numbers) and isinstance(other, numbers):
        return isclose(one, other, rel_tol=1e-6)
    return one == other


def as_json(matched: Matched) -> str:
    """Return pairs, settings that differ, findings, layers one by one, and causes as JSON.

    Beside them what was done to compare the two: inputs whose channels were moved ("" of one
    alone), layers whose rows are in another order, weights that only one side has, and how many
    outputs are not compared.
    """
    found: dict[str, Any] = {
        "pairs": [
            {
                "pytorch": pair.left and pair.left.path,
                "keras": pair.right and pair.right.path,
                "by": pair.found or None,
            }
            for pair in matched.pairs
        ],
        "settings": [
            {
                "pytorch": pair.left.path,
                "setting": name,
                "values": [one, other],
                "places": [pair.left.where, pair.right.where],
            }
            for pair, name, one, other in differences(matched.pairs)
            if pair.left and pair.right
        ],
        "findings": [asdict(one) for one in matched.findings],
        "layers": [asdict(one) | {"wrong": one.wrong} for one in matched.diagnosis.layers],
        "causes": matched.diagnosis.causes,
        "channels_moved": list(matched.looks["pytorch"].moved),
        "flattened": matched.flattened,
        "left_out": matched.left_out,
        "outputs_not_compared": {panel: look.unseen for panel, look in matched.looks.items()},
    }
    return json.dumps(finite(found), indent=1, allow_nan=False) + "\n"


def print_matched(matched: Matched, asked: Asked) -> None:
    """Print what was paired, the ladder, and what is known of a difference."""
    rows = [row_of(pair) for pair in matched.pairs]
    lines = aligned(HEADS, rows, HEADS)
    if max(map(len, lines)) > terminal_width():  # then without the kinds
        lines = aligned(HEADS[::2], [row[::2] for row in rows], HEADS)
    print("\n".join(lines), end="\n\n")
    _print(*arranged(matched), *weights_in_words(matched, asked))
    print()
    print_findings(matched.findings)
    differing = [] if matched.passed else list(set_otherwise(matched))
    print_diagnosis("Your models", matched.diagnosis, differing)
    print()
    _print(*in_words(matched))


def _print(*told: str) -> None:
    for text in told:
        print("\n".join(wrapped(text, terminal_width())))


def row_of(pair: Pair) -> list[str]:
    """Return the cells of a pair, under HEADS."""
    return [*_told(pair.left), *_told(pair.right), pair.found or "no partner" * pair.unpaired]


def arranged(matched: Matched) -> Iterator[str]:
    """Yield what was done to run both on the same input, and what has no partner."""
    for panel, framework in (("pytorch", "PyTorch"), ("keras", "Keras")):
        look = matched.looks[panel]
        if look.unseen:
            yield (
                f"{framework} returns {look.unseen + 1} outputs without names: only the first is "
                "compared. The other side has fewer outputs, or other shapes, or your own loss "
                "takes one output."
            )
        elif len(look.parts) > 1 and "output0" not in look.parts:
            yield (
                f"{framework} returns its outputs without names. They are compared in their order, "
                f"as {', '.join(look.outputs)}."
            )
    if matched.looks["pytorch"].moved:
        yield "PyTorch has channels second: its input is moved."
    for name, channels in matched.flattened.items():
        yield (
            f"{name} is right up to the order of its rows: before it, Flatten has the {channels} "
            "channels first in PyTorch and last in Keras. Its rows are compared in Keras's order."
        )
    if n := sum(pair.unpaired for pair in matched.pairs):
        what = "layer with weights has" if n == 1 else "layers with weights have"
        yield f"{n} {what} no partner: a file for --map names some."


def weights_in_words(matched: Matched, asked: Asked) -> Iterator[str]:
    """Yield whose weights both have."""
    if not asked.weights:
        yield "Both get the same initial weights, drawn here."
        if drawn := list(drawn_otherwise(matched)):
            yield "Left to themselves, the two models draw these from other distributions:"
            yield from (f"- {one}" for one in drawn[:SHOWN])
            yield from [f"- and {len(drawn) - SHOWN} more"] * (len(drawn) > SHOWN)
        return
    yield f"Both have the weights of {asked.stored or f'the {asked.weights} model'}."
    for path in matched.left_out:
        yield f"{path} is left out: the other one has no such weight of its shape."


def set_otherwise(matched: Matched) -> Iterator[str]:
    """Yield what paired layers are set to differently, with the lines that make them.

    What is the cause of a layer that is wrong is left out, for that is told.
    """
    causes = {one.layer: one.cause for one in matched.diagnosis.layers}
    for pair, name, one, other in differences(matched.pairs):
        assert pair.left is not None
        assert pair.right is not None
        if f"{name} is" in causes.get(plain_name(pair.left.path), ""):
            continue
        places = (pair.left.where, pair.right.where)
        ours, theirs = (f" ({near(place)})" if place else "" for place in places)
        both = f"{told(one)} in PyTorch{ours}, {told(other)} in Keras{theirs}"
        yield f"{pair.left.path}: {name} is {both}"


def in_words(matched: Matched) -> Iterator[str]:
    """Yield the verdict, and what a reader has to know of it."""
    if not matched.passed and matched.unknown:
        yield "It cannot be said whether the models are the same: what is wrong is told below."
        return
    if not matched.passed:
        yield (
            "The models differ. Mend what is listed and run this again: a difference may hide "
            "others behind it."
        )
        return
    yield "The same model: every rung holds."
    exact = [one for one in matched.findings if one.precision == "float32" and one.rung == "layers"]
    sizes = {one.backend == one.reference: one.relative for one in exact}
    if sizes.get(True) and sizes.get(False):
        yield (
            f"In float32, a layer of the two differs by up to {sizes[False]:.0e} of its largest "
            f"number, and PyTorch by up to {sizes[True]:.0e} from itself in float64. That is "
            "rounding."
        )
    for one in set_otherwise(matched):
        yield f"{one}. This makes no difference here."


def drawn_otherwise(matched: Matched) -> Iterator[str]:
    """Yield which matrices each model draws otherwise, if it is left to draw them itself."""
    found, _ = shared("pytorch", matched.looks, matched.pairs, {})
    theirs, _ = shared("keras", matched.looks, matched.pairs, {})
    for name, one in found.items():
        sizes = [float(np.sqrt(np.mean(np.square(array)))) for array in (one, theirs[name])]
        chance = 1 + SPREAD / np.sqrt(one.size)
        if one.ndim > 1 and min(sizes) * max(OTHERWISE, chance) < max(sizes):
            yield f"{name}: a typical size of {sizes[0]:.2g} in PyTorch, {sizes[1]:.2g} in Keras"


def _told(layer: Seen | None) -> list[str]:
    return [layer.path, layer.kind] if layer else ["", ""]


def sentences(matched: Matched) -> Iterator[str]:
    """Yield what is said of a difference: layers, causes, settings; not where to look for one."""
    for one in matched.diagnosis.layers:
        if one.cause:
            yield f"{one.layer}: {one.cause}"
    yield from matched.diagnosis.causes
    for found in matched.findings:
        if found.rung == "parameters" and not found.passed:
            yield f"{found.tensor}: {found.expected} in PyTorch, {found.came} in Keras"
    for pair in matched.pairs:
        if pair.left and pair.right and pair.left.calls != pair.right.calls:
            calls = [f"{n} times" if n > 1 else "once" for n in (pair.left.calls, pair.right.calls)]
            yield f"{pair.left.path}: it is called {calls[0]} in PyTorch, {calls[1]} in Keras"
    for pair, name, one, other in differences(matched.pairs):
        assert pair.left is not None
        yield f"{pair.left.path}: {name} is {told(one)} in PyTorch, {told(other)} in Keras"
