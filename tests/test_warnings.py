"""What makes times doubtful, planted."""

import subprocess
import sys
from dataclasses import replace

import pytest
from test_verdict import record

from compare.processes.usage import Usage
from compare.tables.measures import APART, RAISED, WARNINGS, doubts, losses_apart, warnings
from compare.tables.publish import publish
from compare.tables.screen import screen

STEADY = [record(seed, epoch_s=[1.0, 1.0, 1.1, 1.0], total_s=9.1) for seed in range(4)]
RESTLESS = {"epoch_s": [0.8, 1.3, 1.0, 1.0]}


@pytest.mark.parametrize(
    ("values", "some", "raised"),
    [
        ({}, 4, []),
        ({"total_s": 9.18}, 1, []),
        ({"total_s": 9.2}, 1, ["parts"]),
        ({"total_s": 9.0}, 1, ["parts"]),
        ({"total_s": None}, 4, []),
        ({"validation_s": None, "total_s": 99.0}, 4, []),
        (RESTLESS, 1, []),
        (RESTLESS, 2, ["unsteady"]),
        ({"epoch_s": [4.1], "build_s": 1.0}, 4, []),
        ({"others_cpu_s": 0.4}, 4, []),
        ({"others_cpu_s": 0.5}, 1, ["busy"]),
        ({"epoch_s": [1.2] * 4, "total_s": 9.8}, 1, []),
        ({"epoch_s": [1.3] * 4, "total_s": 10.2}, 1, ["drift"]),
        (
            {"epoch_s": [1.3] * 4, "total_s": 11.0, "others_cpu_s": 9.0},
            1,
            ["parts", "busy", "drift"],
        ),
        ({"status": "diverged", "total_s": 99.0}, 4, []),
    ],
)
def test_warnings(values, some, raised):
    made = [replace(one, **values) for one in STEADY[:some]] + STEADY[some:]
    assert warnings(made) == raised


def test_every_warning_can_be_raised_and_has_advice():
    assert [*RAISED, "losses"] == list(WARNINGS), "that one takes two sides"


def test_advice_is_given_for_warnings_that_occur(tmp_path):
    made = [replace(STEADY[0], others_cpu_s=5.0), STEADY[1]]
    tables = publish(tmp_path, made)
    text = (tmp_path / "table.md").read_text()
    assert f"- busy: {WARNINGS['busy']}." in text
    answer = screen(tables, made, tmp_path, 80)
    assert "!  doubtful times: busy" in answer
    shown = " ".join(" ".join(screen(tables, made, tmp_path, 80, everything=True)).split())
    assert f"busy: {WARNINGS['busy']}. on echo pytorch" in shown
    for name in WARNINGS.keys() - {"busy"}:
        assert WARNINGS[name] not in text + shown


def test_processor_time_of_a_child_counts_as_the_process_own():
    usage = Usage()
    burn = "import time; end = time.process_time() + 0.3\nwhile time.process_time() < end: pass"
    subprocess.run([sys.executable, "-c", burn], check=True)
    assert usage.so_far()["cpu_s"] >= 0.3


@pytest.mark.parametrize(
    ("mode", "times", "apart", "raised"),
    [
        ("matched", 1 + APART / 2, pytest.approx(APART / 2), None),
        ("matched", 1 + APART * 2, pytest.approx(APART * 2), "losses"),
        ("native", 1 + APART * 2, None, None),
    ],
)
def test_two_sides_whose_losses_differ_are_doubtful(mode, times, apart, raised):
    sides = [
        [
            replace(one, mode=mode, train_loss=[loss, 0.1], seed=seed)
            for seed, one in enumerate(STEADY)
        ]
        for loss in (times, 1.0)
    ]
    assert losses_apart(*sides) == apart
    assert doubts(*sides) == raised
