"""What is to be seen on a machine with a GPU; gpu.sh asks for the same without pytest."""

import json
import subprocess
import sys

import pytest
from conftest import COMPLETE, ROOT, RUNNABLE, diptych

from backends import Side
from compare.processes.doctor import examine
from compare.processes.gpu import refusal
from compare.proof.check import check
from compare.tables.statistics import RATIO_MARGIN
from compare.training.kernel import kernels

DEVICE = "gpu"
EVERY_BACKEND = pytest.mark.parametrize("backend", RUNNABLE)


def able(backend):
    """A framework without CUDA on a machine with a GPU is a row that is unavailable."""
    if why := refusal(Side(backend)):
        pytest.fail(f"{backend}: {why}: install it with CUDA, or leave its packages out")
    return backend


@pytest.mark.gpu
@EVERY_BACKEND
def test_the_engine_waits_for_the_gpu_and_counts_its_memory(backend):
    found = [one for one in examine(DEVICE, 1) if one.about == able(backend)]
    probes = {one.what: one for one in found if "probe" in one.what}
    assert probes.keys() == {"sync probe", "memory probe, host", "memory probe, GPU"}
    assert not [one.found for one in found if one.failed]


@pytest.mark.gpu
@EVERY_BACKEND
def test_every_problem_trains_on_the_gpu(tmp_path, backend):
    run = ("run", "--quick", "--backends", able(backend), "--seeds", "1", "--device", DEVICE)
    done = diptych(*run, "--no-gate", "--out", str(tmp_path))
    assert done.returncode == 0, done.stderr
    records = [json.loads(line) for line in (tmp_path / "runs.jsonl").read_text().splitlines()]
    assert {one["problem"] for one in records} == set(COMPLETE)
    for one in records:
        assert one["gpu"]
        assert one["gpu_peak_bytes"] > 0
        assert one["gpu_device_bytes"] >= (1 - RATIO_MARGIN) * one["gpu_peak_bytes"]


@pytest.mark.gpu
@EVERY_BACKEND
@pytest.mark.parametrize("name", COMPLETE)
def test_what_computes_the_recurrent_layers_on_the_gpu_is_seen(name, backend):
    assert kernels([name], [Side(able(backend))], device=DEVICE, threads=1)[name, Side(backend)]


@pytest.mark.gpu
@pytest.mark.parametrize("backend", [name for name in RUNNABLE if name != "pytorch"])
@pytest.mark.parametrize("name", COMPLETE)
def test_on_the_gpu_the_twins_are_the_same_model(name, backend):
    """With TF32 off, within the bounds that hold on a CPU."""
    findings = check([name], [Side("pytorch"), Side(able(backend))], device=DEVICE)
    assert not [str(one) for one in findings if not one.passed]


LOOKS = """
from compare.processes import gpu
gpu.cards = lambda: {gpus}
import pytest, sys
sys.exit(pytest.main(["--collect-only", "-q", "-m", "gpu", "tests/test_gpu.py"]))
"""


@pytest.mark.parametrize("gpus", [(), ("NVIDIA H100",)])
def test_without_a_gpu_these_are_left_out_and_it_is_said(gpus):
    done = subprocess.run(
        [sys.executable, "-c", LOOKS.format(gpus=gpus)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    said = "tests need an NVIDIA GPU, which was not found: they were not run"
    assert (said in done.stdout) == (not gpus), done.stdout
    assert ("test_every_problem_trains_on_the_gpu[pytorch]" in done.stdout) == bool(gpus)
