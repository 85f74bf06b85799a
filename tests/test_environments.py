"""Installed into one environment, the code of another is asked: it has its own packages, not ours.

Two environments with a stand-in for a framework, in two versions. Installed from a wheel, our
packages are in the first one's site-packages, beside its framework.
"""

import json
import os
import shutil
import subprocess
import sys
import venv
from importlib import metadata
from pathlib import Path

import pytest
from conftest import SIDES, TESTS, copied
from parity import toy

from compare.processes import interpreter
from compare.processes.question import ask

# Notes who imports it.
FRAMEWORK = """
import os, sys
from pathlib import Path
__version__ = "VERSION"
with open(os.environ["NOTED"], "a") as file:
    file.write(f"{Path(sys.argv[0]).stem} {__version__}\\n")
"""
METADATA = "Metadata-Version: 2.1\nName: NAME\nVersion: VERSION\n"
REGISTERED = """
BACKENDS["toy"] = Backend("toy", "toy", ("framework",), {}, {"eager": "by NumPy"})
"""
ENGINE = """
import framework

def versions():
    return {"framework": framework.__version__}
"""


def site_of(environment: Path) -> Path:
    """Return the folder for an environment's packages."""
    (found,) = environment.glob("lib/python*/site-packages")
    return found


def install(folder: Path, version: str, distribution: str = "framework") -> None:
    """Put the stand-in for a framework into a folder."""
    (folder / "framework").mkdir(parents=True)
    (folder / "framework" / "__init__.py").write_text(FRAMEWORK.replace("VERSION", version))
    about = folder / f"{distribution.replace('-', '_')}-{version}.dist-info"
    about.mkdir()
    text = METADATA.replace("NAME", distribution).replace("VERSION", version)
    (about / "METADATA").write_text(text)
    (about / "RECORD").write_text("framework/__init__.py,,\n")


@pytest.fixture
def environment(tmp_path):
    """Return a function that makes an environment with little of what this one has."""

    def make(name: str) -> Path:
        venv.create(tmp_path / name, symlinks=True)
        own = site_of(tmp_path / name)
        for distribution in ("numpy", "msgspec"):
            parts = {file.parts[0] for file in metadata.files(distribution)} - {".."}
            for part in parts:
                (own / part).symlink_to(Path(metadata.distribution(distribution).locate_file(part)))
        return tmp_path / name

    return make


@pytest.fixture
def wheel(environment):
    """Return an environment that our packages are installed in, with a framework beside them."""
    first = environment("first")
    own = copied(site_of(first))
    shutil.copytree(TESTS / "toy", own / "backends" / "toy")
    for path, text in toy("right").items():
        (own / path.replace("backends/numpy/", "backends/toy/")).parent.mkdir(exist_ok=True)
        (own / path.replace("backends/numpy/", "backends/toy/")).write_text(text)
    with (own / "backends" / "toy" / "_engine.py").open("a") as engine:
        engine.write(ENGINE)
    with (own / "backends" / "__init__.py").open("a") as registry:
        registry.write(REGISTERED)
    install(own, "9.9")
    return first


EVERY_PROCESS = """
import json, sys
from pathlib import Path
from backends import Side
from compare.processes import gpu, interpreter
from compare.processes.doctor import _asked
from compare.processes.launcher import Launcher
from compare.proof.probe import probe
from compare.records.record import Run
from compare.training.kernel import kernels

interpreter.use(sys.argv[2:])
side = Side.parse(sys.argv[1])
found = interpreter.environment(side).versions["framework"]
settings = {"device": "cpu", "problem": "right", "backend": side.program}
launcher, trained = Launcher(), []
for start in ("fork", "new"):
    run = Run(**settings, seed=0, start=start)
    record = launcher.launch(run, cell=Path(start), timeout_s=300, processors=[0])
    assert record.status == "ok", record.reason
    trained.append(record.versions["framework"])
launcher.stop()
(evidence,) = probe([(side, "float32")], ["right"], reference=side, at_a_time=1).values()
assert "error" not in evidence["right"], evidence["right"]["error"]
assert kernels(["right"], [side], device="cpu", threads=1)["right", side] == "nothing recurrent"
assert gpu.refusal(side) == "NumPy sees no GPU"
assert not [reading for reading in _asked(side, "cpu", 1) if reading.what == "engine"]
print(json.dumps([found, *trained]))
"""
PROCESSES = {"forkserver", "trainer", "gpu", "doctor"}  # probe and kernel are forks


ASK = """
import json, sys
from backends import Side
from compare.processes import interpreter

interpreter.use(sys.argv[2:])
found = interpreter.environment(Side.parse(sys.argv[1]))
print(json.dumps([found.versions.get("framework"), found.missing]))
"""


@pytest.fixture
def run_in(tmp_path):
    """Return a function that runs code in an environment: what it prints, and what it notes."""

    def run(environment: Path, code: str, *asked: str, path: Path | None = None):
        own = {"NOTED": str(tmp_path / "noted"), "PYTHONPATH": str(path or "")}
        done = subprocess.run(
            [environment / "bin" / "python", "-c", code, *asked],
            cwd=tmp_path,
            env=dict(os.environ) | own,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    return run


def test_every_process_has_the_framework_of_its_own_environment(
    wheel, environment, run_in, tmp_path
):
    second = environment("second")
    install(site_of(second), "1.1")
    install(tmp_path / "path", "5.5")
    old = f"toy@old={second / 'bin' / 'python'}"
    path = tmp_path / "path"
    assert run_in(wheel, EVERY_PROCESS, "toy@old", old, path=path) == ["1.1"] * 3
    noted = {tuple(line.split()) for line in (tmp_path / "noted").read_text().splitlines()}
    assert noted == {(process, "1.1") for process in PROCESSES}
    assert run_in(wheel, ASK, "toy", old, path=path)[0] == "5.5"
    assert run_in(wheel, ASK, "toy", old)[0] == "9.9"


def test_what_another_environment_lacks_is_not_borrowed(wheel, environment, run_in):
    old = f"toy@old={environment('second') / 'bin' / 'python'}"
    assert run_in(wheel, ASK, "toy@old", old) == ["unknown", ["framework"]]


@pytest.mark.parametrize("path", [None, "", os.pathsep, f"{os.pathsep}nowhere", "."])
def test_the_folder_of_the_command_is_on_no_path(tmp_path, monkeypatch, path):
    """A colon too many in PYTHONPATH would put it there; a dot may, but not before our packages."""
    decoys = ["compare", "problems", "backends", *(["numpy", "json"] if path != "." else [])]
    for name in decoys:
        (tmp_path / f"{name}.py").write_text("raise SystemExit('the wrong file')\n")
    monkeypatch.chdir(tmp_path)
    if path is None:
        monkeypatch.delenv("PYTHONPATH", raising=False)
    else:
        monkeypatch.setenv("PYTHONPATH", path)
    side = SIDES[0]
    said = ask(
        interpreter.command(side, "compare.processes.interpreter", side.backend),
        variables=interpreter.variables(side, device="cpu", threads=1),
        timeout_s=60,
    )
    assert json.loads(said)["python"] == sys.version


def test_a_version_is_that_of_the_distribution_that_a_package_is_of(tmp_path, monkeypatch):
    install(tmp_path, "2.21.0", distribution="framework-cpu")
    monkeypatch.syspath_prepend(tmp_path)
    assert interpreter._version("framework") == "2.21.0"
    assert interpreter._version("no_such_package") == "unknown"


def test_what_computes_for_jax_has_a_version_too():
    assert interpreter._found("keras-jax").versions.keys() == {"jax", "jaxlib", "keras", "numpy"}
    assert "jaxlib" not in interpreter._found("keras-torch").versions
