"""What several tests need: backends probed in processes of their own, and copies to break."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from browser import chromium
from browser import look as look_with
from forks import Forks
from learning import LEARN, PROBE
from needs import CHROMIUM, TORCH_COMPILE, Need, ensure
from parity import PARITY_KERAS, PARITY_PROBLEM, PARITY_PYTORCH

import problems
from backends import BACKENDS, missing_twins
from compare import machine
from compare.check import PRECISIONS
from compare.interpreter import variables
from compare.machine import ROOT
from compare.probe import probe

LEFT_OUT = pytest.StashKey[int]()
RUNNABLE = [name for name, backend in BACKENDS.items() if not backend.missing()]
COMPARED = ("pytorch", "keras-tensorflow")  # the reference and the one held against it
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
        environment = variables(backend, device="cpu", threads=1)
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


def on_all(ask: Callable[[str], dict]) -> dict[str, dict]:
    """Return what each backend that can run here answers; two are asked at a time."""
    with ThreadPoolExecutor(2) as pool:
        return dict(zip(RUNNABLE, pool.map(ask, RUNNABLE), strict=True))


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


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests that need a GPU where there is none; group those of a shared fixture.

    If a test needs several of these, it goes with the one that was defined first.
    """
    for item in items:
        for name in [name for name in SHARED if name in item.fixturenames][:1]:
            item.add_marker(pytest.mark.xdist_group(name))
    absent = [item for item in items if item.get_closest_marker("gpu") and not machine.gpus()]
    if absent:
        config.hook.pytest_deselected(items=absent)
        items[:] = [item for item in items if item not in absent]
        config.stash[LEFT_OUT] = len(absent)


def pytest_terminal_summary(terminalreporter, config: pytest.Config) -> None:
    """Say so."""
    if number := config.stash.get(LEFT_OUT, 0):
        text = f"{number} tests need an NVIDIA GPU, which was not found: they were not run"
        terminalreporter.write_line(text)


@pytest.fixture(scope="session", autouse=True)
def empty_cache(tmp_path_factory, worker_id):
    """No proof from elsewhere; those made here are for these tests alone, in all processes."""
    folder = tmp_path_factory.getbasetemp()
    folder = folder if worker_id == "master" else folder.parent
    os.environ["XDG_CACHE_HOME"] = str(folder / "cache")


@shared
def fork():
    """Return a function that runs code in a fork of a backend's process: Forks.run."""
    forks = Forks()
    yield forks.run
    forks.close()


@shared
def evidence(request):
    """What the twins do, by backend and precision, then problem; see compare.probe."""
    jobs = [(backend, precision) for precision in PRECISIONS for backend in reversed(COMPARED)]
    return probe(jobs, asked_for(request.session), at_a_time=2)


@shared
def probes(request, tmp_path_factory, fork):
    """What the untrained twins do on every backend that can run here, by backend and problem."""
    names = asked_for(request.session)

    def look(backend):
        folder = tmp_path_factory.mktemp(backend)
        done = fork(backend, PROBE, backend, str(folder), *names)
        assert done.returncode == 0, done.stderr
        return {name: dict(np.load(folder / f"{name}.npz")) for name in names}

    return on_all(look)


@shared
def learned(request, fork):
    """What a few steps of training do, by backend and problem."""

    def learn(backend):
        done = fork(backend, LEARN, backend, *asked_for(request.session))
        assert done.returncode == 0, done.stderr
        lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        return {line["problem"]: line for line in lines}

    return on_all(learn)


@shared
def look():
    """Return browser.look, with a Chromium to look with."""
    with chromium(*needed(CHROMIUM)) as browser:
        yield partial(look_with, browser)


@pytest.fixture(scope="session")
def compiler():
    """See that there is what torch.compile needs."""
    needed(*TORCH_COMPILE)


@pytest.fixture
def copy(tmp_path) -> Path:
    """Return a copy of the project's code, to be changed at will."""
    folder = tmp_path / "copy"
    for name in ("problems", "backends", "compare"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@pytest.fixture
def add_problem(copy) -> Callable[..., None]:
    """Return a function that adds a problem to the copy: three files, which may be changed."""

    def add(name: str, *, pytorch: str | None = PARITY_PYTORCH, keras: str | None = PARITY_KERAS):
        files = {"problems": PARITY_PROBLEM, "backends/pytorch": pytorch, "backends/keras": keras}
        for folder, text in files.items():
            if text is not None:
                (copy / folder / f"{name}.py").write_text(text.replace("NAME", name))

    return add
