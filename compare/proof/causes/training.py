"""Why losses, gradients, averages or steps differ of networks that are the same."""

import json
from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from backends import OTHERWISE
from compare.proof.causes import losses, optimizers
from compare.proof.causes.formulas import CLOSE, same
from compare.proof.hints import first_other_draw
from problems import Array


def of_training(
    expected: Mapping[str, Array], came: Mapping[str, Array], *, right: bool = True
) -> Iterator[str]:
    """Yield why losses, gradients, averages or steps differ of networks that leave the same.

    `right` is whether gradients also come back through each layer as on the other side.
    """
    both = (expected, came)
    one, other = (of.get("loss") for of in both)
    settings = [json.loads(str(of.get("settings", "{}"))) for of in both]
    if one is not None and other is not None and not np.isclose(one, other, rtol=CLOSE, atol=0):
        options = {
            key: value for of in reversed(settings) for key, value in of.get("loss", {}).items()
        }
        outputs, targets = expected.get("loss of"), expected.get("targets")
        if outputs is not None and targets is not None:
            told = losses.cause(float(one), float(other), outputs, targets, options)
            yield from filter(None, [told])
        return  # whatever rests on it differs
    draws = [json.loads(str(of.get("draws", "[]"))) for of in both]
    if other_draw := first_other_draw(*draws):
        number, here, there = other_draw
        yield f"dropout: draw {number} is {here} here and {there} there"
        return
    first, second = (under("gradient/", of) for of in both)
    if penalties := [*_of_penalties(under("weight/", expected), first, second)]:
        yield from penalties
        return
    if told := "; ".join(_of_entries(first, second)) or _of_gradients(first, second):
        yield told
        if right:
            yield from _first_back(first, second, under("out/", expected))
        return
    ours, theirs = (under("average/", of) for of in both)
    yield from _of_averages(ours, theirs, under("begun/", expected))
    steps = [under("moved/", of) for of in both]
    if all(steps):
        moved = [
            optimizers.Moved(weights=of, rates=told["rates"], settings=told["optimizer"])
            for of, told in zip(steps, settings, strict=True)
        ]
        begun = under("weight/", expected)
        shapes = {name: array.shape for name, array in begun.items()}
        yield from optimizers.cause(begun, optimizers.gradients(shapes), *moved)


def under(kind: str, found: Mapping[str, Array]) -> dict[str, Array]:
    """Return the arrays whose names begin so, by the rest of their names."""
    return {key.removeprefix(kind): one for key, one in found.items() if key.startswith(kind)}


def _of_entries(one: Mapping[str, Array], other: Mapping[str, Array]) -> Iterator[str]:
    """Yield which entry of an embedding is none on one side, and trained on the other."""
    for name in (name for name in one if name in other and name.endswith("embeddings")):
        for first, second, here, there in (
            (one[name], other[name], "here", "there"),
            (other[name], one[name], "there", "here"),
        ):
            none = np.isnan(first).all(-1) & ~np.isnan(second).all(-1)
            for entry in np.flatnonzero(none & np.nan_to_num(second).any(-1)):
                yield f"{name}: entry {entry} is padding {here}, and is trained {there}"


def _of_gradients(one: Mapping[str, Array], other: Mapping[str, Array]) -> str:
    """Return why gradients of the same loss differ; empty if nothing that is known does."""
    shared = [name for name in one if name in other and one[name].shape == other[name].shape]
    apart = [name for name in shared if not _alike(one[name], other[name], one.values())]
    if not apart:
        return ""
    ours, theirs = (np.concatenate([of[name].ravel() for name in shared]) for of in (one, other))
    ours, theirs = np.nan_to_num(ours), np.nan_to_num(theirs)
    if np.abs(ours).max() and np.abs(theirs).max():
        factor = float(theirs @ ours / (ours @ ours))
        if factor and same(ours * factor, theirs):
            return f"each gradient is {factor:.6g} times as large there"
    stopped = [name for name in apart if not np.abs(np.nan_to_num(other[name])).max(initial=0.0)]
    missing = [name for name in apart if not np.abs(np.nan_to_num(one[name])).max(initial=0.0)]
    for names, where in ((stopped, "there"), (missing, "here")):
        if names:
            return f"no gradient comes to {', '.join(names)} {where}"
    agree = ", ".join(name for name in shared if name not in apart)
    differ = f"the gradients of {', '.join(apart)} differ"
    return f"{differ}, and of {agree} agree" if agree else f"{differ}, and none agrees"


def _first_back(
    one: Mapping[str, Array], other: Mapping[str, Array], layers: Iterable[str]
) -> Iterator[str]:
    """Yield where gradients begin to differ on their way back; layers are in the order of calls.

    A weight is of the layer with the longest name that its own begins with.
    """
    differ, agree = "", False
    heard = [layer for layer in layers if not layer.endswith(OTHERWISE)]
    bases = [layer.removesuffix(".last") for layer in heard]
    shared = [name for name in one if name in other and one[name].shape == other[name].shape]
    owners = {
        name: max((base for base in bases if name.startswith(f"{base}/")), key=len, default="")
        for name in shared
    }
    for layer, base in zip(heard, bases, strict=True):
        known = [name for name in shared if owners[name] == base]
        if any(not _alike(one[name], other[name], one.values()) for name in known):
            differ, agree = layer, False
        else:
            agree = agree or bool(known)
    if differ and agree:
        name = differ.removesuffix(".last")
        told = "is the first to get another gradient on the way back"
        yield f"{name} {told}: look at what follows it"


def _of_averages(
    one: Mapping[str, Array], other: Mapping[str, Array], begun: Mapping[str, Array]
) -> Iterator[str]:
    """Yield why running averages differ after a step: by the share that the new ones have.

    Averages begin as they are given, or else at 0, those of variances at 1.
    """
    told: dict[str, list[str]] = {}
    for name in (name for name in one if name in other):
        first = begun.get(name, np.float64(name.endswith("variance")))
        ours, theirs = one[name] - first, other[name] - first
        if same(one[name], other[name]) or not np.abs(ours).max(initial=0.0):
            continue
        ratio = float(theirs.ravel() @ ours.ravel() / (ours.ravel() @ ours.ravel()))
        if ratio and same(ours * ratio, theirs):
            words = f"a new average counts {ratio:.6g} times as much there: another momentum"
        elif name.endswith("variance"):
            words = "the variance is divided by another number, n or n - 1"
        else:
            words = "its batches have another mean"
        told.setdefault(words, []).append(name)
    for words, names in told.items():
        yield f"{', '.join(sorted(names))}: {words}"


def _of_penalties(
    weights: Mapping[str, Array], one: Mapping[str, Array], other: Mapping[str, Array]
) -> Iterator[str]:
    """Yield which weights are held small by the loss on one side: by gradients of both."""
    for name in (name for name in one if name in other and name in weights):
        more, weight = other[name] - one[name], weights[name]
        if more.shape != weight.shape or not np.isfinite([*more.flat, *weight.flat]).all():
            continue
        if np.abs(more).max(initial=0.0) <= 1e-9 * max(np.abs(one[name]).max(initial=0.0), 1e-30):
            continue
        for kind, slope in (("squares", 2 * weight), ("absolute values", np.sign(weight))):
            if not np.abs(slope).any():
                continue
            factor = float(more.ravel() @ slope.ravel() / (slope.ravel() @ slope.ravel()))
            rest = np.abs(more - factor * slope).max()
            if rest <= 1e-9 * np.abs(one[name]).max():
                where = "there, and not here" if factor > 0 else "here, and not there"
                yield (
                    f"{abs(factor):.6g} times the sum of the {kind} of {name} is added to the loss "
                    f"{where}"
                )
                break


def _alike(one: Array, other: Array, every: Iterable[Array]) -> bool:
    """Say whether gradients agree, by the largest of all."""
    largest = max(float(np.abs(np.nan_to_num(array)).max(initial=0.0)) for array in every)
    away = np.abs(np.nan_to_num(one) - np.nan_to_num(other)).max(initial=0.0)
    return bool(away <= 1e-9 * largest)
