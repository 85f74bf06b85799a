"""The faults at length: `make faults` counts them into results/faults, in some ten minutes.

SEED decides the moments of the kills, KILLS how many there are of each kind; see chains.py.
"""

import os
import time
from dataclasses import asdict
from pathlib import Path

import faults_report
import pytest
from chains import KILLERS, NEW, House, built, chains
from test_faulty_twins import TWINS, hold, toys  # noqa: F401

SEED, KILLS = (int(os.environ.get(name, usual)) for name, usual in (("SEED", 0), ("KILLS", 10)))
FILE = os.environ.get("FAULTS")


@pytest.fixture(scope="module")
def house(tmp_path_factory) -> House:
    return built(tmp_path_factory.mktemp("house"))


@pytest.fixture(scope="module")
def found():
    """Return a dictionary for the figures of each kind, which are written at the end."""
    kinds: dict[str, dict] = {}
    yield kinds
    if FILE:
        faults_report.write(Path(FILE), kinds, seed=SEED, kills=KILLS)


@pytest.mark.parametrize("name", KILLERS)
def test_nothing_is_lost_by_many_kills(house, tmp_path, found, name):
    began = time.monotonic()
    counts = chains(KILLERS[name], house, tmp_path, seed=SEED, kills=KILLS)
    found[name] = asdict(counts) | {"seconds": round(time.monotonic() - began)}
    assert counts.kills == KILLS
    assert counts.wrong() == {}


def test_every_faulty_twin_in_a_new_interpreter(toys, tmp_path):  # noqa: F811
    hold(toys, tmp_path / "out", TWINS, NEW)


# What is done to the project, by what is counted then.
DEFECTS = {
    "lost": (
        "compare/records/journal.py",
        "            written = os.write(self.descriptor, line)\n",
        "            written = len(line)\n",
    ),
    "duplicates": ("compare/training/due.py", "same and not (gate", "False and (gate"),
    "unequal": ("compare/training/trainer.py", "data, seed=run.seed,", "data, seed=os.getpid(),"),
}


@pytest.mark.parametrize("wrong", DEFECTS)
def test_a_defect_of_the_project_is_counted(tmp_path, wrong):
    house = built(tmp_path)
    name, old, new = DEFECTS[wrong]
    text = (house.toys / name).read_text()
    assert text.count(old) == 1
    (house.toys / name).write_text(text.replace(old, new))
    assert wrong in chains(KILLERS["coordinator (fork)"], house, tmp_path, seed=0, kills=3).wrong()
