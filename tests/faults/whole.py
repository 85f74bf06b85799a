"""The faults at length: `make faults` counts them into results/faults, in some ten minutes.

SEED decides the moments of the kills, KILLS how many there are of each kind; see chains.py.
"""

import os
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import faults_report
import pytest
from chains import KILLERS, NEW, House, Killer, built, chains, coordinator, processes
from test_cluster import DEADLINE_S, OURS, Nodes, until
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


@pytest.fixture(scope="module")
def nodes() -> Iterator[Nodes]:
    """Return two simulated nodes of a cluster."""
    os.environ.update(OURS)
    found = Nodes(2)
    yield found
    found.process.communicate(timeout=DEADLINE_S)


def of_nodes(nodes: Nodes) -> list[int]:
    """Return the process of each node that Ray would miss; the first is that of the head."""
    return sorted(
        process
        for process, (parent, command) in processes().items()
        if parent == nodes.process.pid and command.partition("\0")[0].endswith("/raylet")
    )[1:]


@pytest.mark.parametrize("name", ["coordinator (cluster)", "node of a cluster"])
def test_nothing_is_lost_by_kills_on_a_cluster(house, tmp_path, found, nodes, name):
    """A node that was killed is replaced before the next is."""

    def two(_: int) -> list[int]:
        while len(there := of_nodes(nodes)) < 2:
            nodes.ask("add")
        return there

    began = time.monotonic()
    victims = coordinator if name.startswith("coordinator") else two
    killer = Killer((victims,), ("--no-gate", "--ray", nodes.address))
    counts = chains(killer, house, tmp_path, seed=SEED, kills=KILLS)
    until(lambda: not any("compare.training.block" in told for _, told in processes().values()))
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
    "duplicates": ("compare/training/schedule.py", "same and not (gate", "False and (gate"),
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
