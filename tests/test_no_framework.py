"""What reads results needs no framework: where none can be imported, it works all the same."""

import os
import shutil
import subprocess
import sys

import pytest
from conftest import ROOT
from synthetic import write
from test_sweep import made_up

FRAMEWORKS = ("torch", "tensorflow", "keras", "jax")
BLOCK = f"import sys\nsys.modules.update(dict.fromkeys({FRAMEWORKS}))  # importing them fails\n"
LOAD = "import compare; print(len(compare.load('results/cpu')))"
EPOCHS = "import compare; print(len(compare.load_epochs('results/cpu')))"
# What is asked of Python, and what is printed. A new command that reads results belongs here; it
# may write into FOLDER, a copy of results/cpu.
COMMANDS = [
    (["-m", "compare", "table", "results/cpu", "--markdown"], "## Verdicts"),
    (["-m", "compare", "table", "results/cpu", "--json"], '"verdicts": ['),
    (["-m", "compare", "diff", "results/cpu", "results/cpu"], "nothing changed"),
    (["-m", "compare", "export", "results/cpu", "--format", "pytest-benchmark"], '"benchmarks"'),
    (["-m", "compare", "export", "results/cpu", "--format", "github-action-benchmark"], '"unit"'),
    (["-m", "compare", "report", "FOLDER"], "report.html"),
    (["-m", "compare", "plot", "FOLDER", "--out", "FOLDER/plots"], "ratio-epoch_s.svg"),
    (["-m", "compare", "show", "echo"], "class Echo"),
    (["-c", LOAD], "200\n"),
    (["-c", EPOCHS], "720\n"),
]


@pytest.fixture
def python(tmp_path):
    """Return a function that runs Python where no framework can be imported."""
    (tmp_path / "sitecustomize.py").write_text(BLOCK)
    environment = os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}

    def run(*arguments):
        command = [sys.executable, *arguments]
        return subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
        )

    return run


@pytest.mark.parametrize(("arguments", "printed"), COMMANDS)
def test_it_works_without_a_framework(python, tmp_path, arguments, printed):
    shutil.copytree(ROOT / "results" / "cpu", tmp_path / "run")
    done = python(*(one.replace("FOLDER", str(tmp_path / "run")) for one in arguments))
    assert done.returncode == 0, done.stderr
    assert printed in done.stdout


def test_a_sweep_is_drawn_without_a_framework(python, tmp_path):
    write(tmp_path / "swept", made_up(), samples=False)
    done = python("-m", "compare", "sweep", "cumsum", "--out", str(tmp_path / "swept"))
    assert done.returncode == 0, done.stderr
    assert "keras-tensorflow is faster than pytorch" in done.stdout


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_there_no_framework_can_be_imported(python, name):
    assert f"import of {name} halted" in python("-c", f"import {name}").stderr
