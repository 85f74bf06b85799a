"""A backend may run in another Python: all of its processes do, and need little there."""

import json
import sys
from pathlib import Path

import pandas as pd
import pytest
from conftest import diptych

from backends import BACKENDS, Side
from compare.processes import interpreter
from compare.processes.gpu import refusal
from compare.proof import gate as proof

# Another Python: this one, but of another version, without what the table is made with. What it is
# asked to run is noted.
WITHOUT = ("jinja2", "matplotlib", "pandas", "pygments", "rich", "scipy")
OTHER = f"""
import sys
sys.version = "3.11.0 (another)"
for name in {WITHOUT}:
    sys.modules[name] = None  # so that importing it fails
"""
WRAPPER = """#!/bin/sh
echo "$@" >> {folder}/asked
PYTHONPATH={folder} exec {python} "$@"
"""


@pytest.fixture
def other(tmp_path):
    """The path of another Python, with `asked` beside it."""
    folder = tmp_path / "other"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(OTHER)
    (folder / "python").write_text(WRAPPER.format(folder=folder, python=sys.executable))
    (folder / "python").chmod(0o755)
    return folder / "python"


@pytest.fixture(autouse=True)
def none_named(monkeypatch, tmp_path):
    """A folder without settings, and no interpreter left to other tests."""
    monkeypatch.chdir(tmp_path)
    yield
    interpreter.PYTHONS.clear()


def asked(python):
    """Return the modules that a Python was asked to run."""
    lines = (python.parent / "asked").read_text().splitlines()
    starts = [line.split()[:3] for line in lines]
    assert {(how, Path(script).name) for how, script, _ in starts} == {("-P", "start.py")}
    return {module for _, _, module in starts}


def test_two_versions_of_a_backend_are_rows_of_one_table(toys, add_toy, other):
    add_toy("right")
    sides = ("--backends", "numpy", "numpy@old", "--python", f"numpy@old={other}")
    run = ("run", "right", *sides, "--device", "cpu", "--out", "out")
    done = diptych(*run, "--seeds", "6", cwd=toys)
    assert done.returncode == 0, done.stderr
    table = pd.read_csv(toys / "out" / "table.csv").set_index("backend")
    assert set(table["proof"]) == {"proven"}
    old, new = (table.loc[side, "score_mean"] for side in ("numpy@old", "numpy"))
    assert old == pytest.approx(new, rel=1e-12), "the same scores, added up as they came"
    verdicts = pd.read_csv(toys / "out" / "verdicts.csv")
    assert set(verdicts["backend"]) == {"numpy@old"}
    assert set(verdicts["reference"]) == {"numpy"}
    records = map(json.loads, (toys / "out" / "runs.jsonl").read_text().splitlines())
    versions = {(one["backend"], one["versions"]["python"]) for one in records}
    here = sys.version.split()[0]
    assert versions == {("numpy", here), ("numpy@old", "3.11.0")}
    text = (toys / "out" / "table.md").read_text()
    assert f"- python {here} (numpy), 3.11.0 (numpy@old)" in text
    assert asked(other) == {
        "compare.processes.interpreter",
        "compare.processes.forkserver",
    }

    assert "not proven yet" not in diptych(*run, "--seeds", "6", cwd=toys).stderr
    other.with_name("sitecustomize.py").write_text(OTHER.replace("3.11.0", "3.11.1"))
    again = diptych(*run, "--seeds", "6", cwd=toys).stderr
    assert "not proven yet for this code and these versions, checked first: right" in again


def test_a_new_interpreter_per_training_is_the_one_named(toys, add_toy, other):
    add_toy("right")
    run = ("run", "right", "--backends", "numpy", "--no-gate", "--seeds", "1", "--start", "new")
    done = diptych(*run, "--python", f"numpy={other}", cwd=toys)
    assert done.returncode == 0, done.stderr
    assert asked(other) == {"compare.processes.interpreter", "compare.training.trainer"}


def test_the_doctor_looks_where_the_backend_runs(toys, other):
    (toys / "diptych.toml").write_text(f'[python]\nnumpy = "{other}"\n')
    done = diptych("doctor", "--device", "cpu", cwd=toys)
    assert done.returncode == 0, done.stderr
    assert asked(other) == {"compare.processes.interpreter", "compare.processes.doctor"}


def test_whether_there_is_a_gpu_is_asked_where_the_backend_runs(other, monkeypatch):
    monkeypatch.setitem(interpreter.PYTHONS, "pytorch", str(other))
    other.write_text(
        f'#!/bin/sh\necho "$@" >> {other.parent}/asked\nexit 1\n'
    )  # quicker than torch
    assert refusal(Side("pytorch")) == "ended with status 1"
    assert asked(other) == {"compare.processes.gpu"}


def test_a_proof_holds_for_the_versions_where_each_side_runs(other, monkeypatch):
    pytorch, usual, old = map(Side.parse, ("pytorch", "keras-tensorflow", "keras-tensorflow@old"))
    here = proof.key("echo", usual, pytorch)
    assert proof.key("echo", old, pytorch) == here, "a label is no version"
    monkeypatch.setitem(interpreter.PYTHONS, "keras-tensorflow@old", str(other))
    there = proof.key("echo", old, pytorch)
    assert there != here
    assert there == proof.key("echo", old.again, pytorch)


def python_of(side):
    """Return the Python that a side's processes are started by."""
    return interpreter.command(side, "module")[0]


def test_the_command_line_goes_before_the_file(tmp_path):
    text = '[python]\npytorch = "venv/bin/python"\n"keras-torch@old" = "~/python"\n'
    (tmp_path / "diptych.toml").write_text(text)
    interpreter.use([])
    assert python_of(Side.parse("pytorch")) == f"{tmp_path}/venv/bin/python"
    assert python_of(Side.parse("keras-torch@old")) == str(Path.home() / "python")
    assert str(interpreter.known()[-1]) == "keras-torch@old"
    interpreter.use(["pytorch=other", "keras-torch@old=new"])
    assert python_of(Side.parse("pytorch")) == f"{tmp_path}/other"
    assert python_of(Side.parse("pytorch@again")) == f"{tmp_path}/other"
    assert python_of(Side.parse("keras-tensorflow")) == sys.executable


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("pytorch", "--python: expected BACKEND=PATH, came 'pytorch'"),
        ("pytorch=", "--python: expected BACKEND=PATH, came 'pytorch='"),
        ("mxnet=python", "an interpreter for 'mxnet': expected a backend, or a backend and a"),
        ("pytorch@=python", "an interpreter for 'pytorch@': expected a backend, or a backend"),
        ("pytorch@a/b=python", "an interpreter for 'pytorch@a/b': expected a backend, or a"),
        ("pytorch@again=python", "an interpreter for 'pytorch@again': @again is no free label"),
        ("pytorch=nowhere", "nowhere: expected Python 3.11 or later with NumPy, came: No such"),
        ("pytorch=a\0b", "an interpreter for 'pytorch': expected a path, came 'a\\x00b'"),
        (
            "pytorch=\ud800",
            "\\ud800: expected Python 3.11 or later with NumPy, came: 'utf-8' codec",
        ),
        ("pytorch=/bin/true", "/bin/true: expected Python 3.11 or later with NumPy, came: no answ"),
        ("pytorch=broken", "backend 'pytorch' needs numpy and torch, not installed for "),
    ],
)
def test_an_interpreter_that_is_none_gets_one_line(ended, tmp_path, option, message):
    broken = tmp_path / "broken"
    broken.write_text(f'#!/bin/sh\nexec {sys.executable} -S "$@"\n')
    broken.chmod(0o755)
    status, out, err = ended("run", "echo", "--python", option)
    assert status == 2
    assert out == ""
    assert message in err
    assert err.startswith("diptych: ")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    "command", ["check echo", "doctor", "explain", "list", "sweep echo --units 8"]
)
def test_every_command_that_starts_a_backend_reads_the_option(ended, command):
    status, _, err = ended(*command.split(), "--python", "pytorch=nowhere")
    assert status == 2
    assert "nowhere: expected Python 3.11 or later with NumPy" in err


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[python", "diptych.toml: "),
        (
            "[pyhton]\npytorch = 'x'",
            "diptych.toml: expected the tables [python] and [run], came pyhton",
        ),
        ("python = 'x'", "diptych.toml: expected the tables [python] and [run], came python"),
        ("[python]\npytorch = 3", "an interpreter for 'pytorch': expected a path, came 3"),
        ('[python]\npytorch = "a\\u0000b"', "for 'pytorch': expected a path, came 'a\\x00b'"),
        ("[python]\npytorch = " + "[" * 50_000, "diptych.toml: "),
        ("[python]\nmxnet = 'x'", "an interpreter for 'mxnet': expected a backend"),
    ],
)
def test_settings_that_are_none_get_one_line(ended, tmp_path, text, message):
    (tmp_path / "diptych.toml").write_text(text)
    status, _, err = ended("run", "echo")
    assert status == 2
    assert message in err
    assert err.count("\n") == 1


def test_a_label_without_an_interpreter_is_no_backend(ended):
    status, _, err = ended("run", "echo", "--backends", "pytorch@old")
    assert status == 2
    assert "no backend 'pytorch@old'; backends are pytorch, keras-tensorflow" in err


def test_what_is_missing_is_missing_where_the_backend_runs(ended, tmp_path, other):
    """Here it may be installed."""
    hides = "import importlib.util as u\nfind = u.find_spec\n"
    hides += "u.find_spec = lambda name, *rest: None if name == 'torch' else find(name, *rest)\n"
    with other.with_name("sitecustomize.py").open("a") as customize:
        customize.write(hides)
    assert BACKENDS["pytorch"].missing() == []
    status, _, err = ended("run", "echo", "--python", f"pytorch={other}")
    assert status == 2
    assert f"backend 'pytorch' needs torch, not installed for {other}; those that can run" in err
    status, out, _ = ended("list", "--python", f"pytorch={other}")
    assert "-m pip install torch" in "".join(out.replace("│", "").split("\n")).replace("  ", "")
