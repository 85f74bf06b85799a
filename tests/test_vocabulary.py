"""The table of all that a problem can have: how it is made.

A table is made of PyTorch alone, of a network that is right, one that float32 moves too far, and
one that cannot be built.
"""

import json
from itertools import product

import pytest
import vocabulary
import vocabulary_cases
from conftest import ROOT
from optimizers import NET
from port_frame import files_of
from vocabulary_cases import (
    KNOWN,
    REASONS,
    cases,
)  # all of them, whatever a test puts in their place
from vocabulary_rows import REFERENCE, markdown

from backends import BACKENDS
from compare.proof.check import PRECISIONS
from problems import LOSSES, SCHEDULES, Optimizer, Schedule
from problems._loss import OPTIONS
from problems._optimizer import SHARED

SHORT = 12  # steps
RIGHT, OFF, BROKEN = "right", "off", "broken"


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """A folder with a table, and what its command returned."""
    ports = {
        RIGHT: NET,
        OFF: NET._replace(torch_steps="x = self.fc(x).tanh() + 0.1 * (x.itemsize == 4)"),
        BROKEN: NET._replace(torch_layers="self.fc = nn.Linear(4, 'five')"),
    }
    made = {
        f"port_{what}": vocabulary_cases.Case("Layers", what, files_of(what, port, SHORT))
        for what, port in ports.items()
    }
    out = tmp_path_factory.mktemp("vocabulary")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vocabulary_cases, "cases", lambda: made)
        status = vocabulary.main([str(out), "--backends", REFERENCE])
        yield out, status


def rows(out):
    """Return the rows of a folder, by what they are."""
    return {row["what"]: row for row in json.loads((out / "vocabulary.json").read_text())["rows"]}


def test_a_row_tells_how_far_apart_it_is_on_each_rung(table):
    row = rows(table[0])[RIGHT]
    assert (row["engine"], row["precision"], row["within"], row["wrong"]) == (
        *(REFERENCE, "float32", True),
        [],
    )
    assert row["worst"].keys() == {"layers", "loss", "gradients", "curve", "state", "score"}
    assert 0 < row["worst"]["gradients"] < 1e-5
    assert 0 < row["share"] < 1
    assert row["layers"] == ["Linear"]
    assert row["seconds"] > 0


def test_what_is_not_within_its_bounds_is_told(table):
    out, status = table
    found = rows(out)
    assert status == 1
    assert not found[OFF]["within"]
    assert "float32: layers: dense" in found[OFF]["wrong"][0]
    assert found[OFF]["share"] > 1
    assert not found[BROKEN]["within"]
    assert "TypeError: empty()" in found[BROKEN]["wrong"][0]
    page = (out / "vocabulary.md").read_text()
    assert page == markdown(json.loads((out / "vocabulary.json").read_text()))
    assert "1 of 3 rows are within its bounds" in page
    assert f"- {OFF}, port_{OFF}" in page
    assert f"- {BROKEN}, port_{BROKEN}" in page


def test_what_is_there_is_not_done_again_unless_the_network_changed(table, monkeypatch):
    out, _ = table
    before = rows(out)
    with monkeypatch.context() as patch:
        patch.setattr(vocabulary.subprocess, "Popen", None)
        assert vocabulary.main([str(out), "--backends", REFERENCE, "--only", RIGHT]) == 0
    assert rows(out) == before
    case = vocabulary_cases.cases()[f"port_{RIGHT}"]
    changed = case._replace(files=dict.fromkeys(case.files, "VALUE = 1\n"))
    monkeypatch.setitem(vocabulary_cases.cases(), f"port_{RIGHT}", changed)
    again = vocabulary.Table(out, [REFERENCE], "")
    assert again.missing() == [f"port_{RIGHT}"]
    monkeypatch.delitem(vocabulary_cases.cases(), f"port_{OFF}")
    assert {row["what"] for row in vocabulary.Table(out, [REFERENCE], "").found()["rows"]} == {
        BROKEN
    }


def test_a_backend_that_is_not_installed_is_told(tmp_path):
    arguments = [str(tmp_path), "--backends", "keras-jax", "--python", "keras-jax=/no/python"]
    with pytest.raises(Exception, match="/no/python"):
        vocabulary.main(arguments)
    assert not list(tmp_path.iterdir())


def given(value):
    """Return which options a loss, an optimizer or a schedule is given."""
    return {(value.name, option) for option in value.given}


def test_every_option_has_a_row():
    recipes = list(vocabulary_cases.recipes())
    optimizers = [one["optimizer"] for one in recipes if "optimizer" in one]
    found = set().union(*(given(one) for one in optimizers if isinstance(one, Optimizer)))
    assert found == {(name, option) for name, own in KNOWN.items() for option in (*own, *SHARED)}
    schedules = [one["schedule"] for one in recipes if "schedule" in one]
    found = set().union(*(given(one) for one in schedules if isinstance(one, Schedule)))
    assert found == {
        (name, option) for name, own in SCHEDULES.items() for option in (*own, "warm_up")
    }


def test_every_loss_has_a_row_with_each_optimizer_option_and_weight():
    whats = [case.what for case in cases().values()]
    assert len(whats) == len(set(whats))
    for loss in LOSSES:
        for optimizer in KNOWN:
            assert f"{loss}, {optimizer}" in whats
        for option in OPTIONS[loss]:
            assert [what for what in whats if what.startswith(f"{loss} (") and option in what]
        for weights in ("examples", "steps"):
            weighted = [what for what in whats if what.endswith(f"weights of {weights}")]
            assert [what for what in weighted if what.startswith(loss)] or loss == "own"


def test_the_published_table_follows_from_its_rows_and_has_every_network():
    folder = ROOT / "results" / "check"
    found = json.loads((folder / "vocabulary.json").read_text())
    assert (folder / "vocabulary.md").read_text() == markdown(found)
    keys = {(row["problem"], row["engine"], row["precision"]) for row in found["rows"]}
    assert len(keys) == len(found["rows"])
    assert {name for name, _, _ in keys} == set(cases())
    for name in cases():
        each = {(engine, precision) for one, engine, precision in keys if one == name}
        assert each == set(product(BACKENDS, PRECISIONS)) - {(REFERENCE, PRECISIONS[0])}
    wrong = [row for row in found["rows"] if not row["within"]]
    assert {(row["what"], row["engine"], row["precision"]) for row in wrong} == set(REASONS)
    within = sum(row["within"] for row in found["rows"])
    text = (ROOT / "docs" / "proof.md").read_text()
    assert f"Of {len(found['rows']):,} rows, {within:,} are within their bounds" in text
