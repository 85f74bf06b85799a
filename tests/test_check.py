"""`diptych check`: what is wrong is named, by the rung and the tensor, and has its status."""

import pytest
from conftest import TOYS, diptych
from parity import PARITY_TOY

from compare.proof import gate
from compare.proof.ladder import Finding


def check(toys, *more):
    """Check the problem "right" on the backends in NumPy; what there is to see of a framework is
    in test_end_to_end.py.
    """
    return diptych("check", "right", *more, "--backends", *TOYS, cwd=toys)


WIDER = PARITY_TOY.replace("(inputs, 1)", "(inputs + 1, 1)").replace(
    "x.reshape(len(x), -1)", "x.reshape(len(x), -1)[:, [0, 1, 2, 0]]"
)


def test_check_names_the_tensor_that_is_wrong(toys, add_toy):
    add_toy("right", numpy2=WIDER)
    add_toy("fine")
    done = check(toys, "fine", "--out", "out")
    assert done.returncode == 3
    (wrong,) = done.stderr.splitlines()
    expected = "right, numpy2 against numpy: parameters: dense/kernel: "
    expected += "expected (3, 1), came (4, 1)"
    assert wrong == f"diptych: {expected}"
    assert expected in (toys / "out" / "check.md").read_text()


def test_check_names_a_twin_that_fails(toys, add_toy):
    add_toy("right", numpy=PARITY_TOY.replace("        return x\n", "        return x[7:][0]\n"))
    done = check(toys)
    assert done.returncode == 3
    message = "diptych: right, numpy: shapes: twin: expected a network, came IndexError: "
    assert message in done.stderr


def test_check_names_an_engine_that_fails(toys, add_toy):
    add_toy("right")
    (toys / "backends" / "numpy2" / "_engine.py").write_text("import os\nos.abort()\n")
    done = check(toys)
    assert done.returncode == 1, "killed, for want of memory say: it proves nothing"
    assert "right, numpy2, float64: parameters: twin: expected a network" in done.stderr
    assert "killed by SIGABRT" in done.stderr


def test_check_holds_a_backend_alone_against_the_specified_shapes(toys, add_toy):
    wide = PARITY_TOY.replace('{"dense": self.forward(x)}', '{"dense": self.forward(x).T}')
    add_toy("right", numpy=wide)
    done = diptych("check", "right", "--backends", "numpy", cwd=toys)
    assert done.returncode == 3
    assert "diptych: right, numpy: shapes: dense: expected (7, 1), came (1, 7)" in done.stderr


def test_check_names_data_off_the_spec(toys, add_toy):
    add_toy("right")
    problem = toys / "problems" / "right.py"
    problem.write_text(problem.read_text().replace("bits.astype(np.float32)", "bits * 1.0"))
    done = diptych("check", "right", "--backends", "numpy", cwd=toys)
    assert done.returncode == 3
    assert "diptych: right: data: train input: expected (n, time=3 feature=1)" in done.stderr


def test_data_by_chance_of_their_own_are_told_before_any_network(toys, add_toy):
    add_toy("right")
    problem = toys / "problems" / "right.py"
    text = problem.read_text()
    assert "    bits = rng" in text
    problem.write_text(
        text.replace("    bits = rng", "    rng = np.random.default_rng()\n    bits = rng")
    )
    done = check(toys)
    assert done.returncode == 3
    (wrong,) = done.stderr.splitlines()
    assert "right, numpy2 against numpy: data: train input: expected the same array" in wrong
    assert "look for a generator without one" in wrong


def test_data_that_end_the_process_are_a_finding(toys, add_toy):
    add_toy("right")
    problem = toys / "problems" / "right.py"
    lines = problem.read_text().replace("    bits = rng", "    raise SystemExit(0)\n    bits = rng")
    problem.write_text(lines)
    done = diptych("check", "right", "--backends", "numpy", cwd=toys)
    assert done.returncode == 3
    assert "diptych: right: data: all parts: expected x (time=3 feature=1), y " in done.stderr
    assert "came SystemExit: 0" in done.stderr


@pytest.mark.parametrize(
    ("facts", "expected"),
    [({}, 3), ({"unfinished": True}, 1), ({"unavailable": True}, 1), ({"passed": True}, 0)],
    ids=["wrong", "not checked", "not available", "right"],
)
def test_a_check_that_did_not_end_is_not_one_that_fails(ended, monkeypatch, facts, expected):
    said = {"problem": "echo", "backend": "keras-tensorflow", "reference": "pytorch"}
    on_a_rung = {"precision": "float64", "rung": "loss", "tensor": "loss"}
    finding = Finding(**said, **on_a_rung, expected=1.0, came=2.0, **{"passed": False} | facts)
    monkeypatch.setattr(gate, "prove", lambda *_, **__: [finding])
    status, out, err = ended("check", "echo")
    assert status == expected
    assert ("expected 1.0, came 2.0" in err) == bool(expected)
    assert "echo, keras-tensorflow against pytorch" in out
    assert ("ok everywhere: loss" in out) == ("passed" in facts)
    assert max(map(len, out.splitlines())) <= 80
