"""The doctor sees what is wrong with a machine, an installation, an engine."""

import json
import threading
import time

import pytest
from conftest import RUNNABLE, TOYS, diptych

from backends import Side
from compare import __main__ as cli
from compare.processes import doctor
from compare.processes.doctor import (
    Reading,
    answer,
    left_after_wait,
    memory_probe,
    of_cudnn,
    of_load,
    trusted,
)

PROBES = """
import json, sys
from dataclasses import asdict
from backends import BACKENDS
from compare.processes.doctor import of_backend

engine = BACKENDS[sys.argv[1]].engine()
engine.prepare(device="cpu", threads=1)
print(json.dumps([asdict(reading) for reading in of_backend(sys.argv[1], engine)]))
"""


@pytest.mark.parametrize("backend", RUNNABLE)
def test_the_probes_pass_on_every_backend(backend, fork):
    done = fork(backend, PROBES, backend)
    assert done.returncode == 0, done.stderr
    found = {one["what"]: one for one in json.loads(done.stdout.splitlines()[-1])}
    assert {"versions", "settings", "sync probe", "memory probe, host"} <= found.keys()
    assert not [one["found"] for one in found.values() if one["failed"]]
    error = float(found["memory probe, host"]["found"].partition("error of ")[2].split()[0])
    assert abs(error) <= 1


def test_all_is_said_and_nothing_fails(toys):
    done = diptych("doctor", "--device", "cpu", "--verbose", cwd=toys)
    assert done.returncode == 0, done.stdout + done.stderr
    for what in ("processor", "clock", "other load", "cuDNN", "versions", "settings", "threads 1"):
        assert what in done.stdout
    for name in TOYS:
        for probe in ("sync probe", "memory probe, host"):
            (line,) = (
                line for line in done.stdout.splitlines() if f" {name} " in line and probe in line
            )
            assert "WRONG" not in line


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


def reading(**values):
    return Reading(**{"about": "pytorch", "what": "sync probe", "found": "0.0%"} | values)


WELL = [of_load(0.01), reading()]


def test_the_last_line_says_whether_times_can_be_trusted_now():
    assert answer(WELL) == "Times from here can be trusted now."
    busy = [of_load(0.35), reading()]
    doubt = "Times from here are doubtful now: other load 35% of the processors"
    assert answer(busy) == f"{doubt}."
    wrong = reading(found="90.0%", advice="its times say ...", failed=True)
    assert answer([*busy, wrong]) == f"{doubt}; pytorch: sync probe 90.0%."
    assert "other load unknown" in answer([of_load(None), reading()])
    memory = reading(what="memory probe, host", advice="do not trust", failed=True, of_times=False)
    assert answer([*WELL, memory]) == answer(WELL), "that is no doubt about times"
    assert answer([of_load(0.01)]) == "Nothing can be timed here: no backend can run."
    assert trusted(WELL)
    assert not any(map(trusted, (busy, [of_load(None), reading()], [of_load(0.01)])))


@pytest.mark.parametrize("load", [0.01, 0.35])
def test_a_program_reads_all_that_was_found(monkeypatch, capsys, load):
    found = [reading(what="versions", found="torch 1", setting=True), of_load(load), reading()]
    monkeypatch.setattr(doctor, "examine", lambda *_: iter(found))
    assert cli.main(["doctor", "--device", "cpu", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["trusted"] == (load == 0.01)
    assert said["answer"] == answer(found)
    assert [Reading(**one) for one in said["readings"]] == found


def test_each_reading_is_a_line_as_it_comes_and_settings_only_where_asked(monkeypatch, capsys):
    def examine(device, threads, progress):
        yield reading(what="clock", found="fine")
        assert "clock: fine" in capsys.readouterr().out, "it was not waited for"
        yield reading(what="versions", found="torch 1", setting=True)
        yield of_load(0.5)
        yield reading(what="packages", found="cannot run here", able=False)

    monkeypatch.setattr(doctor, "examine", examine)
    assert cli.main(["doctor", "--device", "cpu"]) == 0
    first, second, last = capsys.readouterr().out.splitlines()
    assert first.startswith(
        "warning  machine           other load: 50% of the processors: end what"
    )
    assert second.startswith("absent   pytorch           packages: cannot run here")
    assert last.startswith("Times from here are doubtful now: ")
    assert cli.main(["doctor", "--device", "cpu", "-v"]) == 0
    *_, settings, last = capsys.readouterr().out.splitlines()
    assert settings == "ok       pytorch           versions: torch 1"


def test_a_backend_that_says_nothing_for_long_is_ended(monkeypatch, tmp_path):
    hangs = tmp_path / "python"
    hangs.write_text("#!/bin/sh\nexec sleep 600\n")
    hangs.chmod(0o755)
    monkeypatch.setattr(doctor, "PATIENCE_S", 0.2)
    monkeypatch.setattr(doctor, "command", lambda *_: (str(hangs),))
    (found,) = doctor._asked(Side("pytorch"), "cpu", 1)
    assert (found.what, found.failed) == ("engine", True)
