"""What tests need is installed once, whoever asks, or one line says what is missing."""

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

import needs
import pytest
from needs import CHROMIUM, COMPILER, Need, ensure

from compare.processes.machine import ROOT

APT_GET = "apt-get -o DPkg::Lock::Timeout=600"
COMMANDS = [f"{APT_GET} update", f"{APT_GET} install -y --no-install-recommends chromium"]
# It refuses a second caller. The first stays until another was refused, PATIENCE tenths of a second
# at most.
STAND_IN = """#!/bin/sh
cd "${0%/*}"
echo "apt-get $*" >> asked
mkdir busy 2> /dev/null || { : > refused; echo "E: Could not get lock" >&2; exit 100; }
while [ ! -e refused ] && [ "${PATIENCE:=0}" -gt 0 ]; do
    sleep 0.1
    PATIENCE=$((PATIENCE - 1))
done
case "$*" in *install*) : > chromium; chmod +x chromium ;; esac
rmdir busy
"""
SUDO = """#!/bin/sh
echo "sudo $*" >> "${0%/*}/asked_sudo"
exec "$@"
"""
FAILING = """#!/bin/sh
echo "Reading package lists..."
echo "E: Unable to locate package chromium" >&2
exit 100
"""
ASK = "import needs; print(needs.ensure(needs.CHROMIUM)[0])"
UNLOCKED = "import fcntl; fcntl.flock = lambda *_: None; "


@pytest.fixture
def bare(tmp_path, monkeypatch) -> Path:
    """Return the only folder on PATH, where nothing is that tests need, nor an apt-get."""
    for tool in ("chmod", "env", "mkdir", "rmdir", "sleep"):
        (tmp_path / tool).symlink_to(str(shutil.which(tool)))
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def put(folder: Path, name: str, text: str = "#!/bin/sh\n") -> str:
    """Write a program into a folder; return its path."""
    (folder / name).write_text(text)
    (folder / name).chmod(0o755)
    return str(folder / name)


def ask(folder: Path, code: str = ASK, *, patience: int) -> subprocess.Popen:
    """Start a process that asks for Chromium and says where it is; PATH is the folder."""
    added = {"PYTHONPATH": str(ROOT / "tests"), "TMPDIR": str(folder), "PATIENCE": str(patience)}
    return subprocess.Popen(
        [sys.executable, "-c", code], env=os.environ | added, stdout=subprocess.PIPE, text=True
    )


def test_the_set_up_comes_before_the_tests_are_shared_out():
    makefile = (ROOT / "Makefile").read_text()
    recipe = makefile.partition("\ntest: ")[2].partition("\n\n")[0]
    assert "pytest" in recipe.partition("tests/needs.py")[2]


def test_what_is_there_is_not_installed(bare):
    there = put(bare, "google-chrome")
    assert ensure(CHROMIUM) == [there]


def test_a_file_is_found_by_its_path(bare, tmp_path):
    header = Need("a header", (str(tmp_path / "a.h"),), "package")
    assert header.path() is None
    (tmp_path / "a.h").touch()
    assert ensure(header) == [str(tmp_path / "a.h")]


@pytest.mark.parametrize("user", [0, 1000])
def test_what_is_missing_is_installed_by_root_or_with_sudo(bare, monkeypatch, user):
    put(bare, "apt-get", STAND_IN)
    put(bare, "sudo", SUDO)
    monkeypatch.setattr(os, "geteuid", lambda: user)
    assert ensure(CHROMIUM) == [str(bare / "chromium")]
    assert (bare / "asked").read_text().splitlines() == COMMANDS
    assert (bare / "asked_sudo").exists() == (user != 0)


def test_two_processes_that_ask_at_once_install_once(bare):
    put(bare, "apt-get", STAND_IN)
    both = [ask(bare, patience=10) for _ in range(2)]
    answers = [process.communicate()[0].split()[-1] for process in both]
    assert answers == [str(bare / "chromium")] * 2
    assert (bare / "asked").read_text().splitlines() == COMMANDS
    assert not (bare / "refused").exists()


def test_what_another_process_installs_is_not_looked_for_before_it_is_done(bare, monkeypatch):
    put(bare, "chromium", "half")
    monkeypatch.setattr(fcntl, "flock", lambda *_: put(bare, "chromium", "whole"))
    (chromium,) = ensure(CHROMIUM)
    assert Path(chromium).read_text() == "whole"


def test_without_the_lock_the_second_process_is_refused(bare):
    put(bare, "apt-get", STAND_IN)
    for process in [ask(bare, UNLOCKED + ASK, patience=600) for _ in range(2)]:
        process.communicate()
    assert (bare / "refused").exists()


@pytest.mark.parametrize(
    ("apt_get", "user", "reason"),
    [
        (None, 0, "there is no apt-get to install it with"),
        (STAND_IN, 1000, "there is no sudo to install it with"),
        (FAILING, 0, "E: Unable to locate package chromium"),
    ],
    ids=["no apt-get", "no sudo", "no package"],
)
def test_one_line_says_what_is_missing_why_and_what_to_do(bare, monkeypatch, apt_get, user, reason):
    if apt_get:
        put(bare, "apt-get", apt_get)
    monkeypatch.setattr(os, "geteuid", lambda: user)
    with pytest.raises(RuntimeError) as raised:
        ensure(CHROMIUM, COMPILER)
    (line,) = str(raised.value).splitlines()
    assert line.startswith(
        "missing for the tests: Chromium (chromium, chromium-browser, google-chrome,"
    )
    assert f" and a C++ compiler (g++); {reason}; " in line
    assert "apt-get install chromium g++" in line


def test_the_set_up_ends_with_that_line(bare):
    done = subprocess.run(
        [sys.executable, needs.__file__], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("missing for the tests: Chromium")


def test_a_test_that_needs_what_is_missing_fails_with_that_line(bare):
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "tests/test_browser.py", "-k", "picture", "--tb=short"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "\nmissing for the tests: Chromium" in done.stdout
    assert "1 error" in done.stdout
    assert "needs.py" not in done.stdout, "no traceback"


def test_tests_of_one_fixture_go_to_one_process(tmp_path):
    """The groups of pytest-xdist are part of a test's name, where pytest lets it."""
    (tmp_path / "test_two.py").write_text(
        "import pytest\n"
        "@pytest.mark.xdist_group('one')\n"
        "@pytest.mark.parametrize('n', range(2))\n"
        "def test_it(n, request): assert request.node.nodeid.endswith('@one')\n"
    )
    asked = ["-m", "pytest", "-p", "no:cacheprovider", "-n", "2", "--dist", "loadgroup", tmp_path]
    done = subprocess.run([sys.executable, *map(str, asked)], cwd=tmp_path, check=False)
    assert done.returncode == 0
