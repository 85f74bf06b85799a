"""diptych.toml: defaults of `diptych run`, which the command line overrules."""

import argparse
from os import mkfifo
from pathlib import Path

import pytest

from compare.__main__ import parser
from compare.processes import settings


@pytest.fixture(autouse=True)
def here(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def options_of(text, *arguments):
    """Return the options of a run where diptych.toml has this text."""
    settings.FILE.write_text(text)
    top = parser()
    first = top.parse_args(["run", *arguments])
    settings.set_defaults(first.defaults_in_file, settings.table("run"))
    return top.parse_args(["run", *arguments])


TEXT = """
[run]
seeds = 10
backends = ["pytorch", "keras-jax"]
device = "cpu"
mode = ["matched", "native"]
timeout = 60.5
out = "mine"
threads = 2
"""


def test_the_file_gives_defaults_and_the_command_line_wins():
    found = options_of(TEXT)
    assert (found.seeds, found.threads, found.timeout) == (10, 2, 60.5)
    assert found.backends == ["pytorch", "keras-jax"]
    assert (found.device, found.mode, str(found.out)) == (["cpu"], ["matched", "native"], "mine")
    assert (found.jobs, found.quick) == (None, False), "what it does not name stays"
    found = options_of(TEXT, "echo", "--seeds", "3", "--backends", "keras-torch", "--out", "other")
    assert (found.seeds, found.backends, str(found.out)) == (3, ["keras-torch"], "other")
    assert (found.problems, found.threads) == (["echo"], 2)
    assert options_of(TEXT, "--aa", "pytorch").aa == "pytorch", "though the file names backends"


def test_without_a_file_nothing_changes():
    assert settings.table("run") == {}
    top = parser()
    found = top.parse_args(["run"])
    settings.set_defaults(found.defaults_in_file, {})
    assert vars(top.parse_args(["run"])) == vars(found)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "[run]\nseeds = 'ten'",
            "[run]: argument --seeds: expected a whole number from 1 to 10000",
        ),
        ("[run]\nseeds = true", "[run] seeds: expected text or numbers, came True"),
        ("[run]\nout = {a = 1}", "[run] out: expected text or numbers, came {'a': 1}"),
        ("[run]\nbackends = []", "[run]: argument --backends: expected at least one argument"),
        ("[run]\ndevice = 'tpu'", "[run]: argument --device: invalid choice: 'tpu'"),
        ("[run]\nsedes = 3", "[run] has no sedes; it may have backends, mode, tier, out, seeds, "),
        ("[run]\nquick = true", "[run] has no quick; it may have backends, "),
        ("[run]\naa = 'pytorch'", "[run] has no aa; it may have backends, "),
        ("[run]\npython = 'x'", "[run] has no python; it may have backends, "),
        ("[run]\nout = ['a', 'b']", "[run] out: expected one value, came ['a', 'b']"),
        ("[run]\nbackends = ['pytorch', '-h']", "[run] backends: expected values, came an option"),
        ("[ran]\nseeds = 3", "expected the tables [python] and [run], came ran"),
        ("run = 3", "expected the tables [python] and [run], came run"),
        ("[run", "diptych.toml: "),
        ("a = " + "[" * 50_000, "diptych.toml: "),
    ],
)
def test_what_is_wrong_in_the_file_is_one_line_that_names_it(ended, text, message):
    settings.FILE.write_text(text)
    status, out, err = ended("run", "echo")
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("diptych: diptych.toml: ")
    assert message in err


def test_every_option_with_a_value_can_be_set():
    """But for those that would overrule the command line, or have a table of their own."""
    found = argparse.ArgumentParser()
    found.add_argument("--a", nargs="+")
    found.add_argument("--b", action="store_true")
    with pytest.raises(settings.UsageError, match=r"has no b; it may have a$"):
        settings.set_defaults(found, {"b": 1})


def test_the_file_is_for_run_alone(ended):
    settings.FILE.write_text("[run]\nseeds = 'ten'\n")
    status, _, err = ended("table", "nowhere")
    assert (status, "diptych.toml" in err) == (2, False)


@pytest.mark.parametrize("make", [Path.mkdir, mkfifo], ids=["folder", "pipe"])
def test_what_is_no_file_is_not_waited_for(ended, make):
    make(settings.FILE)
    status, _, err = ended("list")
    assert (status, err) == (2, "diptych: diptych.toml: expected a file\n")


def test_a_file_that_is_no_text_is_told(ended):
    settings.FILE.write_bytes(b"\xff")
    status, _, err = ended("list")
    assert (status, err) == (2, "diptych: diptych.toml: expected text in UTF-8\n")
