"""Right ports of small networks pass the ladder, wrong ones are found, each for its reason.

All of them are added to one copy of the project.
"""

import pytest
from conftest import COMPARED, copied
from dropout_ports import RIGHT_DROPOUT, WRONG_DROPOUT
from layer_ports import LAYERS_RIGHT
from layer_wrong_ports import LAYERS_WRONG
from learning import ALL, STAGE, WHOLE
from port_frame import files_of, module
from reported_ports import REPORTED_RIGHT, REPORTED_WRONG
from right_ports import RIGHT as RIGHT_PORTS
from right_ports import RIGHT_TENSORFLOW
from wrong_ports import WRONG as WRONG_PORTS

from backends import Side
from compare.proof.check import PRECISIONS
from compare.proof.ladder import Pair

REFERENCE, OTHER = COMPARED
RIGHT = RIGHT_PORTS | RIGHT_TENSORFLOW | LAYERS_RIGHT | RIGHT_DROPOUT | REPORTED_RIGHT
WRONG = WRONG_PORTS | LAYERS_WRONG | WRONG_DROPOUT | REPORTED_WRONG
PORTS = RIGHT | WRONG
# Right ports that float32 has been hard on: gradients that are 0 but for rounding, depth, states.
ROUNDED = (
    *("bias before normalization", "six blocks with biases", "normalization without biases"),
    *("convolution with a bias before normalization", "a state that starts another layer"),
)


@pytest.fixture(scope="session")
def harbour(tmp_path_factory):
    """The project with all ports added."""
    folder = copied(tmp_path_factory.mktemp("harbour"))
    for what in PORTS:
        for path, text in files_of(what, PORTS[what]).items():
            (folder / path).write_text(text)
    return folder


@pytest.fixture(scope="session")
def ported(pieces, gathered, harbour):
    """The evidence of a port, by what it is, backend and precision, as far as its rung."""

    def gather(key):
        what, backend, precision = key
        stages = STAGE.get(PORTS[what].rung, ALL)
        asked = {"stages": stages, "steps": WHOLE, "fails": what in WRONG, "cwd": harbour}
        return gathered(module(what), backend, precision, spread=precisions(what), **asked)

    return pieces("ported", gather)


def precisions(what):
    """Return in which precisions a port is looked at."""
    return PRECISIONS if what in ROUNDED else PRECISIONS[:1]


def climbed(what, ported):
    """Return the findings of a port; in float32 only those where that is the point."""
    defined = {}
    exec(files_of(what, PORTS[what])[f"problems/{module(what)}.py"], defined)
    expected, came = (
        {precision: ported[what, backend, precision] for precision in precisions(what)}
        for backend in COMPARED
    )
    if what in RIGHT:  # what holds in float64 is else taken to hold in float32
        for one in (expected, came):
            one.setdefault("float32", expected["float64"])
    return list(
        Pair(
            problem=defined["PROBLEM"],
            side=Side(OTHER),
            reference=Side(REFERENCE),
            expected=expected,
            came=came,
        ).climb()
    )


@pytest.mark.parametrize("what", RIGHT)
def test_a_right_port_passes(what, ported):
    findings = climbed(what, ported)
    assert [str(finding) for finding in findings if not finding.passed] == []
    assert (findings[-1].rung, findings[-1].precision) == ("score", "float32")


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_port_is_found_for_its_reason(what, ported):
    port, wrong = PORTS[what], climbed(what, ported)[-1]
    assert not wrong.passed
    assert (wrong.rung, wrong.tensor) == (port.rung, port.tensor), str(wrong)
    assert port.hint in str(wrong)


def test_initial_weights_of_its_own_are_told(ported):
    notes = [finding.note for finding in climbed("initialisers of its own", ported)]
    told = next(note for note in notes if note)
    assert "pytorch/port_initialisers_of_its_own.py, line 8" in told
    assert "keras/port_initialisers_of_its_own.py, line 8" in told
