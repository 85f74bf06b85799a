"""Devices and precision: what is asked for is what trains, or the record says why not."""

import json

import pytest
from conftest import RUNNABLE, TOYS, diptych

from backends import BACKENDS, Side
from compare.processes import choice as selection
from compare.processes import gpu
from compare.records.record import FLOAT32, TF32, Record, Run, UsageError, now
from compare.training import schedule as comparison

EVERY_BACKEND = pytest.mark.parametrize("backend", RUNNABLE)


def records(folder):
    return [json.loads(line) for line in (folder / "runs.jsonl").read_text().splitlines()]


def test_where_there_is_no_gpu_its_rows_say_so(toys, add_toy):
    add_toy("right")
    run = ("run", "right", "--backends", *TOYS, "--no-gate", "--seeds", "2", "--out", "out")
    run += ("--device", "cpu", "gpu")
    done = diptych(*run, cwd=toys)
    assert done.returncode == 1, done.stderr
    assert "4 trainings" not in done.stderr
    found = records(toys / "out")
    assert {(one["device"], one["status"]) for one in found} == {
        ("cpu", "ok"),
        ("gpu", "unavailable"),
    }
    reasons = {one["reason"] for one in found if one["device"] == "gpu"}
    assert reasons == {"expected an NVIDIA GPU, found none"}
    assert {one["jobs"] for one in found} == {1}
    assert len(found) == 8
    again = diptych(*run, cwd=toys)
    assert "8 trainings into out: 4 are there already, 4 to do, 1 at a time" in again.stderr


def test_a_row_of_the_gpu_is_not_replaced_where_there_is_none(monkeypatch):
    runs = [Run(problem="echo", backend="pytorch", device="gpu", seed=seed) for seed in (0, 1)]
    monkeypatch.setattr(gpu, "cards", lambda: (gpu.Card("NVIDIA H100", "GPU-1"),))
    assert comparison.without_gpu(runs) == (runs, [])


def test_auto_stands_alone(ended):
    status, _, err = ended("run", "echo", "--device", "auto", "cpu")
    assert status == 2
    assert err == "diptych: --device: expected auto alone, or cpu and gpu, came auto cpu\n"


def test_devices_are_taken_once_and_in_order(monkeypatch):
    assert selection.chosen_devices(["gpu", "cpu", "gpu"], [Side("pytorch")]) == ["gpu", "cpu"]
    monkeypatch.setattr(gpu, "cards", lambda: ())
    assert selection.chosen_devices(["auto"], [Side("pytorch")]) == ["cpu"]
    with pytest.raises(UsageError, match="expected an NVIDIA GPU, found none"):
        selection.chosen_devices(["gpu"], [Side("pytorch")])


# The outermost call of each framework, by which it is asked for a GPU, answers as if there was one.
# All else goes on as it does here: on the CPU, and quietly.
PRETENDED = {
    "pytorch": """
import torch
from backends.pytorch import _device

class Torch:
    cuda = type("cuda", (), {"is_available": lambda: True})
    device = staticmethod(lambda name: torch.device("cpu"))
    __getattr__ = lambda self, name: getattr(torch, name)

_device.torch = Torch()
""",
    "keras-tensorflow": """
import tensorflow as tf
tf.config.list_physical_devices = lambda kind=None: ["GPU:0"] if kind else []
""",
    "keras-jax": """
import jax
from types import SimpleNamespace
jax.devices = lambda: [SimpleNamespace(platform="gpu")]
""",
    "keras-torch": """
import torch
torch.cuda.device_count = lambda: 1
torch.cuda.synchronize = lambda: None
""",
}
TRAINED = """
import json, sys
from pathlib import Path
from compare.records.record import Run
from compare.training.trainer import train

run = Run(problem="shapes", backend=sys.argv[1], device="gpu", seed=0, recipe="quick")
print(json.dumps(train(run, [0], 0.0, Path(sys.argv[2]))))
"""


@EVERY_BACKEND
def test_a_training_that_falls_back_to_the_cpu_has_failed(tmp_path, backend, fork):
    pretended = f"from backends import BACKENDS\nBACKENDS['{backend}'].engine()\n"
    pretended += PRETENDED[backend]
    done = fork(backend, pretended + TRAINED, backend, str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == {
        "status": "failed",
        "reason": "asked for the gpu, but weights or outputs are on cpu",
    }


SET = """
import json, sys
from backends import BACKENDS
engine = BACKENDS[sys.argv[1]].engine()
engine.prepare(device="cpu", threads=1, precision=sys.argv[2])
found = engine.settings()
print(json.dumps({name: value for name, value in found.items() if "TF32" in name or "of" in name}))
"""


@EVERY_BACKEND
@pytest.mark.parametrize("precision", [FLOAT32, TF32])
def test_the_precision_is_set_wherever_the_engine_has_it(backend, precision, fork):
    done = fork(backend, SET, backend, precision)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    if BACKENDS[backend].packages[-1] == "jax":
        word = {FLOAT32: "float32", TF32: "tensorfloat32"}[precision]
        assert found == {"precision of matrix products": word}
    else:
        where = ("matrix products", "recurrent layers", "convolutions")
        several = {f"TF32 in {part}" for part in where}
        assert found.keys() == ({"TF32"} if backend == "keras-tensorflow" else several)
        assert set(found.values()) == {precision == TF32}


LOSSES = """
import json, sys
from dataclasses import replace
import problems
from backends import BACKENDS

engine = BACKENDS[sys.argv[1]].engine()
engine.prepare(device="cpu", threads=1, precision=sys.argv[2])
problem = problems.load("echo", quick=True)
sizes = dict.fromkeys(problem.recipe.examples, 64)
problem = replace(problem, recipe=replace(problem.recipe, examples=sizes))
print(json.dumps(engine.train(problem, problem.make_data(0), seed=0).train_loss))
"""


@EVERY_BACKEND
def test_on_a_cpu_the_precision_changes_nothing(backend, fork):
    one, other = (fork(backend, LOSSES, backend, precision) for precision in (FLOAT32, TF32))
    assert one.returncode == other.returncode == 0, one.stderr + other.stderr
    assert one.stdout.splitlines()[-1] == other.stdout.splitlines()[-1]


def test_the_precision_that_is_asked_for_is_in_record_and_table(toys, add_toy):
    add_toy("right")
    run = ("run", "right", "--backends", "numpy", "--no-gate", "--seeds", "1", "--device", "cpu")
    done = diptych(*run, "--precision", TF32, "--out", "out", cwd=toys)
    assert done.returncode == 0, done.stderr
    (one,) = records(toys / "out")
    assert one["precision"] == TF32
    assert f"- precision: {TF32}" in (toys / "out" / "table.md").read_text()


def test_an_old_record_was_made_in_float32():
    run = Run(problem="echo", backend="pytorch", device="gpu", seed=0)
    line = {name: getattr(run, name) for name in ("problem", "backend", "device", "mode", "recipe")}
    line |= {"seed": 0, "threads": 1, "jobs": 1, "status": "ok", "schema": 1, "started": now()}
    assert Record.from_json(json.dumps(line)).precision == FLOAT32
    assert run.key == "echo-pytorch-gpu-matched-full-0"
