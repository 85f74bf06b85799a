"""Both programs of a problem, statement by statement: nothing is lost, like stands beside like."""

import pytest
from conftest import COMPLETE
from pairs import PAIRS, files
from parity import PARITY_KERAS, PARITY_PYTORCH

import problems
from backends import PANELS, twin
from compare.programs.pairing import fault, pair, paired, read

TWINS = {
    **{name: tuple(read(folder, name) for folder in PANELS) for name in COMPLETE},
    "parity": (PARITY_PYTORCH, PARITY_KERAS),
    **{
        name: tuple(files(name)[f"backends/{folder}/{name}.py"] for folder in PANELS)
        for name in PAIRS
    },
}
ODD = {
    "nothing": "",
    "a comment": "# nothing else",
    "no end of line": "x = 1",
    "blank lines around": "\n\n  \nx = 1\n\n\n",
    "a comment at the end": "def f():\n    return 1\n    # so it is\n\n# really",
    "semicolons": "x = 1; y = 2\nif x: y = 3\n",
    "decorators": "@one\n@two(\n    3\n)\ndef f(): return 1\n",
    "strings over lines": 'x = """a\n\n  # b\n"""\ny = f"{x}"  # c\n',
    "Windows": "def f(\n    x\n):\r\n    return x\r\n",
    "no Python": "def f(:\n  x = '\n",
    "broken indentation": "if x:\n    y\n  z\n",
    "a zero byte": "x = 1\0\n",
    "a page break": "x = 1\n\x0c\ny = 2\n",
    "too deep": "x = " + "-" * 100_000 + "1\n",
}


def programs(rows):
    """Return the two programs that rows are made of."""
    return tuple("".join(row.sides[side].text for row in rows) for side in range(2))


def codes(rows):
    """Return the code of the rows, without indentation and comments."""
    return [tuple(side.code.partition("  #")[0].strip() for side in row.sides) for row in rows]


def named(statement):
    """Return the layers that a statement makes ("self.dense") or calls ("dense")."""
    doing = statement.doing
    return {doing.key} if doing.kind == "make" else set(doing.layers)


def torn(rows):
    """Return the layers that both sides make, or call, but not in the same row."""
    left, right = (set().union(*(named(row.sides[side]) for row in rows)) for side in range(2))
    return {name for row in rows for name in (named(row.left) ^ named(row.right)) & left & right}


def test_nothing_is_lost():
    assert {name: programs(pair(*twins)) for name, twins in TWINS.items()} == TWINS


@pytest.mark.parametrize("one", ODD.values(), ids=ODD)
def test_nothing_is_lost_of_odd_programs(one):
    for other in (PARITY_KERAS, ""):
        assert programs(pair(one, other)) == (one, other)
        assert programs(pair(other, one)) == (other, one)


@pytest.mark.parametrize("file", ["_engine.py", "_weights.py", "_device.py"])
def test_nothing_is_lost_of_any_two_files(file):
    texts = tuple((twin(folder, "echo").parent / file).read_text() for folder in PANELS)
    rows = pair(*texts)
    assert programs(rows) == texts
    assert len(rows) > 20, "statements, not the whole files"


def test_layers_of_one_name_stand_in_one_row():
    assert {name: torn(pair(*twins)) for name, twins in TWINS.items()} == {
        name: set() for name in TWINS
    }


def test_layers_in_different_orders_would_be_seen():
    lines = PARITY_KERAS.splitlines(keepends=True)
    (first,) = (i for i, line in enumerate(lines) if "self.lstm = " in line)
    lines[first : first + 2] = reversed(lines[first : first + 2])
    assert torn(pair(PARITY_PYTORCH, "".join(lines)))


def test_heads_docstrings_and_imports_are_pairs():
    for name, twins in TWINS.items():
        rows = pair(*twins)
        kinds = {row.left.doing.kind for row in rows if row.left.text and row.right.text}
        assert {"import", "class", "def"} <= kinds, name
        assert ("docstring" in kinds) == all(text.startswith('"""') for text in twins), name
        for row in rows:
            if row.left.doing.kind in ("class", "def", "docstring"):
                assert row.left.doing.kind == row.right.doing.kind, name


def test_what_is_only_here_stands_alone():
    rows = [row for twins in TWINS.values() for row in pair(*twins)]
    only_here = [row for row in rows if "only here" in (row.left.mark, row.right.mark)]
    assert only_here
    assert all("" in (row.left.text, row.right.text) for row in only_here)


def test_steps_are_paired_by_what_they_do():
    rows = codes(paired("moving_square"))
    for left, right in [
        ("from torch import nn", "from keras import layers, ops"),
        ("def forward(self, x):", "def call(self, x):"),
        ("n, t, *_ = x.shape", "t = x.shape[1]"),
        ("x = x.to(self.dense.weight.dtype)", "x = ops.cast(x, self.compute_dtype)"),
        ("x = x.flatten(0, 1)", "x = ops.reshape(x, (-1, *self.frame))"),
        ("x = x.permute(0, 3, 1, 2)", ""),
        ("x = x.reshape(n, t, -1)", "x = ops.reshape(x, (-1, t, self.features))"),
        ("_, (x, _) = self.lstm(x)", "x = self.lstm(x)"),
    ]:
        assert (left, right) in rows
    repeat = ("x = x.unsqueeze(1).expand(-1, self.places, -1)", "x = self.repeat(x)")
    assert repeat in codes(paired("addition"))


def test_a_return_of_a_layer_is_the_step_of_that_layer():
    twins = [
        f"class A:\n    def {role}(self, x):\n        {steps}\n"
        for role, steps in (
            ("forward", "x = self.a(x)\n        return self.b(x)"),
            ("call", "x = self.a(x)\n        x = self.b(x)\n        return x"),
        )
    ]
    assert codes(pair(*twins))[-3:] == [
        ("x = self.a(x)", "x = self.a(x)"),
        ("return self.b(x)", "x = self.b(x)"),
        ("", "return x"),
    ]


def test_a_statement_over_several_lines_is_one():
    (row,) = (row for row in paired("cumsum") if row.left.doing.key == "self.lstm")
    assert row.left.code.count("\n") == 5
    assert row.left.mark == "differs"
    assert row.right.code.strip().startswith("self.lstm = layers.Bidirectional(")
    assert row.right.mark == ""


def test_marks_are_read_from_comments_alone():
    (row,) = pair('x = "# differs: no"  # but: differs', "# only here: above\nx = 1\n")[:1]
    assert (row.left.mark, row.right.text) == ("", "")
    assert pair("# only here: above\nx = 1\n", "")[0].left.mark == "only here"
    assert pair("x = 1  # differs: so\n# only here: too", "")[0].left.mark == "only here"


def test_a_blank_line_begins_a_group_once():
    assert [row.group for row in pair("a = 1\n\nb = 2\n", "a = 1\n\nc()\nb = 2\n")] == [
        False,
        True,
        False,
    ]
    rows = paired("echo")
    heads = [row.left.code for row in rows if row.group and row.left.doing.kind in ("class", "def")]
    assert [head.split()[0:2] for head in heads] == [
        ["class", "Echo(nn.Module):"],
        ["def", "__init__(self,"],
        ["def", "forward(self,"],
        ["def", "build(problem):"],
    ]


@pytest.fixture
def folder(copy, monkeypatch):
    """Return a copy of the backends, whose twins are read."""
    monkeypatch.setattr(problems, "__path__", [str(copy / "problems")])
    return copy / "backends"


def test_twins_have_no_fault():
    assert {name: fault(name) for name in COMPLETE} == dict.fromkeys(COMPLETE, "")


def test_a_missing_twin_leaves_the_other_alone(folder):
    (folder / "keras" / "echo.py").unlink()
    assert fault("echo") == "problem 'echo' needs a twin in backends/keras/echo.py"
    assert programs(paired("echo")) == (TWINS["echo"][0], "")


def test_a_twin_that_is_no_python_is_named_and_shown_as_it_is(folder):
    (folder / "keras" / "echo.py").write_text("x = 1\ndef f(:\n")
    reason = "line 2: invalid syntax"
    assert fault("echo") == f"backends/keras/echo.py is no valid Python: {reason}"
    (row,) = paired("echo")
    assert (row.left.text, row.right.text) == (TWINS["echo"][0], "x = 1\ndef f(:\n")
    assert (row.left.mark, row.right.mark) == ("", "")


def test_a_twin_that_is_no_text_is_shown_all_the_same(folder):
    (folder / "keras" / "echo.py").write_bytes(b"x = '\xff'\n")
    assert "�" in programs(paired("echo"))[1]
