"""Whatever a training does to its own folder, it is a row, and the next one is trained."""

import json
import os
import threading

import pytest
from conftest import run_python

from compare.__main__ import parser
from compare.options import WEEK_S
from compare.processes.fingerprint import keep, kept
from compare.records.record import UsageError

STARTS = pytest.mark.parametrize("start", ["fork", "new"])
# What a training does to its folder, and how the reason in its row begins.
DONE = {
    "(cell / 'record.json').mkdir(); os._exit(0)": "expected a file, came something else as rec",
    "os.mkfifo(cell / 'record.json'); os._exit(0)": "expected a file, came something else as rec",
    "(cell / 'record.json').write_text('{'); os._exit(0)": "record.json cannot be read: ",
    "(cell / 'record.json').write_text('[' * 200_000); os._exit(0)": "record.json cannot be read: ",
    "(cell / 'record.json').write_text('{\"schema\": \"\\\\u001b[2J\"}'); os._exit(0)": (
        "record.json cannot be read: "
    ),
    "shutil.rmtree(cell)": "its folder was removed while it ran",
    "shutil.rmtree(cell.parent)": "its folder was removed while it ran",
    "os.kill(os.getpid(), 40)": "killed by signal 40",
}
# What trains, in place of the trainer.
TRAINER = f"""
import json, os, shutil, sys
from pathlib import Path
from compare.processes.machine import facts
from compare.records.record import Run, now, record_of, write_record

DONE = {list(DONE)}

def main(cell):
    run = json.loads((cell / "run.json").read_text())
    run = Run(**{{name: run[name] for name in Run.__dataclass_fields__}})
    if run.seed < len(DONE):
        exec(DONE[run.seed])
    record = record_of(run, **facts(), started=now(), status="ok", total_s=1.0)
    write_record(record, cell)

if __name__ == "__main__":
    main(Path(sys.argv[1]))
"""
COMPARE = """
import json, sys
from pathlib import Path
from compare.records.record import Run
from compare.training.schedule import compare
start, seeds = sys.argv[1], int(sys.argv[2])
runs = [Run(problem="echo", backend="pytorch", device="cpu", seed=seed, start=start)
        for seed in range(seeds)]
for record in compare(runs, out=Path("out"), timeout_s=60, gate=False):
    print(json.dumps([record.seed, record.status, record.reason]))
"""


def rows(copy, start: str, seeds: int) -> dict[int, tuple]:
    """Return the status and reason of some trainings in a copy of the project."""
    done = run_python("-c", COMPARE, start, str(seeds), cwd=copy)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[")]
    return {seed: tuple(row) for seed, *row in lines}


@STARTS
def test_a_training_that_spoils_its_folder_has_failed_and_the_next_is_trained(copy, start):
    (copy / "backends" / "pytorch" / "_engine.py").write_text("")
    (copy / "compare" / "training" / "trainer.py").write_text(TRAINER)
    found = rows(copy, start, len(DONE) + 1)
    assert found.pop(len(DONE)) == ("ok", None)
    for seed, why in enumerate(DONE.values()):
        status, reason = found[seed]
        assert (status, reason[: len(why)]) == ("failed", why)
        assert reason.isprintable()
    # A folder in which something stood in the way is of use again.
    (copy / "compare" / "training" / "trainer.py").write_text(TRAINER.replace("exec(", "str("))
    assert rows(copy, start, 3) == dict.fromkeys(range(3), ("ok", None))


def test_a_training_whose_folder_cannot_be_made_has_failed(copy):
    """If there is no room for anything, its record is not kept either, and that is told."""
    (copy / "backends" / "pytorch" / "_engine.py").write_text("")
    (copy / "compare" / "training" / "trainer.py").write_text(TRAINER.replace("exec(", "str("))
    cells = copy / "out" / "cells"
    cells.mkdir(parents=True)
    in_the_way = cells / "echo-pytorch-cpu-matched-full-0"
    in_the_way.write_text("a file")
    reason = "it could not be started: Not a directory"
    assert rows(copy, "new", 2) == {0: ("failed", reason), 1: ("ok", None)}


LEAVES_A_FILE = """
import tempfile
from backends import Unavailable

tempfile.gettempdir()  # is remembered by the server

def prepare(**_):
    with open(tempfile.mkstemp()[0], "w") as file:
        file.write("left")
    raise Unavailable(tempfile.gettempdir())
"""


@STARTS
def test_temporary_files_of_a_training_are_removed_with_it(copy, tmp_path, monkeypatch, start):
    """Keras on TensorFlow leaves some, and a fork does not end as a Python does."""
    (copy / "backends" / "pytorch" / "_engine.py").write_text(LEAVES_A_FILE)
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    cells = copy / "out" / "cells"
    assert rows(copy, start, 2) == {
        seed: ("unavailable", str(cells / f"echo-pytorch-cpu-matched-full-{seed}" / "scratch"))
        for seed in (0, 1)
    }
    assert os.listdir(tmp_path / "temporary") == []  # noqa: PTH208
    assert not list(cells.glob("*/scratch"))


@pytest.mark.parametrize("seconds", ["1e10", "1e300", "inf", str(WEEK_S + 1)])
def test_no_training_is_given_more_than_a_week(seconds):
    with pytest.raises(UsageError, match="expected seconds above 0 and up to 604800"):
        parser().parse_args(["run", "--timeout", seconds])


def test_a_timer_takes_a_week():
    assert parser().parse_args(["run", "--timeout", str(WEEK_S)]).timeout <= threading.TIMEOUT_MAX


def test_a_user_without_a_home_has_no_cache(monkeypatch):
    """As in a container, by a number that is nobody's."""
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.delenv("HOME")
    monkeypatch.setattr("pwd.getpwuid", {}.__getitem__)
    keep("name", "value")
    assert kept("name") is None


def test_a_cache_that_is_named_from_here_is_no_cache(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", "here")
    keep("name", "value")
    assert kept("name") == "value"
    assert [one.name for one in tmp_path.iterdir()] == ["home"]
