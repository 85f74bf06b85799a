"""What was paired, for people and for programs."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from math import isclose
from typing import Any

from backends._settings import told
from compare.console import aligned, terminal_width, wrapped
from compare.match.asked import Asked
from compare.match.matching import Matched
from compare.match.pairing import Pair, Seen
from compare.proof.publish import near, print_diagnosis, print_findings
from compare.records.record import finite

# What one side has as a layer of its own, and the other one within a layer.
APART = ("activation",)
HEADS = ("PyTorch", "kind", "Keras", "kind", "paired by")


def differences(pairs: Sequence[Pair]) -> list[tuple[Pair, str, Any, Any]]:
    """Return what paired layers are set to differently: pair, setting, PyTorch's, Keras's."""
    found = []
    for pair in pairs:
        if pair.left and pair.right:
            one, other = pair.left.settings, pair.right.settings
            for name in one.keys() & other.keys():
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
    """Return pairs, settings that differ, findings, layers one by one, and causes as JSON."""
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
    }
    return json.dumps(finite(found), indent=1, allow_nan=False) + "\n"


def print_matched(matched: Matched, asked: Asked) -> None:
    """Print what was paired, the ladder, and what is known of a difference."""
    rows = [row_of(pair) for pair in matched.pairs]
    print("\n".join(aligned(HEADS, rows, HEADS)))
    settings = (sentence for sentence, _ in set_otherwise(matched))
    _print(*arranged(matched), *weights_in_words(matched, asked), *settings)
    print()
    print_findings(matched.findings)
    _print(*in_words(matched))
    print_diagnosis("Your models", matched.diagnosis)


def _print(*told: str) -> None:
    for text in told:
        print("\n".join(wrapped(text, terminal_width())))


def row_of(pair: Pair) -> list[str]:
    """Return the cells of a pair, under HEADS."""
    return [*_told(pair.left), *_told(pair.right), pair.found or "no partner"]


def arranged(matched: Matched) -> Iterator[str]:
    """Yield what was done to run both on the same input, and what has no partner."""
    if matched.looks["pytorch"].moved:
        yield "PyTorch has channels second: its input is moved, found by trying."
    for name, channels in matched.flattened.items():
        yield (
            f"{name} is right up to the order of its rows: before it, Flatten has the {channels} "
            "channels first in PyTorch and last in Keras. Its rows are compared in Keras's order."
        )
    if alone := [pair for pair in matched.pairs if pair.alone]:
        n = len(alone)
        what = "layer with weights has" if n == 1 else "layers with weights have"
        yield f"{n} {what} no partner: a file for --map names some."


def weights_in_words(matched: Matched, asked: Asked) -> Iterator[str]:
    """Yield whose weights both have, unless they are drawn."""
    if not asked.weights:
        return
    yield f"Both have the weights of {asked.stored or f'the {asked.weights} model'}."
    for path in matched.left_out:
        yield f"{path} is left out: the other one has no such weight of its shape."


def set_otherwise(matched: Matched) -> Iterator[tuple[str, str]]:
    """Yield what paired layers are set to differently: with the lines that make them, and not."""
    for pair, name, one, other in differences(matched.pairs):
        assert pair.left is not None
        assert pair.right is not None
        places = (pair.left.where, pair.right.where)
        ours, theirs = (f" ({near(place)})" if place else "" for place in places)
        what = f"{pair.left.path}: {name} is"
        yield (
            f"{what} {told(one)} in PyTorch{ours}, {told(other)} in Keras{theirs}",
            f"{what} {told(one)} in PyTorch, {told(other)} in Keras",
        )


def in_words(matched: Matched) -> Iterator[str]:
    """Yield what it means that every rung holds, where that needs to be said."""
    if not matched.passed:
        return
    exact = [one for one in matched.findings if one.precision == "float32" and one.rung == "layers"]
    sizes = {one.backend == one.reference: one.relative for one in exact}
    if sizes.get(True) and sizes.get(False):
        yield (
            f"In float32, a layer of the two differs by up to {sizes[False]:.0e} of its largest "
            f"number, and PyTorch by up to {sizes[True]:.0e} from itself in float64. That is "
            "rounding."
        )
    if differences(matched.pairs):
        yield "The settings that differ make no difference here: every rung holds."


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
    yield from (plain for _, plain in set_otherwise(matched))
