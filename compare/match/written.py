"""The three files of a problem, written from what was seen of two models."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from io import BytesIO
from itertools import chain, count
from typing import Any

import numpy as np

from backends._paths import renamed
from compare.match.asked import Asked, Models
from compare.match.definition import definition
from compare.match.look import Look
from compare.match.pairing import Pair, Shape
from compare.match.twins import twin
from problems import Array

NO_BASELINES: Mapping[str, float] = {}


def files(
    name: str,
    asked: Asked,
    ours: Models,
    looks: Mapping[str, Look],
    pairs: Sequence[Pair],
    flattened: Mapping[str, int],
    baselines: Mapping[str, float] = NO_BASELINES,
) -> dict[str, bytes]:
    """Return the files of a problem by their paths: its definition, the two twins, its weights.

    Looks are by panel, "pytorch" and "keras"; pairs have PyTorch's layers left.
    `flattened` has the names of pairs that follow a Flatten, and how many channels precede it.
    There is a file of weights if they are not drawn. `baselines` are of metrics, where known.

    Raises:
        ValueError: the outputs of the two are not to be compared.
    """
    named, back = names(pairs), _moved_back(looks)
    twins = {}
    for panel in ours.models:
        own = own_names(panel, named)
        twins[f"backends/{panel}/{name}.py"] = twin(
            panel,
            looks[panel],
            list(asked.inputs),
            own,
            {path: flattened[one] for path, one in own.items() if one in flattened},
            back and panel == "pytorch",
            ours,
        )
    text = definition(name, asked, ours, looks["keras"].outputs, named, baselines)
    found = {path: text.encode() for path, text in {f"problems/{name}.py": text, **twins}.items()}
    if asked.weights:
        held = BytesIO()
        given: dict[str, Any] = shared(asked.weights, looks, pairs, flattened)[0]
        np.savez(held, **given)
        found[f"problems/{name}.npz"] = held.getvalue()
    return found


def plain_name(path: str) -> str:
    """Return a layer's path as a name of Python's."""
    return re.sub(r"\W", "_", path)


def own_names(panel: str, named: Iterable[tuple[Pair, str]]) -> dict[str, str]:
    """Return the names of pairs by the paths that one panel has for their layers."""
    both = [(pair.left if panel == "pytorch" else pair.right, name) for pair, name in named]
    return {layer.path: name for layer, name in both if layer}


def shared(
    panel: str, looks: Mapping[str, Look], pairs: Sequence[Pair], flattened: Mapping[str, int]
) -> tuple[dict[str, Array], list[str]]:
    """Return a panel's weights by their names in the problem, and the paths of those left out.

    These are what the other side has not, or of another shape.
    """
    named = names(pairs)
    own = own_names(panel, named)
    (other,) = looks.keys() - {panel}
    theirs = own_names(other, named)
    shapes = {renamed(path, theirs): one.shape for path, one in looks[other].weights.items()}
    found, left = {}, []
    for path, one in looks[panel].weights.items():
        name = renamed(path, own)
        holder, _, last = name.rpartition("/")
        if shapes.get(name) != one.shape:
            left.append(path)
            continue
        if panel == "pytorch" and holder in flattened and last == "kernel":
            by_channel = one.reshape(flattened[holder], -1, one.shape[-1])
            one = by_channel.swapaxes(0, 1).reshape(one.shape)
        found[name] = np.nan_to_num(one, nan=0.0) if last == "embeddings" else one  # of a padding
    return found, left


def names(pairs: Iterable[Pair]) -> list[tuple[Pair, str]]:
    """Return the pairs that have both sides, each with a name: PyTorch's path, without slashes."""
    found: dict[str, Pair] = {}
    for pair in pairs:
        if pair.left and pair.right:
            plain = plain_name(pair.left.path)
            numbered = (f"{plain}_{n}" for n in count(2))
            name = next(one for one in chain([plain], numbered) if one not in found)
            found[name] = pair
    return [(pair, name) for name, pair in found.items()]


def with_shared_outputs(looks: Mapping[str, Look], *, one: bool) -> dict[str, Look]:
    """Return the looks with the outputs that are compared.

    Outputs without names get those of the other side, if it has names, in their order. Where
    neither side has names and their shapes do not fit, only the first output is compared. So it is
    with `one`, for a loss of the user's own takes one output.

    Raises:
        ValueError: the two have the same shapes in another order.
    """
    names = next((list(look.outputs) for look in looks.values() if _has_names(look)), None)
    if not one:
        named = {panel: _with_names(look, names) for panel, look in looks.items()}
        try:
            _moved_back(named)
        except ValueError:
            _check_order(looks)
        else:
            return named
    if names:
        return dict(looks)  # which do not fit, as is told where they are used
    return {
        panel: replace(
            look,
            outputs=dict(zip([""], look.outputs.values(), strict=False)),
            parts=dict(zip([""], look.parts.values(), strict=False)),
            unseen=len(look.parts) - 1,
        )
        if look.parts
        else look
        for panel, look in looks.items()
    }


def _has_names(look: Look) -> bool:
    return not look.parts and "" not in look.outputs


def _with_names(look: Look, names: Sequence[str] | None) -> Look:
    """Return a look whose outputs have these names, if it has as many without names."""
    if names is None or _has_names(look) or len(look.outputs) != len(names):
        return look
    outputs = dict(zip(names, look.outputs.values(), strict=True))
    parts = dict(zip(names, look.parts.values() or [""], strict=True))  # one alone has no subscript
    return replace(look, outputs=outputs, parts=parts)


def _check_order(looks: Mapping[str, Look]) -> None:
    outputs = {panel: look.outputs for panel, look in looks.items()}
    sizes = {panel: list(map(sorted, found.values())) for panel, found in outputs.items()}
    if sizes["pytorch"] != sizes["keras"] and sorted(sizes["pytorch"]) == sorted(sizes["keras"]):
        raise ValueError(
            f"outputs: PyTorch has {_told(outputs['pytorch'])}, Keras {_told(outputs['keras'])}: "
            "the same in another order; return them in one order"
        )


def _moved_back(looks: Mapping[str, Look]) -> bool:
    """Say whether PyTorch's output has its channels second, and Keras's last."""
    one, other = looks["pytorch"].outputs, looks["keras"].outputs
    if one.keys() != other.keys():
        raise ValueError(f"outputs: PyTorch has {_told(one)}, Keras {_told(other)}")
    moved = {key: (shape[0], *shape[2:], *shape[1:2]) for key, shape in one.items()}
    if one == other:
        # Where the sizes do not tell, an input that was moved is answered by an output that is.
        return bool(looks["pytorch"].moved) and any(len(shape) > 2 for shape in one.values())
    if moved == other:
        return True
    raise ValueError(f"outputs: PyTorch has {_told(one)}, Keras {_told(other)}")


def _told(outputs: Mapping[str, Shape]) -> str:
    return ", ".join(f"{name} {shape}".strip() for name, shape in outputs.items())
