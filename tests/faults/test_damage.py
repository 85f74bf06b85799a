"""A thousand damaged lines: those that break the schema are named, the others harm no reader."""

import json
import warnings

import pytest
from damage import TAG, is_broken, lines
from synthetic import record
from test_damaged import READERS, read

import compare
from compare.records import journal
from compare.records.journal import TOLD, in_brief

GOOD = [
    record("echo", backend, seed) for backend in ("pytorch", "keras-tensorflow") for seed in (0, 1)
]
LINES = list(lines(GOOD[0]))
BROKEN = [line for line in LINES if is_broken(line.text)]
ODD = [line for line in LINES if not is_broken(line.text)]


def write(folder, texts=()):
    folder.mkdir()
    whole = [*(one.to_json().encode() for one in GOOD), *texts]
    (folder / journal.FILE).write_bytes(b"".join(text + b"\n" for text in whole))
    return folder


def test_there_are_lines_enough_and_always_the_same():
    assert len(BROKEN) > 1000
    assert len(ODD) > 200
    assert len({line.name for line in LINES}) == len(LINES)
    assert [line.text for line in lines(GOOD[0])] == [line.text for line in LINES]
    assert not is_broken(GOOD[0].to_json().encode())


def test_every_line_that_breaks_the_schema_is_named_with_its_field_and_no_other(tmp_path):
    folder = write(tmp_path / "run", (line.text for line in LINES))
    _, messages = journal.read(folder)
    named = {}
    for message in messages:
        place, _, why = message.partition(" is not a record and was left out: ")
        named[int(place.rpartition(" ")[2])] = why
        assert message.isprintable()
        assert len(message) < 500
    numbers = enumerate(LINES, start=len(GOOD) + 1)
    broken = {number: line for number, line in numbers if is_broken(line.text)}
    assert named.keys() == broken.keys()
    for number, line in broken.items():
        if line.name.startswith("score-"):
            assert f"`{line.name.split('-')[1]}`" in named[number] or ".scores" in named[number]
        else:
            assert line.field in named[number], line.name


def unlike(line, seed):
    """Return a line as that of another training, if it is not of another one as it is."""
    values = json.loads(line.text)
    return json.dumps(values if line.field == "seed" else values | {"seed": seed}).encode()


@pytest.mark.parametrize("first", range(0, len(ODD), 40))
def test_no_reader_fails_for_a_line_that_is_odd_and_sound(tmp_path, capsys, first):
    write(tmp_path / "good")
    odd = [unlike(line, seed) for seed, line in enumerate(ODD[first : first + 40], start=2)]
    write(tmp_path / "run", odd)
    for command in READERS if first == 0 else READERS[:-1]:  # the page is slow
        status, out, err = read(capsys, tmp_path, *command)
        assert status == 0, command
        # One with a fingerprint of its own is told of, and no row is of two codes.
        assert all("left out, as made" in line for line in err.splitlines()), (command, err)
        assert all(map(str.isprintable, out.splitlines())), command
        if "--markdown" in command:
            assert TAG not in out.replace("\\<", ""), command
    with warnings.catch_warnings(action="ignore"):
        assert len(compare.load(tmp_path / "run")) >= 1
        compare.load_epochs(tmp_path / "run")


@pytest.mark.parametrize("n", [1, TOLD, TOLD + 1, TOLD + 2, 1000])
def test_many_damaged_lines_are_told_of_in_brief(n):
    told = in_brief([f"line {i}" for i in range(n)])
    assert len(told) == min(n, TOLD + 1)
    more = f"{n - TOLD} more lines were left out"
    assert told[-1] == (more if n > TOLD + 1 else f"line {n - 1}")
