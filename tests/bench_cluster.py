"""What a cluster costs: a block through Ray over the same block here, and an epoch in each.

The cluster is one simulated node on this machine. Both sides go in turn, on the same processor.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from itertools import count
from statistics import median
from time import perf_counter

import pytest
from bench_report import PAIRS, tell
from clusters import DEADLINE_S, OURS, Nodes
from conftest import COMPARED, SIDES

from compare.processes.cluster import Answer, Cluster, Work
from compare.processes.node import done_here
from compare.records.record import MATCHED
from compare.training.due import plan
from compare.training.on_cluster import MODULE

BLOCKS = 5  # in a row, of which each waits for the one before
RUNS = [asdict(run) for run in plan(["cumsum"], [(one, MATCHED, "cpu") for one in SIDES], 2,
                                    recipe="quick", score_epochs=False)]  # fmt: skip
QUESTION = {"runs": RUNS, "timeout_s": 600.0, "gate": False, "only_look": False, "pythons": {}}


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """Return the connection to a cluster of one node."""
    os.environ.update(OURS)
    nodes = Nodes(1)
    with Cluster(nodes.address) as found:
        yield found
    nodes.process.communicate(timeout=DEADLINE_S)


@contextmanager
def on_its_processor() -> Iterator[None]:
    """Have this process, and what it starts, on the processor of the node."""
    own = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(own)})
    yield
    os.sched_setaffinity(0, own)


def through(cluster: Cluster, question: dict, blocks: int) -> list[dict]:
    """Return what a node answers, block after block."""
    works = [
        Work(name=str(n), module=MODULE, question=question, timeout_s=600.0) for n in range(blocks)
    ]
    ended = [one for one in cluster.do(works) if isinstance(one, Answer)]
    assert not any(one.failure for one in ended)
    return [one.said for one in ended]


def here(question: dict, blocks: int) -> list[dict]:
    """Return the same of this machine without Ray."""
    with on_its_processor():
        told = [list(done_here(MODULE, json.dumps(question), 600.0)) for _ in range(blocks)]
    return [json.loads(one[-1])["said"] for one in told]


def test_a_block_through_the_cluster_over_the_same_block_here(benchmark, cluster):
    """The blocks only look what they are made of: what is left is what it takes to give them."""
    question, rounds = QUESTION | {"only_look": True}, count()
    seconds: dict[str, list[float]] = {"through the cluster": [], "here": []}

    def pair():
        ways = [("through the cluster", lambda: through(cluster, question, BLOCKS))]
        ways.append(("here", lambda: here(question, BLOCKS)))
        for name, way in ways if next(rounds) % 2 == 0 else reversed(ways):
            began = perf_counter()
            assert len(way()) == BLOCKS
            seconds[name].append((perf_counter() - began) / BLOCKS)

    benchmark.pedantic(pair, rounds=PAIRS, warmup_rounds=1)
    far, near = (values[1:] for values in seconds.values())
    for name, values in seconds.items():
        tell(benchmark, f"a block {name}", "s", values[1:])
    tell(benchmark, "the cluster's part of a block", "s",
         [one - other for one, other in zip(far, near, strict=True)])  # fmt: skip


def test_an_epoch_in_a_block_over_one_here(benchmark, cluster):
    rounds = count()
    ratios: dict[str, list[float]] = {side: [] for side in COMPARED}

    def epochs_s(said: dict) -> dict[str, float]:
        return {
            side: median(s for one in said["records"] if one["backend"] == side
                         for s in one["epoch_s"])
            for side in COMPARED
        }  # fmt: skip

    def pair():
        if next(rounds) % 2:
            (near,), (far,) = here(QUESTION, 1), through(cluster, QUESTION, 1)
        else:
            (far,), (near,) = through(cluster, QUESTION, 1), here(QUESTION, 1)
        a, b = epochs_s(far), epochs_s(near)
        for side in COMPARED:
            ratios[side].append(a[side] / b[side])

    benchmark.pedantic(pair, rounds=PAIRS)
    for side, values in ratios.items():
        tell(benchmark, f"{side}: an epoch in a block / here", "ratio", values)
