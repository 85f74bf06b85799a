"""`diptych status`: what is done, under way and left, asked from another terminal."""

import json
import os
import signal
import subprocess
import time
from datetime import UTC, datetime

import pytest
from conftest import diptych
from test_run import HANGS, PATIENCE_S, start

from compare.records.journal import journal
from compare.records.record import Run
from compare.training.how_far import PLAN, Plan, how_far, read_plan, write_plan

RUN = ["run", "right", "wrong", "--no-gate", "--backends", "numpy", "--seeds", "2", "--out", "out"]


def told_programs(folder):
    """Return what is told of the run in the folder "out" there, as a program reads it."""
    done = diptych("status", "out", "--json", cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


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
    said = told_programs(toys)
    assert (said["folder"], said["state"]) == ("out", "running")
    assert (said["asked"], said["done"], said["left"]) == (4, 1, 3)
    assert said["left_s"] > 0
    (training,) = said["under_way"]
    assert training["key"] == "wrong-numpy-cpu-matched-full-0"
    since = datetime.fromisoformat(training["since"])
    assert 0 <= (datetime.now(UTC) - since).total_seconds() < PATIENCE_S
    assert said["parts"] == [
        {"problem": "right", "side": "numpy", "asked": 2, "done": 1, "without_score": 0, "left": 1},
        {"problem": "wrong", "side": "numpy", "asked": 2, "done": 0, "without_score": 0, "left": 2},
    ]
    comparison.send_signal(signal.SIGKILL)
    comparison.wait()
    said = diptych("status", "out", cwd=toys).stdout.splitlines()
    assert said[0] == "out: 1 of 4 trainings are done; the run does not go on"
    assert said[1] == "the same command goes on from here"
    said = told_programs(toys)
    assert (said["state"], said["under_way"], said["left"]) == ("stopped", [], 3)


def test_a_run_that_has_ended_and_one_that_failed_are_told(toys, add_toy):
    add_toy("right")
    add_toy("wrong", numpy=HANGS)
    assert diptych(*RUN, "--timeout", "3", cwd=toys).returncode == 1
    said = diptych("status", "out", cwd=toys).stdout.splitlines()
    assert said[0] == "out: 4 of 4 trainings are done; the run has ended"
    assert said[-1].split() == ["wrong", "numpy", "2", "2", "2", "0"]
    said = told_programs(toys)
    assert (said["state"], said["left"], said["left_s"]) == ("ended", 0, 0.0)
    assert said["parts"][1]["without_score"] == 2


def test_what_is_not_known_is_null_and_what_cannot_be_read_is_told_apart(tmp_path):
    run = Run(problem="echo", backend="pytorch", device="cpu", seed=0)
    write_plan(tmp_path, Plan(runs=[run], at_a_time=1))
    (tmp_path / "runs.jsonl").write_text("no record\n")
    for more in ([], ["--json"]):
        done = diptych("status", str(tmp_path), *more)
        assert done.returncode == 0
        assert done.stderr.count("\n") == 1
        assert "line 1" in done.stderr
        assert "line 1" not in done.stdout
    assert json.loads(done.stdout)["left_s"] is None


def test_a_plan_is_read_as_it_was_written(tmp_path):
    runs = [Run(problem="echo", backend="pytorch", device="cpu", seed=seed) for seed in range(3)]
    write_plan(tmp_path, Plan(runs=runs, at_a_time=2))
    assert read_plan(tmp_path) == Plan(runs=runs, at_a_time=2)


def test_a_plan_may_ask_for_nothing(tmp_path):
    """As where no backend has the tier."""
    write_plan(tmp_path, Plan(runs=[], at_a_time=1))
    (tmp_path / "runs.jsonl").touch()
    assert how_far(tmp_path)[0].state == "ended"


def test_what_an_earlier_run_had_under_way_is_not(tmp_path):
    run = Run(problem="echo", backend="pytorch", device="cpu", seed=0)
    asked = tmp_path / "cells" / run.key / "run.json"
    asked.parent.mkdir(parents=True)
    write_plan(tmp_path, Plan(runs=[run], at_a_time=1))
    with journal(tmp_path):
        for age_s, under_way in ((0, 1), (3600, 0)):
            asked.touch()
            os.utime(asked, (time.time() - age_s,) * 2)
            assert len(how_far(tmp_path)[0].under_way) == under_way


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{}",
        "[]",
        '{"runs": [1], "at_a_time": 1}',
        '{"runs": [], "at_a_time": 0}',
        "[" * 10**5,
        "\0",
        '["a"]',
        "null",
    ],
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
    assert (
        done.stderr
        == f"diptych: expected a folder that a run writes to, with plan.json; came {tmp_path}\n"
    )
