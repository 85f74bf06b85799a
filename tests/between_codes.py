"""Has an epoch become slower? `python tests/between_codes.py OLD OUT.md [PROBLEM ...]` tells.

OLD is a folder with another state of this project, e.g. of `git worktree add ../old COMMIT`. A pair
is a training by the old code and one by the new, each in a process of its own, both on the same
processor. They take turns epoch by epoch: while one trains, the other waits. So what slows the
machine slows both. What is compared are the seconds of processor time of the later epochs: in the
first one Keras traces.
"""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from math import exp, log
from pathlib import Path
from statistics import mean, median

from conftest import COMPARED

import problems
from backends import Side
from compare.console import markdown_table
from compare.processes import machine
from compare.processes.interpreter import variables
from compare.processes.machine import ROOT
from compare.tables.statistics import interval

PAIRS = int(os.environ.get("PAIRS", "6"))
EPOCHS, STEPS = 24, 60
DONE = "an epoch is done"
TRAINING = f"""
import json, os, sys
from time import process_time

backend, name, processor = sys.argv[1:]
os.sched_setaffinity(0, [int(processor)])
import problems
from backends import BACKENDS, Watch, _clock

_clock.perf_counter = process_time
engine = BACKENDS[backend].engine()
engine.prepare(device="cpu", threads=1)
problem = problems.load(name)
sizes = dict.fromkeys(problem.recipe.examples, 10)
sizes["train"] = {STEPS} * problem.recipe.batch_size
problem = problem.resized(sizes, epochs={EPOCHS})
data = problem.make_data(0)


def wait(*_):
    print({DONE!r}, flush=True)
    sys.stdin.readline()


wait()
fit = engine.train(problem, data, seed=0, watch=Watch(epoch=wait))
print(json.dumps(fit.epoch_s), flush=True)
"""


def ratio(old: Path, backend: str, name: str, processor: int, *, first: int) -> float:
    """Return the time of an epoch by the new code over that by the old: the median of one pair."""
    folders = [old, ROOT]
    with ExitStack() as opened:
        pair = [
            opened.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", TRAINING, backend, name, str(processor)],
                    cwd=folder,
                    env=variables(Side(backend), device="cpu", threads=1)
                    | {"PYTHONPATH": str(folder)},
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            for folder in folders
        ]
        for process in pair:
            _said(process, DONE)
        for epoch in range(EPOCHS):
            for i in (0, 1) if (epoch + first) % 2 else (1, 0):
                _go_on(pair[i])
                _said(pair[i], DONE)
        for process in pair:
            _go_on(process)
        before, now = (json.loads(_said(process, "["))[1:] for process in pair)
    return median(new / of for new, of in zip(now, before, strict=True))


def _go_on(process: subprocess.Popen) -> None:
    process.stdin.write("\n")
    process.stdin.flush()


def _said(process: subprocess.Popen, start: str) -> str:
    """Return the next line of a process that begins so."""
    for line in process.stdout:
        if line.startswith(start):
            return line
    return sys.exit(f"expected {start!r}, the process ended: {process.args}")


def row(name: str, backend: str, found: list[float]) -> list[str]:
    """Return the cells of a problem and a backend."""
    low, high = map(exp, interval([log(ratio) for ratio in found]))
    cells = f"{exp(mean(map(log, found))):.3f}", f"[{low:.3f}, {high:.3f}]", f"{min(found):.3f}"
    return [name, backend, *cells, f"{max(found):.3f}"]


def main(old: Path, out: Path, names: list[str]) -> None:
    """Write OUT.md."""
    names = names or [name for name in problems.names() if (old / f"problems/{name}.py").exists()]
    processors = machine.processors()[: len(COMPARED)]
    with ThreadPoolExecutor(len(processors)) as pool:  # a backend has its own processor

        def table(i: int) -> list[list[str]]:
            backend, processor = COMPARED[i], processors[i % len(processors)]
            return [
                row(
                    name,
                    backend,
                    [ratio(old, backend, name, processor, first=i) for i in range(PAIRS)],
                )
                for name in names
            ]

        rows = [row for rows in pool.map(table, range(len(COMPARED))) for row in rows]
    headings = ("problem", "backend", "new / old", "interval", "least", "most")
    facts = machine.facts()
    text = [
        "# Has an epoch become slower?",
        f"Processor seconds of an epoch of {STEPS} steps, this code over an older one. A pair of "
        f"trainings takes turns epoch by epoch; of its {EPOCHS - 1} ratios the median counts. Here "
        f"is the geometric mean of {PAIRS} pairs, with its 95 % interval.",
        markdown_table(headings, headings[:2], sorted(rows)),
        "\n".join(f"- {name}: {value}" for name, value in facts.items()),
    ]
    out.write_text("\n\n".join(text) + "\n")
    print(text[2])


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]), sys.argv[3:])
