"""Names: where a network has several outputs, each has a target, a loss and metrics of its name."""

from collections.abc import Iterable, Mapping
from typing import Any

from problems._data import Specs, count, named


def check_names(outputs: Specs, others: Mapping[str, object]) -> None:
    """Raise ValueError unless others, such as targets and losses, are named as the outputs."""
    for what, values in others.items():
        if _names(values) != _names(outputs):
            raise ValueError(
                f"{what}: expected {_told(outputs)}, as there are outputs, came {_told(values)}"
            )


def check_scored(outputs: Specs, scored: Iterable[tuple[str, str | None]]) -> None:
    """Raise ValueError unless each metric, with the output that it scores, names one of several."""
    for metric, of in scored:
        if of not in (_names(outputs) or [None]):
            came = "none" if of is None else repr(of)
            raise ValueError(f"metric {metric!r}: of: expected {_told(outputs)}, came {came}")


def check_outputs(specs: Specs, outputs: Any, x: Any, what: str) -> None:
    """Raise ValueError, naming `what`, unless a network's outputs for x are as specified."""
    check_names(specs, {what: outputs})
    arrays, n = named(outputs, what), count(x)
    for name, spec in named(specs, what).items():
        if arrays[name].shape != (n, *spec.shape):
            raise ValueError(f"{name}: expected ({n}, {spec.axes}), came {arrays[name].shape}")


def of_output(values: Any, of: str | None) -> Any:
    """Return what belongs to one output, an array or a spec: of several, that which is named."""
    return values[of] if isinstance(values, Mapping) else values


def _names(values: object) -> set[str]:
    return set(values) if isinstance(values, Mapping) else set()


def _told(values: object) -> str:
    return ", ".join(sorted(_names(values))) or "one without a name"
