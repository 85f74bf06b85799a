"""Each training has a process of its own, however it is started, and its own memory."""

import json

import pytest
from conftest import diptych, run_python
from parity import PARITY_TOY

from compare.processes.interpreter import PYTHONS
from compare.processes.launcher import Launcher
from compare.records.record import FORK, NEW, Run

COUNTS = PARITY_TOY.replace(
    "    return Parity",
    "    import problems\n"
    "    problems.seen = getattr(problems, 'seen', 0) + 1\n"
    "    print('seen', problems.seen)\n"
    "    return Parity",
)
GREEDY = PARITY_TOY.replace(
    "    return Parity", "    import numpy\n    numpy.ones(2**26)\n    return Parity"
)  # 512 MiB
ENDS_ITS_SERVER = PARITY_TOY.replace(
    "    return Parity",
    "    import os, signal, time\n"
    "    os.kill(os.getppid(), signal.SIGKILL)\n"
    "    time.sleep(60)\n"
    "    return Parity",
)
RUN = ("--backends", "numpy", "--device", "cpu", "--jobs", "1", "--out", "out")


def records(folder):
    lines = (folder / "runs.jsonl").read_text().splitlines()
    found = [json.loads(line) for line in lines]
    return {(record["problem"], record["backend"], record["seed"]): record for record in found}


@pytest.mark.parametrize("start", [FORK, NEW])
def test_two_trainings_share_no_state(toys, add_toy, start):
    add_toy("counts", numpy=COUNTS)
    done = diptych("run", "counts", *RUN, "--seeds", "2", "--start", start, cwd=toys)
    assert done.returncode == 0, done.stderr
    logs = sorted((toys / "out" / "cells").glob("*/log.txt"))
    assert [log.read_text() for log in logs] == ["seen 1\n", "seen 1\n"]


def test_in_one_process_they_would(toys, add_toy):
    add_toy("counts", numpy=COUNTS)
    done = run_python("-c", TWICE, cwd=toys)
    assert done.stdout == "seen 1\nseen 2\n", done.stderr


TWICE = """
from pathlib import Path
from compare.records.record import Run
from compare.training.trainer import train
for seed in (0, 1):
    run = Run(problem="counts", backend="numpy", device="cpu", seed=seed)
    train(run, [0], 0.0, Path())
"""


def test_the_peak_of_one_training_is_not_that_of_the_next(toys, add_toy):
    add_toy("a_greedy", numpy=GREEDY)
    add_toy("modest")
    done = diptych("run", "a_greedy", "modest", *RUN, "--seeds", "1", cwd=toys)
    assert done.returncode == 0, done.stderr
    growth = {one[0]: record["host_growth_bytes"] for one, record in records(toys / "out").items()}
    assert growth["a_greedy"] > 512 * 2**20
    assert growth["modest"] < 256 * 2**20


def test_a_server_that_is_lost_costs_one_training(toys, add_toy):
    add_toy("a_wrong", numpy=ENDS_ITS_SERVER)
    add_toy("right")
    done = diptych("run", "a_wrong", "right", *RUN, "--no-gate", "--seeds", "1", cwd=toys)
    assert done.returncode == 1, done.stderr
    found = {problem: record for (problem, _, _), record in records(toys / "out").items()}
    assert found["a_wrong"]["reason"] == "killed by SIGKILL"
    assert found["right"]["status"] == "ok"


def test_a_server_that_cannot_start_fails_the_training_and_not_the_comparison(
    tmp_path, monkeypatch
):
    monkeypatch.setitem(PYTHONS, "pytorch", "/bin/false")
    run = Run(problem="echo", backend="pytorch", device="cpu", seed=0)
    launcher = Launcher()
    try:
        record = launcher.launch(run, cell=tmp_path / "cell", timeout_s=60, processors=[0])
    finally:
        launcher.stop()
    assert (record.status, record.reason) == ("failed", "ended with status 1 before it was done")


def test_memory_of_the_host_is_seen_to_the_mebibyte():
    done = run_python("-c", ALLOCATE)
    assert abs(float(done.stdout) - 256) <= 1, done.stderr


ALLOCATE = """
import numpy as np
from compare.processes.usage import HostMemory
np.ones(2**28, np.uint8)  # a peak from before does not count
memory = HostMemory()
x = np.ones(2**28, np.uint8)
print(memory.growth() / 2**20)
"""


RAISES_AT_IMPORT = "raise OSError('no such library')\n"


@pytest.mark.parametrize("start", [FORK, NEW])
def test_an_engine_that_cannot_be_loaded_says_why_however_it_is_started(toys, add_toy, start):
    add_toy("right")
    with (toys / "backends" / "numpy" / "_engine.py").open("a") as engine:
        engine.write(RAISES_AT_IMPORT)
    done = diptych("run", "right", *RUN, "--no-gate", "--seeds", "1", "--start", start, cwd=toys)
    assert done.returncode == 1
    (record,) = records(toys / "out").values()
    assert (record["status"], record["reason"]) == ("failed", "OSError: no such library")


def test_a_server_that_does_not_get_ready_is_a_timeout(toys, add_toy):
    add_toy("right")
    with (toys / "backends" / "numpy" / "_engine.py").open("a") as engine:
        engine.write("import time\ntime.sleep(600)\n")
    run = ("run", "right", *RUN, "--no-gate", "--seeds", "1", "--timeout", "1")
    done = diptych(*run, cwd=toys)
    assert done.returncode == 1
    (record,) = records(toys / "out").values()
    assert (record["status"], record["reason"]) == (
        "timeout",
        "its server was not ready after 1 s",
    )
