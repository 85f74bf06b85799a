"""The program of docs/ci.md that logs trainings in MLflow, run against a stand-in for MLflow."""

import sys
from datetime import datetime

import pytest
from documents import DOCUMENTS, RESULTS, blocks
from synthetic import failed, record, write
from tracking import MlflowException, Store

from compare import load, load_epochs

((_, RECIPE),) = blocks("py", {"": DOCUMENTS["docs/ci.md"]})
MANY = 400  # epochs: four metrics of each are more than MLflow takes at a time
LONG = record(
    *("echo", "pytorch", 0),
    train_loss=[0.5] * MANY,
    validation_loss=[0.25] * MANY,
    epoch_scores=[0.75] * MANY,
    epoch_s=[2.0] * (MANY - 1),
    versions={f"package{number}": "1.0" for number in range(120)},
)
FAILED = failed("cumsum", "pytorch", 1, "failed", "no <way>")
PARTLY = record("cumsum", "keras-tensorflow", 0, validation_loss=[None, 0.5], epoch_scores=[])
SIZED = record("cumsum", "keras-tensorflow", 1, recipe="sweep", batch_size=32, tier="graph")
RECORDS = [LONG, FAILED, PARTLY, SIZED]


@pytest.fixture
def logged(monkeypatch):
    """Run the program in a folder; return the runs that it logs, by name."""

    def run(folder, recipe=RECIPE, store=None):
        store = store or Store()
        monkeypatch.chdir(folder)
        monkeypatch.setitem(sys.modules, "mlflow", store.mlflow)
        monkeypatch.setitem(sys.modules, "mlflow.entities", store.entities)
        exec(compile(recipe, "docs/ci.md", "exec"), {})
        return {one.run_name: one for one in store.runs}

    return run


@pytest.fixture
def folder(tmp_path):
    write(tmp_path / "results" / "cpu", RECORDS, samples=False)
    return tmp_path


def ms(time):
    return round(1000 * datetime.fromisoformat(time).timestamp())


def test_every_training_is_a_run_and_each_epoch_has_its_time(folder, logged):
    runs = logged(folder)
    assert len(runs) == len(RECORDS)
    run = runs["echo-pytorch-cpu-matched-full-0"]
    asked, ready = ms(LONG.started), round(1000 * (LONG.start_s + LONG.build_s))
    assert (run.start_time, run.status, run.tags) == (asked, "FINISHED", {"status": "ok"})
    assert run.end_time == asked + round(1000 * (LONG.start_s + LONG.total_s))
    seconds = [LONG.first_epoch_s, *LONG.epoch_s]
    found = run.curve("epoch_s")
    assert [one.value for one in found] == seconds
    assert [one.step for one in found] == list(range(1, MANY + 1))
    ends = [asked + ready + round(1000 * sum(seconds[: n + 1])) for n in range(MANY)]
    assert [one.timestamp for one in found] == ends
    assert {one.value for one in run.curve("validation_loss")} == {0.25}
    assert len(run.params) > len(LONG.versions)
    assert run.params["version_package119"] == "1.0"
    (score,) = run.curve("test accuracy")
    assert (score.value, score.timestamp) == (LONG.score("accuracy"), run.end_time)


def test_what_was_not_measured_is_not_logged(folder, logged):
    runs = logged(folder)
    lost = runs["cumsum-pytorch-cpu-matched-full-1"]
    assert (lost.status, lost.metrics) == ("FAILED", [])
    assert lost.tags == {"status": "failed", "reason": "no <way>"}
    partly = runs["cumsum-keras-tensorflow-cpu-matched-full-0"]
    assert [one.step for one in partly.curve("validation_loss")] == [2]
    assert partly.curve("score") == []
    sized = runs["cumsum-keras-tensorflow-cpu-matched-graph-sweep-32-1"]
    assert sized.params["batch_size"] == "32"
    assert len(sized.curve("epoch_s")) == 3
    assert "unit" not in sized.params


def test_published_trainings_are_all_there(tmp_path, logged):
    folder = tmp_path / "results" / "cpu"
    folder.mkdir(parents=True)
    lines = (RESULTS / "cpu" / "runs.jsonl").read_text().splitlines(keepends=True)
    one_problem = [line for line in lines if '"problem": "addition"' in line]
    (folder / "runs.jsonl").write_text("".join(one_problem))
    runs = logged(tmp_path)
    points = [point for run in runs.values() for point in run.metrics]
    tested = [point.value for point in points if point.key.startswith("test ")]
    assert len(runs) == len(one_problem) == 20
    assert sorted(tested) == sorted(load(folder)["score"])
    assert sum(point.key == "train_loss" for point in points) == len(load_epochs(folder))


def test_nothing_is_logged_twice(folder, logged):
    store = Store()
    logged(folder, store=store)
    with pytest.raises(MlflowException, match="diptych is there already"):
        logged(folder, store=store)


@pytest.mark.parametrize(
    ("right", "wrong", "refusal"),
    [
        ('"metrics": 1000', '"metrics": 1001', "at most 1000 metrics, got 1001"),
        ('"params": 100', '"params": 101', "at most 100 params, got 101"),
        ("int(row.epoch)", "float(row.epoch)", "time or step: 1.0"),
        ("ms(row.at)", "row.at", "time or step: "),
        ("str(value)) for name", "value) for name", "batch_size"),
        ('"test "', '"test, "', "test, step_accuracy"),
    ],
)
def test_what_mlflow_refuses_would_be_found(folder, logged, right, wrong, refusal):
    assert right in RECIPE
    with pytest.raises(MlflowException, match=refusal):
        logged(folder, RECIPE.replace(right, wrong))
