"""A run in parts, on machines of their own, then merged: no pair is split, nothing is lost."""

import shutil
from dataclasses import replace

import pytest
from conftest import TOYS, diptych
from synthetic import record, write

from backends import Side
from compare.processes.machine import identity
from compare.records.journal import read
from compare.records.merge import merge
from compare.records.record import UsageError
from compare.tables.measures import warnings
from compare.tables.verdicts import verdicts
from compare.training.blocks import blocks, of_shard, shard_of
from compare.training.due import plan

SIDES = ("pytorch", "keras-tensorflow")
NAMES = ("echo", "shapes", "cumsum")
RECORDS = [
    record(name, side, seed, started=f"2026-01-02T03:04:{10 * i + seed:02}+00:00")
    for i, name in enumerate(NAMES)
    for seed in range(7)
    for side in SIDES
]


def runs(seeds=7, devices=("cpu", "gpu")):
    sides = [(Side(side), "matched", device) for device in devices for side in SIDES]
    return plan(NAMES, sides, seeds)


def test_no_pair_is_split_and_a_block_goes_there_and_back():
    for block in blocks(runs()):
        assert len({(run.problem, run.device) for run in block}) == 1
        assert len({run.seed // 2 for run in block}) == 1
        backends = [run.backend for run in block]
        assert sorted(backends) == sorted(SIDES * (len(block) // 2))
        assert backends == backends[::-1] or len(block) == len(SIDES)


@pytest.mark.parametrize("total", [1, 2, 3, 5, 8, 24])
def test_each_run_is_in_one_shard_in_the_order_of_all(total):
    every = runs()
    shards = [of_shard(every, (number, total)) for number in range(1, total + 1)]
    assert sorted(run.key for one in shards for run in one) == sorted(run.key for run in every)
    for one in shards:
        assert one == [run for run in every if run in one]
        assert one
    assert of_shard(every, None) == every


def slurm(which, first, last, number):
    """Return the variables of a member of an array of Slurm."""
    names = ("ID", "MIN", "MAX", "COUNT")
    values = map(str, (which, first, last, number))
    return {f"SLURM_ARRAY_TASK_{name}": value for name, value in zip(names, values, strict=True)}


@pytest.mark.parametrize(
    ("text", "variables", "expected"),
    [
        ("2/3", {}, (2, 3)),
        ("auto", slurm(3, 1, 4, 4), (3, 4)),
        ("auto/4", slurm(3, 1, 4, 4), (3, 4)),
        ("auto/4", slurm(3, 3, 3, 1), (3, 4)),  # submitted again
        ("auto/3", {"JOB_COMPLETION_INDEX": "0"}, (1, 3)),
        ("auto/3", {"JOB_COMPLETION_INDEX": "2"}, (3, 3)),
    ],
)
def test_which_shard_it_is_is_told_or_found_in_the_environment(text, variables, expected):
    assert shard_of(text, variables) == expected


@pytest.mark.parametrize(
    ("text", "variables", "said"),
    [
        ("0/3", {}, "expected one from 1/3 to 3/3, came 0/3"),
        ("4/3", {}, "expected one from 1/3 to 3/3, came 4/3"),
        ("1/0", {}, "expected one like"),
        ("auto/x", {}, "expected one like"),
        ("2", {}, "expected one like 2/3, auto/3 or auto, came '2'"),
        ("", {}, "expected one like"),
        ("auto", slurm(3, 3, 3, 1), "from 1 to N, came 3 to 3, 1 of them; auto/3 says"),
        ("auto", slurm(3, 1, 5, 3), "came 1 to 5, 3 of them"),  # a step of 2
        ("auto/3", slurm(0, 0, 2, 3), "expected an array from 1 to N, came one from 0"),
        ("auto/3", slurm(2, 0, 2, 3), "expected an array from 1 to N, came one from 0"),
        ("one/3", {}, "expected one like 2/3, auto/3 or auto, came 'one/3'"),
        ("1/3/5", {}, "expected one like"),
        ("-1/3", {}, "expected one like"),
        ("\u0661/3", {}, "expected one like"),
        ("1/99999999999999", {}, "expected one like"),
        ("auto/3", {}, "expected SLURM_ARRAY_TASK_ID or JOB_COMPLETION_INDEX in the env"),
        ("auto", {"JOB_COMPLETION_INDEX": "1"}, "expected one like auto/3"),
        ("auto/2", {"JOB_COMPLETION_INDEX": "2"}, "came 3/2"),
        (
            "auto/2",
            {"JOB_COMPLETION_INDEX": "x"},
            "expected a number as JOB_COMPLETION_INDEX, came 'x'",
        ),
        ("auto/3", {"SLURM_ARRAY_TASK_ID": "x"}, "expected a number as SLURM_ARRAY_TASK_ID"),
    ],
)
def test_a_shard_that_is_none_is_refused(text, variables, said):
    with pytest.raises(UsageError) as raised:
        shard_of(text, variables)
    assert said in str(raised.value)


def test_more_parts_than_blocks_are_refused(add_toy, toys):
    add_toy("right")
    done = diptych("run", "right", "--backends", *TOYS, "--seeds", "2", "--shard", "2/2", cwd=toys)
    assert done.returncode == 2
    assert "--shard: expected at most 1 parts, came 2" in done.stderr


def test_a_pair_that_was_begun_on_another_machine_is_done_anew_here(toys, add_toy):
    add_toy("right")
    asked = ("run", "right", "--backends", *TOYS, "--seeds", "2", "--no-gate", "--out", "out")
    assert diptych(*asked, cwd=toys).returncode == 0
    file = toys / "out" / "runs.jsonl"
    first, _, *rest = file.read_text().splitlines(keepends=True)
    elsewhere = first.replace(f'"machine": "{identity()}"', '"machine": "another"')
    assert elsewhere != first
    file.write_text("".join([elsewhere, *rest]))  # the partner is missing
    shutil.rmtree(toys / "out" / "cells")
    done = diptych(*asked, cwd=toys)
    assert "on another machine, and done again: 1 of the trainings in out" in done.stderr
    assert "2 are there already, 2 to do" in done.stderr
    assert {one.machine for one in read(toys / "out")[0]} == {identity()}
    assert "4 are there already, 0 to do" in diptych(*asked, cwd=toys).stderr


def test_merged_parts_are_the_whole_run(add_toy, toys, tmp_path):
    for name in ("right", "fine"):
        add_toy(name)
    asked = ("run", "right", "fine", "--backends", *TOYS, "--seeds", "3", "--device", "cpu")
    assert diptych(*asked, "--out", str(tmp_path / "whole"), cwd=toys).returncode == 0
    parts = [str(tmp_path / f"part{i}") for i in (1, 2, 3)]
    for i, part in enumerate(parts, 1):
        done = diptych(*asked, "--shard", f"{i}/3", "--out", part, cwd=toys)
        assert done.returncode == 0, done.stderr
    out = tmp_path / "merged"
    done = diptych("merge", *parts, "--out", str(out), cwd=toys)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"{out}: 12 trainings")
    assert scores(out) == scores(tmp_path / "whole")
    assert samples(out) == samples(tmp_path / "whole") != set()
    assert diptych("table", str(out), cwd=toys).returncode == 0


def samples(folder):
    return {file.parent.name for file in (folder / "cells").glob("*/sample.npz")}


def scores(folder):
    return {one.key: (one.scores, one.train_loss) for one in read(folder)[0]}


def test_tables_of_merged_records_are_the_same_bytes(tmp_path):
    write(tmp_path / "whole", RECORDS)
    keys = [
        {run.key for run in of_shard(runs(devices=("cpu",)), (number, 3))} for number in (1, 2, 3)
    ]
    parts = [
        write(tmp_path / f"part{i}", [one for one in RECORDS if one.key in mine])
        for i, mine in enumerate(keys)
    ]
    merge(parts, tmp_path / "merged")
    for folder in ("whole", "merged"):
        assert diptych("table", str(tmp_path / folder)).returncode == 0
    for file in ("table.md", "table.csv", "verdicts.csv"):
        assert (tmp_path / "merged" / file).read_bytes() == (tmp_path / "whole" / file).read_bytes()


def test_a_record_that_is_in_two_folders_is_taken_once_and_merging_again_changes_nothing(tmp_path):
    parts = [write(tmp_path / "a", RECORDS[:4]), write(tmp_path / "b", RECORDS[2:8])]
    records, broken = merge(parts, tmp_path / "out")
    assert records == read(tmp_path / "out")[0] == RECORDS[:8]
    assert not broken
    before = (tmp_path / "out" / "runs.jsonl").read_bytes()
    merge([*parts, tmp_path / "out"], tmp_path / "out")
    assert (tmp_path / "out" / "runs.jsonl").read_bytes() == before


def test_what_a_merge_was_killed_in_goes_on(tmp_path):
    parts = [write(tmp_path / "a", RECORDS[:4]), write(tmp_path / "b", RECORDS[4:8])]
    merge(parts[:1], tmp_path / "out")
    file = tmp_path / "out" / "runs.jsonl"
    file.write_bytes(file.read_bytes()[:-30])  # in the middle of a line
    records, broken = merge(parts, tmp_path / "out")
    assert len(broken) == 1
    assert {one.key for one in records} == {one.key for one in RECORDS[:8]}
    assert {one.key for one in read(tmp_path / "out")[0]} == {one.key for one in RECORDS[:8]}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"total_s": 99.0}, "hold different records of echo-pytorch-cpu-matched-full-0"),
        ({"seed": 99, "threads": 2}, "trainings with threads 1,"),
        ({"seed": 99, "recipe": "quick"}, "trainings with recipe full,"),
    ],
)
def test_what_does_not_belong_together_is_refused_by_name_and_nothing_is_written(
    tmp_path, change, said
):
    parts = [
        write(tmp_path / "a", RECORDS[:1]),
        write(tmp_path / "b", [replace(RECORDS[0], **change)]),
    ]
    done = diptych("merge", *map(str, parts), "--out", str(tmp_path / "out"))
    assert done.returncode == 2
    assert said in done.stderr
    assert all(str(part) in done.stderr for part in parts)
    assert not read(tmp_path / "out")[0]


def test_a_folder_without_records_and_a_line_that_is_none_are_told(tmp_path):
    part = write(tmp_path / "a", RECORDS[:2])
    done = diptych("merge", str(part), str(tmp_path / "none"), "--out", str(tmp_path / "out"))
    assert (done.returncode, "expected a folder with records" in done.stderr) == (2, True)
    with (part / "runs.jsonl").open("a") as file:
        file.write("no record\n")
    done = diptych("merge", str(part), "--out", str(tmp_path / "out"))
    assert done.returncode == 0
    assert "line 3 is not a record and was left out" in done.stderr
    assert len(read(tmp_path / "out")[0]) == 2


def test_verdicts_pair_within_a_machine_and_mixed_rows_say_so():
    here = [replace(one, machine="here") for one in RECORDS if one.problem == "echo"]
    there = [replace(one, machine="there") if one.seed > 4 else one for one in here]
    apart = [
        replace(one, machine="there") if (one.seed, one.backend) == (6, SIDES[1]) else one
        for one in here
    ]
    assert set(verdicts(here)["pairs"]) == set(verdicts(there)["pairs"]) == {7}
    assert set(verdicts(apart)["pairs"]) == {6}
    assert "machines" not in warnings(here)
    assert "machines" in warnings(there)


def test_a_machine_is_told_by_a_hash_that_gives_no_name_away(tmp_path):
    file = tmp_path / "machine-id"
    file.write_text("a name\n")
    assert identity(file) == identity(file)
    assert "name" not in identity(file)
    file.write_text("another\n")
    one = identity(file)
    file.write_text("a name\n")
    assert identity(file) != one
    assert identity(tmp_path / "missing")
