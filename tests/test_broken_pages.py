"""What a page makes of what is broken: a picture, predictions, a problem's file, a full disk."""

import errno
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from synthetic import record, write
from test_report import FOLDERS, made, text_of, two

import problems
from compare.page.figures import spared
from compare.page.report import report

ECHO = [record("echo", "pytorch", 0)]


@pytest.mark.parametrize("where", ["question", "truth", "answer"])
def test_a_picture_that_a_problem_fails_to_draw_costs_that_picture(
    tmp_path, capsys, monkeypatch, where
):
    def fails(*_):
        raise AttributeError("no such thing as a corner")

    echo = problems.load("echo")
    broken = replace(echo, picture=replace(echo.picture, **{where: fails}))
    monkeypatch.setattr(problems.echo, "PROBLEM", broken)
    said = text_of(made(tmp_path, ECHO))
    assert "Predictions of" not in said
    assert ("Examples of the input" in said) == (where != "question")
    assert "class Echo(nn.Module)" in said
    assert (
        "no picture of the predictions of echo: AttributeError: no such thing as a corner "
        "(test_broken_pages.py, line"
    ) in capsys.readouterr().err


@pytest.mark.parametrize("error", [KeyError, SystemExit, MemoryError, RecursionError])
def test_whatever_fails_is_told_and_spared(capsys, error):
    def fails():
        raise error("why")

    assert spared("picture", fails) is None
    assert f"no picture: {error.__name__}: " in capsys.readouterr().err
    assert spared("picture", lambda: 1) == 1


def test_an_error_of_the_page_itself_is_raised_as_what_it_is(tmp_path, monkeypatch):
    def fails(*_):
        raise AttributeError("a slip")

    monkeypatch.setattr("compare.page.section._proof", fails)
    with pytest.raises(AttributeError, match="a slip"):
        made(tmp_path, ECHO)


@pytest.mark.parametrize(
    "arrays",
    [
        {"accuracy.output": np.zeros(())},
        {"accuracy.output": np.zeros((1, 10))},
        {"accuracy.input": np.zeros((1, 5, 10), "f4")},
        {"accuracy.input": np.zeros((6, 5, 10), [("a", "f4")])},
        {"accuracy.output": np.full((6, 10), "a")},
        {"accuracy.output": np.full((6, 10), np.nan)},
    ],
    ids=["a scalar", "one output", "one input", "structured", "text", "not a number"],
)
def test_a_broken_sample_costs_no_page(tmp_path, arrays):
    write(tmp_path, ECHO)
    file = tmp_path / "cells" / ECHO[0].key / "sample.npz"
    np.savez(file, **dict(np.load(file)) | arrays)
    assert "class Echo(nn.Module)" in text_of(report(tmp_path, ECHO))


def test_a_problem_whose_file_cannot_be_read_any_more_has_no_programs(
    tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr(problems.echo, "PROBLEM", None)
    said = text_of(report(tmp_path, ECHO))
    assert "The definition of this problem is not part of" in said
    assert "problems/echo.py must define PROBLEM" in capsys.readouterr().err


def test_no_page_is_half_written(tmp_path, monkeypatch):
    page = made(tmp_path, FOLDERS["one backend"])
    before = page.read_text()

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        report(tmp_path, two(1))
    assert page.read_text() == before
