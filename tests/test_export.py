"""Records for other tools: pytest-benchmark itself reads the one, the other is as documented."""

import csv
import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest
from conftest import ROOT
from test_verdict import failed, record
from two_runs import SLOW, run, strict

from compare import __main__ as cli
from compare.records.export import FORMATS, pytest_benchmark, smaller_is_better
from compare.records.journal import FILE
from compare.records.record import UsageError


def export(folder, form, *records):
    folder.mkdir()
    (folder / FILE).write_text("".join(one.to_json() + "\n" for one in records))
    file = folder / "out.json"
    assert cli.main(["export", str(folder), "--format", form, "--out", str(file)]) == 0
    return file


def compared(cwd, *arguments):
    """Run pytest-benchmark's own command."""
    command = [sys.executable, "-m", "pytest_benchmark", "compare", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=True)


def test_pytest_benchmark_reads_it(tmp_path):
    file = export(tmp_path / "a", "pytest-benchmark", *run(problems=["echo", "cumsum"]))
    done = compared(tmp_path, file, "--csv=found.csv", "--columns=median,rounds", "--sort=fullname")
    assert done.stderr.strip().endswith("found.csv")
    assert "benchmark 'cumsum': 2 tests" in done.stdout
    with (tmp_path / "found.csv").open() as lines:
        rows = list(csv.DictReader(lines))
    assert [row["name"] for row in rows] == [
        f"{problem}-{backend}-cpu-matched"
        for problem in ("cumsum", "echo")
        for backend in ("keras-tensorflow", "pytorch")
    ]
    assert {(row["param:mode"], row["median"], row["rounds"]) for row in rows} == {
        ("matched", "2.0", "30")
    }


def test_pytest_benchmark_sees_a_slow_down_between_two_runs(tmp_path):
    files = [
        export(tmp_path / name, "pytest-benchmark", *run(problems=["cumsum"], slow=slow))
        for name, slow in (("a", []), ("b", [SLOW]))
    ]
    lines = compared(tmp_path, *files, "--between=median").stdout.splitlines()
    assert "+20.0%" in next(line for line in lines if line.startswith("cumsum-pytorch"))
    assert "+0.0%" in next(line for line in lines if line.startswith("cumsum-keras"))


def test_a_benchmark_says_where_it_comes_from():
    made = [record(0, commit="abc", dirty=True, cpu="EPYC", versions={"torch": "2.10"}), failed(1)]
    found = pytest_benchmark(made)
    assert (found["commit_info"]["id"], found["commit_info"]["dirty"]) == ("abc", True)
    assert found["machine_info"]["processor"] == "EPYC"
    assert found["machine_info"]["versions"] == {"torch": "2.10"}
    (benchmark,) = found["benchmarks"]
    assert (benchmark["group"], benchmark["name"]) == ("echo", "echo-pytorch-cpu-matched")
    assert benchmark["extra_info"]["status"] == ["ok", "diverged"]
    assert benchmark["extra_info"]["scores"] == {"accuracy": [0.95, None]}
    stats = benchmark["stats"]
    assert (stats["data"], stats["rounds"], stats["iterations"]) == ([1, 2, 2], 3, 1)
    assert (stats["min"], stats["median"], stats["max"]) == (1, 2, 2)


def test_without_pytest_benchmark_it_is_told_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pytest_benchmark", None)
    with pytest.raises(UsageError, match="pip install pytest-benchmark"):
        pytest_benchmark([record()])
    assert smaller_is_better([record()]), "the other format needs nothing"


def test_the_last_commit_is_the_one():
    made = [record(0, commit="old"), record(1, commit="new", started="2026-02-01T00:00:00+00:00")]
    assert pytest_benchmark(made)["commit_info"]["id"] == "new"


def test_without_later_epochs_there_is_no_benchmark():
    with pytest.raises(UsageError, match="expected trainings of more than one epoch, came none"):
        pytest_benchmark([record(epoch_s=[])])


def test_of_everything_smaller_is_better():
    lower = replace(record().scores["accuracy"], score=0.3, best=0.25, better="lower", unit="mm")
    made = [record(i, score=score) for i, score in enumerate([0.9, 0.8])] + [failed(2)]
    made[0] = record(0, score=0.9, scores=made[0].scores | {"error": lower})
    found = {one["name"].partition(": ")[2]: one for one in smaller_is_better(made)}
    assert {what: (one["value"], one["unit"]) for what, one in found.items()} == {
        "epoch": (2, "s"),
        "wall": (pytest.approx(10), "s"),
        "accuracy, distance from the best": (pytest.approx(0.15), "fraction"),
        "error, distance from the best": (pytest.approx(0.05), "mm"),
        "without a score": (1, "trainings"),
    }
    assert found["accuracy, distance from the best"]["range"] == "± 0.07071"
    assert found["wall"]["extra"].startswith("seeds: 3\n")
    assert {one["name"].partition(": ")[0] for one in found.values()} == {
        "echo-pytorch-cpu-matched"
    }


def test_an_entry_has_the_fields_of_the_format_and_a_name_of_its_own():
    found = smaller_is_better([*run(2), failed(3, "keras-jax")])
    assert len({one["name"] for one in found}) == len(found)
    for one in found:
        assert list(one) == ["name", "unit", "value", "range", "extra"]
        assert isinstance(one["value"], int | float)


def test_short_recipes_have_names_of_their_own():
    names = {one["name"] for one in smaller_is_better([record(recipe="quick")])}
    assert "echo-pytorch-cpu-matched-quick: wall" in names


@pytest.mark.parametrize("form", FORMATS)
def test_it_goes_to_stdout_or_into_a_file(tmp_path, capsys, form):
    file = export(tmp_path / "a", form, *run(2), failed(3))
    assert capsys.readouterr().out == ""
    assert cli.main(["export", str(tmp_path / "a"), "--format", form]) == 0
    printed = capsys.readouterr().out
    assert printed == file.read_text()
    assert strict(printed) == json.loads(json.dumps(FORMATS[form]([*run(2), failed(3)])))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("export results/cpu", "the following arguments are required: --format"),
        ("export results/cpu --format xml", "invalid choice: 'xml' (choose from"),
        ("export nowhere --format pytest-benchmark", "expected a folder with records in runs.json"),
        (
            "export results/cpu --format pytest-benchmark --out results/cpu/runs.jsonl",
            "--out: expected another file than one of records, came results/cpu/runs.jsonl",
        ),
        (
            "export results/cpu --format pytest-benchmark --out /dev/null/x",
            "--out: cannot write to /dev/null/x: Not a directory",
        ),
    ],
)
def test_what_cannot_be_exported_gets_one_line(monkeypatch, capsys, arguments, message):
    monkeypatch.chdir(ROOT)
    assert cli.main(arguments.split()) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert (captured.out, captured.err.count("\n")) == ("", 1)


def test_a_pipe_is_written_into_and_stays_one(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / FILE).write_text("".join(one.to_json() + "\n" for one in run(1)))
    asked = [
        "export",
        str(tmp_path / "a"),
        "--format",
        "github-action-benchmark",
        "--out",
        str(pipe),
    ]
    assert cli.main(asked) == 0
    assert strict(os.read(reader, 2**16))
    os.close(reader)
    assert pipe.is_fifo()
