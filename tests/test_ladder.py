"""The ladder holds where both sides are the same, and names the rung and tensor where they are not.

One copy of the project, with a small pair of twins for every kind of layer, serves all tests here;
each fault is planted into a copy of its own.
"""

import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import COMPARED, COMPLETE, ROOT, SIDES, run_python, shared
from faults import FAULTS, TORCH
from pairs import PAIRS, files

import problems
from backends import Side
from compare.proof.check import judge
from compare.proof.ladder import CAP, EXACT, RUNGS, Pair

REAL = ("cumsum", "damped_sine", "echo", "shapes")  # problems that faults are planted into
REFERENCE, OTHER = COMPARED


GATHER = """
import os, sys
from compare.proof.probe import main

main(str(os.getppid()), *sys.argv[1:])
"""


def gather(fork, folder: Path, backend: str, *names: str) -> dict[str, dict[str, np.ndarray]]:
    """Return the float64 evidence of the code in a folder."""
    out = folder / "evidence" / backend
    out.mkdir(parents=True)
    asked = (backend, "float64", "cpu", str(out), *names)
    done = fork(backend, GATHER, *asked, cwd=folder)
    assert done.returncode == 0, done.stderr
    return {name: dict(np.load(out / f"{name}.npz")) for name in names}


@shared
def workshop(tmp_path_factory):
    """The project with all pairs added, training for 50 steps."""
    folder = tmp_path_factory.mktemp("workshop")
    for name in ("problems", "backends", "compare"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in PAIRS:
        for path, text in files(name).items():
            (folder / path).write_text(text)
    probe = folder / "compare" / "proof" / "probe.py"
    assert "EPOCHS, STEPS = 4, 200" in probe.read_text()
    probe.write_text(probe.read_text().replace("EPOCHS, STEPS = 4, 200", "EPOCHS, STEPS = 5, 50"))
    return folder


@shared
def sound(workshop, fork):
    """The evidence of sound code, by backend and problem."""
    with ThreadPoolExecutor() as pool:
        found = pool.map(lambda backend: gather(fork, workshop, backend, *PAIRS, *REAL), COMPARED)
        return dict(zip(COMPARED, found, strict=True))


@shared
def faulty(request, workshop, tmp_path_factory, fork):
    """The evidence of code with a fault planted, by what is wrong; of those faults asked for."""
    calls = [item.callspec.params for item in request.session.items if hasattr(item, "callspec")]
    folders = {}
    for number, fault in enumerate(call["fault"] for call in calls if "fault" in call):
        folders[fault] = tmp_path_factory.getbasetemp() / f"faulty{number}"
        ignored = shutil.ignore_patterns("__pycache__", "evidence")
        shutil.copytree(workshop, folders[fault], ignore=ignored)
        file = folders[fault] / fault.file
        assert file.read_text().count(fault.old) >= 1, fault.what
        file.write_text(file.read_text().replace(fault.old, fault.new))

    def look(backend):
        mine = [fault for fault in folders if side(fault) == backend]
        return {
            fault.what: gather(fork, folders[fault], backend, fault.problem)[fault.problem]
            for fault in mine
        }

    with ThreadPoolExecutor() as pool:
        first, second = pool.map(look, COMPARED)
    return first | second


def side(fault):
    """Return the backend that a fault is planted into."""
    return REFERENCE if fault.file.startswith(TORCH) else OTHER


@shared
def definitions(workshop):
    """The problems of the workshop: the real ones, and the pairs with the shapes they declare."""
    code = "import problems, pickle, sys\n"
    code += "for name in sys.argv[1:]: print(name, dict(problems.load(name).layers), sep='|')"
    done = run_python("-c", code, *PAIRS, cwd=workshop)
    assert done.returncode == 0, done.stderr
    base = problems.load("cumsum")
    found = {name: problems.load(name) for name in REAL}
    for line in done.stdout.splitlines():
        name, layers = line.split("|")
        found[name] = replace(
            base,
            name=name,
            layers=eval(layers),
            input=replace(base.input, axes="time=6 feature=4"),
            output=replace(base.output, axes="bit=1"),
            target=replace(base.target, axes="bit=1"),
            metrics=tuple(replace(base.metrics[0], name="accuracy") for _ in range(1)),
        )
    return found


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


@pytest.mark.parametrize("name", [*PAIRS, *REAL])
def test_every_kind_of_layer_trains_the_same_in_float64(name, sound, definitions):
    findings = climb(definitions[name], sound[REFERENCE][name], sound[OTHER][name])
    wrong = [str(finding) for finding in findings if not finding.passed]
    assert wrong == []
    assert findings[-1].rung == "score"
    curve = sound[REFERENCE][name]["curve"]
    assert len(curve) == 50
    assert np.ptp(curve) > 1e-3, "a curve that stays flat would always agree"


@pytest.mark.parametrize("fault", FAULTS, ids=[fault.what for fault in FAULTS])
def test_a_planted_fault_is_found_on_its_rung(fault, faulty, sound, definitions):
    evidence = {name: sound[name][fault.problem] for name in COMPARED}
    evidence[side(fault)] = faulty[fault.what]
    findings = climb(definitions[fault.problem], evidence[REFERENCE], evidence[OTHER])
    wrong = findings[-1]
    assert not wrong.passed, "the ladder did not see it"
    assert (wrong.rung, wrong.tensor) == (fault.rung, fault.tensor), str(wrong)
    if fault.index is not None:
        assert wrong.index == fault.index, str(wrong)
    assert all(finding.passed for finding in findings[:-1])
    assert fault.tensor in str(wrong)


def test_sixteen_faults_and_more_are_planted():
    assert len({fault.what for fault in FAULTS}) >= 16


# --- the six problems, in both precisions --------------------------------------------------------


@pytest.mark.parametrize("name", COMPLETE)
def test_the_ladder_holds_for_every_problem(name, evidence):
    found = {job: evidence[job][name] for job in evidence}
    findings = list(judge(problems.load(name), SIDES, found))
    wrong = [str(finding) for finding in findings if not finding.passed]
    assert wrong == []
    assert list(dict.fromkeys(finding.rung for finding in findings)) == list(RUNGS)
    for finding in findings:
        if finding.precision == "float32" and finding.rung in CAP:
            assert finding.bound <= CAP[finding.rung]


def test_what_is_not_a_number_does_not_pass(evidence):
    """Not even on both sides: a network that is lost proves nothing."""
    name = "echo"
    found = {job: dict(evidence[job][name]) for job in evidence}
    for job in found:
        found[job]["curve"] = found[job]["curve"] * np.nan
    wrong = list(judge(problems.load(name), SIDES, found))[-1]
    assert (wrong.passed, wrong.rung, wrong.index) == (False, "curve", (0,))


def test_float32_is_held_to_its_own_rounding(evidence):
    """The bound follows what the reference itself loses in float32, step by step."""
    name = "echo"
    found = {job: dict(evidence[job][name]) for job in evidence}
    other = SIDES[1]
    found[other, "float32"]["curve"] = found[other, "float32"]["curve"] * (1 + 1e-4)
    wrong = list(judge(problems.load(name), SIDES, found))[-1]
    assert (wrong.passed, wrong.precision, wrong.rung) == (False, "float32", "curve")
    assert wrong.bound < 1e-4


def test_an_engine_that_is_widened_says_so_and_is_held_to_the_same_bounds(evidence):
    name, widened = "echo", Side("keras-jax")
    found = {job: evidence[job][name] for job in evidence}
    found |= {(widened, p): found[SIDES[1], p] for p in ("float64", "float32")}
    findings = list(judge(problems.load(name), (SIDES[0], widened), found))
    exact = [finding for finding in findings if finding.precision == "float64"]
    assert {finding.note for finding in exact} == {widened.definition.widened} != {""}
    assert {finding.rung: finding.bound for finding in exact} == EXACT
