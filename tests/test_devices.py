"""GPU against CPU: a backend against itself, from records; and who else is on the card."""

from dataclasses import replace

import pandas as pd
import pytest
from test_nvml import FAST, MEBIBYTE, driver  # noqa: F401 (a fixture)
from test_verdict import record

from compare.console import Listener
from compare.processes.launcher import Launcher
from compare.records.record import Run, now, record_of
from compare.tables.devices import devices
from compare.tables.publish import publish
from compare.tables.screen import screen
from compare.training import schedule as comparison


def both(seeds, *, backend="pytorch", speed=4.0, **gpu):
    """Return seeds of a backend on a CPU, and on a GPU that is so many times as fast."""
    cpu = [record(seed, backend, pace=1 + seed / 10, kernel="oneDNN LSTM") for seed in seeds]
    measured = {"kernel": "cuDNN LSTM", "gpu_peak_bytes": 2**21} | gpu
    return cpu + [
        record(one.seed, backend, pace=one.build_s / speed, device="gpu", **measured) for one in cpu
    ]


def test_the_ratio_is_paired_by_seed():
    frame = devices(both(range(6)) + both(range(6), backend="keras-jax", speed=0.5))
    epochs = frame[frame["measure"] == "epoch_s"].set_index("backend")
    assert list(epochs.index) == ["pytorch", "keras-jax"]
    assert epochs["ratio"].to_dict() == pytest.approx({"pytorch": 0.25, "keras-jax": 2.0})
    assert (epochs["low"] <= epochs["ratio"] + 1e-12).all()
    assert (epochs["high"] - epochs["low"] < 1e-9).all(), "paces differ by seed, their ratio not"
    assert set(epochs["verdict"]) == {"different"}
    row = epochs.loc["pytorch"]
    assert (row["gpu_kernel"], row["cpu_kernel"]) == ("cuDNN LSTM", "oneDNN LSTM")
    assert (row["gpu_peak_bytes"], row["cpu_host_peak_bytes"]) == (2**21, 2**28)
    assert row["gpu_value"] == pytest.approx(row["cpu_value"] / 4)


def test_few_seeds_give_a_ratio_and_no_interval():
    frame = devices(both(range(3)))
    assert (frame["ratio"] - 0.25).abs().max() < 1e-9
    assert frame[["low", "high", "verdict"]].isna().all(axis=None)


def test_one_device_gives_no_row():
    assert devices([record(seed) for seed in range(6)]).empty
    absent = [replace(one, status="unavailable") for one in both(range(6)) if one.device == "gpu"]
    assert devices([record(seed) for seed in range(6)] + absent).empty


def test_the_table_is_published_and_printed_where_there_are_both(tmp_path):
    records = both(range(6)) + both(range(6), backend="keras-jax", speed=0.5)
    tables = publish(tmp_path, records)
    shown = screen(tables, records, tmp_path, 80, everything=True)
    said = "On the GPU, an epoch takes PyTorch 0.25, Keras on JAX 2.0 and a whole training"
    assert said in " ".join(shown)
    assert "GPU against CPU" in shown
    publish(tmp_path, both(range(6)))
    text = (tmp_path / "table.md").read_text()
    assert "| echo | pytorch | matched | wall_s |" in text
    assert (
        "| 0.250 [0.250, 0.250] | different | unsteady; drift |  | cuDNN LSTM | oneDNN LSTM | 2 |"
        in text
    )
    frame = pd.read_csv(tmp_path / "devices.csv")
    assert f"- `{frame.columns[-1]}`: " in text
    publish(tmp_path, [record(seed) for seed in range(6)])
    assert "GPU against CPU" not in (tmp_path / "table.md").read_text()
    assert not (tmp_path / "devices.csv").exists()


def test_who_else_is_on_the_card_is_told_and_recorded(driver, tmp_path, monkeypatch):  # noqa: F811
    driver(FAST | {"processes": [[4711, "python", 300 * MEBIBYTE]]})
    run = Run(problem="echo", backend="pytorch", device="gpu", seed=0, start="new")
    (tmp_path / "out").mkdir()

    def trained(self, asked, environment, log, timeout_s):
        cell = log.parent
        record = record_of(run, started=now(), status="ok", total_s=1.0)
        (cell / "record.json").write_text(record.to_json())
        return "failed", "no matter"

    monkeypatch.setattr(Launcher, "call", trained)
    told = []
    progress = Listener()
    progress.report = told.append
    options = {"out": tmp_path / "out", "timeout_s": 60, "gate": False, "progress": progress}
    (found,) = comparison.compare([run], **options)
    assert "on the GPU already, and in its times and memory: process 4711, python, 300 MiB" in told
    assert (found.gpu, found.gpu_others) == (FAST["name"], 1)
    row = replace(record(device="gpu"), gpu_others=found.gpu_others)
    assert "shared" in publish(tmp_path, [row]).warnings
    assert "shared" not in publish(tmp_path, [replace(row, gpu_others=0)]).warnings
