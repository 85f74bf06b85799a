"""What a person types, right and wrong: wrong gets one line and status 2."""

import json
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from conftest import ROOT, SIDES, diptych, run_python
from test_records import RECORD

import problems
from backends import BACKENDS, Side
from compare import __main__ as cli
from compare.processes import choice as selection
from compare.processes import gpu, machine
from compare.proof import gate

COMMANDS = (
    *("list", "doctor", "show", "check", "run", "explain", "sweep", "table", "report", "plot"),
    *("diff", "export", "merge", "status", "match", "init", "test", "traps"),
)
COMPLETE_HERE = next(name for name, backend in BACKENDS.items() if not backend.missing())
ABSENT = [name for name, backend in BACKENDS.items() if backend.missing()]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("run ecko", "no problem 'ecko'; problems are addition, co2, "),
        ("check ecko", "no problem 'ecko'; problems are addition, co2, "),
        ("show ecko", "no problem 'ecko'; problems are addition, co2, "),
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


def test_the_command_alone_prints_its_help(ended):
    status, out, err = ended()
    assert status == 0
    assert err == ""
    assert "usage: diptych" in out


def test_the_version_is_that_of_the_package(capsys):
    with pytest.raises(SystemExit) as end:
        cli.main(["--version"])
    assert end.value.code == 0
    assert capsys.readouterr().out == f"diptych {version('diptych')}\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_a_command_has_a_sentence_an_example_and_the_statuses(capsys, name):
    with pytest.raises(SystemExit):
        cli.main([name, "--help"])
    said = capsys.readouterr().out
    assert re.search(r"\n\n[A-Z][^:]+\.", said.partition("options:")[0]), "no sentence"
    assert f"examples:\n  diptych {name}" in said
    assert "exit status:" in said


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_describes_every_argument(name):
    (commands,) = (action for action in cli.parser()._actions if action.metavar == "COMMAND")
    undescribed = [action.dest for action in commands.choices[name]._actions if not action.help]
    assert undescribed == []


def test_a_missing_framework_is_named(ended, monkeypatch):
    monkeypatch.setattr(
        "backends._registry.find_spec", lambda name: None if name == "keras" else object()
    )
    status, _, err = ended("run", "echo")
    assert status == 2
    assert err == (
        "diptych: backend 'keras-tensorflow' needs keras, not installed here; "
        "those that can run are pytorch\n"
    )


def test_a_gpu_that_is_not_there_is_named(ended, monkeypatch):
    monkeypatch.setattr(gpu, "cards", lambda: ())
    status, _, err = ended("run", "echo", "--device", "gpu")
    assert status == 2
    assert (
        err == "diptych: --device gpu: expected an NVIDIA GPU, found none; devices here are cpu\n"
    )


def test_a_gpu_takes_one_training_at_a_time(monkeypatch):
    monkeypatch.setattr(gpu, "cards", lambda: (gpu.Card("NVIDIA H100", "GPU-1"),))
    assert selection.chosen_jobs(None, threads=1, devices=["gpu"]) == 1
    with pytest.raises(ValueError, match="on a GPU one training goes at a time"):
        selection.chosen_jobs(2, threads=1, devices=["cpu", "gpu"])


def test_auto_is_the_gpu_if_every_backend_can_use_it(monkeypatch):
    monkeypatch.setattr(gpu, "cards", lambda: (gpu.Card("NVIDIA H100", "GPU-1"),))
    refusals = {Side("pytorch"): "", Side("keras-tensorflow"): "no CUDA"}
    monkeypatch.setattr(gpu, "refusal", refusals.__getitem__)
    assert selection.chosen_device("auto", [Side("pytorch")]) == "gpu"
    assert selection.chosen_device("auto", SIDES) == "cpu"
    assert selection.chosen_device("gpu", SIDES) == "gpu"
    monkeypatch.setattr(gpu, "cards", lambda: ())
    assert selection.chosen_device("auto", [Side("pytorch")]) == "cpu"


def test_a_quota_limits_the_processors(tmp_path):
    for text, expected in (("250000 100000", 2), ("50000 100000", 1), ("max 100000", None)):
        (tmp_path / "cpu.max").write_text(text)
        assert machine.quota(tmp_path / "cpu.max") == expected
    assert machine.quota(tmp_path / "none") is None


def test_one_training_goes_at_a_time_unless_more_are_asked_for(monkeypatch):
    monkeypatch.setattr(machine, "processors", lambda: list(range(8)))
    assert selection.chosen_jobs(None, threads=1, devices=["cpu"]) == 1
    assert selection.chosen_jobs(2, threads=3, devices=["cpu"]) == 2
    with pytest.raises(ValueError, match="needs 9 processors, only 8 are available"):
        selection.chosen_jobs(3, threads=3, devices=["cpu"])
    with pytest.raises(ValueError, match="needs 9 processors"):
        selection.chosen_jobs(None, threads=9, devices=["cpu"])


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
    message = "problems/broken.py, line 1, cannot be read: ModuleNotFoundError"
    done = diptych("list", cwd=copy)
    assert done.returncode == 0
    assert "problems/broken.py, line 1" in done.stdout
    said = json.loads(diptych("list", "--json", cwd=copy).stdout)
    listed = {one["name"]: one for one in said["problems"]}
    assert "problems/broken.py, line 1" in listed["broken"]["error"]
    assert (listed["broken"]["summary"], listed["echo"]["error"]) == (None, None)
    for command in ("run", "check", "show broken"):
        done = diptych(*command.split(), cwd=copy)
        assert done.returncode == 2
        assert done.stderr.startswith(f"diptych: {message}")
        assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("command", ["--help", "run --help", "--version", "list"])
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_what_cannot_be_printed_is_an_error(command, unbuffered, monkeypatch):
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "compare", *command.split()],
            cwd=ROOT,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 2
    assert done.stderr == "diptych: [Errno 28] No space left on device\n"


def test_an_empty_path_or_one_that_cannot_be_is_refused(ended, tmp_path, monkeypatch):
    export = ("export", "results/cpu", "--format", "github-action-benchmark", "--out", "")
    assert ended(*export) == (2, "", "diptych: argument --out: expected a file, came ''\n")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "diptych.toml").write_text('[run]\nout = "a\\u0000b"\n')
    status, out, err = ended("run", "echo")
    assert (status, out) == (2, "")
    assert err.endswith("argument --out: expected a folder, came 'a\\x00b'\n")
    (tmp_path / "diptych.toml").write_text('[python]\npytorch = "a\\u0000b"\n')
    expected = "diptych: an interpreter for 'pytorch': expected a path, came 'a\\x00b'\n"
    assert ended("list") == (2, "", expected)


def test_list_prints_nothing_before_it_finds_a_bad_interpreter(ended):
    status, out, err = ended("list", "--python", "pytorch=/nowhere")
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert "the interpreter of pytorch, /nowhere: " in err


def test_an_interpreter_for_what_takes_no_part_is_told_of(ended, monkeypatch):
    monkeypatch.setattr(gate, "prove", lambda *_, **__: [])
    asked = ("check", "echo", "--backends", COMPLETE_HERE)
    status, _, err = ended(*asked, "--python", "keras-jax@old=/nowhere")
    assert status == 0
    assert err == (
        "diptych: --python keras-jax@old=/nowhere: keras-jax@old takes no part: it is not among "
        f"--backends {COMPLETE_HERE}\n"
    )
    assert ended(*asked)[2] == ""


def test_list_names_every_problem_backend_and_device(ended):
    status, out, _ = ended("list")
    assert status == 0
    for name in (*problems.names(), *BACKENDS, "cpu", "gpu"):
        assert name in out
    assert ("pip install" in out) == bool(ABSENT)


def test_the_list_for_programs_holds_what_the_list_says(ended):
    (_, shown, _), (status, out, err) = ended("list"), ended("list", "--json")
    assert (status, err) == (0, "")
    said, shown = json.loads(out), "".join(shown.split())
    assert tuple(one["name"] for one in said["problems"]) == problems.names()
    assert {one["name"]: one["missing"] for one in said["backends"]} == {
        name: backend.missing() for name, backend in BACKENDS.items()
    }
    defaults = {one["backend"]: one["tier"] for one in said["tiers"] if one["default"]}
    assert defaults == {name: backend.default_tier for name, backend in BACKENDS.items()}
    assert said["devices"]["processors"] == len(machine.processors())
    told = [one["summary"] for one in said["problems"]] + [one["meaning"] for one in said["tiers"]]
    for words in (*told, said["devices"]["cpu"]):
        assert "".join(words.split()) in shown


@pytest.mark.parametrize("columns", [1, 30, 60, 80, 200])
def test_the_list_fits_the_terminal(ended, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    status, out, _ = ended("list")
    assert status == 0
    assert max(map(len, out.splitlines())) <= max(columns, 20)


@pytest.mark.parametrize("command", ["list", "diff results/cpu results/engines"])
def test_who_has_read_enough_is_not_told_of_it(command):
    asked = [sys.executable, "-m", "compare", *command.split()]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(asked, cwd=ROOT, **pipes) as done:
        done.stdout.close()
        assert done.stderr.read() == b""
    assert done.returncode == 1


@pytest.mark.parametrize("where", ["/proc/x", "/dev/null/x"])
def test_where_nothing_can_be_written_is_one_line_with_the_place(ended, where):
    status, out, err = ended("plot", str(ROOT / "results" / "cpu"), "--out", where)
    assert (status, out) == (2, "")
    assert err.startswith(f"diptych: {where}: ")


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_fits_80_columns(command, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit):
        cli.main([command, "--help"])
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 80


BREAKS = """
import errno, sys
from compare.__main__ import main
from compare.proof import gate

def breaks(*_, **__):
    raise BrokenPipeError(errno.EPIPE, "Broken pipe")

gate.prove = breaks
sys.exit(main(["check", "echo"]))
"""


def test_a_pipe_that_breaks_elsewhere_is_told():
    done = run_python("-c", BREAKS)
    assert (done.returncode, done.stderr) == (2, "diptych: [Errno 32] Broken pipe\n")
