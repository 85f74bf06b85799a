"""Every right port and every pair on every engine, in float64: the worst difference on each rung.

Run `PYTHONPATH=.:tests python tests/sweep_ports.py [--python keras-jax=PYTHON] BACKEND ...`; the
first backend is the reference. Each engine has one process for all networks.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from conftest import copied
from layer_ports import LAYERS_RIGHT
from pairs import PAIRS, files
from port_frame import files_of, module
from right_ports import RIGHT as FIRST_RIGHT

from backends import Side
from compare.processes.interpreter import variables
from compare.proof.ladder import Pair

RIGHT = FIRST_RIGHT | LAYERS_RIGHT
GATHER = """
import json, sys
import numpy as np
import problems
from backends import BACKENDS
from compare.proof import probe

backend, folder, trials, *names = sys.argv[1:]
engine = BACKENDS[backend].engine()
engine.prepare(device="cpu", threads=1, precision="float64")
for name in names:
    evidence = {}
    try:
        problem = probe.shortened(problems.load(name))
        for found in probe.gather(engine, problem, "float64", json.loads(trials)):
            evidence |= found
    except (Exception, SystemExit) as error:
        evidence["error"] = np.array(probe.blamed(error))
    np.savez(f"{folder}/{name}-{backend}.npz", **evidence)
"""
RUNGS = ("layers", "loss", "gradients", "curve", "state", "score")


def main() -> None:
    """Print a line per network and engine."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("backends", nargs="*", default=["pytorch", "keras-tensorflow"])
    parser.add_argument("--python", action="append", default=[])
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--only", default="", help="words of names, as a regular expression")
    parser.add_argument("--trials", type=int, default=3, help="how often noise is tried")
    asked = parser.parse_args()
    pythons = dict(one.split("=", 1) for one in asked.python)
    folder = copied(Path(tempfile.mkdtemp()))
    texts = {}
    for what in RIGHT:
        if re.search(asked.only, what):
            texts[module(what)] = files_of(what, RIGHT[what], asked.steps)
    for what in PAIRS:
        if re.search(asked.only, what):
            of = files(what)
            text = of[f"problems/{what}.py"].replace(
                "Proof(steps=100)", f"Proof(steps={asked.steps})"
            )
            texts[what] = of | {f"problems/{what}.py": text}
    for of in texts.values():
        for path, text in of.items():
            (folder / path).write_text(text)
    for backend in asked.backends:
        trials = {"float64": asked.trials} if backend == asked.backends[0] else {}
        arguments = (backend, str(folder), json.dumps(trials), *texts)
        environment = dict(variables(Side.parse(backend), device="cpu", threads=1))
        environment |= {"PYTHONPATH": str(folder)}
        command = (pythons.get(backend, sys.executable), "-c", GATHER, *arguments)
        subprocess.run(command, cwd=folder, env=environment, check=True, stderr=subprocess.DEVNULL)
    for name, of in texts.items():
        for backend in asked.backends[1:]:
            print(f"{name} | {backend} | {told(folder, name, of, asked.backends[0], backend)}")


def told(folder: Path, name: str, of: dict[str, str], reference: str, backend: str) -> str:
    """Say what the ladder finds of a network on an engine."""
    defined: dict[str, object] = {}
    exec(of[f"problems/{name}.py"], defined)
    expected, came = (
        {"float64": dict(np.load(folder / f"{name}-{one}.npz"))} for one in (reference, backend)
    )
    pair = Pair(
        problem=defined["PROBLEM"],
        side=Side(backend),
        reference=Side(reference),
        expected=expected,
        came=came,
    )
    findings = list(pair.climb())
    wrong = [str(finding) for finding in findings if not finding.passed]
    worst = dict.fromkeys(RUNGS, 0.0)
    for finding in findings:
        if finding.rung in worst:
            worst[finding.rung] = max(worst[finding.rung], finding.largest or 0.0)
    figures = " | ".join(f"{rung} {value:.1e}" for rung, value in worst.items())
    return f"{'WRONG: ' + wrong[0] if wrong else 'ok'} | {figures}"


if __name__ == "__main__":
    main()
