"""A problem's file that is wrong is told of in one line, with its line, whatever is wrong in it."""

import re
import sys
from dataclasses import replace

import pytest
from conftest import ROOT

import problems
from compare import __main__ as cli
from compare.page import figures
from problems import Part, Proof

ECHO = (ROOT / "problems" / "echo.py").read_text().replace('name="echo"', 'name="wrong"')


def changed(before, after):
    assert before in ECHO
    return ECHO.replace(before, after)


# What a file says: the line that is told, and why.
WRONG = {
    "axes": (changed('"time=5 symbol=10"', '"time symbol=10"'), 48, "input: axis 'time' of "),
    "axes_of_a_layer": (
        changed('"lstm.last": "batch unit"', '"lstm.last": "batch units"'),
        48,
        "layers: lstm.last: axis 'units' of 'batch units' has no size",
    ),
    "axes_that_are_no_text": (
        changed('axes="time=5 symbol=10"', "axes=5"),
        51,
        "spec: axes: expected text, came 5",
    ),
    "no_train": (
        changed('{"train": 3_150, ', "{"),
        48,
        "recipe: examples: expected also train, came validation, test",
    ),
    "no_metrics": (
        re.sub(r"metrics=\(.*?\n    \),", "metrics=(),", ECHO, flags=re.DOTALL),
        48,
        "expected metrics, each with a name of its own, came none",
    ),
    "direction": (
        changed('better="higher"', 'better="up"'),
        93,
        "metric 'accuracy': better: expected higher or lower, came 'up'",
    ),
    "target": (changed("target=0.999", "target='high'"), 93, "target: expected a number, came "),
    "margin": (changed("best=1.0", "best=float('nan')"), 93, "best: expected a number, came nan"),
    "no_epochs": (changed("epochs=10", "epochs=0"), 78, "epochs: expected a whole number above 0"),
    "summary": (
        changed('summary="repeat the third of five digits"', "summary=5"),
        48,
        "summary: expected text, came 5",
    ),
    "classes": (changed('dtype="int64"', 'dtype="int32"'), 48, "target: expected int64 for the "),
    "target_axes": (
        changed('axes="",', 'axes="symbol=10",'),
        48,
        "target: expected shape () for the loss cross_entropy of outputs (10,), came (10,)",
    ),
    "width": (changed('{"unit": 25}', '{"unit": 0}'), 48, "hidden: unit: expected a whole number"),
    "syntax": (ECHO + "\ndef (\n", 110, "SyntaxError: "),
    "import": (ECHO + "\nimport nothing_like_it\n", 110, "ModuleNotFoundError: "),
    "raises": (ECHO + "\n1 / 0\n", 110, "ZeroDivisionError: "),
    "exits": ("import sys\n\nsys.exit(0)\n", 3, "SystemExit: 0"),
    "exits_with_words": ("import sys\n\nsys.exit('a\\nb')\n", 3, "SystemExit: a b"),
}


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Return a function that makes a text the file of the problem "wrong"."""

    def written(text):
        (tmp_path / "wrong.py").write_text(text)
        monkeypatch.setattr(problems, "__path__", [*problems.__path__, str(tmp_path)])
        monkeypatch.setattr(problems, "names", lambda: ("wrong",))
        monkeypatch.setattr(figures, "problem_names", lambda: ("wrong",))

    yield written
    sys.modules.pop("problems.wrong", None)
    vars(problems).pop("wrong", None)


@pytest.mark.parametrize(("text", "line", "why"), WRONG.values(), ids=WRONG)
def test_a_wrong_file_is_told_with_its_line(write, capsys, text, line, why):
    write(text)
    with pytest.raises(
        ValueError, match=f"^problems/wrong.py, line {line}, cannot be read: "
    ) as told:
        problems.load("wrong")
    assert why in str(told.value)
    assert "\n" not in str(told.value)
    commands = ("show wrong", "run", "check", "sweep wrong --batch-size 16", "explain")
    for command in commands:
        status = cli.main(command.split())
        captured = capsys.readouterr()
        assert (status, captured.out, captured.err.count("\n")) == (2, "", 1), command
        assert captured.err.startswith(f"diptych: problems/wrong.py, line {line}, "), command
    assert cli.main(["list"]) == 0
    assert "problems/wrong.py, line" in " ".join(capsys.readouterr().out.split())
    assert figures.defined("wrong", quick=False) is None
    assert capsys.readouterr().err.count("\n") == 1


def test_the_right_file_is_read(write):
    write(ECHO)
    assert problems.load("wrong").name == "wrong"


def test_a_metric_of_a_part_that_is_not_drawn_is_named():
    echo = problems.load("echo", quick=True)
    lost = replace(echo, metrics=(replace(echo.metrics[0], part="unseen"),))
    with pytest.raises(ValueError, match=r"'accuracy' asks about the part 'unseen'; there are tr"):
        lost.make_data(0)


@pytest.mark.parametrize(("what", "least"), [("steps", 4), ("held_out", 1)])
def test_a_proof_has_something_to_train_on_and_to_ask(what, least):
    assert Proof(**{what: least})
    with pytest.raises(ValueError, match=rf"proof: {what}: expected a whole number .*, came 0"):
        Proof(**{what: 0})


def test_too_few_examples_are_not_repeated_in_silence():
    echo = problems.load("echo", quick=True)

    def few(seed, sizes):
        return {name: Part(part.x[:7], part.y[:7]) for name, part in echo.draw(seed, sizes).items()}

    more = dict.fromkeys(echo.recipe.examples, 5000)
    with pytest.raises(ValueError, match=r"^echo train: expected 1600 examples, came 7$"):
        replace(echo, draw=few).resized(more, epochs=1).make_data(0)
    assert len(echo.resized(more, epochs=1).make_data(0)["train"].x) == 5000
