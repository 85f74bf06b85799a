"""A twin that names float32 is changed for the rungs in float64, and nothing else in it is."""

import ast
from pathlib import Path

import pytest

from backends import _float64
from backends._float64 import WIDE, _Loader, _Widening

TORCH = {"float": "double", "FloatTensor": "DoubleTensor"}


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ("x.float()", "x.double()"),
        ("x.type(torch.FloatTensor)", "x.type(torch.DoubleTensor)"),
        ("x.to(torch.float32)", "x.to(torch.float64)"),
        ("np.zeros(3, dtype='float32')", "np.zeros(3, dtype='float64')"),
        ("tf.cast(x, tf.float32)", "tf.cast(x, tf.float64)"),
        ("from torch import float32, nn", "from torch import float64 as float32, nn"),
        ("from torch import float as single", "from torch import double as single"),
        ("from dtypes import float32", "from dtypes import float32"),
        ("from .numpy import float32", "from .numpy import float32"),
        ("tf.cast(x, tf.complex64)", "tf.cast(x, tf.complex128)"),
        ("use('torch.FloatTensor')", "use('torch.DoubleTensor')"),
        ("float(x)", "float(x)"),
        ("self.float(x) + self.f4.weight", "self.float(x) + self.f4.weight"),
        ("x.half() + x.to(torch.bfloat16)", "x.half() + x.to(torch.bfloat16)"),
        ("f('float')", "f('float')"),
        ("np.fromfile(file, dtype=np.float32)", "np.fromfile(file, dtype=np.float32)"),
    ],
)
def test_what_names_float32_is_changed(text, changed):
    assert ast.unparse(_Widening(WIDE | TORCH).visit(ast.parse(text))) == changed


def test_an_error_in_a_twin_keeps_its_place(tmp_path):
    file = tmp_path / "twin.py"
    file.write_text("x = 1\ndef (\n")
    with pytest.raises(SyntaxError) as caught:
        _Loader("twin", str(file), WIDE).get_code("twin")
    assert (caught.value.filename, caught.value.lineno) == (str(file), 2)


@pytest.mark.parametrize(
    ("name", "file", "own"),
    [
        ("nets", "/home/you/nets.py", True),
        ("parts.heads", "/home/you/parts/heads.py", True),
        ("common.layers", "/home/you/../common/layers.py", True),
        ("timm.models", "/home/you/.venv/lib/python3.12/site-packages/timm/models.py", False),
        ("problems.mine", "/home/you/problems/mine.py", False),
        ("compare.proof", "/home/you/compare/proof/__init__.py", False),
        ("torch.nn", "/home/you/pytorch/torch/nn/__init__.py", False),
        ("ast", ast.__file__, False),
    ],
)
def test_what_is_no_part_of_python_nor_installed_is_the_users_own(name, file, own):
    assert _float64._is_own(name, Path(file)) == own


def test_a_text_that_a_model_is_made_with_is_changed_as_the_model_is(monkeypatch):
    assert _float64.widened("float32") == "float32"
    monkeypatch.setattr(_float64, "_names", WIDE)
    assert [_float64.widened(one) for one in ("float32", "tanh", 32)] == ["float64", "tanh", 32]
