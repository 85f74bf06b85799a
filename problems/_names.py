"""Names: where a network has several outputs, each has a target, a loss and metrics of its name."""

from collections.abc import Iterable, Mapping
from inspect import signature
from typing import Any

from problems._data import Spec, Specs, count, named, sizes_in
from problems._numbers import told

OWN = "own"  # a loss, or an optimizer, that is the function of this kind in the program


def check_known(what: str, name: object, known: Iterable[str]) -> None:
    """Raise ValueError unless there is what is named."""
    if not isinstance(name, str) or name not in known:
        raise ValueError(f"no {what} {told(name)}; there are {', '.join(known)}")


def check_texts(what: str, values: Mapping[str, object]) -> None:
    """Raise ValueError, naming `what`, unless all values are text."""
    for name, value in values.items():
        if not isinstance(value, str):
            where = f"{what}: {name}" if what else name
            raise ValueError(f"{where}: expected text, came {told(value)}")


def check_by_name(what: str, values: object) -> None:
    """Raise ValueError unless values are a mapping by names, which are text."""
    if not isinstance(values, Mapping) or not all(isinstance(name, str) for name in values):
        raise ValueError(f"{what}: expected a mapping by name, came {told(values)}")


def check_takes(what: str, function: object, expected: str) -> None:
    """Raise ValueError unless a function can be called with what is expected."""
    if not callable(function):
        raise ValueError(f"{what}: expected a function of ({expected}), came {told(function)}")
    try:
        takes = signature(function)
    except ValueError:  # some of NumPy's do not tell
        return
    try:
        takes.bind(*expected.split(", "))
    except TypeError:
        name = getattr(function, "__name__", told(function))
        came = ", ".join(takes.parameters)
        raise ValueError(
            f"{what}: expected a function of ({expected}), came {name}, which takes ({came})"
        ) from None


def check_specs(what: str, specs: object) -> None:
    """Raise ValueError unless there is a spec, or several by names that have no "/"."""
    several = specs if isinstance(specs, Mapping) else {"": specs}
    kinds = {type(one).__name__ for one in several.values() if not isinstance(one, Spec)}
    if kinds or not several:
        came = f"a {min(kinds)}" if kinds else "none"
        raise ValueError(f"{what}: expected a Spec, or several by name, came {came}")
    for name in several if several is specs else ():
        if not isinstance(name, str) or not name or "/" in name:
            raise ValueError(f"{what}: expected names without '/', came {told(name)}")


def check_axes(specs: Mapping[str, Spec], hidden: Mapping[str, int]) -> None:
    """Raise ValueError unless each axis of the data and of the network has one size."""
    seen: dict[str, tuple[int, str]] = {}
    found = [(what, *one) for what, spec in specs.items() for one in sizes_in(spec.axes)]
    for what, axis, size in (*found, *(("hidden", *one) for one in hidden.items())):
        if axis == "batch":
            raise ValueError(f"{what}: axis batch: expected another name, it is of the examples")
        before, where = seen.setdefault(axis, (size, what))
        if before != size:
            raise ValueError(
                f"axis {axis}: expected one size, came {before} ({where}) and {size} ({what})"
            )


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
