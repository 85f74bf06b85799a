"""A few predictions are kept of every training; a broken file costs a picture, never the page."""

import errno
import io
import os
import zipfile

import numpy as np
import pytest
from conftest import COMPLETE, diptych
from synthetic import known, record, write

import problems
from compare.page.report import report
from compare.records import journal, predictions
from compare.records.predictions import (
    EXAMPLES,
    FILE,
    predictions_of,
    read_predictions,
    write_predictions,
)
from problems import named, of_output


@pytest.mark.parametrize("name", problems.names())
def test_predictions_are_read_back_as_they_were_taken(tmp_path, name):
    problem = problems.load(name, quick=True)
    data = problem.make_data(0)
    taken = predictions_of(problem, problem.ask(known(problem), data), data)
    cell = tmp_path / "cells" / "key"
    cell.mkdir(parents=True)
    write_predictions(taken, cell)
    found = read_predictions(tmp_path, "key", problem)
    assert found.keys() == taken.keys()
    assert len(found) == (2 + len(named(problem.input))) * len(problem.metrics)
    for array, values in found.items():
        assert len(values) == EXAMPLES
        assert values.dtype == taken[array].dtype
        assert (values == taken[array]).all()
    assert (cell / FILE).stat().st_size < 20_000  # bytes: many of them are kept with the results


@pytest.fixture
def kept(tmp_path):
    """Return the file of predictions of echo, and a function that reads it."""
    problem = problems.load("echo", quick=True)
    data = problem.make_data(0)
    cell = tmp_path / "cells" / "key"
    cell.mkdir(parents=True)
    write_predictions(predictions_of(problem, problem.ask(known(problem), data), data), cell)
    return cell / FILE, lambda: read_predictions(tmp_path, "key", problem)


def archive(**arrays):
    """Return the bytes of an archive of arrays; bytes stand for a member as it is."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as zipped:
        for name, array in arrays.items():
            member = io.BytesIO()
            if isinstance(array, bytes):
                member.write(array)
            else:
                np.lib.format.write_array(member, np.asarray(array))
            zipped.writestr(f"{name.replace('_', '.')}.npy", member.getvalue())
    return packed.getvalue()


def header(shape, kind="<f4"):
    """Return the start of an array that says that it is of some shape, and nothing after it."""
    member = io.BytesIO()
    what = {"descr": kind, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(member, what)
    return member.getvalue()


def flipped(whole, place):
    """Return an archive with two bits flipped in what it says of its first member."""
    changed = bytearray(whole)
    for start in (whole.index(b"PK\x03\x04") + place, whole.index(b"PK\x01\x02") + place + 2):
        changed[start] ^= 1 if place == 6 else 8 + 16 + 32
    return bytes(changed)


X, Y, OUT = np.zeros((6, 5, 10), np.float32), np.zeros(6, np.int64), np.zeros((6, 10), np.float32)
GOOD = {"accuracy_input": X, "accuracy_target": Y, "accuracy_output": OUT}
BROKEN = {
    "empty": b"",
    "no_archive": b"PK no archive",
    "an_array_alone": header((3,)) + b"\0" * 12,
    "cut": archive(**GOOD)[:-30],
    "encrypted": flipped(archive(**GOOD), 6),
    "compressed_by_what": flipped(archive(**GOOD), 8),
    "no_output": archive(**{name: GOOD[name] for name in ("accuracy_input", "accuracy_target")}),
    "no_examples": archive(**{name: array[:0] for name, array in GOOD.items()}),
    "other_input": archive(**GOOD | {"accuracy_input": np.ones((6, 9, 9), np.float32)}),
    "other_target": archive(**GOOD | {"accuracy_target": np.ones((6, 2), np.int64)}),
    "out_of_range": archive(**GOOD | {"accuracy_target": Y + 99}),
    "one_target": archive(**GOOD | {"accuracy_target": Y[:1]}),
    "one_output": archive(**GOOD | {"accuracy_output": OUT[:1]}),
    "scalar_output": archive(**GOOD | {"accuracy_output": np.float32(1)}),
    "scalar_input": archive(**GOOD | {"accuracy_input": np.float32(1)}),
    "text": archive(**GOOD | {"accuracy_output": np.full((6, 10), "x")}),
    "structured": archive(**GOOD | {"accuracy_output": np.zeros((6, 10), "f4,f4")}),
    "complex": archive(**GOOD | {"accuracy_output": OUT + 1j}),
    "not_finite": archive(**GOOD | {"accuracy_output": OUT + np.inf}),
    "runs_code": archive(**GOOD | {"accuracy_output": header((6, 10), "|O") + b"cos\nsystem\n"}),
    "8_TB": archive(**GOOD | {"accuracy_output": header((2 * 10**12,))}),
    "75_GB": archive(**GOOD | {"accuracy_output": header((2 * 10**10,))}),
    "negative": archive(**GOOD | {"accuracy_output": header((-1, 10))}),
}


def test_these_would_be_read_if_they_were_not_broken(kept):
    file, read = kept
    file.write_bytes(archive(**GOOD))
    assert read().keys() == {name.replace("_", ".") for name in GOOD}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_broken_predictions_are_none(kept, broken):
    file, read = kept
    assert read()
    file.write_bytes(broken)
    assert read() == {}


def test_missing_predictions_or_a_pipe_are_none(kept):
    file, read = kept
    file.unlink()
    assert read() == {}
    os.mkfifo(file)
    assert read() == {}


def test_a_broken_file_costs_the_page_its_pictures_only(tmp_path):
    records = [record("echo", backend, 0) for backend in ("pytorch", "keras-tensorflow")]
    write(tmp_path, records)
    assert "Predictions of the networks" in report(tmp_path, records).read_text()
    (tmp_path / "cells" / records[0].key / FILE).write_bytes(BROKEN["scalar_output"])
    page = report(tmp_path, records).read_text()
    assert "Predictions of the networks" not in page
    assert "echo-learning" in page


def test_a_key_does_not_lead_out_of_the_folder(kept, tmp_path):
    file, read = kept
    assert read()
    problem, out = problems.load("echo", quick=True), tmp_path / "run"
    (out / "cells" / "echo-").mkdir(parents=True)
    for key in ("echo-/../../../cells/key", "../../cells/key", "..", ".", "", "key\0", str(file)):
        assert read_predictions(out, key, problem) == {}, key


def test_a_full_disk_costs_the_predictions_only(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(predictions, "write_whole", full)
    write_predictions({"mae.input": np.ones(3)}, tmp_path)
    assert not (tmp_path / FILE).exists()


def test_every_training_leaves_some(tmp_path):
    run = ["run", COMPLETE[0], "--backends", "pytorch", "--quick", "--seeds", "1", "--no-gate"]
    done = diptych(*run, "--device", "cpu", "--out", str(tmp_path))
    assert done.returncode == 0, done.stderr
    (one,), _ = journal.read(tmp_path)
    problem = problems.load(one.problem, quick=True)
    data = problem.make_data(one.seed)
    found = read_predictions(tmp_path, one.key, problem)
    for metric in problem.metrics:
        part = data[metric.part]
        for name, array in named(part.x, "input").items():
            assert (found[f"{metric.name}.{name}"] == array[:EXAMPLES]).all()
        target = of_output(part.y, metric.of)
        assert (found[f"{metric.name}.target"] == target[:EXAMPLES]).all()
        assert len(found[f"{metric.name}.output"]) == EXAMPLES
