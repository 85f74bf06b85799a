"""The three files of a problem, written from what was seen of two models."""

import re
from collections.abc import Iterable, Mapping, Sequence

from compare.match.asked import Asked, Models
from compare.match.definition import definition
from compare.match.look import Look
from compare.match.pairing import Pair, Shape
from compare.match.twins import twin


def files(
    name: str,
    asked: Asked,
    ours: Models,
    looks: Mapping[str, Look],
    pairs: Sequence[Pair],
    flattened: Mapping[str, int],
) -> dict[str, str]:
    """Return the files of a problem by their paths: its definition and the two twins.

    Looks are by panel, "pytorch" and "keras"; pairs have PyTorch's layers left.
    `flattened` has the names of pairs that follow a Flatten, and how many channels precede it.

    Raises:
        ValueError: the outputs of the two are not to be compared.
    """
    named, back = names(pairs), _moved_back(looks)
    twins = {}
    for panel in ours.models:
        own = {
            layer.path: name
            for pair, name in named
            for layer in [pair.left if panel == "pytorch" else pair.right]
            if layer
        }
        twins[f"backends/{panel}/{name}.py"] = twin(
            panel,
            looks[panel],
            list(asked.inputs),
            own,
            {path: flattened[one] for path, one in own.items() if one in flattened},
            back and panel == "pytorch",
            ours,
        )
    text = definition(name, asked, ours, looks["keras"].outputs, named)
    return {f"problems/{name}.py": text} | twins


def names(pairs: Iterable[Pair]) -> list[tuple[Pair, str]]:
    """Return the pairs that have both sides, each with a name: PyTorch's path, without slashes."""
    found: dict[str, Pair] = {}
    for pair in pairs:
        if pair.left and pair.right:
            name = plain = re.sub(r"\W", "_", pair.left.path)
            while name in found:
                name = f"{plain}_{len(found)}"
            found[name] = pair
    return [(pair, name) for name, pair in found.items()]


def _moved_back(looks: Mapping[str, Look]) -> bool:
    """Say whether PyTorch's output has its channels second, and Keras's last."""
    one, other = looks["pytorch"].outputs, looks["keras"].outputs
    if one.keys() != other.keys():
        raise ValueError(f"outputs: PyTorch has {_told(one)}, Keras {_told(other)}")
    moved = {key: (shape[0], *shape[2:], *shape[1:2]) for key, shape in one.items()}
    if one == other:
        # Where the sizes do not tell, an input that was moved is answered by an output that is.
        return bool(looks["pytorch"].moved) and all(len(shape) > 2 for shape in one.values())
    if moved == other:
        return True
    raise ValueError(f"outputs: PyTorch has {_told(one)}, Keras {_told(other)}")


def _told(outputs: Mapping[str, Shape]) -> str:
    return ", ".join(f"{name} {shape}".strip() for name, shape in outputs.items())
