"""What a backend's untrained networks do, in a process of its own.

`python -m compare.probe BACKEND FILE.npz PROBLEM ...` runs a random input of the specified shape
through the twin of each problem. The arrays are named PROBLEM/output, PROBLEM/layer/NAME and
PROBLEM/parameters; where a twin fails, PROBLEM/error holds the message.
"""

import subprocess
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

import problems
from backends import BACKENDS, Probe
from compare.answer import one_line
from compare.launch import PYTHON, variables
from problems._data import Array

BATCH, SEED = 7, 0  # 7 is the length of no axis: a mix-up of batch and time shows
TIMEOUT_S = 600


def probe(backend: str, names: Sequence[str]) -> dict[str, Probe | str]:
    """Return, by problem, what its twin on a backend did, or why it failed; in a fresh process."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "probe.npz"
        try:
            done = subprocess.run(
                [*PYTHON, "-m", "compare.probe", backend, str(file), *names],
                env=variables(backend, device="cpu", threads=1),
                capture_output=True,
                text=True,
                timeout=TIMEOUT_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return dict.fromkeys(names, f"not done after {TIMEOUT_S} s")
        if not file.exists():
            last = (done.stderr.strip().splitlines() or [""])[-1]
            return dict.fromkeys(names, f"ended with status {done.returncode}: {last}")
        with np.load(file) as arrays:
            return {name: _probe_of(name, dict(arrays)) for name in names}


def _probe_of(problem: str, arrays: dict[str, Array]) -> Probe | str:
    if f"{problem}/error" in arrays:
        return str(arrays[f"{problem}/error"])
    prefix = f"{problem}/layer/"
    return Probe(
        output=arrays[f"{problem}/output"],
        layers={k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)},
        parameters=int(arrays[f"{problem}/parameters"]),
    )


def main(backend: str, file: str, *names: str) -> None:
    """Probe the twins and leave the arrays in a file."""
    engine = BACKENDS[backend].engine()
    engine.prepare(device="cpu", threads=1)
    arrays: dict[str, Array] = {}
    for name in names:
        try:
            problem = problems.load(name)
            found = engine.probe(problem, problem.input.random(BATCH, SEED), seed=SEED)
        except Exception as error:
            traceback.print_exc()
            arrays[f"{name}/error"] = np.array(f"{type(error).__name__}: {one_line(error)}")
            continue
        arrays[f"{name}/output"] = found.output
        arrays[f"{name}/parameters"] = np.array(found.parameters)
        arrays |= {f"{name}/layer/{layer}": value for layer, value in found.layers.items()}
    np.savez(file, **arrays)  # type: ignore[arg-type]


if __name__ == "__main__":
    main(*sys.argv[1:])
