"""The wheel in environments of its own: one without frameworks, and two that it trains in.

`make wheel` runs these tests; they install packages, so `make test` leaves them out.
"""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from importlib.metadata import version
from pathlib import Path
from zipfile import ZipFile

import pytest
from conftest import copied
from parity import parity

from compare.__main__ import parser
from compare.processes.machine import ROOT

ONLY_HERE = "only_in_the_wheel"  # a problem that no checkout and no other environment has
OLD_KERAS = "3.14.1"
FRAMEWORKS = ("torch", "tensorflow", "keras", "jax")
PIP = (sys.executable, "-m", "pip", "--quiet")
# What each command prints in a folder with a copy of results/cpu as `run`.
READING = {
    "list": ("", "no: pip install torch"),
    "show": ("echo", "class Echo"),
    "lessons": ("", "channels: Channels come first"),
    "lesson": ("fitting", "not measured here: `diptych lessons --measure`"),
    "traps": ("batchnorm", "epsilon: "),
    "crib": ("", "crib.html"),
    "init": ("mine", "Next: cd mine"),
    "table": ("run", "moving_square"),
    "report": ("run", "report.html"),
    "plot": ("run --out pictures", "ratio-epoch_s.svg"),
    "diff": ("run run --json", '"circumstances": []'),
    "merge": ("run --out merged", "merged: "),
    "export": ("run --format github-action-benchmark", '"unit": "s"'),
}
TRAINING = {
    "doctor",
    "check",
    "run",
    "status",
    "sweep",
    "explain",
    "match",
    "test",
}  # and what is told of one


def done(*command: str | Path, cwd: Path) -> str:
    """Run a command that ends well, as if Python knew of no checkout; return its stdout."""
    surroundings = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    ended = subprocess.run(
        command, cwd=cwd, env=surroundings, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def environment(folder: Path) -> Path:
    """Make a virtual environment and return its Python."""
    venv.create(folder, symlinks=True)
    return folder / "bin" / "python"


def packages(python: Path) -> Path:
    """Return the folder that an environment's packages are in."""
    (folder,) = python.parents[1].glob("lib/python*/site-packages")
    return folder


def files(python: Path) -> set[Path]:
    """Return all files of an environment, but for what Python itself keeps."""
    return {file for file in python.parents[1].rglob("*") if "__pycache__" not in file.parts}


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> Path:
    """What the wheel is made of, with a problem more."""
    folder = copied(tmp_path_factory.mktemp("source"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder)
    for path, text in parity(ONLY_HERE).items():
        (folder / path).write_text(text)
    return folder


@pytest.fixture(scope="module")
def code(source) -> set[str]:
    """The files of our packages, without what Python has compiled of them."""
    folders = ("problems", "backends", "compare")
    paths = [path for name in folders for path in (source / name).rglob("*")]
    files = [path for path in paths if path.is_file() and path.parent.name != "__pycache__"]
    return {path.relative_to(source).as_posix() for path in files}


@pytest.fixture(scope="module")
def wheel(source, code, tmp_path_factory) -> Path:
    """The wheel; `code` is noted before it is built."""
    folder = tmp_path_factory.mktemp("wheel")
    done(*PIP, "wheel", "--no-deps", "--wheel-dir", folder, source, cwd=folder)
    (file,) = folder.iterdir()
    return file


@pytest.fixture(scope="module")
def python(wheel, tmp_path_factory) -> Path:
    """The Python of an environment, in somebody's repository, with the wheel and what it needs."""
    repository = tmp_path_factory.mktemp("installed")
    done("git", "init", "--quiet", repository, cwd=repository)
    python = environment(repository / "venv")
    constraints = ("--no-compile", "--constraint", ROOT / "constraints.txt")
    done(*PIP, "--python", python, "install", *constraints, wheel, cwd=wheel.parent)
    return python


@pytest.fixture(scope="module")
def old(tmp_path_factory) -> Path:
    """The Python of an environment with an older Keras; all else is that of these tests."""
    python = environment(tmp_path_factory.mktemp("old") / "venv")
    keras = ("install", "--no-deps", f"keras=={OLD_KERAS}")
    done(*PIP, "--python", python, *keras, cwd=python.parent)
    (packages(python) / "others.pth").write_text(sysconfig.get_path("purelib"))
    return python


@pytest.fixture(scope="module")
def whole(wheel, tmp_path_factory) -> Path:
    """The Python of an environment with the wheel; all else is that of these tests."""
    python = environment(tmp_path_factory.mktemp("whole") / "venv")
    done(*PIP, "--python", python, "install", "--no-deps", wheel, cwd=python.parent)
    (packages(python) / "others.pth").write_text(sysconfig.get_path("purelib"))
    return python


@pytest.fixture
def diptych(python, tmp_path):
    """Return a function that runs the installed command in an empty folder: see `done`."""
    return lambda *arguments: done(python.with_name("diptych"), *arguments, cwd=tmp_path)


def test_the_wheel_holds_every_file_of_the_code_and_nothing_else(wheel, code):
    names = {name for name in ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert names == code
    assert "compare/page/templates/report.html" in names


def test_it_brings_no_framework(python, tmp_path):
    look = f"from importlib.util import find_spec; print(*map(find_spec, {FRAMEWORKS}))"
    assert done(python, "-c", look, cwd=tmp_path).split() == ["None"] * len(FRAMEWORKS)


def test_every_command_is_tried_here_or_needs_a_framework():
    (commands,) = (one.choices for one in parser()._actions if isinstance(one.choices, dict))
    assert set(commands) == set(READING) | TRAINING


@pytest.mark.parametrize("command", READING)
def test_what_reads_works_without_frameworks_in_any_folder(diptych, tmp_path, command):
    shutil.copytree(ROOT / "results" / "cpu", tmp_path / "run")
    arguments, printed = READING[command]
    assert printed in diptych(command, *arguments.split())


def test_it_says_its_version_and_shows_its_help(diptych):
    assert diptych("--version") == f"diptych {version('diptych')}\n"
    assert "exit status:" in diptych()


def test_a_backend_has_the_packages_of_its_own_interpreter(diptych, python, old, tmp_path):
    """And the code of this wheel. Nothing is written where it is installed."""
    wrong = packages(python) / "keras"
    (wrong.with_name("keras-0.dist-info")).mkdir()
    (wrong.with_name("keras-0.dist-info") / "METADATA").write_text("Name: keras\nVersion: 0\n")
    wrong.mkdir()
    (wrong / "__init__.py").write_text("raise ImportError('the Keras of the other interpreter')")
    before = files(python)
    sides = {"pytorch": sys.executable, "keras-tensorflow": sys.executable}
    sides["keras-tensorflow@old"] = str(old)
    named = [part for side, path in sides.items() for part in ("--python", f"{side}={path}")]
    diptych(
        *("run", ONLY_HERE, "--quick", "--seeds", "1", "--no-gate", "--device", "cpu"),
        *("--backends", *sides, *named, "--out", "out"),
    )
    lines = (tmp_path / "out" / "runs.jsonl").read_text().splitlines()
    found = {record["backend"]: record for record in map(json.loads, lines)}
    assert found["pytorch"]["versions"]["torch"] == version("torch")
    assert found["keras-tensorflow"]["versions"]["keras"] == version("keras")
    assert found["keras-tensorflow@old"]["versions"]["keras"] == OLD_KERAS
    assert {record["commit"] for record in found.values()} == {None}
    assert {record["dirty"] for record in found.values()} == {None}
    assert files(python) == before


def test_a_project_of_ones_own_is_made_proven_run_and_shown(whole, tmp_path):
    command = whole.with_name("diptych")
    done(command, "init", "mine", cwd=tmp_path)
    folder = tmp_path / "mine"
    assert "ok everywhere" in done(command, "check", cwd=folder)
    assert "2 trainings, 0 failed" in done(command, "run", "--quick", "--seeds", "1", cwd=folder)
    assert "report.html" in done(command, "report", cwd=folder)
    (page,) = folder.glob("results/*/report.html")
    assert 'id="problem-mine-programs"' in page.read_text()


def test_two_models_are_matched(whole, tmp_path):
    (tmp_path / "nets.py").write_text(
        "from torch import nn\n\ndef net():\n"
        "    return nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))\n"
    )
    (tmp_path / "models.py").write_text(
        "import keras\nfrom keras import layers\n\nmodel = keras.Sequential([\n"
        "    keras.Input((4,)), layers.Dense(3, activation='relu'), layers.Dense(2)])\n"
    )
    named = ("--pytorch", "nets.py:net", "--keras", "models.py:model")
    asked = ("match", *named, "--input", "f=4", "--report", "found.html")
    assert "The same model" in done(whole.with_name("diptych"), *asked, cwd=tmp_path)
    assert "<h1>The same model</h1>" in (tmp_path / "found.html").read_text()
