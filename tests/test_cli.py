"""What a person types, right and wrong: wrong gets one line and status 2."""

import json

import pytest
from conftest import ROOT, diptych
from test_records import RECORD

import problems
from backends import BACKENDS
from compare import __main__ as cli
from compare.processes import machine
from compare.training import request as selection

ABSENT = [name for name, backend in BACKENDS.items() if backend.missing()]


@pytest.fixture
def ended(capsys):
    """Run a command in this process: its exit status, stdout and stderr."""

    def run(*arguments):
        status = cli.main(list(arguments))
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("run ecko", "no problem 'ecko'; problems are addition, cumsum, "),
        ("check ecko", "no problem 'ecko'; problems are addition, cumsum, "),
        ("show ecko", "no problem 'ecko'; problems are addition, cumsum, "),
        ("run echo --backends mxnet", "no backend 'mxnet'; backends are pytorch, keras-tensorflow"),
        ("run echo --device tpu", "invalid choice: 'tpu' (choose from"),
        ("run echo --seeds 0", "expected a whole number from 1 to 10000, came '0'"),
        ("run echo --seeds three", "expected a whole number from 1 to 10000, came 'three'"),
        ("run echo --jobs -1", "expected a whole number from 1 to 10000, came '-1'"),
        ("run echo --threads 999", "with --threads 999 needs"),
        ("run echo --seeds 99999999999999999999", "expected a whole number from 1 to 10000, came"),
        ("run echo --out=", "expected a folder, came ''"),
        ("run echo --timeout 0", "expected seconds above 0 and up to 604800 (a week), came '0'"),
        (
            "run echo --timeout nan",
            "expected seconds above 0 and up to 604800 (a week), came 'nan'",
        ),
        ("run echo --colour", "unrecognized arguments: --colour"),
        ("run echo --out README.md", "--out: expected a folder, came the file README.md"),
        ("run echo --out /dev/null/x", "--out: cannot write to /dev/null/x: Not a directory"),
        ("table tests", "expected a folder with records in runs.jsonl, came tests"),
        ("table nowhere", "expected a folder with records in runs.jsonl, came nowhere"),
        ("train", "invalid choice: 'train' (choose from"),
        ("", "the following arguments are required: COMMAND"),
    ],
)
def test_bad_input_gets_one_line_and_status_2(ended, monkeypatch, arguments, message):
    monkeypatch.chdir(ROOT)
    status, out, err = ended(*arguments.split())
    assert status == 2
    assert out == ""
    assert message in err
    assert err.startswith("diptych: ")
    assert err.count("\n") == 1


def test_a_missing_framework_is_named(ended, monkeypatch):
    monkeypatch.setattr("backends.find_spec", lambda name: None if name == "keras" else object())
    status, _, err = ended("run", "echo")
    assert status == 2
    assert err == (
        "diptych: backend 'keras-tensorflow' needs keras, not installed here; "
        "those that can run are pytorch\n"
    )


def test_a_gpu_that_is_not_there_is_named(ended, monkeypatch):
    monkeypatch.setattr(machine, "gpus", lambda: ())
    status, _, err = ended("run", "echo", "--device", "gpu")
    assert status == 2
    assert (
        err == "diptych: --device gpu: expected an NVIDIA GPU, found none; devices here are cpu\n"
    )


def test_a_gpu_takes_one_training_at_a_time(monkeypatch):
    monkeypatch.setattr(machine, "gpus", lambda: ("NVIDIA H100",))
    assert selection.chosen_jobs(None, threads=1, devices=["gpu"]) == 1
    with pytest.raises(ValueError, match="on a GPU one training goes at a time"):
        selection.chosen_jobs(2, threads=1, devices=["cpu", "gpu"])


def test_auto_is_the_gpu_if_every_backend_can_use_it(monkeypatch):
    monkeypatch.setattr(machine, "gpus", lambda: ("NVIDIA H100",))
    monkeypatch.setattr(selection, "sees_gpu", lambda backend: backend == "pytorch")
    assert selection.chosen_device("auto", ["pytorch"]) == "gpu"
    assert selection.chosen_device("auto", ["pytorch", "keras-tensorflow"]) == "cpu"
    assert selection.chosen_device("gpu", ["pytorch", "keras-tensorflow"]) == "gpu"
    monkeypatch.setattr(machine, "gpus", lambda: ())
    assert selection.chosen_device("auto", ["pytorch"]) == "cpu"


def test_a_quota_limits_the_processors(tmp_path):
    for text, expected in (("250000 100000", 2), ("50000 100000", 1), ("max 100000", None)):
        (tmp_path / "cpu.max").write_text(text)
        assert machine.quota(tmp_path / "cpu.max") == expected
    assert machine.quota(tmp_path / "none") is None


def test_jobs_fill_the_processors(monkeypatch):
    monkeypatch.setattr(machine, "processors", lambda: list(range(8)))
    assert selection.chosen_jobs(None, threads=1, devices=["cpu"]) == 8
    assert selection.chosen_jobs(None, threads=3, devices=["cpu"]) == 2
    assert selection.chosen_jobs(1, threads=3, devices=["cpu"]) == 1


def test_records_of_another_schema_are_refused(ended, tmp_path):
    (tmp_path / "runs.jsonl").write_text(json.dumps({"schema": 99}) + "\n")
    for command in (("table", str(tmp_path)), ("run", "echo", "--out", str(tmp_path))):
        status, _, err = ended(*command)
        assert status == 2
        assert "line 1: expected records of schema 1, came schema 99" in err
        assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--quick --jobs 1", "with recipe full, asked for is recipe quick"),
        ("--jobs 2", "with jobs 1, asked for is jobs 2"),
        ("--jobs 1 --threads 2", "with threads 1, asked for is threads 2"),
        ("--jobs 1 --precision tf32", "with precision float32, asked for is precision tf32"),
    ],
)
def test_what_cannot_share_a_row_is_not_mixed_in_one_folder(
    ended, monkeypatch, tmp_path, arguments, message
):
    monkeypatch.setattr(machine, "processors", lambda: [0, 1])
    (tmp_path / "runs.jsonl").write_text(RECORD.to_json() + "\n")
    run = ("run", "echo", "--device", "cpu", "--out", str(tmp_path))
    status, _, err = ended(*run, *arguments.split())
    assert status == 2
    assert message in err


def test_a_problem_that_cannot_be_read_is_named_everywhere(copy):
    (copy / "problems" / "broken.py").write_text("import this_is_missing\n")
    message = "problems/broken.py cannot be read: ModuleNotFoundError"
    done = diptych("list", cwd=copy)
    assert done.returncode == 0
    assert "problems/broken.py cannot" in done.stdout
    for command in ("run", "check", "show broken"):
        done = diptych(*command.split(), cwd=copy)
        assert done.returncode == 2
        assert done.stderr.startswith(f"diptych: {message}")
        assert done.stderr.count("\n") == 1


def test_list_names_every_problem_backend_and_device(ended):
    status, out, _ = ended("list")
    assert status == 0
    for name in (*problems.names(), *BACKENDS, "cpu", "gpu"):
        assert name in out
    assert ("pip install" in out) == bool(ABSENT)


def test_check_prints_and_writes_the_ladder(copy, add_problem):
    add_problem("right")
    done = diptych("check", "right", "--json", "--out", "out", cwd=copy)
    assert done.returncode == 0, done.stderr
    findings = json.loads(done.stdout)
    assert findings == json.loads((copy / "out" / "check.json").read_text())
    assert all(finding["passed"] for finding in findings)
    assert [finding["rung"] for finding in findings if finding["precision"] == "float64"] == [
        "layers", "loss", "gradients", "curve", "score",
    ]  # fmt: skip
    text = (copy / "out" / "check.md").read_text()
    assert "| right | keras-tensorflow | pytorch | float64 | ok | ok | ok |" in text
    assert "Nothing is wrong." in text


def test_check_names_the_tensor_that_is_wrong(copy):
    twin = copy / "backends" / "keras" / "shapes.py"
    twin.write_text(twin.read_text().replace("layers.LSTM(units,", "layers.LSTM(units + 1,"))
    done = diptych("check", "shapes", "echo", "--out", "out", cwd=copy)
    assert done.returncode == 3
    (wrong,) = done.stderr.splitlines()
    expected = "shapes, keras-tensorflow against pytorch: parameters: lstm/kernel: "
    expected += "expected (2, 40), came (2, 44)"
    assert wrong == f"diptych: {expected}"
    assert expected in (copy / "out" / "check.md").read_text()


def test_check_names_a_twin_that_fails(copy):
    twin = copy / "backends" / "pytorch" / "echo.py"
    twin.write_text(twin.read_text().replace("x = x[0]", "x = x[7]"))
    done = diptych("check", "echo", cwd=copy)
    assert done.returncode == 3
    message = "diptych: echo, pytorch, float64: parameters: twin: expected a network, came Index"
    assert message in done.stderr


def test_check_names_an_engine_that_fails(copy):
    engine = copy / "backends" / "keras" / "_engine.py"
    engine.write_text("import os\nos.abort()\n")
    done = diptych("check", "echo", cwd=copy)
    assert done.returncode == 3
    assert "echo, keras-tensorflow, float64: parameters: twin: expected a network" in done.stderr
    assert "killed by SIGABRT" in done.stderr


def test_check_finds_batch_and_time_mixed_up(copy):
    twin = copy / "backends" / "pytorch" / "echo.py"
    twin.write_text(twin.read_text().replace("batch_first=True", "batch_first=False"))
    done = diptych("check", "echo", "--backends", "pytorch", cwd=copy)
    assert done.returncode == 3
    assert (
        "diptych: echo, pytorch: shapes: lstm.last: expected (7, 25), came (5, 25)" in done.stderr
    )


def test_check_names_data_off_the_spec(copy):
    problem = copy / "problems" / "echo.py"
    problem.write_text(problem.read_text().replace("dtype=np.float32)[", "dtype=np.float64)["))
    done = diptych("check", "echo", "--backends", "pytorch", cwd=copy)
    assert done.returncode == 3
    assert "diptych: echo: data: all parts: expected x (time=5 symbol=10), y ()" in done.stderr
