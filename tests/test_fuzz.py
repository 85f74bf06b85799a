"""Odd input of every kind, made at random: no command ends with a traceback or does other harm.

A few inputs of each kind, always the same, are run with the other tests. `make fuzz` runs some
thousands, others each time, and writes what came to results/faults/fuzz.json.
"""

import json
import os
import pickle
import sys
from collections import defaultdict
from contextlib import suppress
from importlib import invalidate_caches
from pathlib import Path
from unittest import mock

import fuzzing
import numpy as np
import odd_commands
import odd_files
import pytest
from conftest import ROOT
from damage import TAG, TITLE
from fuzzing import FAULTS, FIGURES, faults, hold, place, run
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from synthetic import record

import problems
from compare import __main__ as cli
from compare.page import figures

LONG = "FUZZ" in os.environ
usual = {
    "deadline": None,
    "database": None,
    "phases": [Phase.explicit, Phase.generate],  # a smaller input would take minutes to find
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large],
}
settings.register_profile("few", max_examples=6, derandomize=True, **usual)
settings.register_profile("long", max_examples=192, **usual)
PROFILE = settings.get_profile("long" if LONG else "few")

GOOD = [record("echo", name, seed) for name in ("pytorch", "keras-tensorflow") for seed in (0, 1)]
GOOD_LINES = b"".join(one.to_json().encode() + b"\n" for one in GOOD)
# Names in a results folder from elsewhere that lead out of it.
LINKS = (
    *("report.html", "table.csv", "table.md", "verdicts.csv", "plan.json", "runs.partial"),
    *("runs.parquet", "sweep.csv", "sweep.svg", "explain.md"),
)


def times(share):
    """Return how many inputs are run: so many shares of what the profile says."""
    return settings(PROFILE, max_examples=int(share * PROFILE.max_examples))


@pytest.fixture(scope="module", autouse=True)
def told():
    """Write what came of the inputs, if a file is named for it."""
    yield
    if FIGURES in os.environ:
        fuzzing.write_figures(Path(os.environ[FIGURES]))


def line(**values):
    """Return a line of runs.jsonl of a training that is not among those of GOOD."""
    return json.dumps(json.loads(record("echo", "pytorch", 5).to_json()) | values).encode()


def plan(**values):
    """Return a plan of one run."""
    return json.dumps(odd_files.PLAN | {"runs": [odd_files.RUN | values]}).encode()


def filled(work, lines=GOOD_LINES):
    """Fill a folder with what command lines name: results folders, an empty one, a file."""
    for name, content in (
        ("good", GOOD_LINES),
        (odd_commands.ODD_NAME, GOOD_LINES),
        ("run", lines),
    ):
        (work / name).mkdir()
        (work / name / "runs.jsonl").write_bytes(content)
    for folder in (work / "empty", work.parent / "outside"):
        folder.mkdir()
    (work / "file").write_text("a file\n")
    kept = work.parent / "outside" / "kept.txt"
    kept.write_text("of another\n")
    for name in LINKS:
        (work / "run" / name).symlink_to(kept)
    for name in ("good", odd_commands.ODD_NAME):
        (work / name / "plan.json").write_bytes(plan())
    cells = [work / name / "cells" / GOOD[0].key for name in ("good", "out")]
    for cell in cells:
        cell.mkdir(parents=True)
    (cells[0] / "sample.npz").write_text("a sample\n")
    (cells[1] / "sample.npz").symlink_to(kept)
    return work


@times(6)
@given(odd_commands.LINES, st.booleans())
@example([], False)
@example(["merge", "run", "--out", TITLE], False)
@example(["export", "run", "--format", "tensorboard", "--out", TITLE], False)
@example(["plot", "run", "--out", TITLE], False)
@example(["status", odd_commands.ODD_NAME], False)
@example(["table", odd_commands.ODD_NAME], False)
@example(["crib", "--out", "\ud800"], False)
@example(["merge", "a\0b", "--out", "out"], True)
def test_command_lines(words, terminal):
    with place() as work:
        hold("command lines", words, filled(work), terminal=terminal)


@times(2)
@given(
    st.lists(odd_files.record_lines(), min_size=1, max_size=3),
    st.sampled_from(odd_files.READERS),
    st.booleans(),
)
@example([line(examples=2**53, host_growth_bytes=None)], "table run", False)
@example([line(examples=2**63 - 1), line(seed=6, examples=None)], "table run", False)
@example([line(problem=odd_files.OUT)], "export run --format tensorboard --out out", False)
@example([line(problem="\0")], "export run --format tensorboard --out out", False)
@example([line(problem=odd_files.OUT)], "merge run good --out out", False)
@example([b""], "merge good run --out out", False)
@example([b""], "export run --format parquet --out run", False)
def test_records(lines, command, terminal):
    with place() as work:
        filled(work, GOOD_LINES + b"\n".join(lines))
        hold("records", command.split(), work, terminal=terminal)


@times(1.5)
@given(odd_files.other_files())
@example(("run/plan.json", plan(jobs=[1]), "status run"))
@example(("run/plan.json", plan(jobs=0), "status run"))
@example(("run/plan.json", plan(problem=1.0), "status run"))
@example(("results/lessons/figures.jsonl", b'{"code": "\xcd"}\n', "crib --out out"))
def test_other_files(other):
    path, content, command = other
    with place() as work:
        file = filled(work) / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.unlink(missing_ok=True)
        file.write_bytes(content)
        hold("other files", command.split(), work)


@times(0.5)
@given(odd_files.samples(), st.sampled_from(["report run", "plot run --out out"]))
def test_samples(sample, command):
    with place() as work:
        filled(work)
        for one in GOOD:
            cell = work / "run" / "cells" / one.key
            cell.mkdir(parents=True)
            (cell / "sample.npz").write_bytes(sample)
        hold("samples", command.split(), work)


@times(5)
@example(b'[run]\nout = "out"', "run echo --quick --seeds 1")
@given(
    odd_files.settings_files(),
    st.sampled_from(["run echo --quick --seeds 1", "list", "check echo"]),
)
def test_settings(content, command):
    with place() as work:
        (filled(work) / "diptych.toml").write_bytes(content)
        hold("settings", command.split(), work)


@times(0.75)
@given(odd_files.problem_files(), st.sampled_from(odd_files.ABOUT_PROBLEMS))
@example(odd_files.ECHO.replace("learning_rate=1e-2", "learning_rate='x'"), "report run")
@example(odd_files.ECHO.replace("low=0", "low='x'"), "report run")
def test_problem_files(text, command):
    with place() as work:
        filled(work, GOOD_LINES.replace(b'"echo"', b'"wrong"'))
        folder = work / "problems"
        folder.mkdir()
        (folder / "wrong.py").write_bytes(text.encode(errors="surrogatepass"))
        invalidate_caches()
        with (
            mock.patch.object(problems, "__path__", [*problems.__path__, str(folder)]),
            mock.patch.object(problems, "names", return_value=("wrong",)),
            mock.patch.object(figures, "problem_names", return_value=("wrong",)),
        ):
            try:
                hold("problem files", command.split(), work)
            finally:
                sys.modules.pop("problems.wrong", None)
                vars(problems).pop("wrong", None)


# --- what would be seen --------------------------------------------------------------------------


def writes(path, text=""):
    """Return a command that writes a file, and minds nothing."""

    def do(_):
        with suppress(OSError):
            Path(path).write_text(text)
        return 0

    return do


def prints(text, *, to="stdout", status=0):
    def do(_):
        print(text, file=getattr(sys, to))
        return status

    return do


def raises(error):
    def do(_):
        raise error

    return do


UNPICKLED = np.array([object()], object)
PLANTED = {
    "a_traceback": ("table run", raises(ZeroDivisionError()), "tracebacks"),
    "a_printed_traceback": (
        "table run",
        prints("Traceback (most recent call last):", to="stderr"),
        "tracebacks",
    ),
    "another_status": ("table run", raises(SystemExit(5)), "other statuses"),
    "words_as_status": ("table run", raises(SystemExit("words")), "other statuses"),
    "silence": ("table run", prints("", status=2), "refusals without a line"),
    "another_line": ("table run", prints("x", to="stderr", status=2), "refusals without a line"),
    "a_file_beside": ("table run", writes("beside"), "writes outside"),
    "a_file_above": ("table run", writes("../outside/kept.txt"), "writes outside"),
    "a_file_elsewhere": ("table run", writes(ROOT / "planted.txt"), "writes outside"),
    "a_file_by_a_link": ("table run", writes("run/table.md"), "writes outside"),
    "a_file_of_a_reader": ("diff good run", writes("good/x"), "writes outside"),
    "a_title": ("table run", prints(TITLE), "control characters"),
    "a_title_on_stderr": ("table run", prints(TITLE, to="stderr"), "control characters"),
    "a_turn": ("table run", prints("\u202e"), "control characters"),
    "a_title_in_a_page": ("table run", writes("run/new.md", TITLE), "control characters"),
    "a_tag": ("report run", writes("run/new.html", TAG), "tags"),
    "a_tag_in_svg": ("plot run --out out", writes("out/new.svg", TAG), "tags"),
    "a_tag_in_markdown": ("table run --markdown", prints(TAG), "tags"),
    "a_tag_behind_two_backslashes": ("table run --markdown", prints(rf"\\{TAG}"), "tags"),
    "a_link": ("table run --markdown", prints("[x](javascript:alert(1))"), "tags"),
    "a_pickle": (
        "report run",
        lambda _: bool(pickle.loads(pickle.dumps(UNPICKLED))[:0].size),
        "pickles read",
    ),
}


@pytest.mark.parametrize(("command", "do", "fault"), PLANTED.values(), ids=PLANTED)
@pytest.mark.parametrize("terminal", [False, True])
def test_what_is_planted_is_seen(monkeypatch, command, do, fault, terminal):
    monkeypatch.setattr(cli, "main", do)
    with place() as work:
        found = faults(run(command.split(), filled(work), terminal=terminal))
    assert [one.partition(":")[0] for one in found] == [fault]
    assert not (ROOT / "planted.txt").exists()


@pytest.mark.parametrize(
    ("command", "do"),
    [
        ("table run", writes("run/new.md", rf"\{TAG}")),
        ("run echo --out out", writes("out/new")),
        ("run echo", prints("diptych: no", to="stderr", status=2)),
        ("crib", writes("crib.html")),
        ("table run --json", prints(TAG)),
        ("--help", raises(SystemExit(0))),
    ],
)
def test_what_is_right_is_not_blamed(monkeypatch, command, do):
    monkeypatch.setattr(cli, "main", do)
    with place() as work:
        assert faults(run(command.split(), filled(work))) == []


def test_every_option_has_values_of_its_own():
    taking = [
        action.dest
        for command in odd_commands.COMMANDS.values()
        for action in command._actions
        if action.nargs != 0 and not action.choices
    ]
    assert set(taking) == set(odd_commands.VALUES)


def test_the_figures_are_told(tmp_path, monkeypatch):
    monkeypatch.setattr(fuzzing, "TALLIES", defaultdict(fuzzing.Tally))
    with place() as work:
        hold("good", ["status", "good"], filled(work))
        monkeypatch.setattr(cli, "main", prints(TITLE))
        with pytest.raises(AssertionError, match="control characters"):
            hold("bad", ["list"], work)
    fuzzing.write_figures(tmp_path / "fuzz.json")
    found = json.loads((tmp_path / "fuzz.json").read_text())
    assert {kind: one["inputs"] for kind, one in found.items()} == {"good": 1, "bad": 1}
    assert found["good"]["statuses"] == {"0": 1}
    assert [found["bad"][fault] for fault in FAULTS] == [0, 0, 0, 0, 1, 0, 0]
    assert "| all | 2 | " in (tmp_path / "fuzz.md").read_text()
