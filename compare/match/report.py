"""What was paired, for people and for programs."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from math import isclose
from typing import Any

from backends._settings import told
from compare.console import aligned, terminal_width, wrapped
from compare.match.asked import Asked
from compare.match.look import Look
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
    print_pairs(matched.pairs, matched.looks, matched.flattened)
    if asked.weights:
        of = asked.stored or f"the {asked.weights} model"
        print(f"Both have the weights of {of}.")
        for path in matched.left_out:
            print(f"{path} is left out: the other one has no such weight of its shape.")
        print()
    print_findings(matched.findings)
    for told_of in in_words(matched):
        print("\n".join(wrapped(told_of, terminal_width())))
    print_diagnosis("Your models", matched.diagnosis)


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


def print_pairs(
    pairs: Sequence[Pair], looks: Mapping[str, Look], flattened: Mapping[str, int]
) -> None:
    """Print a line for each layer, and what was done to run both on the same input."""
    rows = [[*_told(pair.left), *_told(pair.right), pair.found or "no partner"] for pair in pairs]
    print("\n".join(aligned(HEADS, rows, HEADS)))
    if looks["pytorch"].moved:
        print("\nPyTorch has channels second: its input is moved, found by trying.")
    for name, channels in flattened.items():
        print(
            f"{name} is right up to the order of its rows: before it, Flatten has the {channels} "
            "channels first in PyTorch and last in Keras. Its rows are compared in Keras's order."
        )
    alone = [pair for pair in pairs if pair.alone]
    if alone:
        print(f"\n{len(alone)} layers with weights have no partner: a file for --map names some.")
    for pair, name, one, other in differences(pairs):
        assert pair.left is not None
        assert pair.right is not None
        places = (pair.left.where, pair.right.where)
        ours, theirs = (f" ({near(place)})" if place else "" for place in places)
        told_of = f"{told(one)} in PyTorch{ours}, {told(other)} in Keras{theirs}"
        print("\n".join(wrapped(f"{pair.left.path}: {name} is {told_of}", terminal_width())))
    print()


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
