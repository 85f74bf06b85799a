"""The doctor sees what is wrong with a machine, an installation, an engine."""

import threading
import time

import pytest
from conftest import RUNNABLE, diptych, shared

from compare.processes.doctor import left_after_wait, memory_probe, of_cudnn, of_load


@shared
def done():
    return diptych("doctor", "--device", "cpu", "--verbose")


@pytest.mark.parametrize("backend", RUNNABLE)
@pytest.mark.parametrize("probe", ["sync probe", "memory probe, host"])
def test_the_probes_pass_on_every_backend(done, backend, probe):
    (line,) = (
        line for line in done.stdout.splitlines() if f" {backend} " in line and probe in line
    )
    assert "WRONG" not in line
    if probe.startswith("memory"):
        error = float(line.partition("error of ")[2].split()[0])
        assert abs(error) <= 1


def test_all_is_said_and_nothing_fails(done):
    assert done.returncode == 0, done.stdout + done.stderr
    for what in ("processor", "clock", "other load", "cuDNN", "versions", "settings", "threads 1"):
        assert what in done.stdout


def test_a_backend_whose_engine_is_broken_fails_with_its_last_line(toys):
    with (toys / "backends" / "numpy2" / "_engine.py").open("a") as engine:
        engine.write("import no_such_package\n")
    done = diptych("doctor", "--device", "cpu", cwd=toys)
    assert done.returncode == 3
    assert "ModuleNotFoundError: No module named 'no_such_package'" in done.stdout
    assert "mend its installation" in done.stdout


def test_load_is_warned_of():
    assert "end what else is running" in of_load(0.5).advice
    assert of_load(0.05).advice == ""
    assert of_load(None).advice == ""


def test_two_owners_of_cudnn_are_wrong():
    assert of_cudnn("pytorch", ["numpy", "nvidia-cudnn-cu12", "nvidia-cudnn-cu13"]).failed
    assert not of_cudnn("pytorch", ["numpy", "nvidia-cudnn-cu12"]).failed
    assert not of_cudnn("pytorch", ["numpy"]).failed


class Queued:
    """A matrix of a device that works on its own."""

    def __init__(self, work=None):
        self.work = work

    def __matmul__(self, other):
        work = threading.Thread(target=time.sleep, args=(0.2,))
        work.start()
        return Queued(work)

    def __getitem__(self, index):
        self.work.join()
        return 1.0


class Hasty:
    """An engine that does not wait for its device and counts half of its memory."""

    taken = 0

    def matrix(self, n):
        self.taken += 2 * n * n
        return Queued()

    def synchronize(self):
        pass

    def gpu_peak_bytes(self):
        return self.taken


def test_an_engine_that_does_not_wait_is_found_out():
    assert left_after_wait(Hasty(), 8) > 0.9


def test_an_engine_that_miscounts_is_found_out():
    assert memory_probe(Hasty())["GPU"] == -(2**27)
