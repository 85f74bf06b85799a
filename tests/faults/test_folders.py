"""A results folder that is full, read-only, gone, taken, damaged, or of another time.

In one line it is told what is wrong, what was kept stays, and the same command goes on from there.
The journal alone is in tests/test_records.py, damaged lines at length in test_damaged.py.
"""

import ctypes
import json
import os
import resource
import shutil
import subprocess
import time
from dataclasses import replace
from functools import partial

import pytest
from chains import (
    ASKED,
    END_S,
    House,
    built,
    command,
    count,
    left_for_good,
    records,
    scores,
    start,
    whole_lines,
)
from conftest import diptych
from test_damaged import DAMAGES

from compare.records.journal import FILE, TOLD

RUN = (*ASKED, "--no-gate")
CAPABILITY_DROP, DAC_OVERRIDE = 24, 1  # of prctl(2); of capabilities(7)


@pytest.fixture(scope="module")
def house(tmp_path_factory) -> House:
    return built(tmp_path_factory.mktemp("house"))


def run(house, out, *, asked=RUN, **settings) -> tuple[int, str]:
    """Run to the end; return the status and what was said on stderr. No process may be left."""
    whole = command(*asked, "--out", str(out))
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
    process = start(whole, house.toys, str(out), pause_s=0, **quiet, **settings)
    _, said = process.communicate(timeout=END_S)
    assert "Traceback" not in said
    assert left_for_good(str(out)) == 0
    return process.returncode, said


def complaints(said: str) -> list[str]:
    return [line for line in said.splitlines() if line.startswith("diptych: ")]


def goes_on(house, out, before) -> str:
    """Run into a folder without a fault: what was kept stays, and all ends as if unbroken."""
    status, said = run(house, out)
    assert status == 0, said
    lines = whole_lines(out)
    assert lines[: len(before)] == before
    assert count(before, [], lines, house.whole).wrong() == {}
    return said


# --- a full disk -----------------------------------------------------------------------------


def limited(size: int) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def test_files_that_may_not_grow_are_told_of_and_what_they_hold_is_kept(house, tmp_path):
    """As on a full disk, a write comes back short, then fails: this needs no rights."""
    size = sum(len(line) + 1 for line in house.whole[:2]) + 200  # and a part of the third
    out = tmp_path / "out"
    status, said = run(house, out, preexec_fn=partial(limited, size))
    assert status == 2
    (line,) = complaints(said)
    assert f"cannot write to {out}" in line
    kept = whole_lines(out)
    assert len(kept) == 2
    assert scores(kept).items() <= scores(house.whole).items()
    goes_on(house, out, kept)


def test_a_disk_that_is_full_from_the_start_is_told_of(house, tmp_path):
    out = tmp_path / "out"
    status, said = run(house, out, preexec_fn=partial(limited, 0))
    assert status == 2
    (line,) = complaints(said)
    assert f"cannot write to {out}" in line
    assert whole_lines(out) == []
    goes_on(house, out, [])


# --- a folder that cannot be written ---------------------------------------------------------


def bound_by_modes() -> None:
    """Have root, too, obey the modes of files; who is not root does so already."""
    if os.geteuid() == 0:
        failed = ctypes.CDLL(None, use_errno=True).prctl(CAPABILITY_DROP, DAC_OVERRIDE, 0, 0, 0)
        assert not failed, os.strerror(ctypes.get_errno())


def test_a_read_only_folder_is_read_and_not_written(house, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / FILE).write_text("".join(f"{line}\n" for line in house.whole[:4]))
    for path in (out / FILE, out):
        path.chmod(path.stat().st_mode & ~0o222)
    bound = {"cwd": house.toys, "preexec_fn": bound_by_modes}
    try:
        tried = subprocess.run(
            ["touch", str(out / "new")], capture_output=True, check=False, **bound
        )
        assert tried.returncode == 1, "it holds"
        status, said = run(house, out, preexec_fn=bound_by_modes)
        assert (status, len(said.splitlines())) == (2, 1)
        assert f"--out: cannot write to {out}" in said
        for reader, expected in (("--json", 0), ("", 2)):
            asked = command("table", str(out), *filter(None, [reader]))
            done = subprocess.run(asked, capture_output=True, text=True, check=False, **bound)
            assert done.returncode == expected
            assert len(done.stderr.splitlines()) == (expected == 2), done.stderr
    finally:
        out.chmod(0o755)
        (out / FILE).chmod(0o644)
    goes_on(house, out, house.whole[:4])


# --- a folder that is gone, or taken ---------------------------------------------------------


def under_way(house, out, n=1) -> subprocess.Popen:
    """Start a run, and wait for so many records."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
    process = start(command(*RUN, "--out", str(out)), house.toys, str(out), **quiet)
    deadline = time.monotonic() + END_S
    while len(whole_lines(out)) < n:
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.01)
    return process


def test_a_folder_that_vanishes_during_a_run_ends_it_with_one_line(house, tmp_path):
    out = tmp_path / "out"
    process = under_way(house, out)
    out.rename(tmp_path / "moved")  # at once, where removing takes its time
    shutil.rmtree(tmp_path / "moved")
    _, said = process.communicate(timeout=END_S)
    assert process.returncode == 2
    assert "Traceback" not in said
    (line,) = complaints(said)
    assert "was removed during the run" in line
    assert left_for_good(str(out)) == 0
    goes_on(house, out, [])


def test_the_second_of_two_coordinators_is_refused_and_the_first_is_unharmed(house, tmp_path):
    out = tmp_path / "out"
    first = under_way(house, out)
    second = diptych(*RUN, "--out", str(out), cwd=house.toys)
    assert first.poll() is None
    assert second.returncode == 2
    assert second.stderr == f"diptych: --out: another comparison is writing to {out}\n"
    _, said = first.communicate(timeout=END_S)
    assert first.returncode == 0, said
    assert count([], [], whole_lines(out), house.whole).wrong() == {}


# --- a clock that was set back ---------------------------------------------------------------

LATER = "2099-01-01T00:00:00+00:00"


def test_what_was_made_before_the_clock_was_set_back_is_kept_and_more_is_added(house, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    before = [replace(one, started=LATER).to_json() for one in records(house.whole[:4])]
    (out / FILE).write_text("".join(f"{line}\n" for line in before))
    assert "4 are there already, 4 to do" in goes_on(house, out, before)


# --- damaged lines ---------------------------------------------------------------------------


def test_a_run_into_a_damaged_folder_goes_on(house, tmp_path):
    """And it is merged, and its state told: other readers are in test_damaged.py."""
    out, good = tmp_path / "out", house.whole[:4]
    out.mkdir()
    whole = json.loads(good[0])
    damaged = [one if isinstance(one, str) else json.dumps(whole | one) for one in DAMAGES.values()]
    (out / FILE).write_text("".join(f"{line}\n" for line in [*good, *damaged]))
    status, said = run(house, out)
    assert status == 0, said
    n, more = len(damaged), f"{len(damaged) - TOLD} more lines were left out"
    lines = whole_lines(out)
    assert lines[: len(good) + n] == [*good, *damaged]
    assert count(good, [], lines, house.whole).wrong() == {"damaged": n}
    merged = tmp_path / "merged"
    for asked in (("status", str(out)), ("merge", str(out), "--out", str(merged))):
        done = diptych(*asked, cwd=house.toys)
        assert done.returncode == 0, done.stderr
        told = (done.stdout + done.stderr).splitlines()
        assert sum("is not a record and was left out: " in line for line in told) == TOLD
        assert any(line.endswith(more) for line in told)
        assert "Traceback" not in done.stderr
    assert count(good, [], whole_lines(merged), house.whole).wrong() == {}
