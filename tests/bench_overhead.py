"""What the harness costs: an epoch in it over an epoch of a script written by hand.

Native mode is like the script in all that is computed; matched mode is what is published. Each side
is a fresh process on one processor. On one processor they go A B C, at the same time C B A on
another, if there is one, and in turn from round to round.
"""

import json
import os
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from statistics import median

import port_frame
import pytest
from bench_report import PAIRS, tell
from conftest import COMPARED, diptych, run_python
from right_ports import blocks

from compare.processes import machine
from compare.processes.machine import ROOT
from compare.records.journal import read
from compare.records.record import MATCHED, NATIVE, Record

# The first epoch, in which Keras traces, is not compared. The others are shorter than those of the
# full recipe, so that what an epoch costs whatever its length would weigh more here.
EPOCHS, EXAMPLES = 4, 6_400
SCRIPTS = {"pytorch": "plain_pytorch.py", "keras-tensorflow": "plain_keras.py"}
# A port has many batch normalizations: what is done to them would show.
NORMALIZED = "20 blocks"
PROBLEMS = ("addition", "cumsum", port_frame.module(NORMALIZED))

# Makes the quick recipe of a problem in a copy of the project the full one, but this short.
SHORT = f"""
from dataclasses import replace
sizes = PROBLEM.recipe.examples | {{"train": {EXAMPLES}}}
PROBLEM = replace(PROBLEM, quick=replace(PROBLEM.recipe, epochs={EPOCHS}, examples=sizes))
"""
HARNESS = """
import sys
from pathlib import Path
from compare.training.schedule import compare
from compare.records.record import Run

problem, backend, mode, seed, out = sys.argv[1:]
run = Run(
    problem=problem, backend=backend, mode=mode, seed=int(seed), device="cpu", recipe="quick"
)
for record in compare([run], out=Path(out), timeout_s=600, gate=False):
    print(record.to_json())
"""


def by_hand(copy, backend, problem, seed):
    """Return the seconds of a later epoch of the script, and its last training loss."""
    script = ROOT / "tests" / SCRIPTS[backend]
    arguments = [problem, str(EPOCHS), str(seed), str(EXAMPLES)]
    done = run_python("-P", str(script), *arguments, cwd=copy, backend=backend)
    assert done.returncode == 0, done.stderr
    measured = json.loads(done.stdout.splitlines()[-1])
    return median(measured["epoch_s"]), measured["train_loss"]


def in_harness(copy, backend, problem, seed, mode):
    """Return the seconds of a later epoch in the harness, and its first training loss."""
    out = copy / "results" / f"{problem}-{backend}-{mode}-{seed}"
    done = run_python("-c", HARNESS, problem, backend, mode, str(seed), str(out), cwd=copy)
    assert done.returncode == 0, done.stderr
    record = Record.from_json(done.stdout.splitlines()[-1])
    assert record.status == "ok", record.reason
    return median(record.epoch_s), record.train_loss[0]


def ratios(copy, backend, problem, seed, processor):
    """Return harness over script by mode, all one after the other on one processor.

    And by how much the script's last training loss is below the harness's first one.
    """
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, [processor])  # of this thread, and all it starts
    modes = [MATCHED, NATIVE]
    order = ["by hand", *modes] if seed % 2 == 0 else [*reversed(modes), "by hand"]
    epoch_s, loss = {}, {}
    for side in order:
        if side in modes:
            epoch_s[side], loss[side] = in_harness(copy, backend, problem, seed, side)
        else:
            epoch_s[side], loss[side] = by_hand(copy, backend, problem, seed)
    learned = min(loss[mode] for mode in modes) - loss["by hand"]
    return {mode: epoch_s[mode] / epoch_s["by hand"] for mode in modes} | {"learned": learned}


@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize("backend", COMPARED)
def test_an_epoch_in_the_harness_over_one_by_hand(benchmark, copy, backend, problem):
    for path, text in port_frame.files_of(NORMALIZED, blocks(20, 64)).items():
        (copy / path).write_text(text)
    with (copy / "problems" / f"{problem}.py").open("a") as file:
        file.write(SHORT)
    processors = machine.processors()[:2]
    seeds, found = count(), []

    def round_of_pairs():
        asked = [(copy, backend, problem, next(seeds), processor) for processor in processors]
        with ThreadPoolExecutor(len(processors)) as pool:
            found.extend(pool.map(lambda one: ratios(*one), asked))

    benchmark.pedantic(round_of_pairs, rounds=-(-PAIRS // len(processors)))
    assert median(one["learned"] for one in found) > 0, "the script does not learn"
    for mode in (MATCHED, NATIVE):
        tell(benchmark, f"{mode} / by hand", "ratio", [one[mode] for one in found])


def test_an_epoch_with_the_gate_over_one_without(benchmark, tmp_path):
    """What is proven beforehand must cost nothing inside a timed region."""
    rounds, found = count(), {backend: [] for backend in COMPARED}

    def pair():
        this, epoch_s = next(rounds), {}
        for gate in ((), ("--no-gate",)) if this % 2 == 0 else (("--no-gate",), ()):
            out = tmp_path / f"{this}{''.join(gate)}"
            run = ("run", "cumsum", "--quick", "--seeds", "2", "--device", "cpu", *gate)
            done = diptych(*run, "--out", str(out))
            assert done.returncode == 0, done.stderr
            for record in read(out)[0]:
                assert record.proof == ("unproven" if gate else "proven")
                epoch_s.setdefault((record.backend, not gate), []).extend(record.epoch_s)
        for backend, ratios in found.items():
            ratios.append(median(epoch_s[backend, True]) / median(epoch_s[backend, False]))

    benchmark.pedantic(pair, rounds=PAIRS)
    for backend, ratios in found.items():
        tell(benchmark, f"{backend}: with / without", "ratio", ratios)
