"""Trainings that go wrong, comparisons that are broken off: nothing is lost, nothing is hidden.

Kills at random moments, and programs that are worse, are in tests/faults.
"""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
from conftest import RUNNABLE, TOYS, diptych
from parity import PARITY_TOY

from compare.console import plain

RAISES = PARITY_TOY.replace(
    "        return x\n", '        raise RuntimeError("no <way>\\nsecond line")\n'
)
HANGS = PARITY_TOY.replace("        return x\n", "        import time\n        time.sleep(600)\n")
PATIENCE_S = 300  # with what comes sooner or later
DIVERGES = PARITY_TOY.replace("        return x\n", '        return x * float("nan")\n')
IMPORTS = f"{PARITY_TOY}\nimport no_such_package\n"


def start(*arguments: str, cwd: Path, **settings) -> subprocess.Popen:
    """Start the command in the background; Ctrl-C reaches it even if the tests are deaf to it."""
    return subprocess.Popen(
        [sys.executable, "-m", "compare", *arguments],
        cwd=cwd,
        env=dict(os.environ) | {"PYTHONPATH": str(cwd)},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        **settings,
    )


def records(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / "runs.jsonl").read_text().splitlines()]


def log_of_wrong(toys: Path) -> Path:
    return toys / "out" / "cells" / "wrong-numpy-cpu-matched-full-0" / "log.txt"


@pytest.mark.parametrize(
    ("twin", "status", "reason"),
    [
        (RAISES, "failed", "RuntimeError: no <way>"),
        (DIVERGES, "diverged", "training loss is nan in epoch 1"),
        (IMPORTS, "failed", "ModuleNotFoundError: No module named 'no_such_package'"),
    ],
    ids=["raises", "diverges", "imports"],
)
def test_a_training_that_goes_wrong_is_a_row_with_a_reason(toys, add_toy, twin, status, reason):
    add_toy("wrong", numpy=twin)
    add_toy("right")
    run = ["run", "wrong", "right", "--backends", "numpy", "--seeds", "1", "--device", "cpu"]
    done = diptych(*run, "--no-gate", "--out", "out", cwd=toys)
    assert done.returncode == 1, done.stderr
    assert f"{status}: {reason}" in done.stderr
    found = {record["problem"]: record for record in records(toys / "out")}
    place = r" \(backends/numpy/wrong.py, line \d+\)" if "Error" in reason else ""
    assert found["wrong"]["status"] == status
    assert re.fullmatch(re.escape(reason) + place, found["wrong"]["reason"])
    assert found["right"]["status"] == "ok"
    table = pd.read_csv(toys / "out" / "table.csv").set_index("problem")
    assert table["failed"].to_dict() == {"wrong": 1, "right": 0}
    assert table["seeds"].to_dict() == {"wrong": 1, "right": 1}
    assert pd.isna(table.loc["wrong", "score_mean"])
    assert 0 <= table.loc["right", "score_mean"] <= 1
    assert plain(f"{status}: {reason}") in (toys / "out" / "table.md").read_text()


def test_an_engine_that_cannot_be_imported_is_unavailable(toys, add_toy):
    add_toy("right")
    with (toys / "backends" / "numpy2" / "_engine.py").open("a") as engine:
        engine.write("import no_such_package\n")
    run = ["run", "right", "--backends", *TOYS, "--no-gate", "--seeds", "1"]
    done = diptych(*run, "--out", "out", cwd=toys)
    assert done.returncode == 1
    found = {record["backend"]: record for record in records(toys / "out")}
    assert found["numpy"]["status"] == "ok"
    assert found["numpy2"]["status"] == "unavailable"
    expected = "ModuleNotFoundError: No module named 'no_such_package'"
    assert found["numpy2"]["reason"] == expected
    assert found["numpy2"]["total_s"] is None


@pytest.mark.parametrize("backend", RUNNABLE)
def test_a_gpu_that_the_framework_does_not_see_is_unavailable(backend, fork):
    """Hidden from it, should there be one: a training must not fall back to the CPU unnoticed."""
    done = fork(backend, NO_GPU, backend)
    assert "Unavailable:" in done.stdout, done.stderr
    assert "sees no GPU" in done.stdout


NO_GPU = """
import sys
from backends import BACKENDS, Unavailable
try:
    BACKENDS[sys.argv[1]].engine().prepare(device="gpu", threads=1)
except Unavailable as error:
    print("Unavailable:", error)
"""


def test_it_does_not_matter_where_the_command_is_given(toys, add_toy):
    """From inside backends/, `import numpy` would find our folder of that name."""
    add_toy("right")
    arguments = ["run", "right", "--backends", *TOYS, "--no-gate", "--seeds", "1"]
    done = subprocess.run(
        [sys.executable, "-P", "-m", "compare", *arguments, "--out", str(toys / "out")],
        cwd=toys / "backends",
        env=dict(os.environ) | {"PYTHONPATH": str(toys)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert [record["status"] for record in records(toys / "out")] == ["ok", "ok"]


@pytest.mark.parametrize("how", ["fork", "new"])
def test_a_training_dies_with_its_comparison(toys, add_toy, how):
    add_toy(
        "wrong",
        numpy=HANGS.replace("time.sleep", "import os; print(os.getpid(), flush=True); time.sleep"),
    )
    run = ["run", "wrong", "--no-gate", "--backends", "numpy", "--seeds", "1"]
    run += ["--start", how, "--out", "out"]
    comparison = start(*run, cwd=toys, stderr=subprocess.DEVNULL)
    log = log_of_wrong(toys)
    deadline = time.monotonic() + PATIENCE_S
    while not (log.exists() and log.read_text().strip()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    training = Path("/proc") / log.read_text().strip()
    assert training.exists()
    comparison.send_signal(signal.SIGKILL)
    comparison.wait()
    while training.exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_interrupting_twice_ends_all_at_once_and_says_how_to_go_on(toys, add_toy):
    add_toy("wrong", numpy=HANGS)
    run = ["run", "wrong", "--no-gate", "--backends", "numpy", "--seeds", "4", "--out", "out"]
    comparison = start(*run, cwd=toys, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + PATIENCE_S
    while not list((toys / "out" / "cells").glob("*/log.txt")):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    time.sleep(1)
    comparison.send_signal(signal.SIGINT)
    time.sleep(1)
    assert comparison.poll() is None, "the training under way may end"
    comparison.send_signal(signal.SIGINT)
    _, stderr = comparison.communicate(timeout=60)
    assert comparison.returncode == 130
    first, once, last = stderr.splitlines()
    assert first.startswith("4 trainings into out: 0 are there already, 4 to do, ")
    assert once.startswith("SIGINT: what is under way is being finished")
    assert last == "diptych: interrupted; the same command goes on from here"
    assert not list((toys / "out" / "cells").glob("*/record.json")), "nothing failed"
    assert records(toys / "out") == []


SLOW = PARITY_TOY.replace(
    "        return x\n",
    "        import pathlib, time\n"
    "        pathlib.Path('{folder}/begun').touch()\n"
    "        time.sleep(0.05)\n"
    "        return x\n",
)


def begun(run: list[str], toys: Path, sign: Path) -> subprocess.Popen:
    """Start a run; return it once its first training is under way, which leaves a file."""
    comparison = start(*run, cwd=toys, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + PATIENCE_S
    while not sign.exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return comparison


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_asked_once_it_finishes_what_is_under_way(toys, add_toy, tmp_path, sent):
    add_toy("right", numpy=SLOW.replace("{folder}", str(tmp_path)))
    run = ["run", "right", "--no-gate", "--backends", "numpy", "--seeds", "4", "--out", "out"]
    comparison = begun(run, toys, tmp_path / "begun")
    comparison.send_signal(sent)
    _, stderr = comparison.communicate(timeout=PATIENCE_S)
    assert comparison.returncode == 130
    assert f"{sent.name}: what is under way is being finished" in stderr
    assert stderr.splitlines()[-1] == "diptych: interrupted; the same command goes on from here"
    done = records(toys / "out")
    assert {one["status"] for one in done} == {"ok"}
    assert 1 <= len(done) < 4
    again = diptych(*run, cwd=toys)
    assert again.returncode == 0
    assert f"4 trainings into out: {len(done)} are there already" in again.stderr
    assert records(toys / "out")[: len(done)] == done


def test_what_comes_after_the_last_training_has_begun_changes_nothing(toys, add_toy, tmp_path):
    add_toy("right", numpy=SLOW.replace("{folder}", str(tmp_path)))
    run = ["run", "right", "--no-gate", "--backends", "numpy", "--seeds", "1", "--out", "out"]
    comparison = begun(run, toys, tmp_path / "begun")
    comparison.send_signal(signal.SIGINT)
    comparison.communicate(timeout=PATIENCE_S)
    assert comparison.returncode == 0
    assert (toys / "out" / "table.csv").exists()


def test_a_training_without_a_score_is_tried_again_and_a_diverged_one_is_not(toys, add_toy):
    """Unless its twin was mended."""
    add_toy("wrong", numpy=RAISES)
    add_toy("wild", numpy=DIVERGES)
    run = ["run", "wrong", "wild", "--backends", "numpy", "--seeds", "1", "--out", "out"]

    def done():
        status = diptych(*run, cwd=toys).returncode
        history = [(record["problem"], record["status"]) for record in records(toys / "out")]
        table = pd.read_csv(toys / "out" / "table.csv").set_index("problem")
        assert table["seeds"].to_dict() == {"wild": 1, "wrong": 1}
        return status, history, table["failed"].to_dict()

    first = [("wrong", "failed"), ("wild", "diverged")]
    assert done() == (1, first, {"wild": 1, "wrong": 1})
    again = [*first, ("wrong", "failed")]
    assert done() == (1, again, {"wild": 1, "wrong": 1})
    add_toy("wrong")
    add_toy("wild")
    assert done() == (0, [*again, ("wrong", "ok"), ("wild", "ok")], {"wild": 0, "wrong": 0})


def test_a_metric_that_is_no_number_is_a_row_with_a_reason(toys, add_toy):
    add_toy("a_right")
    problem = toys / "problems" / "a_right.py"
    text = problem.read_text().replace("measure=binary_accuracy", "measure=lambda *_: float('nan')")
    problem.write_text(text)
    asked = ("run", "a_right", "--backends", "numpy", "--seeds", "1", "--out", "out")
    for _ in range(2):
        result = diptych(*asked, cwd=toys)
        assert result.returncode == 1
        assert "diverged: accuracy is nan" in result.stderr
        assert "Traceback" not in result.stderr
    (line,) = (toys / "out" / "runs.jsonl").read_text().splitlines()
    assert json.loads(line)["scores"]["accuracy"]["score"] is None
