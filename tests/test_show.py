"""Two programs in the terminal: side by side where there is room, whole where there is none."""

import ast
import re

import pytest
from conftest import COMPLETE, diptych
from rich.console import Console

import backends
from backends import PANELS
from compare import __main__ as cli
from compare.programs import pairing
from compare.programs.pairing import read
from compare.programs.show import ROOM, SIGN, show
from compare.programs.statements import MARKS
from compare.programs.wrap import wrapped

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


def program(column):
    """Return the Python that a column says, without signs, and its docstrings in one line."""
    tree = ast.parse("\n".join(line[2:].rstrip() for line in column))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = " ".join(node.value.split())
    return ast.dump(tree)


@EVERY_PROBLEM
@pytest.mark.parametrize("columns", [ROOM, 120, 150, 250])
def test_side_by_side_both_columns_are_the_programs(shown, name, columns):
    lines, complaint = shown(name, columns)
    assert complaint == ""
    assert max(map(len, lines)) <= columns, "no line is longer than the terminal"
    for folder, (title, *column) in zip(PANELS, halves(lines), strict=True):
        assert title.strip() == f"backends/{folder}/{name}.py"
        assert program(column) == program("  " + line for line in read(folder, name).splitlines())


@EVERY_PROBLEM
def test_with_room_every_line_is_whole(shown, name):
    text = "\n".join(shown(name, 250)[0])
    for folder in PANELS:
        for line in read(folder, name).splitlines():
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


@EVERY_PROBLEM
def test_without_room_both_programs_are_whole_one_after_the_other(shown, name):
    lines, complaint = shown(name, ROOM - 1)
    assert "\n".join(lines) == "\n".join(
        f"# backends/{folder}/{name}.py\n{read(folder, name)}" for folder in PANELS
    )
    needed = f"side by side needs {ROOM} columns, here are {ROOM - 1}"
    assert complaint == f"diptych: {needed}\n"


def test_a_terminal_gets_colours_and_marks_in_one_of_their_own(shown):
    settings = {"force_terminal": True, "color_system": "standard"}
    for columns in (ROOM, 40):
        text = "\n".join(shown("moving_square", columns, **settings)[0])
        (differs,) = set(re.findall(r"\x1b\[([\d;]+)mdiffers: default is", text))
        (only_here,) = set(re.findall(r"\x1b\[([\d;]+)monly here: flatten", text))
        assert differs != only_here


def test_twins_that_cannot_be_paired_are_shown_as_they_are(shown, copy, monkeypatch):
    for module in (backends, pairing):
        monkeypatch.setattr(module, "FOLDER", copy / "backends")
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


@EVERY_PROBLEM
@pytest.mark.parametrize("folder", PANELS)
@pytest.mark.parametrize("width", [30, 44, 56, 72])
def test_wrapped_code_is_the_same_program(name, folder, width):
    code = read(folder, name)
    lines = wrapped(code, width).splitlines()
    assert program("  " + line for line in lines) == program("  " + x for x in code.splitlines())
    assert "".join(code.split()).replace("#", "") == "".join("".join(lines).split()).replace(
        "#", ""
    )
    assert (width < 56) or max(map(len, lines)) <= width


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("x = f(aaaa, bbbb)  # cccc", "x = f(aaaa, bbbb)\n    # cccc"),
        ("x = f(aaaaaaaaa, bbbbbbbb)", "x = f(aaaaaaaaa,\n    bbbbbbbb)"),
        ("x = fffffffff(aaaaaaaaaaaa)", "x = fffffffff(\n    aaaaaaaaaaaa)"),
        ('x = "a string of many words"', 'x = "a string of many words"'),
        ("# one two three four five six", "# one two three four\n# five six"),
        ("  # (n, 2)  only here: two", "  # (n, 2)\n  # only here: two"),
        ("x = (1,  # a\n  2)", "x = (1,  # a\n  2)"),
        ("no Python: ' and much too long", "no Python: ' and much too long"),
    ],
)
def test_lines_are_broken_where_python_allows_it(code, expected):
    assert wrapped(code, 20) == expected
