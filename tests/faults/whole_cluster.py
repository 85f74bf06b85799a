"""Kills on a cluster of simulated nodes, at length: see whole.py."""

import os
import time
from collections.abc import Iterator
from dataclasses import asdict

import pytest
from chains import ON_A_CLUSTER, Killer, chains, coordinator, processes
from clusters import DEADLINE_S, OURS, Nodes, until
from whole import KILLS, SEED, found, house  # noqa: F401


@pytest.fixture(scope="module")
def nodes() -> Iterator[Nodes]:
    """Return two simulated nodes of a cluster."""
    os.environ.update(OURS)
    started = Nodes(2)
    yield started
    started.process.communicate(timeout=DEADLINE_S)


def of_nodes(nodes: Nodes) -> list[int]:
    """Return the process of each node that Ray would miss; the first is that of the head."""
    return sorted(
        process
        for process, (parent, command) in processes().items()
        if parent == nodes.process.pid and command.partition("\0")[0].endswith("/raylet")
    )[1:]


@pytest.mark.parametrize("name", ON_A_CLUSTER)
def test_nothing_is_lost_by_kills_on_a_cluster(house, tmp_path, found, nodes, name):  # noqa: F811
    """A node that was killed is replaced before the next is."""

    def two(_: int) -> list[int]:
        while len(there := of_nodes(nodes)) < 2:
            nodes.ask("add")
        return there

    began = time.monotonic()
    victims = dict(zip(ON_A_CLUSTER, (coordinator, two), strict=True))[name]
    killer = Killer((victims,), ("--no-gate", "--ray", nodes.address))
    counts = chains(killer, house, tmp_path, seed=SEED, kills=KILLS)
    until(lambda: not any("compare.training.block" in told for _, told in processes().values()))
    found[name] = asdict(counts) | {"seconds": round(time.monotonic() - began)}
    assert counts.kills == KILLS
    assert counts.wrong() == {}
