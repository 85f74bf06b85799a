"""What several tests need: backends probed in processes of their own, and copies to break."""

import fcntl
import json
import os
import pickle
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browser import chromium
from browser import look as look_with
from forks import Forks
from learning import GATHER, LEARN
from needs import CHROMIUM, TORCH_COMPILE, Need, ensure
from parity import parity, toy

import problems
from backends import BACKENDS, Side, missing_twins
from compare.processes import gpu
from compare.processes.interpreter import variables
from compare.processes.machine import ROOT

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


def asked_for(session: pytest.Session) -> list[str]:
    """Return the problems that the selected tests are about."""
    calls = [item.callspec for item in session.items if hasattr(item, "callspec")]
    names = [call.params.get("name") for call in calls]
    return [name for name in COMPLETE if name in names]


def needed(*needs: Need) -> list[str]:
    """Return where each need is; a test that asks for what cannot be had fails with one line."""
    try:
        return ensure(*needs)
    except RuntimeError as error:
        pytest.fail(str(error), pytrace=False)


def group_of(item: pytest.Item) -> str:
    """Return the name of those tests that go to one process with this one; empty for no others."""
    for name in (name for name in SHARED if name in item.fixturenames):
        return name
    backend = item.callspec.params.get("backend") if hasattr(item, "callspec") else None
    if backend in RUNNABLE:
        return backend  # whose process is started once
    return ALL if "fork" in item.fixturenames else ""


ALL = "all backends"  # the group of tests that need what several of them have left
LONGEST = ("keras-tensorflow", "pytorch", "keras-jax", "keras-torch")  # groups


def place(item: pytest.Item) -> tuple[int, ...]:
    """Return where a test comes: what takes long comes first, what waits for others last."""
    group, fixtures = group_of(item), set(item.fixturenames)
    turns = [*LONGEST, *SHARED]
    turn = turns.index(group) if group in turns else len(turns) + ("toys" not in fixtures)
    return (
        len(turns) + 2 if group == ALL else turn,
        "faulty" in fixtures,
        not fixtures & {"sound", "evidence"},
    )


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
    items[:] = sorted((item for item in items if item not in absent), key=place)


def pytest_terminal_summary(terminalreporter, config: pytest.Config) -> None:
    """Say so."""
    if number := config.stash.get(LEFT_OUT, 0):
        text = f"{number} tests need an NVIDIA GPU, which was not found: they were not run"
        terminalreporter.write_line(text)


@pytest.fixture(scope="session")
def together(tmp_path_factory, worker_id) -> Path:
    """Return a folder for what all processes of these tests share."""
    folder = tmp_path_factory.getbasetemp()
    return folder if worker_id == "master" else folder.parent


@pytest.fixture(scope="session", autouse=True)
def empty_cache(together):
    """No proof from elsewhere; those made here are for these tests alone, in all processes."""
    os.environ["XDG_CACHE_HOME"] = str(together / "cache")


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
    """Return a function that has a backend gather evidence in a precision, by problem."""

    def gather(job, names, *, stages=4, cwd=ROOT):
        folder = tmp_path_factory.mktemp("evidence")
        done = fork(job[0], GATHER, *job, str(stages), str(folder), *names, cwd=cwd)
        assert done.returncode == 0, done.stderr
        return {name: dict(np.load(folder / f"{name}.npz")) for name in names}

    return gather


@pytest.fixture(scope="session")
def evidence(request, pieces, gathered):
    """What the twins do, by backend and precision, then problem; see compare.proof.probe."""
    names = asked_for(request.session)
    return pieces("evidence", lambda job: gathered(job, names))


@pytest.fixture(scope="session")
def probes(request, pieces, gathered):
    """What the untrained twins do, by backend and problem."""
    names = asked_for(request.session)
    return pieces("probes", lambda backend: gathered((backend, "float32"), names, stages=1))


@pytest.fixture(scope="session")
def learned(request, pieces, fork):
    """What a few steps of training do, by backend and problem."""

    def learn(backend):
        done = fork(backend, LEARN, backend, *asked_for(request.session))
        assert done.returncode == 0, done.stderr
        lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        return {line["problem"]: line for line in lines}

    return pieces("learned", learn)


@shared
def look():
    """Return browser.look, with a Chromium to look with."""
    with chromium(*needed(CHROMIUM)) as browser:
        yield partial(look_with, browser)


@pytest.fixture(scope="session")
def compiler():
    """See that there is what torch.compile needs."""
    needed(*TORCH_COMPILE)


def copied(folder: Path) -> Path:
    """Copy the project's code into a folder and return it."""
    for name in ("problems", "backends", "compare"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
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


@pytest.fixture
def toys(copy) -> Path:
    """Return the copy with two backends in NumPy in place of those of the frameworks."""
    for name in TOYS:
        shutil.copytree(TESTS / "toy", copy / "backends" / name)
    with (copy / "backends" / "__init__.py").open("a") as file:
        file.write(REGISTERED)
    return copy


@pytest.fixture
def add_toy(toys) -> Callable[..., None]:
    """Return a function that adds a problem to the copy with these backends: see `parity.toy`."""

    def add(name: str, **twins: str) -> None:
        for path, text in toy(name, **twins).items():
            (toys / path).write_text(text)

    return add
