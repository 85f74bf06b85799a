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


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests that need a GPU where there is none."""
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
def empty_cache(tmp_path_factory):
    """No proof from elsewhere; those made here are for these tests alone."""
    os.environ["XDG_CACHE_HOME"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="session")
def evidence(request):
    """What the twins do, by backend and precision, then problem; see compare.probe."""
    jobs = [(backend, precision) for precision in PRECISIONS for backend in reversed(COMPARED)]
    return probe(jobs, asked_for(request.session), at_a_time=2)


# The first rungs of every problem: what the untrained twins do.
PROBE = """
import sys
import numpy as np
import problems
from backends import BACKENDS
from compare.probe import gather

engine = BACKENDS[sys.argv[1]].engine()
engine.prepare(device="cpu", threads=1)
for name in sys.argv[3:]:
    np.savez(f"{sys.argv[2]}/{name}.npz", **next(gather(engine, problems.load(name), "float32")))
"""


@pytest.fixture(scope="session")
def probes(request, tmp_path_factory):
    """What the untrained twins do on every backend that can run here, by backend and problem."""
    names = asked_for(request.session)

    def look(backend):
        folder = tmp_path_factory.mktemp(backend)
        done = run_python("-c", PROBE, backend, str(folder), *names, backend=backend)
        assert done.returncode == 0, done.stderr
        return {name: dict(np.load(folder / f"{name}.npz")) for name in names}

    return on_all(look)


# Trains every problem for a few steps and prints what came of it.
LEARN = """
import json, sys
from dataclasses import replace
from time import perf_counter
import problems
from backends import BACKENDS

engine = BACKENDS[sys.argv[1]].engine()
engine.prepare(device="cpu", threads=1)
for name in sys.argv[2:]:
    problem = problems.load(name)
    sizes = {part: 40 for part in problem.recipe.examples}
    recipe = replace(problem.recipe, epochs=4, batch_size=16, examples=sizes)
    problem = replace(problem, recipe=recipe)
    data = problem.make_data(1)
    started = perf_counter()
    fit = engine.train(problem, data, seed=1)
    total_s = perf_counter() - started
    first, second = (problem.ask(fit.predict, data) for _ in range(2))
    print(json.dumps({
        "problem": name,
        "train_loss": fit.train_loss,
        "validation_loss": fit.validation_loss,
        "epochs_timed": len(fit.epoch_s),
        "score": problem.score(first, data),
        "devices": sorted(fit.devices(data["validation"].x[:1])),
        "steady": all((first[metric] == second[metric]).all() for metric in first),
        "parts_s": fit.build_s + sum(fit.epoch_s) + fit.validation_s,
        "total_s": total_s,
    }))
"""


@pytest.fixture(scope="session")
def learned(request):
    """What a few steps of training do, by backend and problem."""

    def learn(backend):
        done = run_python("-c", LEARN, backend, *asked_for(request.session), backend=backend)
        assert done.returncode == 0, done.stderr
        lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        return {line["problem"]: line for line in lines}

    return on_all(learn)


@pytest.fixture(scope="session")
def look():
    """Return browser.look, with a Chromium to look with."""
    with chromium() as browser:
        yield partial(look_with, browser)


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
