"""What people call the sides of a comparison: PyTorch, Keras, Keras on JAX."""

from collections.abc import Iterable

from backends import BACKENDS, Side
from compare.text import visible

FRAMEWORKS = {"pytorch": "PyTorch", "keras": "Keras"}  # by the folder of a backend
ENGINES = {"tensorflow": ("TensorFlow", "TF"), "jax": ("JAX", "JAX"), "torch": ("PyTorch", "torch")}
USUAL = "keras-tensorflow"  # what is called Keras where no other engine takes part


def names(sides: Iterable[str], *, short: bool = False) -> dict[str, str]:
    """Return what to call each side, as verdicts.csv names it; in short, for a narrow column.

    The engine is named where Keras takes part on several, or on another than the usual one.

    >>> names(["pytorch", "keras-tensorflow", "keras-jax:eager"], short=True)
    {'pytorch': 'PyTorch', 'keras-tensorflow': 'Keras TF', 'keras-jax:eager': 'Keras JAX eager'}
    """
    sides = list(sides)
    engines = {Side.parse(side).backend for side in sides if side.startswith("keras-")}
    return {side: _name(side, alone=engines == {USUAL}, short=short) for side in sides}


def _name(side: str, *, alone: bool, short: bool) -> str:
    """Return what to call a side; `alone`: no engine but the usual one takes part."""
    parsed = Side.parse(side)
    known = BACKENDS.get(parsed.backend)
    if known is None or known.folder not in FRAMEWORKS:
        return visible(side)
    name, engine = FRAMEWORKS[known.folder], known.environment.get("KERAS_BACKEND")
    if engine and not alone:
        name += f" {ENGINES[engine][1]}" if short else f" on {ENGINES[engine][0]}"
    label = f"@{parsed.label}" * bool(parsed.label)
    return visible(" ".join(filter(None, (name, label, parsed.tier))))
