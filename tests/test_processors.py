"""Which processors a training gets: whole cores as long as there are enough, and not the first."""

import threading

import pytest
from synthetic import record

from compare.processes import machine
from compare.processes.launcher import Launcher
from compare.records.record import Run
from compare.training.pool import Pool
from compare.training.stop import Stop

PLAIN = [[0], [1], [2], [3]]  # cores with one processor each
TWICE = [[0, 4], [1, 5], [2, 6], [3, 7]]  # with two
MIXED = [[0, 1], [2], [3]]


@pytest.mark.parametrize(
    ("cores", "jobs", "threads", "expected"),
    [
        (PLAIN, 1, 1, [[1]]),
        (PLAIN, 3, 1, [[1], [2], [3]]),
        (PLAIN, 4, 1, [[0], [1], [2], [3]]),
        (PLAIN, 1, 4, [[0, 1, 2, 3]]),
        ([[0]], 1, 1, [[0]]),
        ([[0, 1]], 1, 1, [[0]]),
        ([[0, 1]], 2, 1, [[0], [1]]),
        (TWICE, 1, 1, [[1]]),
        (TWICE, 3, 1, [[1], [2], [3]]),
        (TWICE, 1, 3, [[1, 2, 3]]),
        (TWICE, 1, 4, [[1, 5, 2, 6]]),
        (TWICE, 3, 2, [[1, 5], [2, 6], [3, 7]]),
        (TWICE, 4, 1, [[0], [1], [2], [3]]),
        (TWICE, 4, 2, [[0, 4], [1, 5], [2, 6], [3, 7]]),
        (TWICE, 2, 3, [[0, 4, 1], [2, 6, 3]]),
        (TWICE, 8, 1, [[0], [4], [1], [5], [2], [6], [3], [7]]),
        (MIXED, 2, 1, [[2], [3]]),
        (MIXED, 1, 3, [[0, 2, 3]]),
        (MIXED, 2, 2, [[0, 1], [2, 3]]),
    ],
)
def test_cores_are_shared_out(cores, jobs, threads, expected):
    assert machine.shares(cores, jobs=jobs, threads=threads) == expected


def test_no_core_is_split_where_there_are_enough():
    for cores in (PLAIN, TWICE, MIXED, TWICE[:2], [[0, 1]]):
        core_of = {number: core for core, numbers in enumerate(cores) for number in numbers}
        for jobs in range(1, len(core_of) + 1):
            for threads in range(1, len(core_of) // jobs + 1):
                found = machine.shares(cores, jobs=jobs, threads=threads)
                assert [len(mine) for mine in found] == [threads] * jobs
                numbers = [number for mine in found for number in mine]
                assert len(set(numbers)) == len(numbers), "none is given twice"
                used = [{core_of[number] for number in mine} for mine in found]
                if jobs * threads <= len(cores):
                    assert sum(map(len, used)) == len(set.union(*used))
                if jobs * threads < len(cores):
                    assert 0 not in set.union(*used), "left to the command"


def test_siblings_are_read_from_the_system(tmp_path, monkeypatch):
    for number, text in enumerate(("0,4\n", "1-2\n", "1-2\n", "spoilt\n")):
        place = tmp_path / f"cpu{number}" / "topology"
        place.mkdir(parents=True)
        (place / "thread_siblings_list").write_text(text)
    siblings = [machine.siblings(number, tmp_path) for number in range(5)]
    assert siblings == [{0, 4}, {1, 2}, {1, 2}, {3}, {4}]
    monkeypatch.setattr(machine, "processors", lambda: [0, 1, 2, 3])
    monkeypatch.setattr(machine, "siblings", lambda number: siblings[number])
    assert machine.cores() == [[0], [1, 2], [3]], "of those that may be used"


def test_trainings_get_what_is_shared_out(tmp_path, monkeypatch):
    monkeypatch.setattr(machine, "cores", lambda: TWICE)
    got, lock = [], threading.Lock()

    def launch(self, run, *, processors, files, **_):
        with lock:
            got.append((tuple(processors), files))
        return record(run.problem, run.backend, run.seed)

    monkeypatch.setattr(Launcher, "launch", launch)
    run = Run(problem="echo", backend="pytorch", device="cpu", seed=0, fingerprint="a-b")
    with Pool(
        tmp_path, {"a-b": {"file": "hash"}}, jobs=2, threads=1, timeout_s=9, stop=Stop()
    ) as pool:
        pool.start([run] * 20)
        assert len(list(pool.ended())) == 20
    assert {processors for processors, _ in got} == {(1,), (2,)}
    assert all(files == {"file": "hash"} for _, files in got)
