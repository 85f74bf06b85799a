"""Which card trains, what it is called and how much of it is taken; a driver that fails is told of.

The driver is a stand-in: tests/driver/pynvml.py.
"""

import json
import sys
from time import monotonic

import pytest
from conftest import COMPARED, SIDES, TESTS, run_python

from backends import Side
from compare.processes import choice, gpu, interpreter, nvml
from compare.processes.doctor import of_gpu
from compare.processes.gpu import Card, DeviceMemory, seen_by_cuda
from compare.records.record import Run
from compare.training.due import without_gpu

MEBIBYTE = 2**20
PATIENCE_S = 60
# As the driver lists them, which is not the order of their buses.
SLOW = {"name": "NVIDIA T4", "uuid": "GPU-11aa", "bus": "00000000:81:00.0", "used": [7]}
FAST = {"name": "NVIDIA H100", "uuid": "GPU-22bb", "bus": "00000000:3B:00.0", "used": [1, 9, 5]}
DIVIDED = {"name": "NVIDIA A100", "uuid": "GPU-22cc", "bus": "00000000:A1:00.0", "instances": [
    None,
    {"name": "NVIDIA A100 MIG 1g.5gb", "uuid": "MIG-33dd", "used": [2, 4]},
    {"name": "NVIDIA A100 MIG 2g.10gb", "uuid": "MIG-44ee", "used": [3]},
]}  # fmt: skip
CARDS = [SLOW, FAST, DIVIDED]


@pytest.fixture
def driver(monkeypatch):
    """Return a function that puts a driver with some cards in the place of the machine's own."""

    def forget():
        gpu._all_cards.cache_clear()
        gpu.warn.cache_clear()

    def install(*cards, visible=None, **faults):
        monkeypatch.setenv("PYTHONPATH", str(TESTS / "driver"))
        monkeypatch.setenv("DRIVER", json.dumps({"cards": cards, **faults}))
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
        if visible is not None:
            monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
        forget()

    yield install
    forget()


FIRST, SECOND = Card("first", "GPU-1a"), Card("second", "GPU-1b")
PARTS = Card("one", "MIG-2a"), Card("two", "MIG-2b")
PARTED, EMPTY = Card("parted", "GPU-3", PARTS), Card("empty", "GPU-4", ())


@pytest.mark.parametrize(
    ("asked", "seen"),
    [
        (None, (FIRST, SECOND, PARTS[0])),
        ("0", (FIRST,)),
        ("1,0", (SECOND, FIRST)),
        (" 1 , 0 ", (SECOND, FIRST)),
        ("2", (PARTS[0],)),
        ("GPU-1b", (SECOND,)),
        ("GPU-1b,0", (SECOND, FIRST)),
        ("GPU-1", ()),
        ("GPU-3", (PARTS[0],)),
        ("MIG-2b", (PARTS[1],)),
        ("MIG-2", ()),
        ("", ()),
        ("-1", ()),
        ("0,-1,1", (FIRST,)),
        ("1,7,0", (SECOND,)),
        ("3", ()),
        ("NoDevFiles", ()),
        ("0,0", ()),
    ],
)
def test_cuda_sees_what_it_is_shown(asked, seen):
    assert seen_by_cuda([FIRST, SECOND, PARTED, EMPTY], asked) == seen


@pytest.mark.parametrize(
    ("visible", "name", "grown"),
    [
        (None, "NVIDIA H100", 8),
        ("0", "NVIDIA H100", 8),
        ("1", "NVIDIA T4", 0),
        ("GPU-11", "NVIDIA T4", 0),
        ("2", "NVIDIA A100 MIG 1g.5gb", 2),
        ("MIG-44ee,0", "NVIDIA A100 MIG 2g.10gb", 0),
    ],
)
def test_name_and_memory_are_those_of_the_card_that_trains(driver, visible, name, grown):
    """Whatever the order in which the driver has them: a training's is that of the buses."""
    driver(*CARDS, visible=visible)
    assert gpu.names()[0] == name
    with DeviceMemory("gpu") as memory:
        deadline = monotonic() + PATIENCE_S
        while len(memory.samples) < 3:
            assert monotonic() < deadline
    assert memory.fields() == {"gpu": name, "gpu_device_bytes": grown, "gpu_others": 0}


@pytest.mark.parametrize("backend", COMPARED)
def test_a_training_counts_cards_by_their_buses(monkeypatch, backend):
    monkeypatch.setenv("CUDA_DEVICE_ORDER", "FASTEST_FIRST")
    variables = interpreter.variables(Side(backend), device="gpu", threads=1)
    assert variables["CUDA_DEVICE_ORDER"] == "PCI_BUS_ID"


def test_a_card_that_a_container_is_not_given_is_passed_over(driver):
    driver(FAST | {"forbidden": True}, SLOW)
    assert gpu.names() == ["NVIDIA T4"]


def test_a_training_on_the_cpu_asks_no_driver(driver):
    driver(*CARDS, hangs="nvmlInit")
    with DeviceMemory("cpu") as memory:
        pass
    assert memory.fields() == {"gpu": None, "gpu_device_bytes": None, "gpu_others": None}


def test_who_computes_on_the_card_is_told(driver):
    company = [[4711, "python", 300 * MEBIBYTE], [4712, None, None], [4713, "\x1b[2J", 0]]
    driver(SLOW, FAST | {"processes": company})
    begins = "on the GPU already, and in its times and memory: process"
    assert list(gpu.company()) == [
        f"{begins} 4711, python, 300 MiB",
        f"{begins} 4712, unknown, memory unknown",
        f"{begins} 4713, \\x1b[2J, 0 MiB",
    ]
    with DeviceMemory("gpu") as memory:
        pass
    assert memory.others == 3
    driver(FAST, fails={"nvmlDeviceGetComputeRunningProcesses": "NotSupported"})
    (sentence,) = gpu.company()
    assert sentence.startswith("not known what else computes on NVIDIA H100: the NVIDIA driver: ")
    assert sentence.endswith("NotSupported it is")


def test_a_machine_without_a_driver_has_no_gpu_and_nothing_is_said(driver, capsys):
    driver(fails={"nvmlInit": "LibraryNotFound"})
    assert (gpu.cards(), gpu.why_none()) == ((), "")
    assert choice.chosen_device("auto", SIDES) == "cpu"
    assert capsys.readouterr().err == ""
    assert of_gpu().found == "none found"


FAILED = "the NVIDIA driver was asked for its cards: pynvml.NVMLError_DriverNotLoaded: "
FAILED += "DriverNotLoaded it is"
HUNG = "the NVIDIA driver was asked for its cards: no answer in 2 s"
FAULTS = pytest.mark.parametrize(
    ("install", "why"),
    [
        ({"fails": {"nvmlInit": "DriverNotLoaded"}}, FAILED),
        ({"fails": {"nvmlDeviceGetCount": "DriverNotLoaded"}}, FAILED),
        ({"hangs": "nvmlInit"}, HUNG),
        ({"hangs": "nvmlDeviceGetName"}, HUNG),
        ({"visible": ""}, "CUDA_VISIBLE_DEVICES='' hides the GPU"),
        ({"visible": "9"}, "CUDA_VISIBLE_DEVICES='9' hides the GPU"),
    ],
)


@FAULTS
def test_that_no_gpu_is_taken_is_never_silent(driver, monkeypatch, capsys, ended, install, why):
    driver(FAST, **install)
    if "hangs" in install:
        monkeypatch.setattr(gpu, "DRIVER_PATIENCE_S", 2.0)
    for _ in range(2):
        assert choice.chosen_device("auto", SIDES) == "cpu"
    assert capsys.readouterr().err == f"diptych: --device auto takes the CPU: {why}\n", "once"
    status, _, err = ended("run", "echo", "--device", "gpu", "--backends", "pytorch")
    assert status == 2
    assert err == (
        f"diptych: --device gpu: expected an NVIDIA GPU, found none; {why}; devices here are cpu\n"
    )
    assert of_gpu().found == why
    assert "trainings go to the CPU" in of_gpu().advice
    run = Run(problem="echo", backend="pytorch", device="gpu", seed=0)
    _, (record,) = without_gpu([run])
    assert record.reason == f"expected an NVIDIA GPU, found none: {why}"


def test_instances_that_nobody_made_are_no_gpu(driver):
    driver(DIVIDED | {"instances": []})
    assert gpu.cards() == ()
    assert gpu.why_none() == "MIG is enabled on the GPU, and it has no instance"


def test_a_driver_whose_library_is_missing_is_told_of(driver, monkeypatch):
    """As in a container that is given the card and not the library."""
    driver(FAST, fails={"nvmlInit": "LibraryNotFound"})
    monkeypatch.syspath_prepend(TESTS / "driver")
    monkeypatch.delitem(sys.modules, "pynvml", raising=False)  # the real one
    monkeypatch.setattr(nvml.Path, "exists", lambda path: str(path) == "/dev/nvidiactl")
    with pytest.raises(Exception, match="LibraryNotFound it is"):
        nvml.main("cards")


@pytest.mark.parametrize(
    ("faults", "why"),
    [
        ({"hangs": "nvmlDeviceGetMemoryInfo"}, "no answer in 2 s"),
        (
            {"fails": {"nvmlDeviceGetMemoryInfo": "NotSupported"}},
            "pynvml.NVMLError_NotSupported: NotSupported it is",
        ),
    ],
)
def test_memory_that_is_not_known_is_told_once(driver, monkeypatch, capsys, faults, why):
    driver(FAST, **faults)
    assert gpu.cards()
    if "hangs" in faults:
        monkeypatch.setattr(gpu, "DRIVER_PATIENCE_S", 2.0)
    for _ in range(2):
        with DeviceMemory("gpu") as memory:
            pass
        assert memory.fields()["gpu_device_bytes"] is None
    told = "diptych: the NVIDIA driver was asked for the memory of NVIDIA H100: "
    assert capsys.readouterr().err == f"{told}{why}\n"


REFUSES = """#!/bin/sh
{do}
"""


@pytest.mark.parametrize(
    ("do", "why"),
    [
        ("echo 'Traceback ...' >&2; echo 'backends._contract.Unavailable: no' >&2; exit 1", "no"),
        ("exec sleep 600", "no answer in 1 s"),
        ("kill -SEGV $$", "killed by SIGSEGV"),
        ("exit 3", "ended with status 3"),
    ],
)
def test_a_backend_that_cannot_use_the_gpu_says_why(driver, tmp_path, monkeypatch, capsys, do, why):
    python = tmp_path / "python"
    python.write_text(REFUSES.format(do=do))
    python.chmod(0o755)
    driver(FAST)
    if "sleep" in do:
        monkeypatch.setattr(gpu, "FRAMEWORK_PATIENCE_S", 1.0)
    monkeypatch.setitem(interpreter.PYTHONS, "pytorch@old", str(python))
    assert choice.chosen_device("auto", [Side.parse("pytorch@old")]) == "cpu"
    told = f"diptych: --device auto takes the CPU: pytorch@old cannot use it: {why}\n"
    assert capsys.readouterr().err == told


def test_a_backend_that_can_use_the_gpu_gets_it(driver, monkeypatch, capsys):
    driver(FAST)
    monkeypatch.setitem(interpreter.PYTHONS, "pytorch@old", "/bin/true")
    assert choice.chosen_device("auto", [Side.parse("pytorch@old")]) == "gpu"
    assert capsys.readouterr().err == ""


def test_a_backend_is_asked_for_its_reason(toys):
    ask = "from backends import Side; from compare.processes import gpu; "
    done = run_python("-c", f"{ask}print(gpu.refusal(Side('numpy')))", cwd=toys)
    assert done.stdout == "NumPy sees no GPU\n", done.stderr
