"""Has an epoch become slower? `python tests/between_codes.py OLD OUT.md [PROBLEM ...]` tells.

OLD is a folder with another state of this project, e.g. of `git worktree add ../old COMMIT`. Each
measurement is a training in a fresh process on one processor, old and new code in turn, old first
and new first in turn. What is compared are the seconds of processor time of the later epochs: in
the first one Keras traces.
"""

import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from math import exp, log
from pathlib import Path
from statistics import median

from conftest import COMPARED, run_python

import problems
from compare.console import markdown_table
from compare.processes import machine
from compare.processes.machine import ROOT
from compare.statistics import COVERED, interval

PAIRS = int(os.environ.get("PAIRS", "8"))
EPOCHS, STEPS = 4, 60
EPOCH = f"""
import json, os, sys
from dataclasses import replace
from time import process_time

backend, name, processor = sys.argv[1:]
os.sched_setaffinity(0, [int(processor)])
import problems
from backends import BACKENDS, _clock

_clock.perf_counter = process_time
engine = BACKENDS[backend].engine()
engine.prepare(device="cpu", threads=1)
problem = problems.load(name)
sizes = dict.fromkeys(problem.recipe.examples, 10)
sizes["train"] = {STEPS} * problem.recipe.batch_size
problem = problem.resized(sizes, epochs={EPOCHS})
fit = engine.train(problem, problem.make_data(0), seed=0)
print(json.dumps(fit.epoch_s[1:]))
"""


def seconds(folder: Path, backend: str, name: str, processor: int) -> float:
    """Return the median processor seconds of a later epoch, by the code in a folder."""
    done = run_python("-c", EPOCH, backend, name, str(processor), cwd=folder, backend=backend)
    if done.returncode:
        sys.exit(f"{folder}: {backend}, {name}: {done.stderr.strip().splitlines()[-1]}")
    return median(json.loads(done.stdout.splitlines()[-1]))


def ratios(old: Path, backend: str, name: str, processor: int) -> list[float]:
    """Return the time of an epoch by the new code over that by the old, of each pair."""
    found = []
    for i in range(PAIRS):
        order = (old, ROOT) if i % 2 else (ROOT, old)
        took = {folder: seconds(folder, backend, name, processor) for folder in order}
        found.append(took[ROOT] / took[old])
    return found


def row(name: str, backend: str, found: list[float]) -> list[str]:
    """Return the cells of a problem and a backend."""
    low, high = map(exp, interval([log(ratio) for ratio in found]))
    cells = f"{median(found):.3f}", f"[{low:.3f}, {high:.3f}]", f"{min(found):.3f}"
    return [name, backend, *cells, f"{max(found):.3f}"]


def main(old: Path, out: Path, names: list[str]) -> None:
    """Write OUT.md."""
    names = names or [name for name in problems.names() if (old / f"problems/{name}.py").exists()]
    processors = machine.processors()[: len(COMPARED)]
    with ThreadPoolExecutor(len(processors)) as pool:  # a backend has its own processor

        def table(i: int) -> list[list[str]]:
            backend, processor = COMPARED[i], processors[i % len(processors)]
            return [row(name, backend, ratios(old, backend, name, processor)) for name in names]

        rows = [row for rows in pool.map(table, range(len(COMPARED))) for row in rows]
    headings = ("problem", "backend", "new / old", "interval", "least", "most")
    facts = machine.facts()
    text = [
        "# Has an epoch become slower?",
        f"Processor seconds of an epoch of {STEPS} steps, this code over an older one: median of "
        f"{PAIRS} pairs, old and new in turn, and the {COVERED} of their geometric mean.",
        markdown_table(headings, headings[:2], sorted(rows)),
        "\n".join(f"- {name}: {value}" for name, value in facts.items()),
    ]
    out.write_text("\n\n".join(text) + "\n")
    print(text[2])


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]), sys.argv[3:])
