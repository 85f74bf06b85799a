"""A run on the nodes of a Ray cluster: two simulated ones, and what a node may answer."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from clusters import DEADLINE_S, OURS, Nodes, until
from conftest import TOYS, shared
from parity import PARITY_TOY

from compare.processes import cluster as there
from compare.records.record import Record, UsageError

WAITS = PARITY_TOY.replace(
    "        return x\n",
    "        import os, time\n"
    "        from pathlib import Path\n"
    "        with open(FOLDER + '/pids', 'a') as pids:\n"
    "            print(os.getpid(), file=pids)\n"
    "        while Path(FOLDER, 'hold').exists():\n"
    "            time.sleep(0.05)\n"
    "        return x\n",
)
RUN = ("run", "right", "--backends", *TOYS, "--device", "cpu", "--no-gate", "--out")


@shared
def nodes() -> Iterator[Nodes]:
    """Return two nodes; a test that kills one adds one."""
    found = Nodes(2)
    yield found
    found.process.communicate(timeout=DEADLINE_S)


@contextmanager
def started(*arguments: str, cwd: Path) -> Iterator[subprocess.Popen]:
    """Start the command in the background; what does not end by itself is ended."""
    process = subprocess.Popen(
        [sys.executable, "-m", "compare", *arguments],
        cwd=cwd,
        env=os.environ | OURS | {"PYTHONPATH": str(cwd)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def done(*arguments: str, cwd: Path) -> tuple[int, str, str]:
    """Run the command; return its status and what it printed."""
    with started(*arguments, cwd=cwd) as process:
        out, err = process.communicate(timeout=DEADLINE_S)
    return process.returncode, out, err


def lines(folder: Path) -> list[Record]:
    file = folder / "runs.jsonl"
    return [Record.from_json(line) for line in file.read_bytes().splitlines()]


def scores(found: list[Record]) -> dict[str, object]:
    return {one.key: (one.scores, one.train_loss, one.epoch_scores) for one in found}


def under_way(folder: Path, seed: int) -> bool:
    return (folder / "cells" / f"right-numpy-cpu-matched-full-{seed}" / "run.json").exists()


@pytest.fixture
def held(toys, add_toy) -> Path:
    """Return the copy; trainings of its problem do not end until its file `hold` is removed."""
    add_toy("right", numpy=WAITS.replace("FOLDER", repr(str(toys))))
    (toys / "hold").touch()
    return toys


def test_scores_are_those_of_a_local_run_and_a_pair_is_of_one_block(nodes, toys, add_toy):
    add_toy("right")
    status, _, err = done(*RUN, "far", "--seeds", "4", "--ray", nodes.address, cwd=toys)
    assert status == 0, err
    assert "8 trainings into far: 0 are there already, 8 to do, in 2 blocks, on " in err
    assert done(*RUN, "here", "--seeds", "4", cwd=toys)[0] == 0
    far, here = lines(toys / "far"), lines(toys / "here")
    assert scores(far) == scores(here)
    assert {(one.key, one.fingerprint) for one in far} == {
        (one.key, one.fingerprint) for one in here
    }
    assert {one.attempt for one in far} == {1}
    assert {one.block for one in here} == {None}
    assert len({one.block for one in far}) == 2
    assert len({(one.block, one.seed // 2) for one in far}) == 2
    assert {one.machine for one in far} == {here[0].machine}
    assert len(list((toys / "far" / "cells").glob("right-numpy*/log.txt"))) == len(far)
    status, _, err = done(*RUN, "far", "--seeds", "4", "--ray", nodes.address, cwd=toys)
    assert status == 0
    assert "8 are there already, 0 to do, in 0 blocks" in err
    assert len(lines(toys / "far")) == 8


def test_the_block_of_a_lost_node_is_given_out_once_more(nodes, held):
    with started(*RUN, "out", "--seeds", "4", "--ray", nodes.address, cwd=held) as run:
        until(lambda: under_way(held / "out", 0) and under_way(held / "out", 2))
        nodes.ask("kill 0")
        (held / "hold").unlink()
        _, err = run.communicate(timeout=DEADLINE_S)
    nodes.ask("add")
    assert run.returncode == 0, err
    assert err.count("its node was lost (") == err.count("; given to another node") == 1
    found = lines(held / "out")
    assert len(found) == len({one.key for one in found}) == 8
    assert sorted(attempt for _, attempt in {(one.block, one.attempt) for one in found}) == [1, 2]
    assert {one.status for one in found} == {"ok"}


def test_after_the_driver_is_killed_nothing_goes_on_and_the_same_command_does(nodes, held):
    command = (*RUN, "out", "--seeds", "2", "--ray", nodes.address)
    with started(*command, cwd=held) as run:
        until((held / "pids").exists)
        run.kill()
        run.communicate(timeout=DEADLINE_S)
    for pid in set((held / "pids").read_text().split()):
        until(lambda pid=pid: not Path("/proc", pid).exists())
    (held / "hold").unlink()
    status, _, err = done(*command, cwd=held)
    assert status == 0, err
    assert [one.status for one in lines(held / "out")] == ["ok"] * 4


def test_ctrl_c_has_the_blocks_under_way_finished_and_no_other_begun(nodes, held):
    with started(*RUN, "out", "--seeds", "8", "--ray", nodes.address, cwd=held) as run:
        until(lambda: under_way(held / "out", 0) and under_way(held / "out", 2))
        run.send_signal(signal.SIGINT)
        time.sleep(3)
        (held / "hold").unlink()
        _, err = run.communicate(timeout=DEADLINE_S)
    assert run.returncode == 130, err
    assert "SIGINT: what is under way is being finished" in err
    assert {one.seed for one in lines(held / "out")} == {0, 1, 2, 3}


def test_a_check_is_done_on_the_nodes(nodes, toys, add_toy):
    add_toy("right")
    add_toy("wrong", numpy2=PARITY_TOY.replace("return x\n", "return x * 2\n"))
    add_toy("nan", numpy2=PARITY_TOY.replace("return x\n", 'return x * float("nan")\n'))
    check = ("check", "right", "wrong", "nan", "--backends", *TOYS, "--json")
    far, here = (done(*check, *more, cwd=toys) for more in (("--ray", nodes.address), ()))
    assert far[0] == here[0] == 3
    assert json.loads(far[1]) == json.loads(here[1])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--device", "gpu"), "--device gpu: expected a node with a GPU"),
        (("--jobs", "2"), "--jobs 2 with --threads 1 needs 2 processors, only 1"),
        (("--ray-label", "rack=9"), "expected a node with a processor and rack=9; alive are"),
    ],
)
def test_what_no_node_can_do_is_refused_before_anything_waits(
    nodes, toys, add_toy, arguments, message
):
    add_toy("right")
    status, out, err = done(*RUN, "out", "--ray", nodes.address, *arguments, cwd=toys)
    assert (status, out) == (2, "")
    assert message in err.splitlines()[-1]
    assert "Traceback" not in err


def test_a_cluster_that_is_not_there_is_told_at_once(toys, add_toy):
    add_toy("right")
    for address, message in (
        ("127.0.0.1:1", "no cluster: "),
        ("nowhere", "expected HOST:PORT or auto, came nowhere"),
        ("host:99999", "expected HOST:PORT or auto, came host:99999"),
    ):
        status, out, err = done(*RUN, "out", "--ray", address, cwd=toys)
        assert (status, out) == (2, "")
        assert message in err.splitlines()[-1]


def test_a_label_without_a_cluster_is_refused(toys, add_toy):
    add_toy("right")
    status, _, err = done(*RUN, "out", "--ray-label", "a=b", cwd=toys)
    assert (status, err) == (2, "diptych: --ray-label: expected --ray with it\n")


def test_without_ray_the_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(UsageError, match="expected the package ray, found none"):
        there.Cluster("auto").__enter__()
