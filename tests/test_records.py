"""runs.jsonl: whole records or none, whatever happens while writing."""

import json
import os
import resource
import shutil
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import msgspec
import pytest

from backends import Side
from compare.records import journal as records
from compare.records.record import SCHEMA, Record, Run, UsageError
from compare.training.due import plan

RECORD = Record(
    problem="echo",
    backend="pytorch",
    device="cpu",
    mode="matched",
    recipe="full",
    seed=0,
    threads=1,
    jobs=1,
    status="ok",
    started="2026-01-01T00:00:00+00:00",
    versions={"torch": "2.10"},
    train_loss=[1.0, 0.5],
)


def test_only_other_sizes_are_in_a_key():
    run = Run(problem="echo", backend="pytorch", device="cpu", seed=0)
    assert run.key == RECORD.key == "echo-pytorch-cpu-matched-full-0"
    sized = replace(RECORD, recipe="sweep", batch_size=64)
    assert sized.key == "echo-pytorch-cpu-matched-sweep-0-batch_size64"
    assert replace(sized, batch_size=None, unit=64).key == "echo-pytorch-cpu-matched-sweep-0-unit64"


def append(folder, *found):
    with records.journal(folder) as journal:
        for record in found:
            journal.append(record)


def test_a_record_survives_the_way_to_json_and_back():
    assert Record.from_json(RECORD.to_json()) == RECORD


def test_two_threads_do_not_read_at_a_time(monkeypatch):
    """Two trainings end at a time; msgspec learns the type from the first record, and may crash."""
    inside, most = [], []
    convert = msgspec.convert

    def slow(*asked):
        inside.append(1)
        most.append(len(inside))
        time.sleep(0.01)
        inside.pop()
        return convert(*asked)

    monkeypatch.setattr(msgspec, "convert", slow)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(Record.from_json, [RECORD.to_json()] * 4))
    assert found == [RECORD] * 4
    assert most == [1] * 4


def test_a_label_and_a_tier_have_keys_of_their_own():
    labelled, tiered = (
        Run(problem="echo", backend=backend, device="cpu", seed=0, tier=tier)
        for backend, tier in (("pytorch@x-compiled", None), ("pytorch@x", "compiled"))
    )
    assert labelled.key != tiered.key


def test_what_is_not_finite_becomes_null():
    record = replace(RECORD, train_loss=[float("nan"), 1.0], total_s=float("inf"))
    assert json.loads(record.to_json())["train_loss"] == [None, 1.0]
    assert json.loads(record.to_json())["total_s"] is None


def test_records_are_appended_and_the_last_of_each_training_counts(tmp_path):
    again = replace(RECORD, status="failed")
    append(tmp_path, RECORD, replace(RECORD, seed=1))
    append(tmp_path, again)
    found, broken = records.read(tmp_path)
    assert found == [replace(RECORD, seed=1), again]
    assert broken == []
    assert len((tmp_path / "runs.jsonl").read_text().splitlines()) == 3


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"{", "truncated"),
        (b"null", "`schema`"),
        (b"[1]", "`schema`"),
        (b'{"schema": 1}', "`problem`"),
        (b'{"schema": true}', "`"),
        (b"\x00\x00", "malformed"),
        (b'{"a": "\xff', "truncated"),
        (b'{"a": "\xff"}', "can't decode"),
        (b'{"a": "\\ud800 and more"}', "surrogate"),
        (b'{"a": NaN}', "malformed"),
        (b'{"a": 1e400}', "out of range"),
        (b"[" * 3000, "nested"),
        (b'{"a": ' * 3000, "nested"),
    ],
)
def test_a_broken_line_is_named_and_spoils_no_other(tmp_path, line, why):
    append(tmp_path, RECORD)
    with (tmp_path / "runs.jsonl").open("ab") as file:
        file.write(line)  # and no newline after it
    append(tmp_path, replace(RECORD, seed=1))
    found, broken = records.read(tmp_path)
    assert found == [RECORD, replace(RECORD, seed=1)]
    (message,) = broken
    where = f"{tmp_path / 'runs.jsonl'}, line 2 is not a record and was left out: "
    assert message.startswith(where)
    assert why in message.removeprefix(where)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"schema": SCHEMA + 1}, f"expected records of schema {SCHEMA}, came schema {SCHEMA + 1}"),
        ({"schema": SCHEMA, "colour": "red"}, f"schema {SCHEMA} has no colour"),
    ],
)
def test_another_schema_is_refused_with_the_line_unless_there_are_records_too(
    tmp_path, values, message
):
    (tmp_path / "runs.jsonl").write_text(json.dumps(values) + "\n")
    with pytest.raises(UsageError, match=f"line 1: {message}"):
        records.read(tmp_path)
    append(tmp_path, RECORD)
    found, (told,) = records.read(tmp_path)
    assert found == [RECORD]
    assert told.endswith(f"line 1 is not a record and was left out: {message}")


def test_a_full_disk_leaves_what_was_written(tmp_path):
    """A limit on the file's size stands in for the full disk: the write comes back short."""
    append(tmp_path, RECORD)
    size = (tmp_path / "runs.jsonl").stat().st_size
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 20, limits[1]))
        with pytest.raises(UsageError, match=rf"{tmp_path}: No space left on device"):
            append(tmp_path, replace(RECORD, seed=1))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert records.read(tmp_path) == ([RECORD], [])


def test_a_file_that_is_removed_during_a_run_is_told_of_at_the_next_record(tmp_path):
    folder = tmp_path / "run"
    with records.journal(folder) as journal:
        journal.append(RECORD)
        shutil.rmtree(folder)
        with pytest.raises(UsageError, match=r"runs\.jsonl was removed during the run"):
            journal.append(replace(RECORD, seed=1))


@pytest.mark.parametrize("kind", ["folder", "pipe", "device"])
def test_what_is_no_file_is_neither_read_nor_written(tmp_path, kind):
    file = tmp_path / records.FILE
    {"folder": file.mkdir, "pipe": lambda: os.mkfifo(file)}.get(
        kind, lambda: file.symlink_to("/dev/zero")
    )()
    expected = "expected a file, came a folder, a pipe or a device"
    with pytest.raises(UsageError, match=expected):
        records.read(tmp_path)
    with pytest.raises(UsageError, match=expected), records.journal(tmp_path):
        pass


def test_a_link_that_leads_nowhere_is_no_record(tmp_path):
    (tmp_path / records.FILE).symlink_to(tmp_path / "nowhere")
    assert records.read(tmp_path) == ([], [])


def test_two_comparisons_do_not_write_to_one_folder(tmp_path):
    with (
        records.journal(tmp_path),
        pytest.raises(UsageError, match="another comparison is writing"),
        records.journal(tmp_path),
    ):
        pass


def test_a_finished_training_that_was_not_yet_appended_is_collected(tmp_path):
    cell = tmp_path / "cells" / RECORD.key
    cell.mkdir(parents=True)
    (cell / "record.json").write_text(RECORD.to_json())
    for name in ("half", "folder", "pipe"):
        (tmp_path / "cells" / name).mkdir()
    (tmp_path / "cells" / "half" / "record.json").write_text(RECORD.to_json()[:50])
    (tmp_path / "cells" / "folder" / "record.json").mkdir()
    os.mkfifo(tmp_path / "cells" / "pipe" / "record.json")
    with records.journal(tmp_path) as journal:
        newer = replace(RECORD, started="2027-01-01T00:00:00+00:00")
        assert records.collect(tmp_path, journal, known=[newer]) == [], "one of both is enough"
        assert records.collect(tmp_path, journal, known=[]) == [RECORD]
        assert records.collect(tmp_path, journal, known=[RECORD]) == []
        failed = replace(newer, status="failed")
        assert records.collect(tmp_path, journal, known=[failed]) == [], "a cell left from before"
    assert records.read(tmp_path) == ([RECORD], [])


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({"status": "failed"}, True),  # tried again, in the same second
        ({"status": "failed", "started": "2099-01-01T00:00:00+00:00"}, True),  # a clock set back
        ({"fingerprint": "e-f-g-h"}, True),
        ({"proof": "unproven"}, True),
        ({}, False),
    ],
)
def test_what_is_collected_is_told_by_what_is_there_and_not_by_the_clock(tmp_path, values, found):
    made = replace(RECORD, fingerprint="a-b-c-d", proof="proven")
    cell = tmp_path / "cells" / made.key
    cell.mkdir(parents=True)
    (cell / "record.json").write_text(made.to_json() + "\n")
    before = replace(made, total_s=9.0, **values)
    append(tmp_path, before)
    with records.journal(tmp_path) as journal:
        assert records.collect(tmp_path, journal, known=[before]) == [made] * found


def test_a_failure_that_was_not_appended_takes_no_score_away(tmp_path):
    good = replace(RECORD, fingerprint="a-b-c-d", proof="unproven")
    failed = replace(good, status="failed", proof="proven")
    cell = tmp_path / "cells" / good.key
    cell.mkdir(parents=True)
    (cell / "record.json").write_text(failed.to_json())
    append(tmp_path, good)
    with records.journal(tmp_path) as journal:
        assert records.collect(tmp_path, journal, known=[good]) == []


def test_one_write_per_record(tmp_path, monkeypatch):
    written = []
    write = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: written.append(data) or write(fd, data))
    append(tmp_path, RECORD)
    assert written == [(RECORD.to_json() + "\n").encode()]


def test_a_record_has_the_key_of_its_run():
    run = Run(problem="echo", backend="pytorch", device="cpu", seed=0)
    assert run.key == RECORD.key == "echo-pytorch-cpu-matched-full-0"


def test_backends_take_turns_from_seed_to_seed():
    sides = [(Side("a"), "matched", "cpu"), (Side("b"), "matched", "cpu")]
    order = [run.backend for run in plan(["echo"], sides, 3)]
    assert order == ["a", "b", "b", "a", "a", "b"]


def test_devices_take_turns_as_backends_do():
    sides = [(Side("a"), "matched", "cpu"), (Side("a"), "matched", "gpu")]
    order = [run.device for run in plan(["echo"], sides, 3)]
    assert order == ["cpu", "gpu", "gpu", "cpu", "cpu", "gpu"]
