"""Each training has a process of its own, however it is started, and its own memory."""

import json
import os
from time import monotonic

import pytest
from conftest import COMPARED, diptych, run_python
from parity import PARITY_PYTORCH

from compare.processes import machine
from compare.processes.gpu import MEBIBYTE, DeviceMemory
from compare.processes.interpreter import PYTHONS
from compare.processes.launcher import Launcher
from compare.records.record import FORK, NEW, Run

COUNTS = PARITY_PYTORCH.replace(
    "    return Parity",
    "    import problems\n"
    "    problems.seen = getattr(problems, 'seen', 0) + 1\n"
    "    print('seen', problems.seen)\n"
    "    return Parity",
)
GREEDY = PARITY_PYTORCH.replace(
    "    return Parity", "    import torch\n    torch.ones(2**27)\n    return Parity"
)  # 512 MiB
ENDS_ITS_SERVER = PARITY_PYTORCH.replace(
    "    return Parity",
    "    import os, signal, time\n"
    "    os.kill(os.getppid(), signal.SIGKILL)\n"
    "    time.sleep(60)\n"
    "    return Parity",
)
RUN = ("--backends", "pytorch", "--device", "cpu", "--jobs", "1", "--out", "out")


def records(folder):
    lines = (folder / "runs.jsonl").read_text().splitlines()
    found = [json.loads(line) for line in lines]
    return {(record["problem"], record["backend"], record["seed"]): record for record in found}


def test_a_fork_and_a_new_interpreter_give_the_same_record(copy, add_problem):
    add_problem("right")
    run = ("run", "right", "--seeds", "2", "--no-gate", "--device", "cpu")
    for start in (FORK, NEW):
        assert diptych(*run, "--start", start, "--out", start, cwd=copy).returncode == 0
    forked, new = (records(copy / start) for start in (FORK, NEW))
    assert forked.keys() == new.keys()
    assert {backend for _, backend, _ in forked} == set(COMPARED)
    measured = {
        name
        for name in next(iter(new.values()))
        if name.endswith(("_s", "_bytes")) or name in ("started", "start", "processors")
    }
    for one in forked:
        assert {k: v for k, v in forked[one].items() if k not in measured} == {
            k: v for k, v in new[one].items() if k not in measured
        }
        assert forked[one].keys() == new[one].keys()


@pytest.mark.parametrize("start", [FORK, NEW])
def test_two_trainings_share_no_state(copy, add_problem, start):
    add_problem("counts", pytorch=COUNTS)
    done = diptych("run", "counts", *RUN, "--seeds", "2", "--start", start, cwd=copy)
    assert done.returncode == 0, done.stderr
    logs = sorted((copy / "out" / "cells").glob("*/log.txt"))
    assert [log.read_text() for log in logs] == ["seen 1\n", "seen 1\n"]


def test_in_one_process_they_would(copy, add_problem, fork):
    add_problem("counts", pytorch=COUNTS)
    done = fork("pytorch", TWICE, cwd=copy)
    assert done.stdout == "seen 1\nseen 2\n", done.stderr


TWICE = """
from pathlib import Path
from compare.records.record import Run
from compare.training.trainer import train
for seed in (0, 1):
    run = Run(problem="counts", backend="pytorch", device="cpu", seed=seed)
    train(run, [0], 0.0, Path())
""".replace(
    "\nfor seed", "\nimport torch\ntorch.set_num_interop_threads = lambda _: None\nfor seed"
)


def test_the_peak_of_one_training_is_not_that_of_the_next(copy, add_problem):
    add_problem("a_greedy", pytorch=GREEDY)
    add_problem("modest")
    done = diptych("run", "a_greedy", "modest", *RUN, "--seeds", "1", cwd=copy)
    assert done.returncode == 0, done.stderr
    growth = {one[0]: record["host_growth_bytes"] for one, record in records(copy / "out").items()}
    assert growth["a_greedy"] > 512 * MEBIBYTE
    assert growth["modest"] < 256 * MEBIBYTE


def test_a_server_that_is_lost_costs_one_training(copy, add_problem):
    add_problem("a_wrong", pytorch=ENDS_ITS_SERVER)
    add_problem("right")
    done = diptych("run", "a_wrong", "right", *RUN, "--no-gate", "--seeds", "1", cwd=copy)
    assert done.returncode == 1, done.stderr
    found = {problem: record for (problem, _, _), record in records(copy / "out").items()}
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

# Samples memory for ever; what computes on the card, it does not tell.
NVIDIA_SMI = """#!/bin/sh
case "$*" in *query-compute-apps*) exit 1;; esac
echo 100
while :; do echo 356; sleep 0.01; done
"""


def test_memory_of_the_gpu_is_its_growth_over_the_first_sample(tmp_path, monkeypatch):
    (tmp_path / "nvidia-smi").write_text(NVIDIA_SMI)
    (tmp_path / "nvidia-smi").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    with DeviceMemory("gpu") as memory:
        deadline = monotonic() + 30
        while len(memory.samples) < 2:
            assert monotonic() < deadline
    assert memory.growth() == 256 * MEBIBYTE
    with DeviceMemory("cpu") as memory:
        pass
    assert memory.growth() is None


def test_a_driver_that_hangs_tells_nothing(tmp_path, monkeypatch):
    (tmp_path / "nvidia-smi").write_text("#!/bin/sh\nexec sleep 600\n")
    (tmp_path / "nvidia-smi").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(machine, "PATIENCE_S", 0.2)
    assert machine.gpu_processes() == []


RAISES_AT_IMPORT = "raise OSError('no such library')\n"


@pytest.mark.parametrize("start", [FORK, NEW])
def test_an_engine_that_cannot_be_loaded_says_why_however_it_is_started(copy, add_problem, start):
    add_problem("right")
    with (copy / "backends" / "pytorch" / "_engine.py").open("a") as engine:
        engine.write(RAISES_AT_IMPORT)
    done = diptych("run", "right", *RUN, "--no-gate", "--seeds", "1", "--start", start, cwd=copy)
    assert done.returncode == 1
    (record,) = records(copy / "out").values()
    assert (record["status"], record["reason"]) == ("failed", "OSError: no such library")


def test_a_server_that_does_not_get_ready_is_a_timeout(copy, add_problem):
    add_problem("right")
    with (copy / "backends" / "pytorch" / "_engine.py").open("a") as engine:
        engine.write("import time\ntime.sleep(600)\n")
    run = ("run", "right", *RUN, "--no-gate", "--seeds", "1", "--timeout", "5")
    done = diptych(*run, cwd=copy)
    assert done.returncode == 1
    (record,) = records(copy / "out").values()
    assert (record["status"], record["reason"]) == (
        "timeout",
        "its server was not ready after 5 s",
    )
