"""Which layer of one model is which of the other, found in passes; imports no framework.

Both models are run once on the same input, and each layer is noted as it is called. The passes, in
order, each on what the passes before have left:

    map       a file of the user's says so
    name      the last part of the path is the same, and so are the shapes of the weights
    order     the same family and shapes of weights, in the order of the calls
    shape     the same shapes of weights alone, in the order of the calls
    kind      the same family, in the order of the calls: what weights have other shapes

Layers without weights come last: by their families in order, after the same layer with weights.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher

Shape = tuple[int, ...]
# What frameworks name themselves: a place in a list, and the kind of a layer with a number.
PLACE, NUMBER = re.compile(r"\d+"), re.compile(r"_\d+$")


@dataclass(frozen=True)
class Seen:
    """A layer, as it was called; weights by Keras's names and in its layout."""

    path: str
    kind: str  # its class
    family: str  # what it is in both frameworks, such as "dense"; "" where that is not known
    weights: Mapping[str, Shape] = field(default_factory=dict)
    # Of the whole as "", of the last step as ".last"; with "~" in another layout that may be meant.
    outputs: Mapping[str, Shape] = field(default_factory=dict)
    settings: Mapping[str, object] = field(default_factory=dict)
    where: str = ""  # it is made: FILE:LINE
    calls: int = 1

    @property
    def name(self) -> str:
        """The last part of its path, as far as somebody chose it."""
        last = self.path.rpartition("/")[2].lower()
        kind = NUMBER.sub("", last).replace("_", "")
        given = PLACE.fullmatch(last) or kind == self.kind.lower()
        return "" if given else last.replace("_", "")


@dataclass(frozen=True)
class Pair:
    """A layer of each side, and the pass that found them; one of them may be absent."""

    left: Seen | None
    right: Seen | None
    found: str = ""  # by which pass

    @property
    def unpaired(self) -> bool:
        """Whether it has weights and no partner."""
        one = self.left or self.right
        return not (self.left and self.right) and bool(one and one.weights)


def paired(
    left: Sequence[Seen], right: Sequence[Seen], partners: Mapping[str, str] | None = None
) -> list[Pair]:
    """Return all layers, in the order of the left side's calls, and what is without partner.

    `partners` has paths of the right side by those of the left.

    Raises:
        ValueError: a given path is no layer's, or two have the same partner.
    """
    found: dict[int, tuple[int, str]] = {}
    for path, partner in (partners or {}).items():
        place = _place(right, partner)
        if place in {taken for taken, _ in found.values()}:
            raise ValueError(f"the map names {partner} twice: expected each layer once")
        found[_place(left, path)] = (place, "map")
    for name, key in PASSES:
        _pass(left, right, found, name, key)
    _between(left, right, found)
    rows = [
        Pair(one, right[found[i][0]], found[i][1]) if i in found else Pair(one, None)
        for i, one in enumerate(left)
    ]
    taken = {place for place, _ in found.values()}
    for j, other in enumerate(right):  # each after what comes before it
        if j not in taken:
            before = [i for i, row in enumerate(rows) if row.right and _index(right, row.right) < j]
            rows.insert(max(before, default=-1) + 1, Pair(None, other))
    return rows


def _pass(
    left: Sequence[Seen],
    right: Sequence[Seen],
    found: dict[int, tuple[int, str]],
    name: str,
    key: Callable[[Seen], object],
) -> None:
    """Add the pairs that a pass finds among what is left."""
    taken = {place for place, _ in found.values()}
    ours = [i for i in range(len(left)) if i not in found and key(left[i]) is not None]
    theirs = [j for j in range(len(right)) if j not in taken and key(right[j]) is not None]
    ones, others = [key(left[i]) for i in ours], [key(right[j]) for j in theirs]
    if name == "name":  # a name is telling where it is one layer's alone
        counts = Counter(ones), Counter(others)
        for i, one in zip(ours, ones, strict=True):
            if counts[0][one] == counts[1][one] == 1:
                found[i] = (theirs[others.index(one)], name)
        return
    matcher = SequenceMatcher(None, _hashable(ones), _hashable(others), autojunk=False)
    for start, begin, n in matcher.get_matching_blocks():
        for k in range(n):
            found[ours[start + k]] = (theirs[begin + k], name)


def _between(
    left: Sequence[Seen], right: Sequence[Seen], found: dict[int, tuple[int, str]]
) -> None:
    """Add pairs of layers without weights, among those that follow the same pair."""
    partners = {j: i for i, (j, _) in found.items()}
    ours = _followers(left, {i: i for i in found})
    theirs = _followers(right, partners)
    for before, ones in ours.items():
        others = theirs.get(before, [])
        families = ([left[i].family for i in ones], [right[j].family for j in others])
        matcher = SequenceMatcher(None, *families, autojunk=False)
        for start, begin, n in matcher.get_matching_blocks():
            for k in range(n):
                found[ones[start + k]] = (others[begin + k], "order")


def _followers(layers: Sequence[Seen], pairs: Mapping[int, int]) -> dict[int, list[int]]:
    """Return the known layers without weights that follow each pair, by the pair's left place."""
    before, found = -1, dict[int, list[int]]()
    for place, one in enumerate(layers):
        if one.weights:
            before = pairs.get(place, before)
        elif one.family and place not in pairs:
            found.setdefault(before, []).append(place)
    return found


def _by_name(one: Seen) -> object:
    return (one.name, _shapes(one)) if one.name and one.weights else None


def _by_family(one: Seen) -> object:
    return (one.family, _shapes(one)) if one.weights else None


def _by_shape(one: Seen) -> object:
    return tuple(sorted(shape for _, shape in _shapes(one))) if one.weights else None


def _by_kind(one: Seen) -> object:
    return one.family if one.family and one.weights else None


PASSES: tuple[tuple[str, Callable[[Seen], object]], ...] = (
    ("name", _by_name),
    ("order", _by_family),
    ("shape", _by_shape),
    ("kind", _by_kind),
)


def _shapes(one: Seen) -> tuple[tuple[str, Shape], ...]:
    return tuple(sorted(one.weights.items()))


def _hashable(keys: Iterable[object]) -> list[str]:
    return [repr(key) for key in keys]


def _place(seen: Sequence[Seen], path: str) -> int:
    for i, one in enumerate(seen):
        if one.path == path:
            return i
    there = ", ".join(one.path for one in seen)
    raise ValueError(f"the map names {path}: expected a layer, one of {there}")


def _index(seen: Sequence[Seen], wanted: Seen) -> int:
    return next(i for i, one in enumerate(seen) if one is wanted)
