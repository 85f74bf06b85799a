"""A training ends with all that it started, however it was started, and nothing else ends by it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import run_python

from compare.processes.forkserver import Server
from compare.processes.keeper import DROPPED, LOG_BYTES
from compare.processes.launcher import begun

PATIENCE_S = 60  # with what comes sooner or later
FOR_EVER = "import time; time.sleep(600)\n"
# What trains, in place of the trainer: the code in the training's folder.
TRAINER = """
import os

def main(cell):
    os.chdir(cell)
    exec((cell / "do.py").read_text(), {})
"""
# Leaves a process behind that says its number.
LEAVES = """
import os, time
from pathlib import Path
if os.fork() == 0:
    LEAVES_THE_GROUP
    Path("partial").write_text(str(os.getpid()))
    os.rename("partial", "left")
    time.sleep(600)
    os._exit(0)
while not os.path.exists("left"):
    time.sleep(0.01)
"""
STAYS, GOES, GOES_TWICE = (
    "pass",
    "os.setsid()",
    "os.setsid(); os.fork() and os._exit(0); os.setsid()",
)
# A thread that might take a signal, and a training that ends before its parent knows its number.
ENDS_AT_ONCE = """
import os, threading, time
threading.Thread(target=time.sleep, args=(600,), daemon=True).start()

def fork(fork=os.fork):
    child = fork()
    if child:
        time.sleep(0.5)
    return child

os.fork = fork
"""
# A training is slow to have a group, or a session, of its own.
HAS_NO_GROUP_YET = """
import os, time

def late(name):
    call = getattr(os, name)

    def later(*arguments):
        if arguments in ((), (0, 0)):
            time.sleep(600)
        return call(*arguments)

    setattr(os, name, later)

late("setpgid")
late("setsid")
"""


def there(process: int) -> bool:
    """Say whether a process is there and has not ended."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_for(what) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + PATIENCE_S
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def number(file: Path) -> int:
    """Return the number of a process that writes it into a file, whole."""
    wait_for(file.exists)
    return int(file.read_text())


@pytest.fixture
def serve(copy, tmp_path):
    """Return a function that starts a server with something for an engine."""
    (copy / "compare" / "training" / "trainer.py").write_text(TRAINER)
    servers = []

    def start(engine: str = "") -> Server:
        (copy / "backends" / "pytorch" / "_engine.py").write_text(engine)
        module = ["-m", "compare.processes.forkserver", str(os.getpid()), "pytorch"]
        environment = dict(os.environ) | {"PYTHONPATH": str(copy)}
        server = Server([sys.executable, "-P", *module], environment, tmp_path / "server.txt")
        servers.append(server)
        server.ready.result(PATIENCE_S)
        return server

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def cell(tmp_path):
    """Return a function that makes the folder of a training that does something."""

    def make(do: str, name: str = "cell") -> Path:
        folder = tmp_path / name
        folder.mkdir()
        (folder / "do.py").write_text(do)
        return folder

    return make


@pytest.fixture
def begin():
    """Return a function that starts code in a new interpreter: what waits for it, what ends it."""
    started = []

    def start(code: str, folder: Path, python: str = sys.executable):
        asked = [python, "-c", f"import os; os.chdir({str(folder)!r})\n{code}"]
        started.append(begun(asked, dict(os.environ), folder / "log.txt"))
        return started[-1]

    yield start
    for wait, kill in started:
        kill()
        wait()


def test_a_training_that_ends_before_its_number_is_known_is_not_lost(serve, cell):
    assert serve(ENDS_AT_ONCE).start(cell("")).result(PATIENCE_S) == 0


def test_a_training_that_is_killed_before_it_has_a_group_ends(serve, cell):
    server, folder = serve(HAS_NO_GROUP_YET), cell(FOR_EVER)
    status = server.start(folder)
    server.kill(folder)
    assert status.result(PATIENCE_S) == -signal.SIGKILL


# A training that has ended is killed once, in case that it left something, while its number is its
# own. The status of a training that counts says how many kills there were before.
KILLS_ARE_COUNTED = """
import os
os.kills = 0

def killpg(*whom, killpg=os.killpg):
    os.kills += 1
    killpg(*whom)

os.killpg = killpg
"""
COUNTS = "import os; os._exit(os.kills)"


def test_a_kill_that_comes_late_hits_nobody(serve, cell):
    """The number of a training that has ended may be another process's by then."""
    server, ended = serve(KILLS_ARE_COUNTED), cell("")
    assert server.start(ended).result(PATIENCE_S) == 0
    assert server.start(cell(COUNTS, "first")).result(PATIENCE_S) == 1
    server.kill(ended)
    assert server.start(cell(COUNTS, "second")).result(PATIENCE_S) == 2


@pytest.mark.parametrize("goes", [STAYS, GOES, GOES_TWICE], ids=["stays", "goes", "goes twice"])
@pytest.mark.parametrize("start", ["fork", "new"])
def test_what_a_training_leaves_behind_ends_with_it(serve, cell, begin, start, goes):
    code = LEAVES.replace("LEAVES_THE_GROUP", goes)
    folder = cell(code)
    status = (
        serve().start(folder).result(PATIENCE_S) if start == "fork" else begin(code, folder)[0]()
    )
    assert status == 0, (folder / "log.txt").read_text()
    left = number(folder / "left")
    wait_for(lambda: not there(left))


def test_a_process_left_behind_would_go_on(cell):
    folder = cell(LEAVES.replace("LEAVES_THE_GROUP", STAYS))
    subprocess.run([sys.executable, "do.py"], cwd=folder, check=True)
    left = number(folder / "left")
    assert there(left)
    os.kill(left, signal.SIGKILL)


def test_what_a_training_has_started_goes_on_when_another_ends(serve, cell):
    server = serve()
    long = cell(LEAVES.replace("LEAVES_THE_GROUP", GOES_TWICE) + FOR_EVER, "long")
    status = server.start(long)
    left = number(long / "left")
    for name in ("one", "two"):  # after the first end, what it left would have been looked for
        assert server.start(cell("", name)).result(PATIENCE_S) == 0
    assert there(left)
    server.kill(long)
    assert status.result(PATIENCE_S) == -signal.SIGKILL
    wait_for(lambda: not there(left))


def test_a_server_that_is_stopped_leaves_nothing(serve, cell):
    server, folder = serve(), cell(LEAVES.replace("LEAVES_THE_GROUP", GOES_TWICE) + FOR_EVER)
    status = server.start(folder)
    left = number(folder / "left")
    server.stop()
    assert not there(left)
    assert status.result(0) == -signal.SIGKILL


def test_what_the_import_of_a_framework_started_is_left_alone(serve, cell):
    server = serve("import subprocess\nhelper = subprocess.Popen(['sleep', '600'])\n")
    asks = "from backends import BACKENDS; helper = BACKENDS['pytorch'].engine().helper.pid\n"
    asks += "from pathlib import Path; Path('partial').write_text(str(helper))\n"
    asks += "import os; os.rename('partial', 'helper')"
    folder = cell(asks)
    assert server.start(folder).result(PATIENCE_S) == 0
    assert server.start(cell("", "another")).result(PATIENCE_S) == 0
    assert there(number(folder / "helper"))


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("", 0),
        ("raise SystemExit(3)", 3),
        ("os.kill(os.getpid(), 9)", -9),
        ("os.abort()", -6),
        ("os.kill(os.getpid(), 15)", -15),
    ],
)
def test_a_new_interpreter_ends_as_its_command_does(begin, cell, code, status):
    wait, _ = begin(code, cell(""))
    assert wait() == status


def test_a_command_that_is_none_has_failed_and_says_why(begin, cell):
    folder = cell("")
    wait, _ = begin("", folder, python="no_such_python")
    assert wait() == 1
    assert "No such file or directory" in (folder / "log.txt").read_text()


def test_a_new_interpreter_that_is_killed_leaves_nothing(begin, cell):
    folder = cell("")
    wait, kill = begin(LEAVES.replace("LEAVES_THE_GROUP", GOES_TWICE) + FOR_EVER, folder)
    left = number(folder / "left")
    kill()
    assert wait() == -signal.SIGKILL
    assert not there(left)


COORDINATOR = """
import os, sys
from pathlib import Path
from compare.processes.keeper import DROPPED, LOG_BYTES
from compare.processes.launcher import begun
folder = Path(sys.argv[1])
asked = [sys.executable, "-c", f"import os; os.chdir({sys.argv[1]!r})\\n{sys.argv[2]}"]
begun(asked, dict(os.environ), folder / "log.txt")
while not (folder / "left").exists():
    pass
os.kill(os.getpid(), 9)
"""


def test_a_new_interpreter_ends_with_the_comparison(cell):
    folder, code = cell(""), LEAVES.replace("LEAVES_THE_GROUP", GOES) + FOR_EVER
    assert run_python("-c", COORDINATOR, str(folder), code).returncode == -9
    left = number(folder / "left")
    wait_for(lambda: not there(left))


def test_a_python_without_pidfd_open_does_as_well(serve, cell):
    """As Conda's."""
    server = serve("import os\ndel os.pidfd_open\n")
    folder = cell(LEAVES.replace("LEAVES_THE_GROUP", GOES))
    assert server.start(folder).result(PATIENCE_S) == 0
    left = number(folder / "left")
    wait_for(lambda: not there(left))


PRINTS = """
import os
for _ in range({n}):
    os.write(1, b"x" * 2**20)
os.write(2, b"the last words")
"""


@pytest.mark.parametrize("start", ["fork", "new"])
@pytest.mark.parametrize("mb", [1, 3 * LOG_BYTES // 2**20])
def test_of_what_a_training_says_so_much_is_kept_and_no_more(serve, cell, begin, start, mb):
    code = PRINTS.format(n=mb)
    folder = cell(code)
    status = (
        serve().start(folder).result(PATIENCE_S) if start == "fork" else begin(code, folder)[0]()
    )
    log = (folder / "log.txt").read_bytes()
    assert status == 0
    if mb == 1:
        assert log == b"x" * 2**20 + b"the last words"
    else:
        assert log == b"x" * LOG_BYTES + DROPPED


@pytest.mark.parametrize(("code", "status"), [("3", 3), ("", 0), ("'words'", 1), ("-1", 255)])
def test_a_forked_training_exits_as_a_python_does(serve, cell, code, status):
    folder = cell(f"raise SystemExit({code})")
    assert serve().start(folder).result(PATIENCE_S) == status
    assert (folder / "log.txt").read_text() == ("words\n" if status == 1 else "")


CLOSES = "import os; os.close(1); os.close(2); import time; time.sleep(1)"


def test_a_training_that_closes_its_output_costs_no_processor_time(serve, cell):
    server, folder = serve(), cell(CLOSES)
    before = ticks(server)
    assert server.start(folder).result(PATIENCE_S) == 0
    assert ticks(server) - before < os.sysconf("SC_CLK_TCK") / 2


def ticks(server) -> int:
    """Return the processor time that a server has taken: proc_pid_stat(5)."""
    told = Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(")")[2].split()
    return int(told[11]) + int(told[12])
