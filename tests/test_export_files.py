"""Records as files of other tools, read back with the readers of these tools."""

import math
from datetime import datetime

import pandas as pd
import pytest
from conftest import diptych
from documents import RESULTS
from synthetic import failed, record, write
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from compare import load, load_epochs
from compare.records import export_files
from compare.records.export_files import EVENTS, FILES
from compare.records.record import UsageError

RECORDS = [
    *(record("echo", side, seed) for side in ("pytorch", "keras-tensorflow") for seed in (0, 1)),
    record("cumsum", "pytorch", 0, validation_loss=[None, 0.5], epoch_scores=[]),
    failed("cumsum", "pytorch", 1, "failed", "no <way>"),
]


@pytest.fixture
def folder(tmp_path):
    return write(tmp_path / "run", RECORDS)


def points(out, one):
    """Return what TensorBoard reads of a training: steps, times and values, by tag."""
    read = EventAccumulator(str(out / one.key))
    read.Reload()
    return {tag: [*map(tuple, map(step_time_value, read.Scalars(tag)))] for tag in tags(read)}


def tags(read):
    return read.Tags()["scalars"]


def step_time_value(event):
    return event.step, event.wall_time, event.value


def test_tensorboard_reads_the_figures_of_the_records(folder, tmp_path):
    out = tmp_path / "events"
    done = diptych("export", str(folder), "--format", "tensorboard", "--out", str(out))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{out}: 6 files\n"
    for one in RECORDS[:4]:
        found = points(out, one)
        assert [value for _, _, value in found["loss/train"]] == one.train_loss
        assert [step for step, _, _ in found["loss/train"]] == [1, 2, 3]
        seconds = [one.first_epoch_s, *one.epoch_s]
        read = [value for _, _, value in found["seconds/epoch"]]
        assert read == pytest.approx(seconds)  # TensorBoard keeps 32 bits
        began = datetime.fromisoformat(one.started).timestamp() + one.start_s + one.build_s
        times = [time for _, time, _ in found["loss/train"]]
        assert times == pytest.approx([began + sum(seconds[: n + 1]) for n in range(3)], abs=1e-3)
        ((step, _, value),) = found["score/test accuracy"]
        assert (step, value) == (3, pytest.approx(one.score("accuracy")))


def test_what_was_not_measured_has_no_point(folder, tmp_path):
    FILES["tensorboard"](RECORDS, tmp_path)
    assert [step for step, *_ in points(tmp_path, RECORDS[4])["loss/validation"]] == [2]
    assert "score/validation" not in points(tmp_path, RECORDS[4])
    assert points(tmp_path, RECORDS[5]) == {}


def test_written_again_no_point_is_there_twice_and_nothing_tells_the_machine(folder, tmp_path):
    for _ in range(2):
        FILES["tensorboard"](RECORDS, tmp_path / "out")
    assert len(points(tmp_path / "out", RECORDS[0])["loss/train"]) == 3
    assert {file.name for file in (tmp_path / "out").rglob("*") if file.is_file()} == {EVENTS}


def test_parquet_has_the_frames_of_load(folder, tmp_path):
    done = diptych("export", str(folder), "--format", "parquet", "--out", str(tmp_path / "out"))
    assert (done.returncode, done.stderr) == (0, "")
    for name, expected in (("runs", load(folder)), ("epochs", load_epochs(folder))):
        found = pd.read_parquet(tmp_path / "out" / f"{name}.parquet")
        pd.testing.assert_frame_equal(found, expected, check_dtype=False)
        assert [str(one) for one in found.dtypes] == [str(one) for one in expected.dtypes]


def test_the_published_figures_are_those_of_the_table(tmp_path):
    table = pd.read_csv(RESULTS / "cpu" / "table.csv")
    done = diptych(
        "export", str(RESULTS / "cpu"), "--format", "parquet", "--out", str(tmp_path)
    )  # fmt: skip
    assert done.returncode == 0
    runs = pd.read_parquet(tmp_path / "runs.parquet")
    means = runs.groupby(["problem", "backend", "metric"])["score"].mean()
    assert len(table) == len(means)
    for _, row in table.iterrows():
        mean = means[row["problem"], row["backend"], row["metric"]]
        assert math.isclose(mean, row["score_mean"], rel_tol=1e-9)


@pytest.mark.parametrize("form", FILES)
def test_what_cannot_be_written_is_one_line(folder, tmp_path, monkeypatch, form):
    done = diptych("export", str(folder), "--format", form)
    assert done.returncode == 2
    assert done.stderr == f"diptych: --format {form}: expected a folder for its files, --out\n"
    (tmp_path / "file").touch()
    done = diptych("export", str(folder), "--format", form, "--out", str(tmp_path / "file" / "x"))
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "--out: cannot write to" in done.stderr
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(UsageError, match=f"--format {form}: expected the package .*, found none"):
        export_files.FILES[form](RECORDS, tmp_path)
