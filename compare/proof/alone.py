"""Each layer alone: what it leaves where it is given what the other side's layer was given.

Where a network is wrong, every layer after the first wrong one differs. Fed with the same input,
only those differ that are wrong themselves. `python -m compare.proof.alone FOLDER` does what
FOLDER/asked.json asks for, and leaves FOLDER/alone.npz.
"""

import json
import os
import sys
import tempfile
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib import import_module
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import problems
from backends import OTHERWISE, Side
from compare.options import STARTS
from compare.processes.launcher import ASKED, Kind, Launcher, several
from compare.proof.causes import optimizers
from compare.proof.causes.between import applied, between, channels_of
from compare.proof.causes.case import Case
from compare.proof.causes.formulas import same
from compare.proof.causes.layers import cause
from compare.proof.causes.training import of_training, under
from compare.proof.inputs import SEED, batch, cast, shortened
from compare.records.record import FORK
from compare.text import blamed
from problems import OWN, Array, Optimizer, Part, Problem

# Rungs that compare what layers do: where one fails, each layer is asked alone.
ON_NUMBERS = ("layers", "loss", "gradients", "statistics", "steps", "curve", "state")
MODULE, FILE = "compare.proof.alone", "alone.npz"
TIMEOUT_S = 900.0
NEAR = 1e-2  # of the largest number: how far inputs are moved where gradients are asked for
ENOUGH = 1e-11  # relative, in float64: what rounding does to a layer is far below


@dataclass(frozen=True, kw_only=True)
class Alone:
    """How far a layer's outputs are apart, relative to the largest: as the layer is, and alone."""

    layer: str
    given: float | None  # of its inputs, as they come; None where they are not to be compared
    comes: float  # of its outputs, as they come
    alone: float | None  # of its outputs for the same input; None where it gets several
    # Of the gradient of its input, where the outputs are the same; relative to the larger of both.
    backwards: float | None = None
    cause: str = ""  # of what is wrong by itself; or, before it, of another input
    places: tuple[str, str] = ("", "")  # where it is made on both sides: FILE:LINE
    channels: int = 0  # of an input that has them first here and last there, as Flatten leaves it

    @property
    def leaves_other(self) -> bool:
        """Whether it leaves something else for the same input."""
        return self.alone is not None and not self.alone <= ENOUGH

    @property
    def wrong(self) -> bool:
        """Whether it is wrong by itself."""
        return self.leaves_other or (self.backwards is not None and not self.backwards <= ENOUGH)


class Diagnosis(NamedTuple):
    """What is found where a rung fails: each layer alone, and why a training differs, in words."""

    layers: list[Alone]
    causes: list[str]
    failed: str = ""  # why there is none


def diagnosed(
    name: str, side: Side, reference: Side, launcher: Launcher | None = None
) -> Diagnosis:
    """Return how the layers of a side differ from those of the reference, and its training."""
    try:
        expected, came = _answers(name, side, reference, launcher)
        rows = _rows(expected, came)
        known = any(row.leaves_other or (row.cause and not row.wrong) for row in rows)
        right = not any(row.wrong for row in rows)
        return Diagnosis(rows, [] if known else list(of_training(expected, came, right=right)))
    except ValueError as error:  # what the ladder has found stays
        return Diagnosis([], [], str(error))


def _answers(
    name: str, side: Side, reference: Side, launcher: Launcher | None
) -> list[dict[str, Array]]:
    """Return what the layers of both leave, the reference's first: the arrays of FILE.

    Raises:
        ValueError: one of them did not get to its end.
    """
    kinds = {one: Kind(one.in_default_tier, "cpu", 1) for one in (reference, side)}
    with several(1, launcher) as (starts, folder, _):
        if STARTS[0] == FORK:
            starts.get_ready(kinds.values(), folder, TIMEOUT_S)
        found: list[dict[str, Array]] = []
        for one, kind in kinds.items():  # the second is given what the first found
            cell = folder / str(one)
            asked = {"problem": name, "side": str(one)}
            if found:
                asked["given"] = str(folder / str(reference) / FILE)
            _, why = starts.work(MODULE, cell, asked, kind, STARTS[0], TIMEOUT_S)
            if not (cell / FILE).exists():
                raise ValueError(f"{one}: {why}: {starts.last_words(cell, kind)}")
            with np.load(cell / FILE) as arrays:
                found.append(dict(arrays))
            if "error" in found[-1]:
                raise ValueError(f"{one}: {found[-1]['error']}")
    return found


def _rows(expected: Mapping[str, Array], came: Mapping[str, Array]) -> list[Alone]:
    """Return how far each layer is apart, and why, in the order of the calls."""
    found = (expected, came)
    layers = [key.removeprefix("out/") for key in expected if key.startswith("out/")]
    rows: list[Alone] = []
    moving = {str(name).removesuffix(".last") for of in found for name in of.get("moving", ())}
    otherwise = {str(name) for of in found for name in of.get("given otherwise", ())}
    bases = [one.removesuffix(".last") for one in layers]
    first = next((i for i, base in enumerate(bases) if base in moving), len(bases))
    for place, layer in enumerate(layers):
        comes = _apart(expected, "out/", came, "out/", layer)
        if layer.endswith(OTHERWISE) or comes is None:
            continue
        row = Alone(
            layer=layer,
            given=_apart(expected, "in/", came, "in/", layer.removesuffix(".last")),
            comes=comes,
            alone=_apart(expected, "out/", came, "alone/", layer),
            places=(_place(expected, bases[place]), _place(came, bases[place])),
        )
        if (place > first and bases[place] != bases[first]) or bases[place] in otherwise:
            row = replace(row, alone=None)  # its input was another one
        if row.alone is not None and not row.wrong:
            most = float(np.nan_to_num(np.abs(expected[f"out/{layer}"])).max(initial=0.0))
            row = replace(row, backwards=_apart(expected, "back/", came, "back/", layer, most))
        name = f"in/{bases[place]}"
        if row.given and row.given > ENOUGH and name in expected and name in came:
            channels = channels_of(expected[name], came[name])
            before = expected.get(f"out/{rows[-1].layer}" if rows else "x")
            if before is not None and before.shape[-1] == channels:
                row = replace(row, channels=channels)
        rows.append(replace(row, cause=_cause(row, rows[-1:], expected, came)))
    return rows


def _place(found: Mapping[str, Array], layer: str) -> str:
    return str(found.get(f"place/{layer}", ""))


def _steady(one: Array, other: Array) -> bool:
    return bool(np.allclose(one, other, rtol=1e-12, atol=0, equal_nan=True))


def _cause(
    row: Alone,
    before: Sequence[Alone],
    expected: Mapping[str, Array],
    came: Mapping[str, Array],
) -> str:
    """Return why a layer is wrong, or why its input is, where the layer before is right."""
    name = row.layer.removesuffix(".last")
    x = expected.get(f"in/{name}")
    if row.backwards is not None and row.wrong:
        return _backwards(row.layer, expected, came)
    if row.wrong and x is not None:
        for ours, theirs in product((row.layer, f"{row.layer}{OTHERWISE}"), repeat=2):
            one, other = expected.get(f"out/{ours}"), came.get(f"alone/{theirs}")
            if one is not None and other is not None and one.shape == other.shape:
                weights = under(f"weight/{name}/", expected) | under(f"begun/{name}/", expected)
                case = Case(x=x, one=one, other=other, weights=weights)
                if told := cause(case):
                    return told
        return ""
    if x is not None and row.comes <= ENOUGH:
        return ""  # what is done before it makes no difference, such as a padding of its own
    other = came.get(f"in/{name}")
    left = expected.get(f"out/{before[0].layer}" if before else "x")
    right = not before or before[0].comes <= ENOUGH
    differs = row.given is None or row.given > ENOUGH
    if differs and x is not None and other is not None:
        if right and left is not None:
            return between(left, x, other)
        if before and not before[0].wrong and (pair := _left(before[0].layer, expected, came)):
            return applied(pair, x, other)
        return ""
    one, other = (of.get(f"out/{name}") for of in (expected, came))
    differs = x is None and row.comes > ENOUGH  # of the output, which is no layer
    if right and differs and left is not None and one is not None and other is not None:
        return between(left, one, other)
    return ""


def _backwards(layer: str, expected: Mapping[str, Array], came: Mapping[str, Array]) -> str:
    """Return how a layer's gradient differs, though it leaves the same."""
    one, other = (of[f"back/{layer}"] for of in (expected, came))
    for array, where in ((one, "here"), (other, "there")):
        if not array.any():
            return f"it leaves the same, but no gradient flows back {where}"
    told = "it leaves the same, but the gradient of its input is"
    factor = float(other.ravel() @ one.ravel() / (one.ravel() @ one.ravel()))
    if factor and same(one * factor, other):
        return f"{told} {factor:.6g} times as large there"
    return f"{told} another one"


def _left(
    layer: str, expected: Mapping[str, Array], came: Mapping[str, Array]
) -> tuple[Array, Array] | None:
    """Return what a layer leaves on both sides, in those of its layouts that are alike."""
    layouts = product((layer, f"{layer}{OTHERWISE}"), repeat=2)
    for ours, theirs in layouts:
        one, other = expected.get(f"out/{ours}"), came.get(f"alone/{theirs}")
        if one is None or other is None or one.shape != other.shape:
            continue
        if np.abs(one - other).max(initial=0.0) <= ENOUGH * np.abs(one).max(initial=0.0):
            return one, came[f"out/{theirs}"]
    return None


def _apart(
    one: Mapping[str, Array],
    kind: str,
    other: Mapping[str, Array],
    others: str,
    layer: str,
    least: float = 0.0,
) -> float | None:
    """Return the smallest difference between two layouts, by the largest number; None if none.

    It is divided by `least` if that is larger.
    """
    found = [
        _difference(first, second, least)
        for ours in (layer, f"{layer}{OTHERWISE}")
        for theirs in (layer, f"{layer}{OTHERWISE}")
        for first in [one.get(kind + ours)]
        for second in [other.get(others + theirs)]
        if first is not None and second is not None and first.shape == second.shape and first.size
    ]
    return min(found, default=None)


def _difference(one: Array, other: Array, least: float = 0.0) -> float:
    """Return the largest difference by the largest number, or by `least`.

    What is NaN in `one`, after the end of a packed sequence, is not compared.
    """
    ours, theirs = np.isnan(one), np.isnan(other)
    if (theirs & ~ours).any() or ours.all() != theirs.all():
        return np.inf
    largest, apart = (
        float(np.nan_to_num(np.abs(array)).max(initial=0.0)) for array in (one, one - other)
    )
    return apart / (max(largest, least) or 1.0)


@contextmanager
def _tried() -> Iterator[None]:
    """Have the rest go on without what cannot be had; why is left in the log of the process."""
    try:
        yield
    except Exception:  # of the user's loss or optimizer, or of a network that has no such thing
        traceback.print_exc()


def _moved(x: Array) -> Array:
    """Return inputs that are moved a little, so that no two numbers are equal, and none is 0.

    For the largest of several equal numbers, and at the corner of a function such as ReLU, each
    framework chooses a gradient of its own. That is no fault.
    """
    size = NEAR * (float(np.abs(x).max(initial=0.0)) or 1.0)
    return x + size * np.random.default_rng(SEED).standard_normal(x.shape).astype(x.dtype)


def _train(
    found: dict[str, Array], others: Mapping[str, Array], side: Side, problem: Problem, part: Part
) -> None:
    """Add what a side does of a training: its loss of the reference's outputs, and so on."""
    engine = side.definition.engine()
    own = import_module(f"backends.{side.definition.folder}._own")
    settings: dict[str, Any] = {}
    with _tried():
        if not isinstance(problem.recipe.losses, Mapping) and part.weight is None:
            outputs = others.get("loss of", found["out/output"])
            found |= {"loss of": outputs, "targets": np.asarray(part.y)}
            found["loss"] = np.array(engine.loss_at(problem, outputs, part))
            if problem.recipe.losses.name == OWN:
                settings["loss"] = own.loss_settings(problem)
    with _tried():
        slopes = engine.slopes(problem, part, seed=SEED)
        found["draws"] = np.array(json.dumps([[*map(str, draw)] for draw in slopes.draws]))
        found |= {f"gradient/{name}": array for name, array in slopes.gradients.items()}
        found |= {f"average/{name}": array for name, array in slopes.averages.items()}
    with _tried():
        assert isinstance(problem.recipe.optimizer, Optimizer)
        if problem.recipe.optimizer.name == OWN:
            shapes = {name: array.shape for name, array in under("weight/", found).items()}
            steps, settings["rates"], settings["optimizer"] = own.moved(
                problem, seed=SEED, gradients=optimizers.gradients(shapes)
            )
            found |= {f"moved/{name}": np.stack([one[name] for one in steps]) for name in steps[0]}
    found["settings"] = np.array(json.dumps(settings))


def main(cell: Path) -> None:
    """Look at the layers that a folder asks for."""
    os.environ["TMPDIR"] = tempfile.tempdir = str(cell)
    asked = json.loads((cell / ASKED).read_text())
    found: dict[str, Array] = {}
    try:
        side = Side.parse(asked["side"])
        engine = side.definition.engine()
        engine.prepare(device="cpu", threads=1, precision="float64", tier=side.tier)
        problem = shortened(problems.load(asked["problem"]))
        train = problem.make_data(SEED)["train"].changed(lambda one: cast(one, "float64"))
        x = batch(problem, train, "float64").x
        import_module(f"backends.{side.definition.folder}._look").remember()
        probe = engine.probe(problem, seed=SEED)
        found |= {f"place/{name}": np.array(place) for name, place in probe.places.items()}
        if isinstance(x, np.ndarray):
            found["x"] = x
        begun = {name: of for name, of in problem.initial.items() if name not in probe.weights}
        found |= {f"begun/{name}": array for name, array in begun.items()}  # averages
        others: dict[str, Array] = {}
        found |= {f"weight/{name}": array for name, array in probe.weights.items()}
        found |= {f"in/{name}": array for name, array in probe.inputs(x).items()}
        found |= {f"out/{name}": array for name, array in probe.ask(x).items()}
        found["given otherwise"] = np.array(
            [
                name
                for name, array in probe.inputs(x).items()
                if not _steady(found[f"in/{name}"], array)
            ],
            dtype=np.str_,
        )
        again = probe.ask(x)  # what it was given and what it left are of two runs
        found["moving"] = np.array(
            [name for name, array in again.items() if not _steady(found[f"out/{name}"], array)],
            dtype=np.str_,
        )
        if "given" in asked:
            with np.load(asked["given"]) as arrays:
                others = dict(arrays)
            given = {
                name: array
                for name, array in under("in/", others).items()
                if f"in/{name}" in found and array.shape == found[f"in/{name}"].shape
            }
            found |= {f"alone/{name}": array for name, array in probe.alone(given).items()}
        else:
            given = under("in/", found)
        for name, array in given.items():
            if np.issubdtype(array.dtype, np.floating):
                with _tried():
                    left = probe.backwards(name, _moved(array))
                    found |= {f"back/{key}": one for key, one in left.items()}
        _train(found, others, side, problem, batch(problem, train, "float64"))
    except (Exception, SystemExit) as error:
        traceback.print_exc()
        found["error"] = np.array(blamed(error))
    partial = cell / f"{FILE}.partial"
    with partial.open("wb") as file:
        np.savez(file, **found)  # type: ignore[arg-type]  # names are arrays' alone
    partial.replace(cell / FILE)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
