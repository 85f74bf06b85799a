"""Two programs in the terminal: side by side, interleaved, or whole, as there is room."""

import re

import pytest
from conftest import COMPLETE, diptych
from rich.console import Console

import problems
from backends import PANELS
from compare import __main__ as cli
from compare.programs.pairing import read
from compare.programs.show import ROOM, SIGN, show
from compare.programs.statements import MARKS

PLAIN_TERMINAL = {"force_terminal": True, "no_color": True, "color_system": None}
EVERY_PROBLEM = pytest.mark.parametrize("name", COMPLETE)


@pytest.fixture
def shown(capsys):
    """Show a problem in so many columns: the lines, and what is said beside them."""

    def run(name, columns, **settings):
        show(name, Console(width=columns, **settings))
        captured = capsys.readouterr()
        return captured.out.splitlines(), captured.err

    return run


def halves(lines):
    """Return the two columns of text side by side, without their titles and legend."""
    return tuple(
        zip(*(line.ljust(300).split(" | ", 1) for line in lines if " |" in line), strict=True)
    )


def said(lines):
    """Return what lines say, without what breaking them adds or takes away."""
    return "".join("".join(lines).split())


@pytest.fixture
def awkward(copy, monkeypatch):
    """Name a pair with all that is hard to show: long lines, odd signs, blocks, a loop."""
    monkeypatch.setattr(problems, "__path__", [str(copy / "problems")])
    for folder, text in zip(PANELS, AWKWARD, strict=True):
        (copy / "backends" / folder / "awkward.py").write_text(text)
    return "awkward"


AWKWARD = (
    '''"""Awkward in PyTorch, with a docstring that goes on and on, [bold]past[/bold] any column."""

from torch import nn


class Awkward(nn.Module):
    def __init__(self, units):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(units, units, bias=False) for _ in range(12 * units))
        # differs: a comment of its own line, and then
        # the rest of it
        self.dense = nn.Linear(units, 1)

    def forward(self, x):  # (n, 10)
        for layer in self.layers:
            x = layer(x)  # (n, 10)
        x = x.reshape(len(x), -1)  # (n, 10)  only here: flatten, though nothing needs it at all
        return self.dense(x)


def build(problem):
    return Awkward(problem.sizes["a_name_without_a_place_to_break_it_that_is_longer_than_half"])
''',
    '''"""Awkward in Keras."""

import keras


class Awkward(keras.Model):
    def __init__(self, units):
        super().__init__()
        self.dense = keras.layers.Dense(1)

    def call(self, x):  # (n, 10)
        return self.dense(x)


def build(problem):
    return Awkward(problem.sizes["unit"])
''',
)


@pytest.mark.parametrize("columns", [ROOM, 150, 250])
def test_side_by_side_both_columns_are_the_programs(shown, awkward, columns):
    lines, complaint = shown(awkward, columns)
    assert complaint == ""
    assert max(map(len, lines)) <= columns, "no line is longer than the terminal"
    for folder, (title, *column) in zip(PANELS, halves(lines), strict=True):
        assert title.strip() == f"backends/{folder}/{awkward}.py"
        assert said(half[2:] for half in column) == said(read(folder, awkward))


@pytest.mark.parametrize("columns", [60, 80, ROOM - 1])
def test_a_narrow_terminal_has_each_statement_above_its_partner(shown, awkward, columns):
    lines, complaint = shown(awkward, columns, **PLAIN_TERMINAL)
    assert complaint == ""
    assert lines[0].startswith("Interleaved; side by side from 116 columns on")
    assert max(map(len, lines[4:-3])) <= columns
    body = lines[4:-3]
    for letter, folder in zip("PK", PANELS, strict=True):
        mine = [line[4:] for line in body if line[:1] in (letter, " ")]
        assert said(mine) == said(read(folder, awkward))


def test_statements_of_both_stand_once_in_between(shown):
    lines, _ = shown("echo", 80, **PLAIN_TERMINAL)
    assert lines.count("            x = self.dense(x)  # (n, 10)") == 1
    assert "K       def call(self, x):  # (n, t, 10)" in lines
    first = next(line for line in lines if "nn.LSTM(" in line)
    assert lines[lines.index(first) + 2] == "K           self.lstm = layers.LSTM(units)"


def test_words_are_not_broken_where_there_is_room(shown):
    lines, _ = shown("echo", ROOM)
    code = [half for column in halves(lines) for half in column]
    for folder in PANELS:
        for word in read(folder, "echo").split():
            assert any(word in half for half in code), word


def test_with_room_every_line_is_whole(shown, awkward):
    text = "\n".join(shown(awkward, 250)[0])
    for folder in PANELS:
        for line in read(folder, awkward).splitlines():
            assert line in text


@EVERY_PROBLEM
@pytest.mark.parametrize("columns", [ROOM, 250])
def test_marked_lines_have_a_sign_without_colour(shown, name, columns):
    lines, _ = shown(name, columns)
    for mark, meaning in MARKS.items():
        sign = SIGN[mark]
        with_mark = sum(read(folder, name).count(f"{mark}:") for folder in PANELS)
        signed = [half for column in halves(lines) for half in column if half.startswith(sign)]
        assert sum(f"{mark}:" in half for half in signed) == with_mark
        assert (f"{sign}{mark}: {meaning}" in lines) == bool(with_mark)


def test_a_narrow_pipe_has_both_programs_whole_one_after_the_other(shown, awkward):
    lines, complaint = shown(awkward, ROOM - 1)
    assert "\n".join(lines) == "\n".join(
        f"# backends/{folder}/{awkward}.py\n{read(folder, awkward)}" for folder in PANELS
    )
    needed = f"one program after the other; side by side from {ROOM} columns on, here are"
    assert complaint == f"diptych: {needed} {ROOM - 1}\n"


def test_a_terminal_gets_colours_and_marks_in_one_of_their_own(shown):
    settings = {"force_terminal": True, "color_system": "standard"}
    for columns in (ROOM, 60):
        text = "\n".join(shown("moving_square", columns, **settings)[0])
        (differs,) = set(re.findall(r"\x1b\[([\d;]+)mdiffers: default is", text))
        (only_here,) = set(re.findall(r"\x1b\[([\d;]+)monly here: flatten", text))
        assert differs != only_here


def test_twins_that_cannot_be_paired_are_shown_as_they_are(shown, copy, monkeypatch):
    monkeypatch.setattr(problems, "__path__", [str(copy / "problems")])
    (copy / "backends" / "keras" / "echo.py").write_text("def f(:\n  x = '\n")
    lines, complaint = shown("echo", 250)
    assert lines[-4:] == ["# backends/keras/echo.py", "def f(:", "  x = '", ""]
    assert complaint.startswith("diptych: backends/keras/echo.py is no valid Python: line ")
    assert complaint.count("\n") == 1


def test_the_command_shows_in_as_many_columns_as_there_are(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "120")
    assert cli.main(["show", "echo"]) == 0
    assert " | " in capsys.readouterr().out


def test_a_pipe_gets_whole_lines_without_colours(monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    done = diptych("show", "echo")
    assert done.returncode == 0
    assert [read(folder, "echo") in done.stdout for folder in PANELS] == [True, True]
    assert "\x1b" not in done.stdout
