"""`diptych status`: what is done, under way and left, asked from another terminal."""

import signal
import subprocess
import time

import pytest
from conftest import diptych
from test_run import HANGS, PATIENCE_S, start

from compare.records.record import Run
from compare.training.how_far import PLAN, read_plan, write_plan

RUN = ["run", "right", "wrong", "--no-gate", "--backends", "numpy", "--seeds", "2", "--out", "out"]


def test_what_is_done_under_way_and_left_is_told(toys, add_toy):
    add_toy("right")
    add_toy("wrong", numpy=HANGS)
    comparison = start(*RUN, cwd=toys, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    log = toys / "out" / "cells" / "wrong-numpy-cpu-matched-full-0" / "log.txt"
    deadline = time.monotonic() + PATIENCE_S
    while not log.exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    said = diptych("status", "out", cwd=toys)
    assert (said.returncode, said.stderr) == (0, "")
    first, under_way, _, *table = said.stdout.splitlines()
    assert first.startswith("out: 1 of 4 trainings are done; the run goes on")
    assert under_way.startswith("under way for 0:")
    assert under_way.endswith(": wrong-numpy-cpu-matched-full-0")
    assert [line.split() for line in table[1:]] == [
        ["right", "numpy", "2", "1", "0", "1"],
        ["wrong", "numpy", "2", "0", "0", "2"],
    ]
    comparison.send_signal(signal.SIGKILL)
    comparison.wait()
    said = diptych("status", "out", cwd=toys).stdout.splitlines()
    assert said[0] == "out: 1 of 4 trainings are done; the run does not go on"
    assert said[1] == "the same command goes on from here"


def test_a_run_that_has_ended_and_one_that_failed_are_told(toys, add_toy):
    add_toy("right")
    add_toy("wrong", numpy=HANGS)
    assert diptych(*RUN, "--timeout", "3", cwd=toys).returncode == 1
    said = diptych("status", "out", cwd=toys).stdout.splitlines()
    assert said[0] == "out: 4 of 4 trainings are done; the run has ended"
    assert said[-1].split() == ["wrong", "numpy", "2", "2", "2", "0"]


def test_a_plan_is_read_as_it_was_written(tmp_path):
    runs = [Run(problem="echo", backend="pytorch", device="cpu", seed=seed) for seed in range(3)]
    write_plan(tmp_path, runs)
    assert read_plan(tmp_path) == runs


@pytest.mark.parametrize(
    "content", ["", "{}", "[]", "[1]", '[{"problem": 1}]', "[" * 10**5, "\0", '["a"]', "null"]
)
def test_a_plan_that_cannot_be_read_is_one_line(tmp_path, content):
    (tmp_path / PLAN).write_text(content)
    (tmp_path / "runs.jsonl").touch()
    done = diptych("status", str(tmp_path))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert PLAN in done.stderr


def test_a_folder_of_no_run_is_one_line(tmp_path):
    done = diptych("status", str(tmp_path))
    assert done.returncode == 2
    assert done.stderr == f"diptych: expected a folder that a run writes to, came {tmp_path}\n"
