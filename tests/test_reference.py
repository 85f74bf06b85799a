"""A model of the user's own is found by its reference, whatever its file is called."""

import sys

import pytest

from backends._reference import calls, look, model_of, read

PROGRAM = """
from beside import WIDTH

class Net:
    def __init__(self, width=WIDTH, *, deep=False):
        self.width, self.deep = width, deep

class Shelf:
    net = Net(7)

def make():
    return Net(5)

ready = Net(6)
"""


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "problems.py").write_text(PROGRAM)  # the name of a package of ours
    (tmp_path / "beside.py").write_text("WIDTH = 4\n")
    return tmp_path / "problems.py"


@pytest.mark.parametrize(
    ("name", "width"),
    [
        ("Net", 4),
        ("Net(8)", 8),
        ("Net(width=9, deep=True)", 9),
        ("make", 5),
        ("make()", 5),
        ("ready", 6),
        ("Shelf.net", 7),
    ],
)
def test_a_name_is_called_or_taken_as_it_is(file, name, width):
    model = model_of(f"{file}:{name}")
    assert model.width == width
    assert model.deep == ("deep" in name)
    assert model_of(f"{file}:{name}") is not model  # each network of a proof is a new one


def test_a_file_of_a_package_is_asked_for_as_a_module(tmp_path):
    (tmp_path / "net.py").write_text("from .layers import Block\n")
    with pytest.raises(ValueError, match=r"name it PACKAGE\.net:NAME"):
        model_of(f"{tmp_path / 'net.py'}:Net")


def test_a_module_is_one_of_the_users(tmp_path, monkeypatch, file):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "their_nets").mkdir()
    (tmp_path / "their_nets" / "small.py").write_text("def make():\n    return 3\n")
    assert model_of("their_nets.small:make") == 3


@pytest.mark.parametrize(
    "text", ["Net", "a.py", "a.py:", ":Net", "a.py:1 + 1", "a.py:Net(", "a.py:Net(x)", "a.py:f()()"]
)
def test_what_is_no_reference_is_told(text):
    with pytest.raises(ValueError, match="expected") as error:
        read(text)
    assert "\n" not in str(error.value)


def test_what_is_not_there_is_told(file):
    with pytest.raises(ValueError, match=r"expected nothing in it, came .*Net, Shelf, make, ready"):
        model_of(f"{file}:nothing")
    with pytest.raises(ValueError, match="expected a file, came none"):
        model_of(f"{file.parent / 'nowhere.py'}:Net")


class Tensor:
    """A tensor as far as its shape."""

    def __init__(self, *shape):
        self.shape, self.ndim = shape, len(shape)


def seen(x, runs):
    """Look at a model that runs where `runs` says so, and leaves its input."""
    from backends._reference import Seen

    def see(call, moved):
        if not runs(call, moved):
            raise ValueError("expected channels second")
        return Seen([], next(iter(x.values())))

    return look(x, see, lambda one: isinstance(one, Tensor), ("last", "first"))


def test_channels_are_moved_where_the_model_does_not_run_without():
    image = {"": Tensor(2, 8, 8, 3)}
    assert seen(image, lambda call, moved: True).moved == ()
    assert seen(image, lambda call, moved: bool(moved)).moved == ("",)
    with pytest.raises(ValueError, match=r"does not run .*ValueError: expected channels second"):
        seen(image, lambda call, moved: False)


def test_several_inputs_come_in_order_by_name_or_as_a_list():
    ways = calls(["left", "right"])
    assert ways["in order"] == "self.model({left}, {right})"
    two = {"left": Tensor(2, 3), "right": Tensor(2, 3)}
    assert seen(two, lambda call, moved: "[" in call).way == "as a list"
