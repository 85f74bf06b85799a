"""What computes the recurrent layers: observed in a short training of its own, which is not timed.

`python -m compare.training.kernel FOLDER` looks at what FOLDER/asked.json names, a problem and the
fields of Asked, and leaves FOLDER/label.json, e.g. "oneDNN LSTM". Where nothing could be seen the
label is null, and the log says why.
"""

import json
import os
import sys
import tempfile
import traceback
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import count, product
from pathlib import Path

import problems
from backends import Side
from compare.console import SILENT, Listener
from compare.options import STARTS
from compare.processes import gpu, machine
from compare.processes.fingerprint import basis, digest, keep, kept
from compare.processes.interpreter import deciding
from compare.processes.launcher import ASKED, Kind, Launcher, several
from compare.records.files import write_whole
from compare.records.record import FLOAT32, FORK, Run
from compare.text import one_line

SEED = 0
TIMEOUT_S = 600.0  # per problem
MODULE, FILE = "compare.training.kernel", "label.json"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Where the kernels of which backend are looked for."""

    side: str
    device: str
    threads: int
    precision: str


Look = tuple[str, Asked]  # at a problem


def kernels(
    names: Sequence[str],
    sides: Sequence[Side],
    *,
    device: str,
    threads: int,
    precision: str = FLOAT32,
    timeout_s: float = TIMEOUT_S,
    progress: Listener = SILENT,
    launcher: Launcher | None = None,
) -> dict[tuple[str, Side], str | None]:
    """Return what computes the recurrent layers, by problem and side; None if not seen.

    What was seen before, with the same code, versions, settings and machine, is not looked for
    again. What was not seen is told.
    """
    asked = {
        side: Asked(side=str(side.first), device=device, threads=threads, precision=precision)
        for side in sides
    }
    found = {look: known(*look) for look in product(names, asked.values())}
    if unknown := [look for look, label in found.items() if label is None]:
        keys = {look: key(*look) for look in unknown}
        for look, label in observed(unknown, timeout_s, progress, launcher).items():
            found[look] = label
            if label and key(*look) == keys[look]:  # else a file was changed meanwhile
                keep(keys[look], label)
    return {(name, side): found[name, asked[side]] for side in sides for name in names}


def unseen(runs: Sequence[Run]) -> bool:
    """Say whether `kernels` has to look, for one of the runs at least."""
    looks = {
        (
            run.problem,
            Asked(
                side=str(run.side.first),
                device=run.device,
                threads=run.threads,
                precision=run.precision,
            ),
        )
        for run in runs
    }
    return any(known(*look) is None for look in looks)


def known(name: str, asked: Asked) -> str | None:
    """Return what was seen before; None if nothing was."""
    label = kept(key(name, asked))
    return label if isinstance(label, str) else None


def key(name: str, asked: Asked) -> str:
    """Return a hash of all that may decide what computes a problem's layers."""
    side = Side.parse(asked.side)
    facts = {
        "kernel": asdict(replace(asked, side=side.backend)),
        "tier": side.runs_in,
        "processor": gpu.names() if asked.device == "gpu" else machine.cpu(),
        "settings": deciding(side, device=asked.device, threads=asked.threads),
    }
    return digest(facts | basis(name, (side,), ("training/kernel.py",)))


def observed(
    looks: Sequence[Look], timeout_s: float, progress: Listener, launcher: Launcher | None
) -> dict[Look, str | None]:
    """Look, each time in a fresh process of the backend, what computes a problem's layers."""
    number, (_, first) = count(1), looks[0]
    at_a_time = 1 if first.device == "gpu" else len(machine.processors()) // first.threads
    kinds = {
        asked: Kind(Side.parse(asked.side).in_default_tier, asked.device, asked.threads)
        for _, asked in looks
    }
    with several(max(1, at_a_time), launcher) as (starts, folder, pool):

        def look(name: str, asked: Asked) -> str | None:
            what, kind = f"kernels of {name}: {asked.side}", kinds[asked]
            progress.doing(f"looking at the {what}", next(number), len(looks))
            cell, question = folder / f"{name}-{asked.side}", asdict(asked) | {"problem": name}
            _, why = starts.work(MODULE, cell, question, kind, STARTS[0], timeout_s)
            label: str | None = None
            if (cell / FILE).exists():
                label, why = json.loads((cell / FILE).read_text()), ""
            if label is None:
                last = starts.last_words(cell, kind) or "it said nothing"
                why = ": ".join(filter(None, (why, last)))
                progress.report(f"not seen what computes {name} on {asked.side}: {why}")
            return label

        if STARTS[0] == FORK:
            starts.get_ready(kinds.values(), folder, timeout_s)
        found = dict(zip(looks, pool.map(lambda one: look(*one), looks), strict=True))
    progress.doing("")
    return found


def main(cell: Path) -> None:
    """Look at the problem that a folder names, and leave there what has been seen."""
    os.environ["TMPDIR"] = tempfile.tempdir = str(cell)
    asked = json.loads((cell / ASKED).read_text())
    name = asked.pop("problem")
    label = None
    try:
        label = seen(name, Asked(**asked))
    except Exception as error:
        traceback.print_exc()
        print(f"{type(error).__name__}: {one_line(error)}", file=sys.stderr)
    write_whole(cell / FILE, json.dumps(label))


def seen(name: str, asked: Asked) -> str:
    """Return what computes the layers of a problem's twin, in this process."""
    side, problem = Side.parse(asked.side), problems.load(name)
    engine = side.definition.engine()
    engine.prepare(
        device=asked.device, threads=asked.threads, precision=asked.precision, tier=side.tier
    )
    n = 2 * problem.recipe.batch_size  # a step to get ready, and one to look at
    short = problem.resized(dict.fromkeys(problem.recipe.examples, n), epochs=1)
    return engine.kernel(problem, short.make_data(SEED)["train"], seed=SEED)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
