"""SIGKILL of whatever takes part, at random moments: nothing is lost, nothing is done twice.

This is the short form, of a few kills; `make faults` is whole: see whole.py.
"""

import random
import subprocess
import sys
from dataclasses import replace

import chains
import pytest
from chains import FORK, NEW, Counts, House, Killer, built, coordinator, keepers, trainings
from synthetic import failed, record


@pytest.fixture(scope="module")
def house(tmp_path_factory) -> House:
    return built(tmp_path_factory.mktemp("house"))


@pytest.mark.parametrize("asked", [FORK, NEW], ids=["fork", "new"])
def test_nothing_is_lost_by_kills(house, tmp_path, asked):
    killer = Killer((keepers, trainings, coordinator), asked)
    found = chains.chains(killer, house, tmp_path, seed=0, kills=3)
    assert found.kills == 3
    assert found.acknowledged >= len(house.whole)
    assert found.wrong() == {}


# --- each counter counts ---------------------------------------------------------------------

GOOD = [record("echo", "pytorch", seed, fingerprint="a-b-c-d") for seed in range(3)]
LINES = [one.to_json() for one in GOOD]
ROWS = [chains.told(one) for one in GOOD]
BAD = failed("echo", "pytorch", 0, "failed", "killed by SIGKILL", fingerprint="a-b-c-d")


def test_what_is_well_counts_as_nothing_wrong():
    again = [BAD.to_json(), *LINES]  # what failed is done again
    assert chains.count(again, [chains.told(BAD), *ROWS], again, LINES).wrong() == {}
    other = replace(GOOD[0], fingerprint="e-f-g-h")  # and so is what is of other code
    assert chains.count([], [], [other.to_json(), *LINES], LINES).wrong() == {}


@pytest.mark.parametrize(
    ("seen", "printed", "lines", "wrong"),
    [
        (LINES, [], LINES[1:], {"lost": 1, "unequal": 1}),
        ([], ROWS, LINES[:1], {"lost": 2, "unequal": 2}),
        ([BAD.to_json()], [], LINES, {"lost": 1}),
        ([], [], [*LINES, LINES[1], LINES[1]], {"duplicates": 2}),
        ([], [], [*LINES, LINES[0][:200]], {"damaged": 1}),
        ([], [], [*LINES[1:], replace(GOOD[0], train_loss=[1.0]).to_json()], {"unequal": 1}),
        ([], [], [*LINES, replace(GOOD[0], seed=9).to_json()], {"unequal": 1}),
    ],
)
def test_what_is_lost_doubled_damaged_or_unequal_is_counted(seen, printed, lines, wrong):
    assert chains.count(seen, printed, lines, LINES).wrong() == wrong


def test_rows_are_told_from_other_lines_and_a_torn_one_is_none():
    said = f"3 trainings into out: 0 are there already\n{ROWS[0]}\ndiptych: no\n{ROWS[1][:-2]}"
    assert chains.rows(said) == {ROWS[0]}


LEAVES = (
    "import subprocess;"
    "subprocess.Popen(['sleep', '600'], start_new_session=True, stdin=-3, stdout=-3, stderr=-3)"
)


@pytest.mark.parametrize(
    ("code", "wrong"),
    [
        ("", {}),
        (LEAVES, {"left": 1}),
        ("import time; time.sleep(600)", {"stuck": 1}),
        ("raise SystemExit(1)", {"unfinished": 1}),
    ],
)
def test_what_is_left_stuck_or_unfinished_is_counted(tmp_path, monkeypatch, code, wrong):
    monkeypatch.setattr(chains, "command", lambda *_: [sys.executable, "-c", code])
    monkeypatch.setattr(chains, "END_S", 3.0)
    monkeypatch.setattr(chains, "GONE_S", 0.2)
    killer, chance, out = Killer((coordinator,), ()), random.Random(0), tmp_path / "out"
    asked = {"cwd": tmp_path, "out": out, "whole": [], "chance": chance, "kills": 0}
    assert chains.chain(killer, [], **asked).wrong() == wrong
    assert chains.left(str(out)) == [], "it is ended, too"


def test_a_process_without_the_mark_is_not_touched(tmp_path):
    with subprocess.Popen(["sleep", "600"]) as other:
        assert chains.left_for_good(str(tmp_path)) == 0
        assert other.poll() is None
        other.kill()


def test_counts_are_summed():
    assert Counts(kills=1, lost=2) + Counts(lost=1, left=1) == Counts(kills=1, lost=3, left=1)
