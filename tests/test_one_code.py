"""Trainings of different code share no row: in a folder used again, with a file saved meanwhile."""

import json
import os
import shutil
import subprocess
import time

import pandas as pd
import pytest
from conftest import TOYS, diptych
from parity import PARITY_TOY
from test_run import DIVERGES, PATIENCE_S, records, start

RUN = ("run", "right", "--backends", *TOYS, "--device", "cpu", "--out", "out")
# With as many weights as the problem's `hidden` says, all but three of which do nothing.
WIDE = PARITY_TOY.replace("def __init__(self, inputs):", "def __init__(self, inputs, unit):")
WIDE = WIDE.replace(
    '"dense/bias": (1,)}', '"dense/bias": (1,), "spare/kernel": (unit, 1)}'
).replace('"dense/bias": slope.sum(0)}', '"dense/bias": slope.sum(0), "spare/kernel": ZERO}')
WIDE = WIDE.replace("ZERO", 'self.values["spare/kernel"] * 0')
WIDE = WIDE.replace('Parity(problem.sizes["time"])', 'Parity(problem.sizes["time"], UNIT)')
WIDE = WIDE.replace("UNIT", 'problem.sizes["unit"]')
# In a training of 2 epochs, not in the proof's of 4.
WAIT = "    time.sleep(0.4 * (problem.recipe.epochs == 2))\n"
SLOW = PARITY_TOY.replace("def build(problem):\n", f"def build(problem):\n{WAIT}")
SLOW = SLOW.replace("\n\nclass", "\nimport time\n\nclass", 1)


def edit(file, old, new):
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def table(toys):
    return pd.read_csv(toys / "out" / "table.csv").set_index("backend")


def run(toys, seeds, *more, status=0):
    done = diptych(*RUN, "--seeds", str(seeds), *more, cwd=toys)
    assert done.returncode == status, done.stderr
    return done.stderr


def in_git(folder):
    for command in ("init -q", "add -A", "-c user.name=a -c user.email=a@b commit -q -m first"):
        subprocess.run(["git", *command.split()], cwd=folder, check=True)


@pytest.mark.parametrize("git", [True, False], ids=["in Git", "without"])
def test_after_an_edit_all_seeds_are_of_the_new_network(toys, add_toy, git):
    add_toy("right", numpy=WIDE, numpy2=WIDE)
    if git:
        in_git(toys)
    assert "made by other code" not in run(toys, 2)
    assert table(toys)["parameters"].to_dict() == dict.fromkeys(TOYS, 8)
    edit(toys / "problems" / "right.py", '"unit": 4', '"unit": 2')
    said = run(toys, 4)
    assert "and done again: 4 of the trainings in out\n" in said
    assert "0 are there already, 8 to do" in said
    found = records(toys / "out")[4:]
    assert len(found) == 8
    assert {one["parameters"] for one in found} == {6}
    assert len({one["fingerprint"].partition("-")[0] for one in found}) == 1
    assert (found[0]["commit"] is None) == (not git)
    assert table(toys)["seeds"].to_dict() == dict.fromkeys(TOYS, 4)
    assert table(toys)["parameters"].to_dict() == dict.fromkeys(TOYS, 6)
    again = run(toys, 4)
    assert "8 are there already, 0 to do" in again
    assert "other code" not in again


def test_fewer_seeds_of_new_code_share_no_row_with_the_others(toys, add_toy):
    """What is left of the old code is named, with what to do; all readers leave it out."""
    add_toy("right")
    run(toys, 3)
    edit(toys / "backends" / "numpy2" / "right.py", "x @ self", "1.0 * x @ self")
    said = run(toys, 2)
    assert "diptych: out: left out, as made by other code" in said
    assert ": 1 of right on numpy2; to do them anew, repeat the command" in said
    assert table(toys)["seeds"].to_dict() == {"numpy": 3, "numpy2": 2}
    assert "1 of right on numpy2" in diptych("table", "out", cwd=toys).stderr
    assert "left out" not in run(toys, 3)


def test_sides_of_two_problems_are_not_compared(toys, add_toy):
    add_toy("right")
    run(toys, 2)
    edit(toys / "problems" / "right.py", "learning_rate=1e-2", "learning_rate=1e-3")
    done = diptych("run", "right", "--backends", "numpy", "--seeds", "2", "--out", "out", cwd=toys)
    assert done.returncode == 0
    assert "made for another state of the problem" in done.stderr
    assert ": 2 of right on numpy2;" in done.stderr
    assert list(table(toys).index) == ["numpy"]
    assert pd.read_csv(toys / "out" / "verdicts.csv").empty


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ("problems/right.py", "def broken(:\n"),
        ("backends/numpy2/right.py", "# an edit\n"),
        ("backends/numpy2/_engine.py", "# an edit\n"),
    ],
)
def test_a_file_that_is_saved_during_a_run_spoils_no_row(toys, add_toy, place, text):
    add_toy("right", numpy=SLOW, numpy2=SLOW)
    before = (toys / place).read_text()
    under_way = start(*RUN, "--seeds", "6", cwd=toys, stderr=subprocess.PIPE, text=True)
    file, deadline = toys / "out" / "runs.jsonl", time.monotonic() + PATIENCE_S
    while not (file.exists() and file.read_text().count("\n") >= 3):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    with (toys / place).open("a") as saved:
        saved.write(text)
    _, said = under_way.communicate(timeout=PATIENCE_S)
    assert under_way.returncode == 1, said
    found = records(toys / "out")
    assert len(found) == 12
    assert [one["status"] for one in found[:3]] == ["ok"] * 3
    lost = [one for one in found if one["status"] != "ok"]
    assert len(lost) >= (3 if "2" in place else 7)
    assert {(one["status"], one["reason"]) for one in lost} == {
        ("failed", f"{place} was changed during the run; the same command does these trainings "
         "anew")
    }  # fmt: skip
    assert f"failed: {place} was changed during the run" in said
    for backend in TOYS:
        assert len({one["fingerprint"] for one in found if one["backend"] == backend}) == 1
    assert table(toys)["failed"].sum() == len(lost)
    assert table(toys)["seeds"].to_dict() == dict.fromkeys(TOYS, 6)

    (toys / place).write_text(f"{before}# an edit\n")
    said = run(toys, 6)
    assert f"done again: {12 if place.startswith('p') else 6} of the trainings" in said
    assert table(toys)["failed"].to_dict() == dict.fromkeys(TOYS, 0)


def test_a_training_that_changes_its_own_files_has_failed(toys, add_toy):
    """Looked at after the training, too."""
    code = "def build(problem):\n    import pathlib\n    name = pathlib.Path(__file__)\n"
    writes = PARITY_TOY.replace("def build(problem):\n", code + "    WRITE\n")
    change = "name.write_text(name.read_text() + '#')"
    add_toy("right", numpy=writes.replace("WRITE", change))
    said = run(toys, 1, "--no-gate", status=1)
    assert "failed: backends/numpy/right.py was changed during the run" in said


def test_a_diverged_training_of_a_mended_twin_is_done_again(toys, add_toy):
    add_toy("right", numpy=DIVERGES)
    run(toys, 1, "--no-gate", status=1)
    assert "1 are there already, 1 to do" not in run(toys, 1, "--no-gate", status=1)
    assert [one["status"] for one in records(toys / "out")] == ["diverged", "ok"]
    add_toy("right")
    assert "1 are there already, 1 to do" in run(toys, 1, "--no-gate")
    assert [one["status"] for one in records(toys / "out")] == ["diverged", "ok", "ok"]


HELPER = "def scaled(x):\n    return x\n"
IMPORTS = PARITY_TOY.replace(
    "\n\nclass", "\nfrom backends.numpy.more.help import scaled\n\nclass", 1
)
IMPORTS = IMPORTS.replace("    def forward(self, x):", "    def forward(self, x):  # scaled(x)")


@pytest.mark.parametrize(
    ("file", "others"),
    [("backends/numpy/more/help.py", 1), ("problems/words.txt", 0), ("problems/more/words.py", 0)],
)
def test_a_helper_and_a_data_file_are_part_of_the_code(toys, add_toy, file, others):
    """The other side has no part in the helper of a twin."""
    (toys / "backends" / "numpy" / "more").mkdir()
    (toys / "backends" / "numpy" / "more" / "help.py").write_text(HELPER)
    (toys / "problems" / "more").mkdir()
    (toys / "problems" / "more" / "words.py").write_text("WORDS = 'words.txt'\n")
    (toys / "problems" / "words.txt").write_text("one")
    add_toy("right", numpy=IMPORTS)
    edit(toys / "problems" / "right.py", "import numpy", "import problems.more.words\nimport numpy")
    run(toys, 1)
    assert "2 are there already, 0 to do" in run(toys, 1)
    with (toys / file).open("a") as edited:
        edited.write("\n")
    said = run(toys, 1)
    assert "not proven yet for this code and these versions, checked first: right" in said
    assert f"{others} are there already, {2 - others} to do" in said


def test_another_processor_or_version_is_another_code(toys, add_toy):
    add_toy("right")
    run(toys, 1)
    edit(toys / "compare" / "processes" / "machine.py", "def cpu() -> str:\n", CPU)
    assert "done again: 2 of the trainings in out" in run(toys, 1)


CPU = "def cpu() -> str:\n    return 'another'\n\n\ndef _cpu() -> str:\n"


def test_older_records_are_read_and_done_again(toys, add_toy):
    add_toy("right")
    run(toys, 2)
    file = toys / "out" / "runs.jsonl"
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    for line in lines:
        del line["fingerprint"]
    file.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    shutil.rmtree(toys / "out" / "cells")
    assert diptych("table", "out", cwd=toys).stderr == ""
    assert "done again: 4 of the trainings in out" in run(toys, 2)


def test_a_check_that_takes_too_long_leaves_what_is_there(toys, add_toy):
    """An edit of the check makes its proofs void, and here it is given no time."""
    add_toy("right")
    run(toys, 2)
    before = (toys / "out" / "runs.jsonl").read_text()
    edit(toys / "compare" / "proof" / "probe.py", "TIMEOUT_S = 900.0", "TIMEOUT_S = 0.001")
    said = run(toys, 2, status=1)
    assert "the check did not get to its end: right, numpy" in said
    assert (toys / "out" / "runs.jsonl").read_text() == before
    assert table(toys)["seeds"].to_dict() == dict.fromkeys(TOYS, 2)
    assert table(toys)["failed"].to_dict() == dict.fromkeys(TOYS, 0)


def test_twins_that_are_not_utf8_are_trained(toys, add_toy):
    add_toy("right")
    twin = toys / "backends" / "numpy" / "right.py"
    twin.write_bytes(b"# coding: latin-1\n# \xfc\n" + twin.read_bytes())
    run(toys, 1)


def test_more_trainings_at_a_time_are_warned_of(toys, add_toy):
    add_toy("right")
    if len(os.sched_getaffinity(0)) < 2:  # where two cannot be had
        assert "--jobs" in run(toys, 1, "--jobs", "2", status=2)
        return
    warned = "--jobs 2: trainings side by side slow each other"
    assert run(toys, 1, "--jobs", "2").count(warned) == 1
    assert "trainings at a time: 2" in (toys / "out" / "table.md").read_text()
    shutil.rmtree(toys / "out")
    assert warned not in run(toys, 1)
    assert "trainings at a time: 1" in (toys / "out" / "table.md").read_text()
