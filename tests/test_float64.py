"""A twin that names float32 is changed for the rungs in float64, and nothing else in it is."""

import ast

import pytest

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
        ("float(x)", "float(x)"),
        ("self.float(x) + self.f4.weight", "self.float(x) + self.f4.weight"),
        ("x.half() + x.to(torch.bfloat16)", "x.half() + x.to(torch.bfloat16)"),
        ("f('float')", "f('float')"),
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
