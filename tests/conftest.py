"""What several tests need: backends probed in processes of their own, and copies to break."""

import fcntl
import os
import pickle
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import two_models
from browser import chromium
from browser import look as look_with
from forks import Forks
from learning import ALL, FEW, GATHER, WHOLE
from needs import CHROMIUM, TORCH_COMPILE, Need, ensure
from parity import parity, toy

import problems
from backends import BACKENDS, Side, missing_twins
from compare import __main__ as cli
from compare.processes import gpu
from compare.processes.interpreter import variables
from compare.processes.machine import ROOT
from compare.proof.check import PRECISIONS
from problems import _project

TESTS = Path(__file__).parent
LEFT_OUT = pytest.StashKey[int]()
RUNNABLE = [name for name, backend in BACKENDS.items() if not backend.missing()]
COMPARED = ("pytorch", "keras-tensorflow")  # the reference and the one held against it
SIDES = tuple(map(Side, COMPARED))
COMPLETE = [name for name in problems.names() if not missing_twins(name)]


SHARED: list[str] = []  # fixtures, in the order of their definition


def shared(fixture: Callable) -> Callable:
    """Make a fixture of what costs much: it is computed once, and its tests go to one process."""
    SHARED.append(fixture.__name__)
    return pytest.fixture(scope="session")(fixture)


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """The whole suite goes to two processes; files that are asked for by name run in this one."""
    return 0 if any(".py" in name for name in config.option.file_or_dir) else 2


def run_python(*arguments: str, cwd: Path = ROOT, backend: str | None = None, **settings):
    """Run Python in a child process, in the environment of a backend if one is named."""
    environment = dict(os.environ)
    if backend:
        environment = variables(Side.parse(backend), device="cpu", threads=1)
    environment["PYTHONPATH"] = str(cwd)
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
        **settings,
    )


def diptych(*arguments: str, cwd: Path = ROOT):
    """Run the command in a child process."""
    return run_python("-m", "compare", *arguments, cwd=cwd)


def needed(*needs: Need) -> list[str]:
    """Return where each need is; a test that asks for what cannot be had fails with one line."""
    try:
        return ensure(*needs)
    except RuntimeError as error:
        pytest.fail(str(error), pytrace=False)


def group_of(item: pytest.Item) -> str:
    """Return the shared fixture that sends a test to the process of its others, empty for none."""
    return next((name for name in SHARED if name in item.fixturenames), "")


# Fixtures that are `pieces`, with those parameters of a test that make the key of what it asks for.
# They come in the order of what takes long, and what needs no framework comes after all of them.
PIECES = {
    "evidence": ("name", "backend", "precision"),
    "trained": ("backend",),
    "sound": ("name", "backend"),
    "faulty": ("fault",),
    "seen": ("backend",),
    "pages": ("name",),
}


def places(items: Sequence[pytest.Item]) -> Iterator[int]:
    """Yield where each test comes: what takes long first, what finds its pieces there last.

    So neither process waits for what the other is about to compute.
    """
    met = set()
    for item in items:
        used = [name for name in PIECES if name in item.fixturenames]
        given = item.callspec.params if hasattr(item, "callspec") else {}
        keys = {(name, *(str(given.get(one)) for one in PIECES[name])) for name in used}
        if group_of(item):
            turn = -1
        elif not used:
            turn = len(PIECES) + (not {"fork", "look", "toys"} & set(item.fixturenames))
        elif keys <= met or not set(PIECES[used[-1]][:2]) <= given.keys():
            turn = len(PIECES) + 2
        else:
            turn = list(PIECES).index(used[-1])
        yield turn
        met |= keys


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests that need a GPU where there is none; group and order the others."""
    absent = [item for item in items if item.get_closest_marker("gpu") and not gpu.cards()]
    if absent:
        config.hook.pytest_deselected(items=absent)
        config.stash[LEFT_OUT] = len(absent)
    for item in items:
        if group := group_of(item):
            item.add_marker(pytest.mark.xdist_group(group))
    items[:] = [item for item in items if item not in absent]
    order = dict(zip(items, places(items), strict=True))
    items.sort(key=order.__getitem__)


def pytest_terminal_summary(terminalreporter, config: pytest.Config) -> None:
    """Report how many tests were left out."""
    if number := config.stash.get(LEFT_OUT, 0):
        text = f"{number} tests need an NVIDIA GPU, which was not found: they were not run"
        terminalreporter.write_line(text)


@pytest.fixture(scope="session")
def together(tmp_path_factory, worker_id) -> Path:
    """Return a folder for what all processes of these tests share."""
    folder = tmp_path_factory.getbasetemp()
    return folder if worker_id == "master" else folder.parent


@pytest.fixture(scope="session", autouse=True)
def surroundings(together):
    """No proof from elsewhere: those made here are for these tests alone, in all processes.

    Each of the many processes would compile all of our code if none were to keep it.
    """
    os.environ["XDG_CACHE_HOME"] = str(together / "cache")
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


class Pieces(dict):
    """What costs much, by key: computed when it is first asked for, once for all processes."""

    def __init__(self, folder: Path, compute: Callable[[Any], Any]) -> None:
        super().__init__()
        self.folder, self.compute = folder, compute
        folder.mkdir(parents=True, exist_ok=True)

    def __missing__(self, key: Any) -> Any:
        file = self.folder / re.sub(r"\W+", "-", str(key))
        with file.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # another process may be about it
            if not file.exists():
                file.write_bytes(pickle.dumps(self.compute(key)))
        self[key] = pickle.loads(file.read_bytes())
        return self[key]


@pytest.fixture(scope="session")
def pieces(together):
    """Return a function that makes Pieces of a name."""
    return lambda name, compute: Pieces(together / "pieces" / name, compute)


@pytest.fixture(scope="session")
def fork():
    """Return a function that runs code in a fork of a backend's process: Forks.run."""
    forks = Forks()
    yield forks.run
    forks.close()


@pytest.fixture(scope="session")
def gathered(tmp_path_factory, fork):
    """Return a function that has a backend gather the evidence of a problem in a precision."""

    def gather(
        name,
        backend,
        precision,
        *,
        stages=ALL,
        steps=WHOLE,
        spread=PRECISIONS,
        fails=False,
        cwd=ROOT,
    ):
        folder = tmp_path_factory.mktemp("evidence")
        bounds = " ".join(spread)  # in which precisions bounds are asked for
        asked = (backend, precision, str(stages), str(steps), bounds, str(folder), name)
        done = fork(backend, GATHER, *asked, cwd=cwd)
        assert done.returncode == 0, done.stderr
        with np.load(folder / "evidence.npz") as arrays:
            found = dict(arrays)
        assert fails or "error" not in found, found["error"]
        return found

    return gather


@pytest.fixture(scope="session")
def evidence(pieces, gathered):
    """What a twin does, by problem, backend and precision; see compare.proof.probe.

    Backends that are not part of the default run train for few steps.
    """

    def gather(key):
        return gathered(*key, steps=WHOLE if key[1] in COMPARED else FEW)

    return pieces("evidence", gather)


@pytest.fixture(scope="module")
def models(tmp_path_factory) -> Path:
    """Return a folder with the models of two_models."""
    return two_models.write(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def match(models):
    """Return `diptych match` of two of these models by their names, run where they are."""

    def run(pytorch: str, keras: str, *arguments: str):
        return two_models.match(models, f"nets.py:{pytorch}", f"compare.py:{keras}", *arguments)

    return run


@pytest.fixture(scope="session")
def look():
    """Return browser.look, with a Chromium to look with."""
    with chromium(*needed(CHROMIUM)) as browser:
        yield partial(look_with, browser)


@pytest.fixture(scope="session")
def compiler():
    """See that there is what torch.compile needs."""
    needed(*TORCH_COMPILE)


def copied(folder: Path) -> Path:
    """Copy the project's code into a folder, and return it."""
    compiled = shutil.ignore_patterns("__pycache__")  # another process may be writing into it
    for name in ("problems", "backends", "compare"):
        shutil.copytree(ROOT / name, folder / name, ignore=compiled)
    return folder


@pytest.fixture
def copy(tmp_path) -> Path:
    """Return a copy of the project's code, to be changed at will."""
    return copied(tmp_path / "copy")


@pytest.fixture
def add_problem(copy) -> Callable[..., None]:
    """Return a function that adds a problem to the copy: the files of `parity.parity`."""

    def add(name: str, **twins: str | None) -> None:
        for path, text in parity(name, **twins).items():
            (copy / path).write_text(text)

    return add


TOYS = ("numpy", "numpy2")  # from inside backends, `import numpy` would find the folder
# No other backend stays: a command that asks for a framework fails.
REGISTERED = f"""
BACKENDS.clear()
for _name in {TOYS}:
    BACKENDS[_name] = Backend(
        _name, _name, ("numpy",), {{"shuffling": "another order"}}, {{"eager": "by NumPy"}}
    )
"""


def with_toys(copy: Path) -> Path:
    """Put two backends in NumPy in place of those of the frameworks in a copy, and return it."""
    for name in TOYS:
        shutil.copytree(TESTS / "toy", copy / "backends" / name)
    with (copy / "backends" / "__init__.py").open("a") as file:
        file.write(REGISTERED)
    return copy


def plant(copy: Path, name: str, **twins: str) -> None:
    """Add a problem to a copy with these backends: see `parity.toy`."""
    for path, text in toy(name, **twins).items():
        (copy / path).write_text(text)


@pytest.fixture
def toys(copy) -> Path:
    """Return the copy with two backends in NumPy in place of those of the frameworks."""
    return with_toys(copy)


@pytest.fixture
def own_project(monkeypatch):
    """Have a project that this process is about be its own until the test ends only."""
    monkeypatch.setenv(_project.VARIABLE, "")
    for package in filter(None, map(sys.modules.get, _project.PACKAGES)):
        monkeypatch.setattr(package, "__path__", list(package.__path__))


@pytest.fixture
def ended(capsys, own_project):
    """Return a function that runs a command in this process: its status, stdout and stderr."""

    def run(*arguments):
        status = cli.main(list(arguments))
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run


@pytest.fixture
def add_toy(toys) -> Callable[..., None]:
    """Return a function that adds a problem to the copy with these backends: see `parity.toy`."""
    return partial(plant, toys)
