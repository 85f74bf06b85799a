"""Trainings that go wrong, comparisons that are broken off: nothing is lost, nothing is hidden."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
from conftest import RUNNABLE, diptych
from parity import PARITY_PYTORCH

from compare.console import plain

RAISES = PARITY_PYTORCH.replace(
    "        return x\n", '        raise RuntimeError("no <way>\\nsecond line")\n'
)
HANGS = PARITY_PYTORCH.replace(
    "        return x\n", "        import time\n        time.sleep(600)\n"
)
HANGS_IN_COMPANY = HANGS.replace(
    "        time.sleep",
    "        import subprocess\n"
    "        print(subprocess.Popen(['sleep', '600']).pid, flush=True)\n"
    "        time.sleep",
)
PATIENCE_S = 300  # with what comes sooner or later
LIMIT_S = 20  # long enough for all that does not hang, on a busy machine too
DIVERGES = PARITY_PYTORCH.replace("        return x\n", '        return x * float("nan")\n')
KILLED = PARITY_PYTORCH.replace(
    "        return x\n",
    "        import os, signal\n        os.kill(os.getpid(), signal.SIGKILL)\n",
)
IMPORTS = PARITY_PYTORCH.replace(
    "from torch import nn\n", "from torch import nn\nimport no_such_package\n"
)


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


def log_of_wrong(copy: Path) -> Path:
    return copy / "out" / "cells" / "wrong-pytorch-cpu-matched-full-0" / "log.txt"


@pytest.mark.parametrize(
    ("twin", "status", "reason"),
    [
        (RAISES, "failed", "RuntimeError: no <way>"),
        (HANGS_IN_COMPANY, "timeout", f"not done after {LIMIT_S} s"),
        (DIVERGES, "diverged", "training loss is nan in epoch 1"),
        (KILLED, "failed", "killed by SIGKILL"),
        (IMPORTS, "failed", "ModuleNotFoundError: No module named 'no_such_package'"),
    ],
    ids=["raises", "hangs", "diverges", "killed", "imports"],
)
def test_a_training_that_goes_wrong_is_a_row_with_a_reason(copy, add_problem, twin, status, reason):
    add_problem("wrong", pytorch=twin)
    add_problem("right")
    run = ["run", "wrong", "right", "--backends", "pytorch", "--seeds", "1", "--device", "cpu"]
    limit_s = LIMIT_S if status == "timeout" else 300
    done = diptych(*run, "--no-gate", "--timeout", str(limit_s), "--out", "out", cwd=copy)
    assert done.returncode == 1, done.stderr
    assert f"{status}: {reason}" in done.stderr
    found = {record["problem"]: record for record in records(copy / "out")}
    assert (found["wrong"]["status"], found["wrong"]["reason"]) == (status, reason)
    assert found["right"]["status"] == "ok"
    table = pd.read_csv(copy / "out" / "table.csv").set_index("problem")
    assert table["failed"].to_dict() == {"wrong": 1, "right": 0}
    assert table["seeds"].to_dict() == {"wrong": 1, "right": 1}
    assert pd.isna(table.loc["wrong", "score_mean"])
    assert 0 <= table.loc["right", "score_mean"] <= 1
    assert plain(f"{status}: {reason}") in (copy / "out" / "table.md").read_text()
    if status == "timeout":  # what it had started would compute beside the next trainings
        company = Path("/proc") / log_of_wrong(copy).read_text().strip()
        assert company.name.isdecimal()
        assert not company.exists() or "Z" in (company / "stat").read_text().split()[2]


def test_an_engine_that_cannot_be_imported_is_unavailable(copy, add_problem):
    add_problem("right")
    with (copy / "backends" / "keras" / "_engine.py").open("a") as engine:
        engine.write("import no_such_package\n")
    done = diptych("run", "right", "--no-gate", "--seeds", "1", "--out", "out", cwd=copy)
    assert done.returncode == 1
    found = {record["backend"]: record for record in records(copy / "out")}
    assert found["pytorch"]["status"] == "ok"
    assert found["keras-tensorflow"]["status"] == "unavailable"
    expected = "ModuleNotFoundError: No module named 'no_such_package'"
    assert found["keras-tensorflow"]["reason"] == expected
    assert found["keras-tensorflow"]["total_s"] is None


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


def test_it_does_not_matter_where_the_command_is_given(copy, add_problem):
    """From inside backends/, `import keras` would find our folder of that name."""
    add_problem("right")
    arguments = ["run", "right", "--no-gate", "--seeds", "1", "--out", str(copy / "out")]
    done = subprocess.run(
        [sys.executable, "-P", "-m", "compare", *arguments],
        cwd=copy / "backends",
        env=dict(os.environ) | {"PYTHONPATH": str(copy)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert [record["status"] for record in records(copy / "out")] == ["ok", "ok"]


def test_a_record_holds_what_was_measured_and_where(copy, add_problem):
    add_problem("right")
    for file in (copy / "backends" / "_clock.py", *(copy / "compare").rglob("*.py")):
        # Time that goes by while others compute may fall between the parts.
        file.write_text(file.read_text().replace("perf_counter", "process_time"))
    diptych("run", "right", "--no-gate", "--seeds", "1", "--out", "out", cwd=copy)
    found = {record["backend"]: record for record in records(copy / "out")}
    assert found.keys() == {"pytorch", "keras-tensorflow"}
    for record in found.values():
        assert record["status"] == "ok"
        assert len(record["train_loss"]) == len(record["validation_loss"]) == 2
        parts = record["build_s"] + record["first_epoch_s"] + sum(record["epoch_s"])
        parts += record["validation_s"] + record["predict_s"]
        assert 0.99 * record["total_s"] < parts <= record["total_s"]
        assert record["host_peak_bytes"] > 2**26
        assert record["gpu_peak_bytes"] is None
        assert record["threads"] == len(record["processors"]) == 1
        assert record["cpu"]
        assert {"python", "numpy"} < record["versions"].keys()
    assert found["pytorch"]["frameworks"] == ["torch"]
    assert "torch" not in found["keras-tensorflow"]["frameworks"]
    assert "tensorflow" in found["keras-tensorflow"]["frameworks"]
    losses = [record["train_loss"] for record in found.values()]
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)


SCORES = ["problem", "backend", "seeds", "failed", "score_mean", "score_std", "score_min"]


def test_a_killed_comparison_goes_on_where_it_was(copy, add_problem):
    add_problem("right")
    arguments = ["run", "right", "--backends", "pytorch", "--seeds", "5", "--jobs", "1"]
    unbroken = diptych(*arguments, "--out", "unbroken", cwd=copy)
    assert unbroken.returncode == 0, unbroken.stderr

    broken = start(*arguments, "--out", "broken", cwd=copy, stderr=subprocess.DEVNULL)
    file = copy / "broken" / "runs.jsonl"
    deadline = time.monotonic() + PATIENCE_S
    while not (file.exists() and file.read_text().count("\n") >= 2):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    broken.kill()
    broken.wait()
    with file.open("a") as journal:
        journal.write('{"schema": 1, "problem": "ri')  # as if cut short while writing
    before = [line for line in file.read_text().splitlines() if line.endswith("}")]
    assert 2 <= len(before) < 5

    again = diptych(*arguments, "--out", "broken", cwd=copy)
    assert again.returncode == 0, again.stderr
    assert f"line {len(before) + 1} is not a record and was left out" in again.stderr
    lines = [line for line in file.read_text().splitlines() if line.endswith("}")]
    assert lines[: len(before)] == before, "finished trainings are kept as they were"
    keys = [
        (record["problem"], record["backend"], record["seed"]) for record in map(json.loads, lines)
    ]
    assert len(keys) == len(set(keys)) == 5
    first, second = (
        pd.read_csv(copy / name / "table.csv")[SCORES] for name in ("unbroken", "broken")
    )
    pd.testing.assert_frame_equal(first, second)


@pytest.mark.parametrize("how", ["fork", "new"])
def test_a_training_dies_with_its_comparison(copy, add_problem, how):
    add_problem(
        "wrong",
        pytorch=HANGS.replace(
            "time.sleep", "import os; print(os.getpid(), flush=True); time.sleep"
        ),
    )
    run = ["run", "wrong", "--no-gate", "--backends", "pytorch", "--seeds", "1"]
    run += ["--start", how, "--out", "out"]
    comparison = start(*run, cwd=copy, stderr=subprocess.DEVNULL)
    log = log_of_wrong(copy)
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


def test_interrupting_ends_all_at_once_and_says_how_to_go_on(copy, add_problem):
    add_problem("wrong", pytorch=HANGS)
    run = ["run", "wrong", "--no-gate", "--backends", "pytorch", "--seeds", "9", "--out", "out"]
    comparison = start(*run, cwd=copy, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + PATIENCE_S
    while not list((copy / "out" / "cells").glob("*/log.txt")):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    time.sleep(1)
    comparison.send_signal(signal.SIGINT)
    _, stderr = comparison.communicate(timeout=60)
    assert comparison.returncode == 130
    first, last = stderr.splitlines()
    assert first.startswith("9 trainings into out: 0 are there already, 9 to do, ")
    assert last == "diptych: interrupted; the same command goes on from here"
    assert not list((copy / "out" / "cells").glob("*/record.json")), "nothing failed"
    assert records(copy / "out") == []


@pytest.mark.parametrize("name", ["cpu", "versions"])
def test_trainings_made_by_other_code_are_kept_and_named(copy, add_problem, name):
    add_problem("right")
    run = ["run", "right", "--backends", "pytorch", "--seeds", "1", "--out", "out"]
    assert "other code" not in diptych(*run, cwd=copy).stderr
    assert "other code" not in diptych(*run, cwd=copy).stderr
    file = copy / "out" / "runs.jsonl"
    record = json.loads(file.read_text())
    change = {name: "another"} if name == "cpu" else {name: record[name] | {"torch": "1.0"}}
    file.write_text(json.dumps(record | change) + "\n")
    done = diptych(*run, cwd=copy)
    assert (
        "in other versions or on another machine, and kept: 1 of the trainings in out"
        in done.stderr
    )


def test_a_training_without_a_score_is_tried_again_and_a_diverged_one_is_not(copy, add_problem):
    add_problem("wrong", pytorch=RAISES)
    add_problem("wild", pytorch=DIVERGES)
    run = ["run", "wrong", "wild", "--backends", "pytorch", "--seeds", "1", "--out", "out"]
    assert diptych(*run, cwd=copy).returncode == 1
    add_problem("wrong")
    add_problem("wild")
    assert diptych(*run, cwd=copy).returncode == 1
    history = [(record["problem"], record["status"]) for record in records(copy / "out")]
    assert sorted(history) == [("wild", "diverged"), ("wrong", "failed"), ("wrong", "ok")]
    table = pd.read_csv(copy / "out" / "table.csv").set_index("problem")
    assert table["failed"].to_dict() == {"wild": 1, "wrong": 0}
    assert table["seeds"].to_dict() == {"wild": 1, "wrong": 1}
