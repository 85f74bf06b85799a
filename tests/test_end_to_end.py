"""Both frameworks, from the command to the table: a seventh problem, which is three new files.

What processes do is tested with a toy elsewhere; here is what only a framework shows. One copy of
the project, with the problem added, serves all tests.
"""

import json

import pandas as pd
import pytest
from conftest import COMPARED, copied, diptych, shared
from parity import parity

from compare.records.record import FORK, NEW

RUN = ("run", "seventh", "--device", "cpu", "--jobs", "1")
SEEDS = 3


@shared
def seventh(tmp_path_factory):
    """A copy of the project with a seventh problem, in which time is processor time.

    Else time that goes by while others compute may fall between the parts of a training.
    """
    folder = copied(tmp_path_factory.mktemp("seventh"))
    for path, text in parity("seventh").items():
        (folder / path).write_text(text)
    for file in (folder / "backends" / "_clock.py", *(folder / "compare").rglob("*.py")):
        file.write_text(file.read_text().replace("perf_counter", "process_time"))
    return folder


@shared
def checked(seventh):
    """What `check` says of the two frameworks, which proves them."""
    return diptych("check", "seventh", "--json", "--out", "checked", cwd=seventh)


@shared
def forked(seventh, checked):
    """What a run says, proven before: three seeds of both frameworks, each a fork of its server."""
    return diptych(*RUN, "--seeds", str(SEEDS), "--out", FORK, cwd=seventh)


def records(folder):
    """Return the records of a folder, by what was trained."""
    found = [json.loads(line) for line in (folder / "runs.jsonl").read_text().splitlines()]
    return {(one["backend"], one["seed"]): one for one in found}


def test_the_seventh_problem_is_listed(seventh):
    assert "seventh" in diptych("list", cwd=seventh).stdout


def test_check_prints_and_writes_the_ladder(seventh, checked):
    assert checked.returncode == 0, checked.stderr
    findings = json.loads(checked.stdout)
    assert findings == json.loads((seventh / "checked" / "check.json").read_text())
    assert all(finding["passed"] for finding in findings)
    rungs = (finding["rung"] for finding in findings if finding["precision"] == "float64")
    assert list(dict.fromkeys(rungs)) == [
        "layers", "loss", "gradients", "statistics", "steps", "curve", "state", "score",
    ]  # fmt: skip
    text = (seventh / "checked" / "check.md").read_text()
    assert "| seventh | keras-tensorflow | pytorch | float64 | ok | ok | ok |" in text
    assert "Nothing is wrong." in text


def test_what_check_has_proven_is_run_without_another_check(seventh, forked):
    assert forked.returncode == 0, forked.stderr
    assert "not proven yet" not in forked.stderr
    table = pd.read_csv(seventh / FORK / "table.csv")
    assert table["problem"].tolist() == ["seventh"] * 2
    assert table["seeds"].tolist() == [SEEDS] * 2
    assert set(table["proof"]) == {"proven"}
    assert table["score_mean"].nunique() == 1


def test_a_record_holds_what_was_measured_and_where(seventh, forked):
    found = {backend: records(seventh / FORK)[backend, 0] for backend in COMPARED}
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


def test_a_fork_and_a_new_interpreter_give_the_same_record(seventh, forked):
    done = diptych(*RUN, "--seeds", "1", "--start", NEW, "--out", NEW, cwd=seventh)
    assert done.returncode == 0, done.stderr
    of_forks, of_new = (records(seventh / start) for start in (FORK, NEW))
    assert of_new.keys() == {(backend, 0) for backend in COMPARED}
    measured = {
        name
        for name in of_new["pytorch", 0]
        if name.endswith(("_s", "_bytes")) or name in ("started", "start", "processors")
    }
    for one, new in of_new.items():
        assert {k: v for k, v in of_forks[one].items() if k not in measured} == {
            k: v for k, v in new.items() if k not in measured
        }
        assert of_forks[one].keys() == new.keys()
