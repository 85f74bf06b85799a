"""What was paired, for people and for programs."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from compare.console import aligned
from compare.match.look import Look
from compare.match.pairing import Pair, Seen
from compare.proof.finding import Finding
from compare.records.record import finite

HEADS = ("PyTorch", "kind", "Keras", "kind", "paired by")


def as_json(pairs: Sequence[Pair], findings: Sequence[Finding]) -> str:
    """Return pairs and findings as JSON."""
    found: dict[str, Any] = {
        "pairs": [
            {
                "pytorch": pair.left and pair.left.path,
                "keras": pair.right and pair.right.path,
                "by": pair.found or None,
            }
            for pair in pairs
        ],
        "findings": [asdict(one) for one in findings],
    }
    return json.dumps(finite(found), indent=1, allow_nan=False) + "\n"


def print_pairs(pairs: Sequence[Pair], looks: Mapping[str, Look]) -> None:
    """Print a line for each layer, and what was done to run both on the same input."""
    rows = [[*_told(pair.left), *_told(pair.right), pair.found or "no partner"] for pair in pairs]
    print("\n".join(aligned(HEADS, rows, HEADS)))
    if looks["pytorch"].moved:
        print("\nPyTorch has channels second: its input is moved, found by trying.")
    alone = [pair for pair in pairs if pair.alone]
    if alone:
        print(f"\n{len(alone)} layers with weights have no partner: a file for --map names some.")
    print()


def _told(layer: Seen | None) -> list[str]:
    return [layer.path, layer.kind] if layer else ["", ""]
