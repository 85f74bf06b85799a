"""A comparison by the nodes of a cluster, and what a node does: without Ray."""

import fcntl
import json
from base64 import b64decode
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from clusters import DEADLINE_S
from synthetic import record as made

from backends import Side
from compare.console import SILENT
from compare.processes import interpreter, node
from compare.processes.cluster import Answer, Begun, Node, Work
from compare.processes.keeper import DROPPED
from compare.records.record import UNCHECKED, Record, Run, UsageError, finite
from compare.training import block
from compare.training.block import answer
from compare.training.due import plan
from compare.training.how_far import how_far
from compare.training.on_cluster import OnCluster
from compare.training.schedule import compare
from compare.training.stop import Stop

SIDES = ("pytorch", "keras-tensorflow")
NODES = [Node(id=name, name=name, cpus=4, gpus=0) for name in ("one", "two")]
RUNS = plan(["echo"], [(Side(side), "matched", "cpu") for side in SIDES], 4)


def lines(folder: Path) -> list[Record]:
    file = folder / "runs.jsonl"
    return [Record.from_json(line) for line in file.read_bytes().splitlines()]


class Fake:
    """A cluster in this process: its nodes answer what `made_of` and `train` say."""

    nodes = NODES

    def __init__(self, **said: Callable[..., dict]) -> None:
        self.said = {"made_of": self.made_of, "train": self.train} | said
        self.given: list[list[Run]] = []

    def reserved(self) -> int:
        return NODES[0].cpus

    def made_of(self, runs: list[Run], _: Node) -> dict:
        prints = {run.key: f"{run.backend}-code" for run in runs}
        return {"processor": "x", "processors": 4, "doubts": [], "fingerprints": prints}

    def train(self, runs: list[Run]) -> dict:
        found = [made(run.problem, run.backend, run.seed, fingerprint=run.fingerprint,
                      proof=run.proof or "proven", machine="a") for run in runs]  # fmt: skip
        return {"records": [finite(asdict(one)) for one in found], "files": {}}

    def each(self, module: str, question: dict, timeout_s: float) -> list[Answer]:
        runs = [Run(**fields) for fields in question["runs"]]
        return [
            Answer(
                work=Work(name=one.name, module=module, question=question, timeout_s=timeout_s),
                attempt=1,
                said=self.said["made_of"](runs, one),
            )
            for one in self.nodes
        ]

    def do(self, works: list[Work], stop: Stop) -> Iterator[Begun | Answer]:
        for work in works:
            if stop.asked:
                return
            yield Begun(work=work, attempt=1, node="one")
            self.given.append([Run(**fields) for fields in work.question["runs"]])
            said = self.said["train"](self.given[-1])
            yield Answer(work=work, attempt=2, **({"said": said} if said else {"failure": "lost"}))


def compared(fake: Fake, out: Path, runs: list[Run] = RUNS, stop: Stop | None = None):
    def by(*arguments, **settings) -> OnCluster:
        return OnCluster(fake, *arguments, **settings)

    options = {"timeout_s": 9.0, "gate": True, "progress": SILENT, "by": by}
    return list(compare(runs, out=out, stop=stop, **options))


def test_a_pair_of_which_one_side_is_missing_is_done_anew_whole(tmp_path):
    compared(Fake(), tmp_path)
    file = tmp_path / "runs.jsonl"
    whole = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(whole[:2] + whole[3:]))  # one side of seed 1 is lost
    fake = Fake()
    assert len(compared(fake, tmp_path)) == len(RUNS)
    assert [{run.seed for run in block} for block in fake.given] == [{1}]
    assert {run.backend for run in fake.given[0]} == set(SIDES)


def test_records_tell_their_block_and_attempt_and_the_commit_of_the_driver(tmp_path):
    found = compared(Fake(), tmp_path)
    assert {one.attempt for one in found} == {2}
    assert len({one.block for one in found}) == 2
    assert {one.commit for one in found} != {"0" * 40}
    assert lines(tmp_path) == found


def test_a_block_that_is_lost_twice_is_rows_that_failed_and_the_others_go_on(tmp_path):
    def train(runs: list[Run]) -> dict:
        return {} if runs[0].seed == 0 else Fake().train(runs)

    found = compared(Fake(train=train), tmp_path)
    failed = [one for one in found if one.status == "failed"]
    assert {one.seed for one in failed} == {0, 1}
    assert all("lost" in str(one.reason) and one.machine is None for one in failed)
    assert {one.status for one in found if one.seed > 1} == {"ok"}
    fake = Fake()
    compared(fake, tmp_path)
    assert [{run.seed for run in block} for block in fake.given] == [{0, 1}], "done once more"


def test_what_could_not_be_checked_is_told_and_goes_into_no_folder(tmp_path):
    def train(runs: list[Run]) -> dict:
        said = Fake().train(runs)
        for fields in said["records"]:
            fields |= {"status": UNCHECKED, "reason": "the check hangs"}
        return said

    found = compared(Fake(train=train), tmp_path)
    assert {one.status for one in found} == {UNCHECKED}
    assert lines(tmp_path) == []


def test_a_node_that_answers_what_is_no_record_is_a_row_that_failed(tmp_path):
    def train(runs: list[Run]) -> dict:
        said = Fake().train(runs)
        said["records"][0]["seed"] = "0"
        return said

    found = compared(Fake(train=train), tmp_path)
    assert {one.status for one in found} == {"failed"}
    assert "no record: expected" in str(found[0].reason).lower()


@pytest.mark.parametrize("change", [{"fingerprint": "another"}, {"problem": "shapes"}])
def test_a_node_of_another_kind_makes_its_block_fail(tmp_path, change):
    def train(runs: list[Run]) -> dict:
        said = Fake().train(runs)
        said["records"][0] |= change
        return said

    found = compared(Fake(train=train), tmp_path)
    assert {(one.status, one.problem) for one in found} == {("failed", "echo")}
    assert "of another kind" in str(found[0].reason)


def test_a_pair_that_came_to_be_of_two_machines_is_done_anew(tmp_path):
    compared(Fake(), tmp_path)
    file = tmp_path / "runs.jsonl"
    whole = file.read_text().splitlines(keepends=True)
    whole[2] = whole[2].replace('"machine": "a"', '"machine": "b"')
    file.write_text("".join(whole))
    fake = Fake()
    compared(fake, tmp_path)
    assert [{run.seed for run in block} for block in fake.given] == [{1}]
    fake = Fake()
    compared(fake, tmp_path)
    assert fake.given == []


def test_a_long_log_is_cut_and_what_is_too_large_else_is_left_out(tmp_path, monkeypatch):
    monkeypatch.setattr(block, "LONGEST", 10)
    (tmp_path / "log.txt").write_bytes(b"x" * 20)
    (tmp_path / "sample.npz").write_bytes(b"x" * 20)
    found = block._files(tmp_path)
    assert list(found) == ["log.txt"]
    assert b64decode(found["log.txt"]) == b"x" * 10 + DROPPED


def test_what_is_done_again_is_not_told_as_done(tmp_path):
    def train(runs: list[Run]) -> dict:
        seen.append(how_far(tmp_path)[0])
        return Fake().train(runs)

    seen: list = []
    compared(Fake(), tmp_path)
    file = tmp_path / "runs.jsonl"
    file.write_text(file.read_text().replace('"machine": "a"', '"machine": "b"', 1))
    compared(Fake(train=train), tmp_path)
    assert [(come.done, come.left) for come in seen] == [(len(RUNS) - 2, 2)]
    assert len(seen[0].under_way) == 2


def test_folders_of_work_that_was_killed_are_removed(toys, monkeypatch, tmp_path):
    (toys / "compare" / "planted.py").write_text(ANSWERS)
    monkeypatch.setattr(interpreter, "START", toys / "compare" / "processes" / "start.py")
    monkeypatch.setattr(node, "gettempdir", lambda: str(tmp_path))
    dead, alive = tmp_path / f"{node.PREFIX}a", tmp_path / f"{node.PREFIX}b"
    for folder in (dead, alive):
        folder.mkdir()
        (folder / node.LOCK).touch()
    with (alive / node.LOCK).open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        list(node.done_here("compare.planted", "{}", DEADLINE_S))
    assert not dead.exists()
    assert alive.exists()


def test_after_a_stop_no_block_is_begun(tmp_path):
    stop = Stop()

    def train(runs: list[Run]) -> dict:
        stop.asked = True
        return Fake().train(runs)

    with pytest.raises(KeyboardInterrupt):
        compared(Fake(train=train), tmp_path, stop=stop)
    assert {one.seed for one in lines(tmp_path)} == {0, 1}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"missing": {"pytorch": ["torch"]}}, "node two: backend 'pytorch' needs torch, not"),
        ({"refusal": "the interpreter of pytorch is gone"}, "node two: the interpreter of"),
        ({"processors": 0}, "node two: expected 1 processors for --jobs"),
        ({"fingerprints": {run.key: "other" for run in RUNS}}, "expected nodes of one kind"),
    ],
)
def test_nodes_that_cannot_take_part_are_named(tmp_path, change, message):
    def made_of(runs: list[Run], there: Node) -> dict:
        return Fake().made_of(runs, there) | (change if there.name == "two" else {})

    with pytest.raises(UsageError, match=message):
        compared(Fake(made_of=made_of), tmp_path)


@pytest.mark.parametrize("gone", [("two",), ("one", "two")])
def test_a_node_that_is_lost_before_it_answers_is_left_out(tmp_path, gone):
    class Losing(Fake):
        def each(self, *asked: object) -> list[Answer]:
            return [
                replace(one, said=None, failure="lost: node", lost=True)
                if one.work.name in gone
                else one
                for one in super().each(*asked)
            ]

    if len(gone) == len(NODES):
        with pytest.raises(UsageError, match="no node answers: lost: node"):
            compared(Losing(), tmp_path)
    else:
        assert len(compared(Losing(), tmp_path)) == len(RUNS)


ANSWERS = "import sys; from compare.processes.node import answer_in, question_in\n"
ANSWERS += "from pathlib import Path; f = Path(sys.argv[1]); answer_in(f, [question_in(f)])\n"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (ANSWERS, {"said": [{"a": 1}]}),
        ("print('no\\x1b answer')", {"failure": "no answer: no\\x1b answer"}),
        ("raise ValueError('x')", {"failure": "the process ended with status 1: ValueError: x"}),
        ("import os; os.abort()", {"failure": "the process killed by SIGABRT: it said nothing"}),
        ("import time; time.sleep(600)", {"failure": "no end in 3 s: it said nothing"}),
    ],
)
def test_what_a_module_answers_on_a_node(toys, monkeypatch, code, expected):
    (toys / "compare" / "planted.py").write_text(code)
    monkeypatch.setattr(interpreter, "START", toys / "compare" / "processes" / "start.py")
    limit_s = 3 if "sleep" in code else DEADLINE_S
    told = [json.loads(one) for one in node.done_here("compare.planted", '{"a": 1}', limit_s)]
    assert list(told[0]) == ["node"]
    assert told[1] == expected


def test_a_node_says_what_it_lacks_and_what_the_runs_are_made_of(monkeypatch, tmp_path):
    asked = {"pythons": {}, "runs": [asdict(run) for run in RUNS], "only_look": True}
    told = answer(asked, tmp_path)
    assert told["fingerprints"].keys() == {run.key for run in RUNS}
    environment = replace(there_environment(), missing=["torch"])
    monkeypatch.setattr("compare.processes.interpreter.environment", lambda _: environment)
    assert answer(asked, tmp_path) == {"missing": {side: ["torch"] for side in SIDES}}


def there_environment():
    from compare.processes.interpreter import environment

    return environment(Side("pytorch"))
