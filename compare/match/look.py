"""What each of two models is made of: each is run in a process of its own, in its framework.

A process does what FOLDER/asked.json asks for and leaves FOLDER/looked.json, beside the weights.
"""

import json
import os
import random
import sys
import tempfile
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from backends import Side
from compare.match.pairing import Seen
from compare.options import STARTS
from compare.processes.launcher import ASKED, Kind, Launcher, several
from compare.records.record import FORK
from compare.text import blamed
from problems import Array, Spec

MODULE, FILE, WEIGHTS = "compare.match.look", "looked.json", "weights.npz"
NO_FILES: Mapping[Side, str] = {}
N, SEED = 2, 0  # examples
TIMEOUT_S = 600.0


@dataclass(frozen=True)
class Look:
    """What was seen of a model; shapes have the batch first, and channels where the model does."""

    way: str  # how it takes its inputs
    moved: tuple[str, ...]  # inputs that it wants with their channels second
    layers: tuple[Seen, ...]
    outputs: Mapping[str, tuple[int, ...]]  # by name; one alone has the name ""
    parts: Mapping[str, str]  # of outputs without names, in order: subscripts in Python
    weights: Mapping[str, Array]  # by path, as Keras lays them out; averages too
    unseen: int = 0  # outputs without names that are not compared


def looks(
    references: Mapping[Side, str],
    inputs: Mapping[str, Spec],
    launcher: Launcher,
    stored: Mapping[Side, str] = NO_FILES,
    channels: str = "",
) -> dict[Side, Look | str]:
    """Return what each model is made of, or why it cannot be run.

    Weights are those of the files in `stored`, or else the model's own. `channels` is where PyTorch
    has them, "first" or "last"; "" where that is to be found.
    """
    specs = {name: (one.axes, one.dtype, one.low, one.high) for name, one in inputs.items()}
    kinds = {side: Kind(side.in_default_tier, "cpu", 1) for side in references}
    with several(len(references), launcher) as (starts, folder, pool):

        def ask(side: Side) -> Look | str:
            cell = folder / str(side)
            asked = {
                "reference": references[side],
                "panel": side.definition.folder,
                "inputs": specs,
                "stored": stored.get(side, ""),
                "channels": channels,
            }
            _, why = starts.work(MODULE, cell, asked, kinds[side], STARTS[0], TIMEOUT_S)
            if not (cell / FILE).is_file():
                return ": ".join(filter(None, (why, starts.last_words(cell, kinds[side]))))
            found = json.loads((cell / FILE).read_text("utf-8"))
            return found["error"] if "error" in found else _read(found, cell / WEIGHTS)

        if STARTS[0] == FORK:  # here: servers end with the thread that has started them
            starts.get_ready(kinds.values(), folder, TIMEOUT_S)
        return dict(zip(references, pool.map(ask, references), strict=True))


def drawn(inputs: Mapping[str, Sequence[Any]]) -> dict[str, Array]:
    """Return a few random examples of each input."""
    rng = np.random.default_rng(SEED)
    return {
        name: Spec(
            axes=axes, dtype=dtype, low=low, high=high, meaning="an input", unit="none"
        ).random(N, int(rng.integers(2**31)))
        for name, (axes, dtype, low, high) in inputs.items()
    }


def _read(found: dict[str, Any], weights: Path) -> Look:
    layers = tuple(
        Seen(
            path=one["path"],
            kind=one["kind"],
            family=one["family"],
            weights={name: tuple(shape) for name, shape in one["weights"].items()},
            outputs={name: tuple(shape) for name, shape in one["outputs"].items()},
            settings={name: _of_json(value) for name, value in one["settings"].items()},
            where=one["where"],
            calls=one["calls"],
        )
        for one in found["layers"]
    )
    outputs = {name: tuple(shape) for name, shape in found["outputs"].items()}
    with np.load(weights) as opened:
        arrays = dict(opened)
    return Look(found["way"], tuple(found["moved"]), layers, outputs, found["parts"], arrays)


def _of_json(value: Any) -> Any:
    """Return a setting as it was before it was JSON, which has no tuples."""
    return tuple(map(_of_json, value)) if isinstance(value, list) else value


def main(cell: Path) -> None:
    """Look at the model that a folder asks for."""
    os.environ["TMPDIR"] = tempfile.tempdir = str(cell)
    asked = json.loads((cell / ASKED).read_text())
    try:
        look = import_module(f"backends.{asked['panel']}._look").look
        random.seed(SEED)  # from which a model may draw, too
        np.random.seed(SEED)
        inputs = drawn(asked["inputs"])
        found = look(asked["reference"], inputs, asked["stored"], asked["channels"])._asdict()
        np.savez(cell / WEIGHTS, **found.pop("weights"))
    except (Exception, SystemExit) as error:
        traceback.print_exc()
        found = {"error": blamed(error)}
    partial = cell / f"{FILE}.partial"
    partial.write_text(json.dumps(found), "utf-8")
    partial.replace(cell / FILE)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
