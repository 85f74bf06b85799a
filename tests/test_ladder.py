"""The ladder holds where both sides are the same, and names the rung and tensor where they are not.

One copy of the project, with small twins for every kind of layer, serves all tests here; each fault
is planted into a copy of its own.
"""

import shutil
from types import SimpleNamespace

import numpy as np
import pytest
from conftest import COMPARED, COMPLETE, SIDES, copied
from ladder_faults import FAULTS, TORCH
from learning import STAGE
from pairs import PAIRS, files

import problems
from backends import Side
from compare.proof import probe
from compare.proof.check import PRECISIONS, judge
from compare.proof.finding import RUNGS
from compare.proof.hints import FAR_OFF
from compare.proof.inputs import EPOCHS
from compare.proof.ladder import Pair
from problems import lengths

REFERENCE, OTHER = COMPARED


@pytest.fixture(scope="session")
def workshop(tmp_path_factory):
    """The project with all pairs added."""
    folder = copied(tmp_path_factory.mktemp("workshop"))
    for name in PAIRS:
        for path, text in files(name).items():
            (folder / path).write_text(text)
    return folder


@pytest.fixture(scope="session")
def sound(pieces, gathered, workshop):
    """The float64 evidence of sound code, by pair and backend."""

    def gather(key):
        return gathered(*key, "float64", spread=["float64"], cwd=workshop)

    return pieces("sound", gather)


@pytest.fixture(scope="session")
def faulty(pieces, gathered, workshop, tmp_path_factory):
    """The float64 evidence of code with a fault planted, by what is wrong, up to its rung."""
    by_name = {fault.what: fault for fault in FAULTS}

    def look(what):
        fault = by_name[what]
        folder = tmp_path_factory.mktemp("faulty") / "copy"
        shutil.copytree(workshop, folder, ignore=shutil.ignore_patterns("__pycache__"))
        file = folder / fault.file
        assert file.read_text().count(fault.old) >= 1, what
        file.write_text(file.read_text().replace(fault.old, fault.new))
        asked = (fault.problem, side(fault), "float64")
        return gathered(*asked, stages=STAGE[fault.rung], spread=(), cwd=folder)

    return pieces("faulty", look)


def side(fault):
    """Return the backend that a fault is planted into."""
    return REFERENCE if fault.file.startswith(TORCH) else OTHER


def definition(name):
    """Return a problem: a real one, or that of a pair."""
    if name in COMPLETE:
        return problems.load(name)
    defined = {}
    exec(files(name)[f"problems/{name}.py"], defined)
    return defined["PROBLEM"]


def climb(problem, expected, came):
    """Return all findings; what holds in float64 is taken to hold in float32 here."""
    return list(
        Pair(
            problem=problem,
            side=Side(OTHER),
            reference=Side(REFERENCE),
            expected=dict.fromkeys(("float64", "float32"), expected),
            came=dict.fromkeys(("float64", "float32"), came),
        ).climb()
    )


def gaps(problem, evidence):
    """Return what is lacking in evidence or is not finite; "learning" for a curve that stays flat.

    Curves that stay flat would always agree.
    """
    kinds = {name.partition("/")[0] for name in evidence}
    lacking = [kind for kind in EVIDENCE if kind not in kinds]
    lacking += [name for name in problem.layers if f"layer/{name}" not in evidence]
    if len(evidence.get("curve", ())) != EPOCHS:
        lacking.append("epochs")
    elif np.ptp(evidence["curve"]) < 1e-3:
        lacking.append("learning")
    if "step" not in kinds and evidence["layer/output"].dtype == np.float64:
        lacking.append("step")
    # What a layer leaves after the end of a packed sequence is NaN, where no shape is declared.
    named = {f"{kind}/{name}" for kind in ("layer", "far") for name in problem.layers}
    padded = [name for name in evidence if lengths(problem.input) and name not in named]
    return lacking + [
        name
        for name, x in evidence.items()
        if x.dtype.kind in "fi"
        and not np.isfinite(x).all()
        and not (name in padded and name.startswith(("layer/", "far/")))
    ]


EVIDENCE = (
    "trainable", "weight", "layer", "again", "single", "loss", "evaluation loss", "gradient",
    "curve", "validation", "trained", "state", "score",
)  # fmt: skip


@pytest.mark.parametrize("backend", COMPARED)
@pytest.mark.parametrize("name", PAIRS)
def test_a_small_network_leaves_all_that_the_ladder_asks_for(name, backend, sound):
    assert gaps(definition(name), sound[name, backend]) == []


@pytest.mark.parametrize("backend", COMPARED)
@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("name", COMPLETE)
def test_a_problem_leaves_all_that_the_ladder_asks_for(name, precision, backend, evidence):
    assert gaps(problems.load(name), evidence[name, backend, precision]) == []


@pytest.mark.parametrize("name", PAIRS)
def test_every_kind_of_layer_trains_the_same_in_float64(name, sound):
    findings = climb(definition(name), sound[name, REFERENCE], sound[name, OTHER])
    wrong = [str(finding) for finding in findings if not finding.passed]
    assert wrong == []
    assert findings[-1].rung == "score"


@pytest.mark.parametrize(
    ("backend", "name", "fault"),
    [(side(fault), fault.problem, fault) for fault in FAULTS],
    ids=[fault.what for fault in FAULTS],
)
def test_a_planted_fault_is_found_on_its_rung(backend, name, fault, faulty, sound, evidence):
    """Its evidence ends with the rung: what passes there is not found further up."""
    found = {
        one: sound[name, one] if name in PAIRS else evidence[name, one, "float64"]
        for one in COMPARED
        if one != backend
    }
    sound_one = sound[name, backend] if name in PAIRS else evidence[name, backend, "float64"]
    spread = {key: value for key, value in sound_one.items() if key.startswith("spread/")}
    found |= {backend: faulty[fault.what] | spread}
    findings = climb(definition(name), found[REFERENCE], found[OTHER])
    wrong = findings[-1]
    assert not wrong.passed, "the ladder did not see it"
    assert (wrong.rung, wrong.tensor) == (fault.rung, fault.tensor), str(wrong)
    if fault.index is not None:
        assert wrong.index == fault.index, str(wrong)
    assert all(finding.passed for finding in findings[:-1])
    assert fault.tensor in str(wrong)


def test_sixteen_faults_and_more_are_planted():
    assert len({fault.what for fault in FAULTS}) == len(FAULTS) >= 16


@pytest.fixture(scope="session")
def pair(evidence):
    """Return a function that gives the evidence of a problem as `judge` takes it."""

    def by_job(name):
        return {(one, p): dict(evidence[name, str(one), p]) for one in SIDES for p in PRECISIONS}

    return by_job


@pytest.mark.parametrize("name", COMPLETE)
def test_the_ladder_holds_for_every_problem(name, pair):
    findings = list(judge(problems.load(name), SIDES, pair(name)))
    wrong = [str(finding) for finding in findings if not finding.passed]
    assert wrong == []
    assert list(dict.fromkeys(finding.rung for finding in findings)) == list(RUNGS)


def test_what_is_not_a_number_does_not_pass(pair):
    """Not even on both sides: a network that is lost proves nothing."""
    name = "echo"
    found = pair(name)
    for job in found:
        found[job]["curve"] = found[job]["curve"] * np.nan
    wrong = list(judge(problems.load(name), SIDES, found))[-1]
    assert (wrong.passed, wrong.rung, wrong.index) == (False, "curve", (0,))


def test_float32_is_held_to_its_own_rounding(pair):
    """The bound follows what the reference itself loses in float32, step by step."""
    name = "echo"
    found = pair(name)
    other = SIDES[1]
    found[other, "float32"]["curve"] = found[other, "float32"]["curve"] * (1 + 1e-4)
    wrong = list(judge(problems.load(name), SIDES, found))[-1]
    assert (wrong.passed, wrong.precision, wrong.rung) == (False, "float32", "curve")
    assert wrong.bound < 1e-4


def test_an_engine_that_is_widened_says_so_and_is_held_to_the_same_bounds(pair):
    name, widened = "echo", Side("keras-jax")
    found = pair(name)
    found |= {(widened, p): found[SIDES[1], p] for p in ("float64", "float32")}
    findings = list(judge(problems.load(name), (SIDES[0], widened), found))
    exact = [one for one in findings if one.precision == "float64" and one.bound is not None]
    assert {finding.note for finding in exact} == {widened.definition.widened} != {""}
    held = [finding.bound for finding in exact if not finding.tensor.endswith(FAR_OFF)]
    assert max(held) < 1e-10  # out of the range it is wider; where all else is equal, that is told


def test_sides_without_a_name_in_common_are_climbed_to_the_end(pair):
    found = pair("echo")
    for precision in PRECISIONS:
        other = found[SIDES[1], precision]
        found[SIDES[1], precision] = {
            key.replace("lstm/", "lstm_1/").replace("dense/", "dense_1/"): array
            for key, array in other.items()
        }
    findings = list(judge(problems.load("echo"), SIDES, found, past_failures=True))
    wrong = [one for one in findings if not one.passed]
    assert {one.rung for one in wrong} == {"parameters", "gradients", "state"}
    (gradients, *_) = (one for one in wrong if one.rung == "gradients")
    assert gradients.tensor == "names"
    assert "lstm_1/kernel" in str(gradients)


def test_a_bound_that_lets_everything_pass_says_so(pair):
    found = pair("echo")
    exact = found[SIDES[0], "float64"]
    exact["spread/float32/curve"] = 10 * exact["curve"]
    notes = {one.note for one in judge(problems.load("echo"), SIDES, found) if one.passed}
    assert any(note.startswith("echo, float32: curve shows nothing of loss: ") for note in notes)


def test_what_is_not_finite_moves_nothing_and_a_draw_that_is_not_allows_nothing():
    clean = {"far/output": np.array([1.0, np.inf]), "loss": np.array(1.0)}
    moved = {"far/output": np.array([1.5, np.inf]), "loss": np.array(np.inf)}
    found = probe._spread("float64", clean, [moved])
    assert found["spread/float64/far/output"] == 0.5
    assert np.isnan(found["spread/float64/loss"])


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("nn.init.zeros_(self.fc.weight)", True),
        ("zeros_(self.fc.weight)", True),
        ("self.fc.weight.data = w", True),
        ("self.fc.weight.fill_(0)", True),
        ("layers.Dense(5, kernel_initializer='zeros')", True),
        ("self.fc.set_weights(w)", True),
        ("self.fc.weight.requires_grad_(False)", False),
        ("x.relu_()", False),
        ("self.fc.weight.norm()", False),
    ],
)
def test_initial_weights_that_a_program_sets_are_told(line, told, monkeypatch, tmp_path):
    file = tmp_path / "twin.py"
    file.write_text(f"from torch.nn.init import zeros_\n{line}\n")
    monkeypatch.setattr(probe, "twin", lambda folder, name: file)
    engine = SimpleNamespace(__file__="backends/pytorch/_engine.py")
    found = probe.initialisers(problems.load("echo"), engine)
    assert found == [f"{tmp_path.name}/twin.py, line 2"] * told


# Of what size a difference is found on a rung of echo, and of what size it is none: in figures, for
# bounds that are too wide would pass any test that is told by them.
SEEN = {
    "float64": {"layers": 1e-12, "loss": 1e-12, "gradients": 1e-12, "curve": 1e-11, "state": 1e-9},
    "float32": {"layers": 1e-4, "loss": 1e-4, "gradients": 1e-4, "curve": 1e-3, "state": 2e-2},
}
PASSED = {"float64": 2e-14, "float32": 2e-7}
# Gradients are taken by the largest of the network, which is this one.
PLACES = {"layers": "layer/dense", "loss": "loss", "gradients": "gradient/dense/bias",
          "curve": "curve", "state": "state/dense/kernel m"}  # fmt: skip


@pytest.mark.parametrize("rung", PLACES)
@pytest.mark.parametrize("precision", PRECISIONS)
def test_what_is_off_by_more_than_rounding_is_found_and_less_is_not(precision, rung, pair):
    problem, found = problems.load("echo"), pair("echo")
    exact = found[SIDES[0], "float64"][PLACES[rung]]
    for off, passes in ((SEEN[precision][rung], False), (PASSED[precision], True)):
        moved = np.array(exact)
        moved.flat[np.argmax(np.abs(exact))] *= 1 + off
        found[SIDES[1], precision][PLACES[rung]] = moved
        findings = list(judge(problem, SIDES, found, past_failures=True))
        *_, mine = (
            finding
            for finding in findings
            if (finding.rung, finding.precision, finding.backend) == (rung, precision, OTHER)
        )
        assert mine.passed == passes, (off, str(mine))
