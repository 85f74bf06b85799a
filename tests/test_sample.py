"""A few inputs and answers are kept of every training, and a broken file is none."""

import numpy as np
import pytest
from conftest import COMPLETE, diptych

import problems
from compare import records, sample
from compare.sample import EXAMPLES, FILE


@pytest.mark.parametrize("name", problems.names())
def test_a_sample_is_read_back_as_it_was_taken(tmp_path, name):
    problem = problems.load(name, quick=True)
    data = problem.make_data(0)
    taken = sample.take(problem, problem.ask(problem.solve, data), data)
    cell = tmp_path / "cells" / "key"
    cell.mkdir(parents=True)
    sample.leave(taken, cell)
    found = sample.read(tmp_path, "key")
    assert found.keys() == taken.keys()
    assert len(found) == 3 * len(problem.metrics)
    for array, values in found.items():
        assert len(values) == EXAMPLES
        assert values.dtype == taken[array].dtype
        assert (values == taken[array]).all()
    assert (cell / FILE).stat().st_size < 20_000  # bytes: many of them are kept with the results


def test_a_missing_or_broken_sample_is_empty(tmp_path):
    cell = tmp_path / "cells" / "key"
    assert sample.read(tmp_path, "key") == {}
    cell.mkdir(parents=True)
    np.savez_compressed(cell / FILE, **{"mae.input": np.ones(3)})
    assert sample.read(tmp_path, "key")
    whole = (cell / FILE).read_bytes()
    for broken in (b"", b"PK no archive", whole[:-30]):
        (cell / FILE).write_bytes(broken)
        assert sample.read(tmp_path, "key") == {}


def test_a_sample_that_would_run_code_is_not_read(tmp_path):
    cell = tmp_path / "cells" / "key"
    cell.mkdir(parents=True)
    np.savez_compressed(cell / FILE, **{"mae.input": np.array([object()])})
    assert sample.read(tmp_path, "key") == {}


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
    kept = sample.read(tmp_path, record.key)
    for metric in problem.metrics:
        part = data[metric.part]
        assert (kept[f"{metric.name}.input"] == part.x[:EXAMPLES]).all()
        assert (kept[f"{metric.name}.target"] == part.y[:EXAMPLES]).all()
        assert len(kept[f"{metric.name}.output"]) == EXAMPLES
