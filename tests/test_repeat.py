"""The same seed twice on one machine: the same losses, or the row says by how much not."""

import json
import math
from dataclasses import replace

import pandas as pd
import pytest
from conftest import TOYS, diptych
from parity import PARITY_TOY
from test_records import RECORD

from compare.records.record import Record
from compare.tables.measures import repeat_differences

DRIFTS = PARITY_TOY.replace(
    "        return x\n",
    "        import numpy\n"
    "        return x + 1e-4 * numpy.random.default_rng().normal(size=x.shape)\n",
)


def twice(losses, again):
    one = replace(RECORD, train_loss=losses, validation_loss=[1.0])
    two = replace(one, backend=f"{one.backend}@again", train_loss=again)
    return repeat_differences([one, two])


@pytest.mark.parametrize(
    ("losses", "again", "difference"),
    [
        ([1.0, 0.5], [1.0, 0.5], 0.0),
        ([1.0, 0.5], [1.0, 0.505], 0.01),
        ([1.0, None], [1.0, None], 0.0),
        ([1.0, None], [1.0, 0.5], math.inf),
        ([1.0, 0.5], [1.0], math.inf),
    ],
    ids=["equal", "unequal", "both lost", "one lost", "one shorter"],
)
def test_the_largest_difference_of_a_loss_is_told(losses, again, difference):
    assert twice(losses, again) == {RECORD.key: pytest.approx(difference)}


def test_what_was_done_once_is_not_told_of():
    assert repeat_differences([RECORD]) == {}


def test_the_command_tells_it_row_by_row(toys, add_toy):
    add_toy("steady")
    add_toy("drifts", numpy=DRIFTS)
    run = ("run", "steady", "drifts", "--backends", *TOYS, "--no-gate", "--repeat-check")
    done = diptych(*run, "--device", "cpu", "--seeds", "2", "--out", "out", cwd=toys)
    assert done.returncode == 0, done.stderr
    table = pd.read_csv(toys / "out" / "table.csv").set_index(["problem", "backend"])
    found = table["repeat_difference"]
    assert found["steady", "numpy"] == found["steady", "numpy2"] == 0
    assert 0 < found["drifts", "numpy"] < 0.01
    assert pd.isna(found["steady", "numpy@again"])
    lines = (toys / "out" / "runs.jsonl").read_text().splitlines()
    losses = {}
    for line in lines:
        record = Record.from_json(line)
        if record.problem == "steady":
            losses.setdefault((record.backend.split("@")[0], record.seed), []).append(
                json.dumps(record.train_loss)
            )
    assert all(len(both) == 2 and both[0] == both[1] for both in losses.values())


def test_what_failed_twice_is_not_equal():
    one = replace(RECORD, status="timeout", train_loss=[], validation_loss=[])
    assert repeat_differences([one, replace(one, backend=f"{one.backend}@again")]) == {}


def test_a_loss_of_zero_divides_nothing():
    assert twice([0.0], [0.1]) == {RECORD.key: math.inf}
