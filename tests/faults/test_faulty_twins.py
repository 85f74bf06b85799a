"""A user's program that goes wrong in the worst ways: a row with a reason, and nobody is harmed.

What a training does to its own folder is at length in tests/test_launcher.py, what it leaves behind
in tests/test_keeper.py.
"""

import subprocess
from textwrap import indent
from typing import NamedTuple

import pytest
from chains import END_S, FORK, NEW, command, left_for_good, records, start, whole_lines
from conftest import TOYS, copied, plant, with_toys
from parity import PARITY_TOY

from compare.processes.keeper import DROPPED, LOG_BYTES

# Long enough for all that does not hang, on a busy machine too: a fork takes a tenth of a second.
LIMIT_S = {FORK: 4, NEW: 30}


class Faulty(NamedTuple):
    """What a network does when it is asked, and the row that comes of it."""

    does: str
    status: str
    reason: str  # how it begins


EARLY = "ended with status {} before it was done"
LATE = "not done after "
CELL = "cell = pathlib.Path(os.environ['TMPDIR']).parent\n"
SLEEP = "subprocess.Popen(['sleep', '600'], start_new_session={})\n"
TWINS = {
    "hangs": Faulty("subprocess.Popen(['sleep', '600']); time.sleep(600)", "timeout", LATE),
    "stops": Faulty("os.kill(os.getpid(), signal.SIGSTOP)", "timeout", LATE),
    "prints": Faulty("while True: print('x' * 10_000)", "timeout", LATE),
    "exits": Faulty("sys.exit(3)", "failed", EARLY.format(3)),
    "ends": Faulty("os._exit(0)", "failed", EARLY.format(0)),
    "is_killed": Faulty("os.kill(os.getpid(), signal.SIGKILL)", "failed", "killed by SIGKILL"),
    "segfaults": Faulty(
        "resource.setrlimit(resource.RLIMIT_CORE, (0, 0)); ctypes.string_at(0)",
        "failed",
        "killed by SIGSEGV",
    ),
    "has_no_memory": Faulty(
        "resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30)); bytearray(2**31)",
        "failed",
        "MemoryError",
    ),
    "forks": Faulty(SLEEP.format(False), "ok", ""),
    "forks_away": Faulty(SLEEP.format(True), "ok", ""),
    "goes_away": Faulty("os.chdir('/')", "ok", ""),
    "tidies": Faulty(f"{CELL}shutil.rmtree(cell)", "failed", "its folder was removed"),
    "scribbles": Faulty(
        f"{CELL}(cell / 'record.json').write_text('{{'); os._exit(0)",
        "failed",
        "record.json cannot be read",
    ),
    "kills_its_parent": Faulty("os.kill(os.getppid(), signal.SIGKILL)", "failed", "killed by SIGK"),
}
IMPORTS = "import ctypes, os, pathlib, resource, shutil, signal, subprocess, sys, time\n"
SIDES = ("--backends", *TOYS, "--device", "cpu", "--seeds", "1")


def twin(does: str) -> str:
    asked = indent(f"{IMPORTS}{does}\nreturn x\n", " " * 8)
    return PARITY_TOY.replace("        return x\n", asked)


@pytest.fixture(scope="module")
def toys(tmp_path_factory):
    copy = with_toys(copied(tmp_path_factory.mktemp("twins") / "copy"))
    for name, one in TWINS.items():
        plant(copy, name, numpy=twin(one.does))  # beside a right one in numpy2
    return copy


def hold(toys, out, names, how) -> None:
    """See that faulty twins are rows with their reasons, and that those beside them are unharmed.

    Of these the problems are alike but for their names.
    """
    asked = command("run", *names, *SIDES, *how, "--timeout", str(LIMIT_S[how]), "--out", str(out))
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
    process = start(asked, toys, str(out), pause_s=0, **quiet)
    _, said = process.communicate(timeout=END_S + 3 * LIMIT_S[how])
    assert left_for_good(str(out)) == 0
    assert "Traceback" not in said
    assert process.returncode == 1, said
    made = records(whole_lines(out))
    faulty, right = ({one.problem: one for one in made if one.backend == side} for side in TOYS)
    assert faulty.keys() == right.keys() == set(names)
    for name, record in faulty.items():
        expected = TWINS[name]
        assert record.status == expected.status, (name, record.reason)
        assert (record.reason or "").startswith(expected.reason), name
        assert expected.status == "ok" or f"{record.status}: {record.reason}" in said
    assert {one.status for one in right.values()} == {"ok"}
    scores = [(one.scores, one.train_loss) for one in right.values()]
    assert all(one == scores[0] for one in scores)
    logs = [log.stat().st_size for log in out.glob("cells/*/log.txt")]
    assert max(logs) <= LOG_BYTES + len(DROPPED)


def test_a_faulty_twin_is_a_row_with_a_reason_and_the_others_are_unharmed(toys, tmp_path):
    hold(toys, tmp_path / "out", TWINS, FORK)


def test_so_it_is_in_a_new_interpreter(toys, tmp_path):
    """Of all of them: see whole.py."""
    hold(toys, tmp_path / "out", ["exits", "forks_away", "kills_its_parent"], NEW)


@pytest.mark.parametrize(
    "planted",
    [
        Faulty("raise ValueError", "failed", "killed by SIGKILL"),
        Faulty("pass", "failed", ""),
        Faulty("pathlib.Path('backends/numpy2/wrong.py').write_text('')", "ok", ""),
    ],
)
def test_another_row_or_harm_would_be_seen(toys, tmp_path, monkeypatch, planted):
    monkeypatch.setitem(TWINS, "wrong", planted)
    plant(toys, "wrong", numpy=twin(planted.does))
    with pytest.raises(AssertionError):
        hold(toys, tmp_path / "out", ["wrong"], FORK)
