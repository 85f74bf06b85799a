"""A few inputs and answers are kept of every training, and a broken file is none."""

import numpy as np
import pytest
from conftest import COMPLETE, diptych

import problems
from compare.records import journal as records
from compare.records import predictions as sample
from compare.records.predictions import EXAMPLES, FILE


@pytest.mark.parametrize("name", problems.names())
def test_a_sample_is_read_back_as_it_was_taken(tmp_path, name):
    problem = problems.load(name, quick=True)
    data = problem.make_data(0)
    taken = sample.take(problem, problem.ask(problem.solve, data), data)
    cell = tmp_path / "cells" / "key"
    cell.mkdir(parents=True)
    sample.leave(taken, cell)
    found = sample.read(tmp_path, "key", problem)
    assert found.keys() == taken.keys()
    assert len(found) == 3 * len(problem.metrics)
    for array, values in found.items():
        assert len(values) == EXAMPLES
        assert values.dtype == taken[array].dtype
        assert (values == taken[array]).all()
    assert (cell / FILE).stat().st_size < 20_000  # bytes: many of them are kept with the results


@pytest.fixture
def kept(tmp_path):
    """Return the file of a sample of echo, the problem, and a function that reads it."""
    problem = problems.load("echo", quick=True)
    data = problem.make_data(0)
    cell = tmp_path / "cells" / "key"
    cell.mkdir(parents=True)
    sample.leave(sample.take(problem, problem.ask(problem.solve, data), data), cell)
    return cell / FILE, lambda: sample.read(tmp_path, "key", problem)


def test_a_missing_or_broken_sample_is_empty(kept):
    file, read = kept
    assert read()
    whole = file.read_bytes()
    stream = bytearray(whole)
    stream[60:200] = b"\xff" * 140  # what is compressed, not what is said about it
    for broken in (b"", b"PK no archive", whole[:-30], bytes(stream)):
        file.write_bytes(broken)
        assert read() == {}
    with file.open("wb") as one:
        np.save(one, np.ones(3))
    assert read() == {}
    file.unlink()
    assert read() == {}


@pytest.mark.parametrize(
    "change",
    [
        lambda arrays: arrays.pop("accuracy.output"),
        lambda arrays: arrays.update({"accuracy.input": np.ones((6, 9, 9))}),
        lambda arrays: arrays.update({"accuracy.target": np.ones((6, 2))}),
        lambda arrays: arrays.update({name: values[:0] for name, values in arrays.items()}),
        lambda arrays: arrays.update({"accuracy.output": np.array([object()])}),  # runs code
    ],
)
def test_a_sample_that_does_not_fit_the_definition_is_empty(kept, change):
    file, read = kept
    arrays = read()
    change(arrays)
    np.savez_compressed(file, **arrays)
    assert read() == {}


def test_a_full_disk_costs_the_sample_only(tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError("no space left on device")

    monkeypatch.setattr(np, "savez_compressed", full)
    sample.leave({"mae.input": np.ones(3)}, tmp_path)
    assert not (tmp_path / FILE).exists()


def test_every_training_leaves_one(tmp_path):
    run = ["run", COMPLETE[0], "--backends", "pytorch", "--quick", "--seeds", "1", "--no-gate"]
    done = diptych(*run, "--device", "cpu", "--out", str(tmp_path))
    assert done.returncode == 0, done.stderr
    (record,), _ = records.read(tmp_path)
    problem = problems.load(record.problem, quick=True)
    data = problem.make_data(record.seed)
    found = sample.read(tmp_path, record.key, problem)
    for metric in problem.metrics:
        part = data[metric.part]
        assert (found[f"{metric.name}.input"] == part.x[:EXAMPLES]).all()
        assert (found[f"{metric.name}.target"] == part.y[:EXAMPLES]).all()
        assert len(found[f"{metric.name}.output"]) == EXAMPLES
