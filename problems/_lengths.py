"""Lengths: which steps of a sequence are its own, and which are padding.

An input whose spec has `length_of` says how many steps each example has along that axis. Beyond
them, inputs and targets are 0, no loss or metric counts what is there, and no outputs are compared.
"""

import re
from collections.abc import Mapping

import numpy as np

from problems._data import Array, Arrays, Part, Spec, Specs, mapped, named, shape, sized

Steps = Mapping[str, Array]  # by axis: which steps of each example are its own, (n, size), booleans


def axes_of(axes: str) -> list[str]:
    """Return the names in an axes text, folded or not: "batch*time unit=3" -> batch, time, unit."""
    return re.findall(r"[^\W\d]\w*", re.sub(r"=\d+", "", axes))


def lengths(inputs: Specs) -> dict[str, str]:
    """Return the input that is the length of an axis, by axis."""
    return {
        spec.length_of: name for name, spec in named(inputs).items() if spec.length_of is not None
    }


def check_lengths(inputs: Specs, targets: Specs, outputs: Specs) -> None:
    """Raise ValueError unless every length is one, of an axis that it fits."""
    everything = named(inputs, "input") | named(targets, "target") | named(outputs, "output")
    sizes = {axis: n for spec in everything.values() for axis, n in sized(spec.axes).items()}
    seen: dict[str, str] = {}
    for name, spec in everything.items():
        axis = spec.length_of
        if axis is None:
            continue
        if not name.startswith("input/"):
            raise ValueError(f"{name}: expected a length among several inputs, by name, came here")
        if axis not in sizes:
            raise ValueError(f"{name}: length of {axis!r}: there are the axes {', '.join(sizes)}")
        if axis in seen:
            raise ValueError(f"{name}: length of {axis!r}, of which {seen[axis]} is one")
        seen[axis] = name
        if spec.axes or "int" not in spec.dtype:
            raise ValueError(
                f"{name}: a length: expected one whole number, of no axes and of a type such as "
                f"int64, came axes {spec.axes!r}, {spec.dtype}"
            )
        if not 1 <= spec.low <= spec.high <= sizes[axis]:
            raise ValueError(
                f"{name}: length of {axis!r}: expected a range within 1 to {sizes[axis]}, came "
                f"{spec.low:g} to {spec.high:g}"
            )
    for name, spec in named(targets, "target").items():
        if set(axes_of(spec.axes)[1:]) & set(seen):
            raise ValueError(f"{name}: expected the axis with a length first, came {spec.axes!r}")


def own_steps(inputs: Specs, x: Arrays, sizes: Mapping[str, int]) -> dict[str, Array]:
    """Return which steps are an example's own, (n, size), by axis; empty without lengths."""
    return {
        axis: np.arange(sizes[axis]) < named(x)[name][:, None]
        for axis, name in lengths(inputs).items()
    }


def first_axis(spec: Spec) -> str:
    """Return the name of the first axis of an example; empty where it has none."""
    return next(iter(axes_of(spec.axes)), "")


def own_of(spec: Spec, own: Steps) -> Array | None:
    """Return which steps of an array (n, time, ...) are its examples' own; None if all are."""
    return own.get(first_axis(spec))


def cleared(array: Array, axes: str, own: Steps, sizes: Mapping[str, int]) -> Array:
    """Return an array (axes) with 0 for what is after the end of each sequence.

    `axes` begin with "batch", which may be folded: "batch*time unit". An array of another shape is
    returned as it is.
    """
    names = axes_of(axes)
    found = [axis for axis in own if axis in names]
    if not found:
        return array
    n = len(own[found[0]])
    sizes = {**sizes, "batch": n}
    if array.shape != shape(axes, **sizes):
        return array
    keep = np.ones([1] * len(names), bool)
    for place, axis in enumerate(names):  # one may be there twice
        if axis in own:
            one = [n if name == "batch" else 1 for name in names]
            one[place] = sizes[axis]
            keep = keep & own[axis].reshape(one)
    unfolded = shape(re.sub(r"\*", " ", axes), **sizes)
    return np.where(keep, array.reshape(unfolded), 0).astype(array.dtype).reshape(array.shape)


def cleared_all(specs: Specs, arrays: Arrays, own: Steps, sizes: Mapping[str, int]) -> Arrays:
    """Return arrays of inputs or targets with 0 for what is after the end of each sequence."""
    if not own:
        return arrays
    found: Arrays = mapped(
        lambda spec, array: cleared(array, f"batch {spec.axes}", own, sizes), specs, arrays
    )
    return found


def check_padding(
    specs: Specs, arrays: Arrays, own: Steps, sizes: Mapping[str, int], what: str
) -> None:
    """Raise ValueError, naming `what`, unless arrays are 0 after the end of each sequence."""
    if not own:
        return
    clean = named(cleared_all(specs, arrays, own, sizes), what)
    for name, array in named(arrays, what).items():
        if len(wrong := np.argwhere(array != clean[name])):
            place = tuple(map(int, wrong[0]))
            raise ValueError(
                f"{name}: expected 0 after the end of a sequence, came {array[place]} at {place}"
            )


def weighed(targets: Specs, part: Part, own: Steps) -> Part:
    """Return a part with the weight 0 for steps after the end of a target's sequence, else 1.

    A weight that the part has already is multiplied. Where one of several targets has a weight, the
    others have one, too: 1 for each example.
    """
    own_by_name = {name: own_of(spec, own) for name, spec in named(targets).items()}
    if all(one is None for one in own_by_name.values()):
        return part
    given = {} if part.weight is None else named(part.weight)
    n = len(next(iter(own.values())))
    weights = {}
    for name, one in own_by_name.items():
        weight = given.get(name, np.ones(n, np.float32))
        if one is not None:
            steps = one.reshape(*one.shape, *(1,) * (weight.ndim - 2)).astype(np.float32)
            weight = weight.reshape(n, *weight.shape[1:] or (1,)) * steps
        weights[name] = weight
    return Part(part.x, part.y, weights if isinstance(targets, Mapping) else weights[""])


def of_own_steps(array: Array, own: Array | None) -> Array:
    """Return the steps (steps, ...) of an array (n, time, ...) that are its examples' own."""
    if own is None:
        return array
    if array.shape[:2] != own.shape:
        raise ValueError(f"expected steps {own.shape} to be scored, came {array.shape}")
    return array[own]
