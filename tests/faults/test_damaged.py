"""A damaged results folder: what is wrong is told in one line, what is right is read."""

import json
import math
import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from synthetic import record

import compare
from compare import __main__ as cli
from compare.records import journal
from compare.tables.verdicts import verdicts
from compare.text import visible

GOOD = [
    record("echo", backend, seed) for backend in ("pytorch", "keras-tensorflow") for seed in (0, 1)
]
SIDES = ("pytorch", "keras-tensorflow")
SCORE = json.loads(GOOD[0].to_json())["scores"]["accuracy"]
TITLE = "\x1b]0;TITLE\x07"  # a terminal that gets this shows another title
# What is changed in a further line, or the line itself. All of these are left out.
DAMAGES = {
    "deep": "[" * 3000,
    "unknown_field": {TITLE: 1},
    "another_schema": {"schema": 2},
    "twice": f'{GOOD[0].to_json()[:-1]}, "seed": 7}}',
    "field_deep": '{"schema": 1, "problem": ' + "[" * 3000,
    "torn": GOOD[0].to_json()[:200],
    "epoch_s_null": {"epoch_s": [None, 1.0]},
    "epoch_s_true": {"epoch_s": True},
    "zero_times": {"epoch_s": [0.0, 0.0]},
    "time_negative": {"epoch_s": [-1.0, 1.0]},
    "time_infinite": GOOD[0].to_json().replace('"total_s": ', '"total_s": 1e400, "build_s": '),
    "seed_list": {"seed": [0]},
    "seed_null": {"seed": None},
    "seed_text": {"seed": "0"},
    "seed_true": {"seed": True},
    "seed_float": {"seed": 0.0},
    "start_unknown": {"start": "spawn"},
    "status_bogus": {"status": "bogus"},
    "status_escape": {"status": TITLE},
    "schema_true": {"schema": True},
    "schema_float": {"schema": 1.0},
    "schema_escape": {"schema": TITLE},
    "parity_400_digits": {"parity": 10**400},
    "surrogate": {"problem": "a\ud800b"},
    "precision_tag": {"precision": "<img src=x onerror=alert(1)>"},
    "started_tag": {"started": "<script>"},
    "started_long_ago": {"started": "0001-01-01T00:00:00+23:59"},
    "kernel_list": {"kernel": []},
    "examples_list": {"examples": []},
    "validation_loss_null": {"validation_loss": None},
    "epoch_scores_nested": {"epoch_scores": [[0.5]]},
    "versions_list": {"versions": []},
    "margin_text": {"scores": {"accuracy": SCORE | {"margin": ""}}},
    "best_list": {"scores": {"accuracy": SCORE | {"best": []}}},
}
# What is odd, but may stand in a record.
ODD = {
    "good": {},
    "ok_score_null": {"scores": {"accuracy": SCORE | {"score": None}}},
    "problem_escape": {"problem": f"a{TITLE}"},
    "problem_path": {"problem": "../../.."},
    "kernel_tag": {"kernel": "<script>alert(1)</script>"},
    "cpu_tag": {"cpu": "<script>alert(1)</script>"},
    "versions_tag": {"versions": {"<script>": "<script>alert(1)</script>"}},
    "no_scores": {"scores": {}},
    "epochs_and_losses_apart": {"epoch_s": [1.0, 1.0, 1.0]},
    "no_epochs": {"epoch_s": [], "first_epoch_s": None, "validation_loss": []},
}
READERS = [
    ("table", "FOLDER", "--json"),
    ("table", "FOLDER", "--markdown"),
    ("diff", "GOOD", "FOLDER"),
    ("diff", "GOOD", "FOLDER", "--markdown"),
    ("export", "FOLDER", "--format", "pytest-benchmark"),
    ("export", "FOLDER", "--format", "github-action-benchmark"),
    ("table", "FOLDER"),
    ("report", "FOLDER"),
]


def write(folder, damages):
    """Write the good records and then a line for each damage; return the folder."""
    folder.mkdir()
    lines = [one.to_json() for one in GOOD]
    whole = json.loads(lines[0])
    for damage in damages:
        lines.append(damage if isinstance(damage, str) else json.dumps(whole | damage))
    (folder / journal.FILE).write_text("".join(f"{line}\n" for line in lines))
    return folder


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_line_is_told_of_in_one_line_and_left_out(tmp_path, damage):
    folder = write(tmp_path / "run", [damage])
    records, messages = journal.read(folder)
    assert records == GOOD
    (message,) = messages
    assert message.startswith(f"{folder / journal.FILE}, line 5 is not a record and was left out: ")
    assert message.isprintable()
    assert len(message) < 400


def read(capsys, tmp_path, *command):
    """Run a command in this process; return its status, what it prints, and what it complains."""
    places = {"FOLDER": str(tmp_path / "run"), "GOOD": str(tmp_path / "good")}
    status = cli.main([places.get(one, one) for one in command])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


@pytest.mark.parametrize("command", READERS, ids=" ".join)
def test_no_reader_fails_for_a_damaged_line(tmp_path, capsys, command):
    write(tmp_path / "good", [])
    write(tmp_path / "run", DAMAGES.values())
    status, out, err = read(capsys, tmp_path, *command)
    assert status == 0
    assert out
    *lines, last = err.splitlines()
    assert len(lines) == journal.TOLD
    assert all("is not a record and was left out: " in line for line in lines)
    assert last == f"diptych: {len(DAMAGES) - len(lines)} more lines were left out"
    assert all(line.isprintable() for line in lines)


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_no_reader_fails_for_an_odd_record(tmp_path, capsys, odd):
    write(tmp_path / "good", [])
    write(tmp_path / "run", [odd | {"seed": 7}, odd | {"seed": 7, "backend": "keras-tensorflow"}])
    for command in READERS:
        status, out, err = read(capsys, tmp_path, *command)
        assert (status, err) == (0, ""), command
        if "--markdown" in command:
            assert "<script" not in out.replace("\\<script", ""), command
            assert all(map(str.isprintable, out.splitlines())), command
    assert "<script" not in (tmp_path / "run" / "report.html").read_text()
    assert "<script" not in (tmp_path / "run" / "table.md").read_text().replace("\\<script", "")


def test_a_folder_of_which_nothing_can_be_read_is_refused(tmp_path, capsys):
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / journal.FILE).write_text(json.dumps({"schema": TITLE}) + "\n")
    status, out, err = read(capsys, tmp_path, "table", "FOLDER")
    assert (status, out) == (2, "")
    assert "line 1 is not a record" in err
    assert f"expected a folder with records in {journal.FILE}, came {folder}" in err


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"schema": 2}, "line 1: expected records of schema 1, came schema 2"),
        ({TITLE: 1}, r"line 1: schema 1 has no \x1b]0;TITLE\x07"),
    ],
)
def test_a_folder_of_another_schema_is_told_of_in_one_printable_line(
    tmp_path, capsys, values, told
):
    (tmp_path / "run").mkdir()
    lines = [json.dumps(json.loads(one.to_json()) | values) for one in GOOD]
    (tmp_path / "run" / journal.FILE).write_text("\n".join(lines))
    status, out, err = read(capsys, tmp_path, "table", "FOLDER")
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert told in err


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"status": "OK"}, "; it may be ok, diverged, failed, timeout, unavailable, refused"),
        ({"proof": "yes"}, "; it may be proven, unproven"),
        ({"scores": {"accuracy": SCORE | {"better": "up"}}}, "; it may be higher, lower"),
    ],
)
def test_a_value_that_is_none_of_those_allowed_is_told_with_them(tmp_path, values, told):
    _, (message,) = journal.read(write(tmp_path / "run", [values]))
    assert message.endswith(told)


def test_a_time_that_was_not_taken_is_missing_and_not_infinite(tmp_path, capsys):
    made = [record("echo", name, seed, epoch_scores=[1.0]) for name in SIDES for seed in range(7)]
    made[0] = replace(made[0], first_epoch_s=None)
    found = verdicts(made).set_index("measure").loc["time_to_target_s"]
    assert (found["pairs"], found["failed"]) == (6, 0)
    assert math.isfinite(found["value"] * found["reference_value"])
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / journal.FILE).write_text("\n".join(one.to_json() for one in made))
    for form in ("--all", "--markdown"):
        _, out, _ = read(capsys, tmp_path, "table", "FOLDER", form)
        assert not re.search(r"\binf\b|\bnan\b", out)


def test_frames_hold_what_is_left_of_a_damaged_folder(tmp_path):
    write(tmp_path / "run", DAMAGES.values())
    with pytest.warns(UserWarning, match="left out") as told:
        assert len(compare.load(tmp_path / "run")) == len(GOOD)
    assert len(told) == journal.TOLD + 1
    with pytest.warns(UserWarning, match="left out"):
        assert len(compare.load_epochs(tmp_path / "run")) == 3 * len(GOOD)


def test_a_picture_with_an_odd_name_is_well_formed(tmp_path, capsys):
    odd = {"problem": f"a{TITLE}", "seed": 7}
    write(tmp_path / "run", [odd | {"backend": name} for name in ("pytorch", f"keras-jax@{TITLE}")])
    files = read(capsys, tmp_path, "plot", "FOLDER", "--out", "FOLDER")[1].split()
    texts = ["".join(ElementTree.parse(file).getroot().itertext()) for file in files]
    assert any("TITLE" in text for text in texts)
    assert all(visible(line) == line for text in texts for line in text.splitlines())
