"""A problem is trained before the next is proven; what is there already is kept."""

import json
import signal
import subprocess
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import TOYS, diptych
from parity import PARITY_TOY
from synthetic import record
from test_run import PATIENCE_S, start

from backends import Side
from compare.console import Listener
from compare.processes import machine
from compare.processes.launcher import Launcher
from compare.proof.gate import Standing
from compare.records.journal import belongs, read
from compare.records.record import UNCHECKED
from compare.training import schedule
from compare.training.due import plan
from compare.training.remaining import Remaining
from compare.training.request import chosen_runs
from compare.training.schedule import compare

SIDES = (Side("pytorch"), Side("keras-tensorflow"))
NAMES = ("echo", "shapes", "cumsum")
PROVEN = Standing(proof="proven", parity=1e-15)


def runs(names=NAMES, seeds=2):
    return plan(names, [(side, "matched", "cpu") for side in SIDES], seeds, jobs=2)


def test_what_is_done_soon_comes_first_unless_an_order_is_asked_for():
    def order(*names):
        asked = {"seeds": 1, "device": ["cpu"], "threads": 1, "jobs": 1}
        return [run.problem for run in chosen_runs(names, ["pytorch"], lambda _: [""], **asked)]

    assert (order()[0], order()[-1]) == ("shapes", "moving_square")
    assert order("moving_square", "echo") == ["moving_square", "echo"]


@pytest.fixture
def house(monkeypatch):
    """A comparison in which nothing is computed: what it does is noted, in its order."""

    class House:
        def __init__(self):
            self.did, self.trained, self.under_way = [], [], 0
            self.unproven = self.unseen = NAMES
            self.standing = PROVEN
            self.lock = threading.Lock()

        def alone(self, what):
            assert not self.under_way, f"{what} beside a training"
            self.did.append(what)

        def standings(self, names, sides, *_):
            if names[0] in self.unproven:
                self.alone(f"prove {names[0]}")
            return {(name, side): self.standing for name in names for side in sides}

        def kernels(self, names, sides, **_):
            if names[0] in self.unseen:
                self.alone(f"look {names[0]}")
            return {(name, side): "a kernel" for name in names for side in sides}

        def launch(self, run, **_):
            with self.lock:
                self.under_way += 1
            time.sleep(0.01)
            with self.lock:
                self.under_way -= 1
                self.trained.append(run.key)
                if not self.did or self.did[-1] != f"train {run.problem}":
                    self.did.append(f"train {run.problem}")
            return record(
                run.problem,
                run.backend,
                run.seed,
                jobs=2,
                kernel=run.kernel,
                fingerprint=run.fingerprint,
            )

    house = House()
    monkeypatch.setattr(schedule, "standings", house.standings)
    monkeypatch.setattr(schedule, "kernels", house.kernels)
    monkeypatch.setattr(
        schedule, "unproven", lambda names, _: [name for name in names if name in house.unproven]
    )
    monkeypatch.setattr(
        schedule, "unseen", lambda runs: any(run.problem in house.unseen for run in runs)
    )
    monkeypatch.setattr(Launcher, "launch", lambda _, run, **more: house.launch(run, **more))
    monkeypatch.setattr(Launcher, "get_ready", lambda *_: None)
    monkeypatch.setattr(machine, "processors", lambda: [0, 1])
    return house


def done(out, asked=None, *, gate=True, progress=None):
    return list(
        compare(asked or runs(), out=out, timeout_s=9, gate=gate, progress=progress or Listener())
    )


def test_seed_by_seed_and_a_problem_is_trained_before_the_next_is_proven(house, tmp_path):
    one_at_a_time = [replace(run, jobs=1) for run in runs(seeds=3)]  # two would end in any order
    found = done(tmp_path, one_at_a_time)
    first = [f"{what} {name}" for name in NAMES for what in ("prove", "look", "train")]
    assert house.did == [*first, *[f"train {name}" for name in NAMES] * 2], "proven once"
    assert [(one.seed, one.problem) for one in found] == [
        (seed, name) for seed in range(3) for name in NAMES for _ in SIDES
    ]
    assert {one.kernel for one in found} == {"a kernel"}


def test_the_sides_take_turns_from_seed_to_seed(house, tmp_path):
    a, b = map(str, SIDES)
    planned = [(run.seed, run.problem, run.backend) for run in runs(("echo", "shapes"))]
    first = [(0, "echo", a), (0, "echo", b), (0, "shapes", a), (0, "shapes", b)]
    assert planned == [
        *first,
        *[(1, "echo", b), (1, "echo", a), (1, "shapes", b), (1, "shapes", a)],
    ]
    done(tmp_path, [replace(run, jobs=1) for run in runs(("echo", "shapes"))])
    assert [key.partition("-cpu")[0] for key in house.trained[:2]] == [f"echo-{a}", f"echo-{b}"]
    assert [key.partition("-cpu")[0] for key in house.trained[4:6]] == [f"echo-{b}", f"echo-{a}"]


def test_what_needs_no_proof_does_not_wait_for_what_was_before(house, tmp_path):
    """Or a processor would be idle at the end of each problem."""
    house.unproven, house.unseen = ("shapes",), ()
    found = done(tmp_path)
    assert {one.kernel for one in found} == {"a kernel"}, "as it was seen before"
    assert house.did[:2] == ["train echo", "prove shapes"]
    assert set(house.did[2:]) == {f"train {name}" for name in NAMES}


def test_without_the_gate_nothing_is_looked_at(house, tmp_path):
    done(tmp_path, gate=False)
    assert {what.split()[0] for what in house.did} == {"train"}


def test_what_is_there_is_proven_and_not_trained(house, tmp_path):
    first = done(tmp_path, runs(seeds=1))
    house.did.clear()
    house.trained.clear()
    again = done(tmp_path)
    assert all(one in again for one in first)
    assert [what for what in house.did if what.startswith("prove")] == [
        f"prove {name}" for name in NAMES
    ]
    assert len(house.trained) == len(runs()) - len(first)
    house.trained.clear()
    house.did.clear()
    assert len(done(tmp_path)) == len(runs())
    assert house.trained == []
    assert not any(what.startswith("look") for what in house.did), "of nothing that is trained"


def test_what_could_not_be_checked_is_not_timed_and_what_is_there_stays(house, tmp_path):
    first = done(tmp_path, runs(seeds=1))
    before = (tmp_path / "runs.jsonl").read_bytes()
    house.trained.clear()
    house.standing = Standing(refusal="not done after 900 s", unfinished=True)
    found = done(tmp_path)
    assert {one.status for one in found} == {UNCHECKED}
    assert house.trained == []
    assert (tmp_path / "runs.jsonl").read_bytes() == before
    assert {one.status for one in read(tmp_path)[0]} == {"ok"}
    house.standing = PROVEN
    assert {one.status for one in done(tmp_path)} == {"ok"}
    assert len(house.trained) == len(runs()) - len(first)


@pytest.mark.parametrize(
    ("change", "replaced"),
    [
        ({}, False),
        ({"fingerprint": "shared-other"}, True),
        ({"fingerprint": None}, True),
        ({"status": "failed"}, True),
    ],
    ids=lambda value: str(value),
)
def test_what_has_no_score_does_not_replace_one_of_the_very_code(change, replaced):
    made = record("echo", "pytorch", 0, fingerprint="shared-own")
    before = replace(made, **change)
    for status in ("refused", "unavailable", "failed", "timeout", "not done"):
        refusal = replace(made, status=status, reason="why")
        assert belongs(refusal, before) == replaced
        assert belongs(refusal, None)
        assert belongs(replace(before, status="ok"), refusal)


def test_one_that_is_broken_off_leaves_nothing_under_way(house, tmp_path, monkeypatch):
    stopped = []
    monkeypatch.setattr(Launcher, "stop", lambda self: stopped.append(self))
    found = compare(runs(), out=tmp_path, timeout_s=9, gate=True)
    next(found)
    found.close()
    assert stopped
    assert house.under_way == 0
    assert len(read(tmp_path)[0]) == 1


class Left(Listener):
    def __init__(self):
        self.said = []

    def left(self, seconds):
        self.said.append(seconds)


def test_the_time_left_is_of_what_is_to_be_done(house, tmp_path):
    """Not of what was there already, which took no time."""
    listener = Left()
    done(tmp_path, runs(seeds=1), progress=listener)
    assert listener.said[-1] == 0
    listener = Left()
    done(tmp_path, runs(seeds=2), gate=False, progress=listener)
    known = [record("echo", str(side), 0) for side in SIDES]
    of_a_seed = len(NAMES) * sum(one.start_s + one.total_s + one.scoring_s for one in known)
    assert max(filter(None, listener.said)) == pytest.approx(of_a_seed / 2)
    assert listener.said[-1] == 0


def test_a_problem_is_expected_to_take_as_long_as_it_did():
    asked = runs(("echo", "shapes"), 3)
    slow = [record("echo", "pytorch", 0, total_s=100.0, start_s=0.0, scoring_s=0.0)]
    remaining = Remaining(asked, 0, [], jobs=1)
    assert remaining.seconds() is None
    remaining = Remaining(asked, 0, slow, jobs=1)
    assert remaining.seconds() == 12 * 100
    remaining.done(record("shapes", "pytorch", 0, total_s=10.0, start_s=None, scoring_s=2.0))
    # Of keras-tensorflow nothing is known: it is taken for the mean of all.
    assert remaining.seconds() == 3 * 100 + 2 * 12 + 6 * (100 + 12) / 2
    remaining = Remaining(asked, 2, slow, jobs=2)
    assert remaining.seconds() is None, "of proofs nothing is known yet"
    remaining.proven(7.0)
    assert remaining.seconds() == 12 * 100 / 2 + 7.0


RUN = ("run", "a_right", "b_right", "--backends", *TOYS, "--seeds", "2", "--device", "cpu")


UNDER_WAY = ("starting", "proving", "looking")  # told after ten silent seconds, on a busy machine


def test_a_real_comparison_goes_from_problem_to_problem(toys, add_toy, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))  # another test may have proven these
    add_toy("a_right")
    add_toy("b_right")
    result = diptych(*RUN, "--out", "out", cwd=toys)
    assert result.returncode == 0, result.stderr
    words = [line.split()[0] for line in result.stderr.splitlines()]
    said = [word for word in words if word not in UNDER_WAY]
    first = ["not", *["a_right"] * 2, "not", *["b_right"] * 2]
    assert said == ["8", *first, *["a_right"] * 2, *["b_right"] * 2]
    assert all(len(line) <= 80 for line in result.stderr.splitlines() if "seed" in line)


@pytest.mark.parametrize("threads", [1, 2])
def test_a_framework_is_imported_once_for_proof_kernels_and_trainings(
    toys, add_toy, tmp_path, threads
):
    """But for the proof, which has one thread, where trainings have more."""
    for name in ("a_right", "b_right"):
        add_toy(name)
    imported = tmp_path / "imported"
    for side in TOYS:
        with (toys / "backends" / side / "_engine.py").open("a") as engine:
            engine.write(
                f"with open({str(imported)!r}, 'a') as file:\n    file.write('{side}\\n')\n"
            )
    asked = (*RUN, "--out", "out", "--threads", str(threads), "--jobs", "1")
    result = diptych(*asked, cwd=toys)
    assert result.returncode == 0, result.stderr
    assert sorted(imported.read_text().split()) == sorted(TOYS * threads)
    imported.unlink()
    assert diptych(*asked, cwd=toys).returncode == 0
    assert not imported.exists(), "nothing was to be done"


KILLED_IN_ITS_CHECK = PARITY_TOY.replace(
    "def build(problem):\n",
    "def build(problem):\n"
    "    import os, pathlib\n"
    "    if problem.recipe.epochs == 4 and pathlib.Path('{folder}/kill').exists():\n"
    "        os.kill(os.getpid(), 9)\n",
)


def test_a_check_that_is_killed_takes_nothing_away(toys, add_toy, tmp_path, monkeypatch):
    """The second time, what was proven is forgotten and there is no memory for the check, say."""
    add_toy("a_right", numpy2=KILLED_IN_ITS_CHECK.replace("{folder}", str(tmp_path)))
    add_toy("b_right")
    assert diptych(*RUN, "--out", "out", cwd=toys).returncode == 0
    before = (toys / "out" / "runs.jsonl").read_text()
    (tmp_path / "kill").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "empty"))
    result = diptych(*RUN, "--out", "out", cwd=toys)
    assert result.returncode == 1, result.stderr
    assert (toys / "out" / "runs.jsonl").read_text() == before
    assert result.stderr.count("the check did not get to its end: a_right, numpy2, float64") == 1
    assert "killed by SIGKILL" in result.stderr
    assert "trainings without a score: 4 (4 not checked)" in result.stderr
    assert "a_right" in result.stdout, "the table has what was there"
    new = diptych(*RUN, "--out", "new", cwd=toys)
    assert new.returncode == 1
    assert {line["problem"] for line in map(json.loads, open_lines(toys / "new"))} == {"b_right"}
    (toys / "problems" / "b_right.py").unlink()
    alone = diptych("run", "a_right", *RUN[3:], "--out", "none", cwd=toys)
    assert (alone.returncode, alone.stdout) == (1, "")
    assert open_lines(toys / "none") == []


HANGS_IN_ITS_CHECK = PARITY_TOY.replace(
    "def build(problem):\n",
    "def build(problem):\n"
    "    import os, pathlib, time\n"
    "    pathlib.Path('{folder}/pid').write_text(str(os.getpid()))\n"
    "    time.sleep(600)\n",
)


@pytest.mark.parametrize(
    "sent", [(signal.SIGINT,) * 2, (signal.SIGTERM,) * 2, (signal.SIGKILL,)], ids=str
)
def test_a_check_that_is_broken_off_leaves_nothing_running(toys, add_toy, tmp_path, sent):
    add_toy("a_right", numpy2=HANGS_IN_ITS_CHECK.replace("{folder}", str(tmp_path)))
    asked = ("run", "a_right", *RUN[3:], "--out", "out")
    comparison = start(*asked, cwd=toys, stderr=subprocess.PIPE, text=True)
    pid = tmp_path / "pid"
    deadline = time.monotonic() + PATIENCE_S
    while not (pid.exists() and pid.read_text()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    probe = Path("/proc") / pid.read_text()
    assert probe.exists()
    for one in sent:
        comparison.send_signal(one)
        time.sleep(0.5)
    _, said = comparison.communicate(timeout=PATIENCE_S)
    heard = signal.SIGKILL not in sent
    assert comparison.returncode == (130 if heard else -signal.SIGKILL)
    assert ("interrupted; the same command goes on from here" in said) == heard
    while probe.exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert open_lines(toys / "out") == []


def open_lines(folder):
    return (folder / "runs.jsonl").read_text().splitlines()


def test_why_nothing_is_trained_is_said_once_and_no_empty_table(toys, add_toy):
    add_toy("a_right", numpy2=PARITY_TOY.replace("        return x\n", "        return 2 * x\n"))
    for command in (
        ("run", "--seeds", "5"),
        ("explain", "--seeds", "2"),
        ("sweep", "--batch-size", "4", "8", "--seeds", "2"),
    ):
        asked = (command[0], "a_right", *command[1:], "--backends", *TOYS, "--device", "cpu")
        result = diptych(*asked, "--out", command[0], cwd=toys)
        assert result.returncode == 3, result.stderr
        assert result.stderr.count("the check fails: a_right, numpy2 against numpy") == 1
        assert result.stdout == ""
        assert {json.loads(line)["status"] for line in open_lines(toys / command[0])} == {"refused"}


def test_a_score_that_is_none_in_an_older_record_breaks_no_row():
    older = record("echo", "pytorch", 0)
    (name, judged) = next(iter(older.scores.items()))
    line = schedule.row(replace(older, scores={name: replace(judged, score=None)}))
    assert line.endswith(f"{name} none")
