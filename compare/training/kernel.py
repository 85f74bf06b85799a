"""What computes the recurrent layers: observed in a short training of its own, which is not timed.

`python -m compare.training.kernel ASKED FILE PROBLEM ...`, where ASKED is a value
of that name as JSON, leaves {problem: label} in FILE, e.g. {"echo": "oneDNN LSTM"}. Where nothing
could be seen the label is null, and the log says why.
"""

import json
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import problems
from backends import Side
from compare.fingerprint import basis, digest, keep, kept
from compare.processes import gpu, machine
from compare.processes.interpreter import command, variables
from compare.processes.launcher import Launcher
from compare.records.record import FLOAT32
from compare.text import one_line
from problems import Part

SEED = 0
TIMEOUT_S = 600.0  # per problem
# Environment variables that can make a framework, or a library under it, compute by other means.
SETTINGS = {
    *("ATEN", "CUDA", "CUDNN", "DNNL", "JAX", "KERAS", "MKL"),
    *("NVIDIA", "ONEDNN", "PYTORCH", "TF", "TORCH", "TORCHDYNAMO", "TORCHINDUCTOR", "XLA"),
}  # the first part of their names


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Where the kernels of which backend are looked for."""

    side: str
    device: str
    threads: int
    precision: str


def warn(message: str) -> None:
    """Tell the user on stderr."""
    print(f"diptych: {message}", file=sys.stderr)


def kernels(
    names: Sequence[str],
    sides: Sequence[Side],
    *,
    device: str,
    threads: int,
    precision: str = FLOAT32,
    timeout_s: float = TIMEOUT_S,
    tell: Callable[[str], None] = warn,
) -> dict[tuple[str, Side], str | None]:
    """Return what computes the recurrent layers, by problem and side; None if not seen.

    What was seen before, with the same code, versions, settings and machine, is not looked for
    again. What was not seen is told.
    """
    found: dict[tuple[str, Side], str | None] = {}
    for side in dict.fromkeys(side.first for side in sides):
        asked = Asked(side=str(side), device=device, threads=threads, precision=precision)
        keys = {name: key(name, asked) for name in names}
        labels = {name: kept(keys[name]) for name in names}
        if unknown := [name for name in names if not isinstance(labels[name], str)]:
            limit_s = timeout_s * len(unknown)
            new = observed(unknown, asked, timeout_s=limit_s, tell=tell)
            for name in (name for name in unknown if new[name]):
                keep(keys[name], new[name])
            labels |= new
        found |= {(name, side): labels[name] for name in names}
    return {(name, side): found[name, side.first] for side in sides for name in names}


def key(name: str, asked: Asked) -> str:
    """Return a hash of all that may decide what computes a problem's layers."""
    side = Side.parse(asked.side)
    environment = variables(side, device=asked.device, threads=asked.threads)
    facts = {
        "kernel": asdict(replace(asked, side=side.backend)),
        "tier": side.runs_in,
        "processor": gpu.names() if asked.device == "gpu" else machine.cpu(),
        "settings": sorted(
            (name, value) for name, value in environment.items() if name.split("_")[0] in SETTINGS
        ),
    }
    return digest(facts | basis(name, (side,), ("training/kernel.py",)))


def observed(
    names: Sequence[str], asked: Asked, *, timeout_s: float, tell: Callable[[str], None]
) -> dict[str, str | None]:
    """Look, in a fresh process of the backend, what computes the layers of some problems."""
    side = Side.parse(asked.side)
    launcher = Launcher()
    with TemporaryDirectory() as folder:
        file, log = Path(folder) / "kernels.json", Path(folder) / "log.txt"
        given = (json.dumps(asdict(asked)), str(file), *names)
        question = command(side, "compare.training.kernel", *given)
        environment = variables(side, device=asked.device, threads=asked.threads)
        environment["TMPDIR"] = folder
        try:
            _, ended = launcher.call(question, environment, log, timeout_s)
        except BaseException:  # nothing may go on unwatched, also after Ctrl-C
            launcher.stop()
            raise
        labels = json.loads(file.read_text()) if file.exists() else {}
        lines = log.read_text(errors="replace").splitlines()
    for name in names:
        if labels.get(name) is None:
            last = lines[-1] if lines else "it said nothing"
            why = next((line for line in lines if line.startswith(f"{name}: ")), f"{ended}: {last}")
            tell(f"not seen what computes {name} on {side}: {why}")
    return {name: labels.get(name) for name in names}


def main(question: str, file: str, *names: str) -> None:
    """Look at each problem, and leave in the file what has been seen so far."""
    asked = Asked(**json.loads(question))
    side = Side.parse(asked.side)
    engine = side.definition.engine()
    engine.prepare(
        device=asked.device,
        threads=asked.threads,
        precision=asked.precision,
        tier=side.tier,
    )
    labels: dict[str, str | None] = {}
    for name in names:
        problem = problems.load(name)
        n = 2 * problem.recipe.batch_size  # a step to get ready, and one to look at
        part = Part(problem.input.random(n, SEED), problem.target.random(n, SEED + 1))
        try:
            labels[name] = engine.kernel(problem, part, seed=SEED)
        except Exception as error:
            traceback.print_exc()
            print(f"{name}: {type(error).__name__}: {one_line(error)}", file=sys.stderr)
            labels[name] = None
        partial = Path(f"{file}.partial")
        partial.write_text(json.dumps(labels))
        partial.replace(file)


if __name__ == "__main__":
    main(*sys.argv[1:])
