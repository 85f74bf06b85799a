"""Each trap is a pair that can be read, and what is published of it is what it is now."""

import ast

import pytest
from conftest import diptych
from documents import DOCUMENTS, RESULTS

from compare.lessons._lesson import lessons
from compare.lessons.traps import _found, _tell
from compare.lessons.traps._trap import Trap, traps
from compare.proof.finding import RUNGS

EVERY = traps()
PUBLISHED = _found.read(RESULTS / "traps" / "found.jsonl")
# Of each rung that traps are found at, one that is run here, and one that needs what is read of
# objects; the others are run by `diptych traps --measure`.
RUN = ("epsilon", "clipping", "label_smoothing", "twice_the_gradient")
EACH = pytest.mark.parametrize("trap", EVERY, ids=[one.name for one in EVERY])


@EACH
def test_a_trap_is_a_pair_of_programs_and_a_line_that_mends_it(trap):
    wrong, mended = (trap.programs(mended=one) for one in (False, True))
    assert wrong[trap.side].count(trap.wrong) == 1
    assert wrong != mended
    for text in (*wrong.values(), *mended.values()):
        ast.parse(text)
    assert trap.rung in RUNGS
    assert trap.threads
    assert all((trap.title, trap.symptom, trap.cause, trap.why))


def test_there_are_thirty_and_more_and_no_lesson_has_the_name_of_one():
    assert len(EVERY) >= 30
    assert not {one.name for one in EVERY} & {one.name for one in lessons()}


@EACH
def test_what_is_published_of_a_trap_is_of_the_pair_that_is_here(trap):
    anew = "`diptych traps --measure` finds it anew"
    assert trap.name in PUBLISHED, anew
    assert PUBLISHED[trap.name].hash == _found.hash_of(trap), anew


@EACH
def test_a_trap_is_found_at_its_rung_and_its_mended_pair_passes(trap):
    found = PUBLISHED[trap.name]
    assert found.at_its_rung(trap)
    assert found.falsely(trap) == ()
    assert found.mended, found.refused


def test_of_most_traps_the_cause_is_named():
    named = [one.name for one in EVERY if PUBLISHED[one.name].named(one)]
    assert len(named) >= 0.8 * len(EVERY)


def test_the_page_is_that_of_the_traps():
    assert DOCUMENTS["docs/traps.md"] == _tell.markdown(EVERY, PUBLISHED)


def test_traps_are_found_as_they_are_published(own_project):
    by_name = {one.name: one for one in EVERY}
    for found in _found.find([by_name[name] for name in RUN]):
        trap = by_name[found.trap]
        assert found.as_told(trap), found
        published = PUBLISHED[found.trap]
        assert (found.rung, found.said) == (published.rung, published.said)


@pytest.mark.parametrize("part", ["rung", "cause", "layer"])
def test_a_finding_that_is_not_as_the_trap_says_is_seen(part):
    trap = next(one for one in EVERY if one.name == "epsilon")
    found = PUBLISHED["epsilon"]
    assert found.as_told(trap)
    assert not found.as_told(Trap(**vars(trap) | {part: "another"}))
    assert not _found.Found(**vars(found) | {"mended": False}).as_told(trap)


def test_a_trap_is_shown_and_found_by_its_symptom():
    shown = " ".join(diptych("lesson", "epsilon").stdout.split())
    for words in ("Symptom: ", "class Net(nn.Module)", "def make()", "epsilon is 1e-05 here", "+ "):
        assert words in shown
    listed = diptych("traps", "batchnorm", "1e-3").stdout
    assert "epsilon: " in listed
    assert "clipping: " not in listed
    assert "layer_norm_epsilon: " in diptych("traps", "LayerNorm").stdout
    refused = diptych("traps", "no-such-symptom")
    assert refused.returncode == 2
    assert "no trap speaks of no-such-symptom" in refused.stderr
