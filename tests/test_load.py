"""Records as data frames: every training and metric, every epoch, in the right types."""

from dataclasses import fields, replace

import pandas as pd
import pytest
from conftest import ROOT, run_python
from test_records import RECORD
from test_verdict import failed, record

import compare
from compare.records.frames import DTYPES, EPOCH_COLUMNS, RECORD_COLUMNS, SINGLE, TIME
from compare.records.journal import FILE, read
from compare.records.record import Record, Score, UsageError

SECOND = Score(score=0.1, better="lower", target=None, reached=None, baseline=0.5)
RECORDS = [
    replace(
        record(0, train_loss=[2.0, 1.0], validation_loss=[2.5, 1.5]),
        scores=record().scores | {"error": SECOND},
        versions={"torch": "2.10", "python": "3.11.7"},
        dirty=False,
    ),
    failed(1, "keras-tensorflow", versions={"keras": "3.15.1"}),
    replace(RECORD, seed=2, status="timeout", train_loss=[], scores={}),
]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / FILE).write_text("".join(one.to_json() + "\n" for one in RECORDS))
    return tmp_path


def test_a_row_is_a_training_and_metric(folder):
    frame = compare.load(folder)
    found = list(zip(frame["seed"], frame["metric"].fillna(""), frame["status"], strict=True))
    assert found == [
        (0, "accuracy", "ok"),
        (0, "error", "ok"),
        (1, "accuracy", "diverged"),
        (2, "", "timeout"),
    ]
    assert list(frame["score"].fillna(-1)) == [0.95, 0.1, -1, -1]
    assert list(frame["better"].fillna("")) == ["higher", "lower", "higher", ""]
    assert compare.load(str(folder)).equals(frame)


def test_every_single_value_of_a_record_is_a_column_and_described(folder):
    frame = compare.load(folder)
    versions = ["version_keras", "version_python", "version_torch"]
    assert list(frame.columns) == [*RECORD_COLUMNS, *versions]
    assert all(RECORD_COLUMNS.values())
    several = {field.name for field in fields(Record)} - set(SINGLE)
    assert several == {
        *("scores", "train_loss", "validation_loss", "epoch_scores", "epoch_s"),
        *("versions", "frameworks", "processors"),
    }


def test_versions_stay_what_they_are(folder):
    torch = compare.load(folder)["version_torch"]
    assert torch.iloc[0] == "2.10"
    assert torch.dtype == "string"
    assert torch.isna().iloc[2]


@pytest.mark.parametrize("some", [slice(None), slice(1, 2), slice(2, 3)])
def test_types_do_not_depend_on_what_was_measured(tmp_path, some):
    lines = [one.to_json() + "\n" for one in RECORDS[some]]
    (tmp_path / FILE).write_text("".join(lines))
    dtypes = compare.load(tmp_path).dtypes
    for name, expected in {
        "problem": "string",
        "seed": "Int64",
        "total_s": "float64",
        "gpu_peak_bytes": "Int64",
        "dirty": "boolean",
        "reached": "boolean",
        "score": "float64",
        "reason": "string",
    }.items():
        assert dtypes[name] == expected, name
    assert isinstance(dtypes["started"], pd.DatetimeTZDtype)
    assert set(map(str, dtypes)) - {str(dtypes["started"])} == set(DTYPES.values()) - {TIME}


def test_missing_is_missing_and_never_zero(folder):
    row = compare.load(folder).iloc[3]
    for name in ("total_s", "gpu_peak_bytes", "score", "dirty", "metric"):
        assert pd.isna(row[name]), name


def test_an_epoch_is_a_row(folder):
    frame = compare.load_epochs(folder)
    assert list(frame.columns) == list(EPOCH_COLUMNS)
    whole = frame[frame["seed"] == 0]
    assert list(whole["epoch"]) == [1, 2, 3, 4]
    assert list(whole["epoch_s"]) == [3, 1, 2, 2], "the first one from first_epoch_s"
    assert list(whole["score"]) == [0.5, 0.8, 0.9, 0.95]
    assert list(whole["train_loss"].fillna(-1)) == [2, 1, -1, -1]
    assert list(whole["validation_loss"].fillna(-1)) == [2.5, 1.5, -1, -1]
    assert not (frame["seed"] == 2).any(), "no epoch was recorded"
    assert (str(frame["epoch"].dtype), str(frame["epoch_s"].dtype)) == ("Int64", "float64")


def test_the_published_run_is_loaded_whole():
    folder = ROOT / "results" / "cpu"
    records, _ = read(folder)
    frame, epochs = compare.load(folder), compare.load_epochs(folder)
    assert len(frame) == sum(len(one.scores) for one in records)
    assert len(epochs) == sum(len(one.train_loss) for one in records)
    assert frame["version_torch"].dropna().unique().tolist() == ["2.13.0+cpu"]
    sums = epochs.groupby(["problem", "backend", "seed"])["epoch_s"].sum()
    one = records[7]
    assert sums[one.problem, one.backend, one.seed] == pytest.approx(
        one.first_epoch_s + sum(one.epoch_s)
    )


def test_a_folder_without_records_is_refused_and_a_broken_line_told_of(folder, tmp_path):
    with pytest.raises(UsageError, match="expected a folder with records"):
        compare.load(tmp_path / "none")
    with (folder / FILE).open("a") as file:
        file.write("{\n")
    with pytest.warns(UserWarning, match="line 4 is not a record"):
        assert len(compare.load(folder)) == 4


LAZY = """
import sys
import compare
assert not {"pandas", "numpy", "compare.records.frames"} & set(sys.modules)
assert compare.load is compare.records.frames.load
from compare import load_epochs
assert "pandas" in sys.modules
try:
    compare.lode
except AttributeError as error:
    print(error)
"""


def test_pandas_is_imported_when_a_frame_is_asked_for():
    done = run_python("-c", LAZY)
    assert done.stdout == "module 'compare' has no attribute 'lode'\n", done.stderr


def test_the_width_of_a_network_and_the_unit_of_a_score_are_two_columns(tmp_path):
    of_a_sweep = replace(RECORDS[0], unit=50)
    (tmp_path / FILE).write_text(of_a_sweep.to_json() + "\n")
    frame = compare.load(tmp_path)
    assert list(frame["unit"]) == [50, 50]
    assert list(frame["score_unit"].fillna("")) == [
        score.unit or "" for score in of_a_sweep.scores.values()
    ]
