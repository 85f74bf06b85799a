"""The gate: no time without proof, and a proof holds for the very code that passed."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from conftest import COMPARED, SIDES, TOYS, diptych, run_python
from parity import PARITY_TOY

import problems
from backends import Side
from compare.processes import interpreter, machine
from compare.processes.launcher import ASKED
from compare.proof import check
from compare.proof import gate as proof
from compare.proof.ladder import Finding
from compare.records.record import MATCHED, NATIVE, Run, modes_between

RUN = ("run", "right", "--backends", *TOYS, "--seeds", "1", "--device", "cpu", "--out", "out")
BROKEN = PARITY_TOY.replace("        return x\n", "        return 2 * x\n")


def records(toys):
    return [json.loads(line) for line in (toys / "out" / "runs.jsonl").read_text().splitlines()]


def test_an_edit_that_breaks_parity_leaves_no_time(toys, add_toy):
    """Also where earlier times are at hand; they come back only with a new training."""
    add_toy("right")
    assert diptych(*RUN, "--mode", "matched", "native", cwd=toys).returncode == 0
    before = pd.read_csv(toys / "out" / "table.csv")
    assert set(before["mode"]) == {"matched", "native"}
    assert before["wall_s_geomean"].notna().all()
    assert set(before["proof"]) == {"proven"}
    matched = before[before["mode"] == "matched"]
    assert (matched["parity"] < 1e-12).all()
    assert before[before["mode"] == "native"]["parity"].isna().all()

    add_toy("right", numpy2=BROKEN)
    done = diptych(*RUN, cwd=toys)
    assert done.returncode == 3
    assert "not proven yet for this code and these versions, checked first: right" in done.stderr
    assert "diptych: no training, no time: the check fails: right, numpy2 against" in (done.stderr)
    assert "layers: dense[" in done.stderr
    after = pd.read_csv(toys / "out" / "table.csv")
    after = after[after["mode"] == "matched"].set_index("backend")
    assert after["wall_s_geomean"].isna().to_dict() == {"numpy": False, "numpy2": True}
    assert after["failed"].to_dict() == {"numpy": 0, "numpy2": 1}, "of the same code it stays"
    assert (records(toys)[-1]["backend"], records(toys)[-1]["status"]) == ("numpy2", "refused")
    assert "layers: dense[" in records(toys)[-1]["reason"]

    unproven = diptych(*RUN, "--no-gate", cwd=toys)
    assert unproven.returncode == 0, unproven.stderr
    table = pd.read_csv(toys / "out" / "table.csv")
    proofs = table[table["mode"] == "matched"].set_index("backend")["proof"].to_dict()
    assert proofs == {"numpy": "proven", "numpy2": "unproven"}
    assert "not proven to be the same model" in " ".join(unproven.stdout.split())

    add_toy("right")
    done = diptych(*RUN, cwd=toys)
    assert done.returncode == 0, done.stderr
    assert "not proven yet" not in done.stderr, "the proof of the same code still holds"
    assert "1 are there already, 1 to do" in done.stderr, "what was unproven is done again"
    table = pd.read_csv(toys / "out" / "table.csv")
    assert set(table[table["mode"] == "matched"]["proof"]) == {"proven"}


def test_a_check_climbs_on_past_a_failure_if_asked(toys, add_toy):
    add_toy("wrong", numpy2=BROKEN)
    asked = ("check", "wrong", "--backends", *TOYS, "--json")
    done = [diptych(*asked, *more, cwd=toys) for more in ((), ("--all",))]
    assert [one.returncode for one in done] == [3, 3]
    first, all_of_them = (
        [found["rung"] for found in json.loads(one.stdout) if not found["passed"]] for one in done
    )
    assert first == ["layers"]
    assert {"layers", "loss", "curve"} <= set(all_of_them)


def test_a_whole_training_is_that_of_the_recipe(toys, add_toy, tmp_path):
    add_toy("right")
    assert diptych("check", "right", "--backends", *TOYS, "--whole", cwd=toys).returncode == 0
    epochs = []
    for whole in (False, True):
        asked = {"problem": "right", "side": "numpy", "device": "cpu", "precision": "float64"}
        (tmp_path / ASKED).write_text(json.dumps(asked | {"reference": False, "whole": whole}))
        done = run_python("-m", "compare.proof.probe", str(tmp_path), cwd=toys)
        assert done.returncode == 0, done.stderr
        with np.load(tmp_path / "evidence.npz") as evidence:
            epochs.append(len(evidence["curve"]))
    assert epochs == [4, 2]


@pytest.mark.parametrize(
    "file",
    [
        "problems/echo.py",
        "backends/keras/echo.py",
        "backends/pytorch/_engine.py",
        "compare/proof/probe.py",
        "compare/proof/inputs.py",
    ],
)
def test_an_edit_makes_a_proof_void(copy, monkeypatch, file):
    monkeypatch.setattr(machine, "ROOT", copy)
    before = proof.key("echo", *SIDES)
    assert before == proof.key("echo", *SIDES)
    assert before != proof.key("shapes", *SIDES)
    with (copy / file).open("a") as edited:
        edited.write("# an edit\n")
    assert before != proof.key("echo", *SIDES)


def test_another_version_makes_a_proof_void(monkeypatch):
    before = proof.key("echo", *SIDES)
    monkeypatch.setattr(interpreter, "_version", lambda package: "0.0")
    assert before != proof.key("echo", *SIDES)


def finding(backend, passed, reference="pytorch"):
    return Finding(
        problem="echo", backend=backend, reference=reference, precision="float64", rung="loss",
        tensor="loss", expected=1.0, came=2.0, relative=1e-15, absolute=1e-15, bound=1e-13,
        largest=1e-15,
        passed=passed,
    )  # fmt: skip


def test_one_backend_that_fails_does_not_stop_the_others(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    found = [finding("keras-tensorflow", True), finding("keras-torch", False)]
    monkeypatch.setattr(proof, "check", lambda names, backends, **_: found)
    pytorch, tensorflow, torch = map(Side, ("pytorch", "keras-tensorflow", "keras-torch"))
    standing = proof.standings(["echo"], [pytorch, tensorflow, torch])
    assert standing["echo", pytorch].proof == standing["echo", tensorflow].proof == "proven"
    assert standing["echo", torch].refusal == str(found[1])
    found[0] = finding("keras-tensorflow", False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "new"))
    standing = proof.standings(["echo"], [pytorch, tensorflow, torch])
    assert all(one.refusal for one in standing.values())


@pytest.mark.parametrize("broken", ["", '{"parity": 1e-', "[]", '{"parity": null}'])
def test_a_broken_proof_is_none(monkeypatch, tmp_path, broken):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(proof, "check", lambda names, backends, **_: [finding(COMPARED[1], True)])
    told = []
    listener = SimpleNamespace(report=told.append)
    assert proof.standings(["echo"], SIDES, listener)["echo", SIDES[1]].proof == "proven"
    assert len(told) == 1
    (file,) = (tmp_path / "diptych").glob("*.json")
    file.write_text(broken)
    monkeypatch.setattr(proof, "check", lambda names, backends, **_: [finding(COMPARED[1], False)])
    standing = proof.standings(["echo"], SIDES, listener)["echo", SIDES[1]]
    assert len(told) == 2, "it is checked again"
    assert standing.proof is None
    assert standing.refusal


def test_a_check_that_fails_takes_the_proof_away(monkeypatch, tmp_path):
    """What it depends on may lie outside of the project, where no hash sees it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    found = [finding(COMPARED[1], True)]
    monkeypatch.setattr(proof, "check", lambda names, backends, **_: found)
    assert proof.prove(["echo"], SIDES, whole=True) == found
    assert proof.unproven(["echo"], SIDES) == ["echo"], "a whole training is another check"
    proof.prove(["echo"], SIDES)
    assert proof.unproven(["echo"], SIDES) == []
    found[0] = replace(finding(COMPARED[1], False), unfinished=True)
    proof.prove(["echo"], SIDES)
    assert proof.unproven(["echo"], SIDES) == [], "nothing was found out"
    found[0] = finding(COMPARED[1], False)
    proof.prove(["echo"], SIDES)
    assert proof.unproven(["echo"], SIDES) == ["echo"]


def test_of_a_file_that_is_saved_during_a_check_nothing_is_proven(copy, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(machine, "ROOT", copy)

    def check(names, backends, **_):
        with (copy / "backends/keras/echo.py").open("a") as edited:
            edited.write("# an edit\n")
        return [finding(COMPARED[1], True)]

    monkeypatch.setattr(proof, "check", check)
    proof.prove(["echo"], SIDES)
    assert proof.unproven(["echo"], SIDES) == ["echo"]


def test_what_changes_after_its_proof_was_found_is_not_timed(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(proof, "unproven", lambda names, sides: [])
    standing = proof.standings(["echo"], SIDES)["echo", SIDES[1]]
    assert standing.unfinished
    assert "echo: a file was changed during the check" in standing.refusal


def test_no_finding_proves_nothing(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(proof, "check", lambda names, backends, **_: [])
    assert proof.prove(["echo"], SIDES) == []
    assert not list(tmp_path.rglob("*.json"))


def test_a_backend_alone_has_nothing_to_prove():
    (standing,) = proof.standings(["echo"], [Side("pytorch")]).values()
    assert (standing.proof, standing.refusal) == (None, None)


def test_the_reference_is_the_first_backend_whatever_the_order():
    assert check.reference_of(map(Side, ["keras-jax", "keras-tensorflow", "pytorch"])) == Side(
        "pytorch"
    )


@pytest.mark.parametrize("backend", COMPARED)
def test_modes_go_from_matched_to_native_one_default_at_a_time(backend):
    matched, *single, native = (
        Run(problem="echo", backend=backend, device="cpu", seed=0, mode=mode)
        for mode in modes_between(Side(backend))
    )
    assert matched.kept == frozenset()
    assert [len(run.kept) for run in single] == [1] * len(single)
    assert frozenset().union(*(run.kept for run in single)) == native.kept
    assert native.mode == NATIVE


OWN = """
import sys, json
from dataclasses import replace
import problems
from backends import BACKENDS, Side
from compare.proof.inputs import shortened
from compare.records.record import Run, modes_between
backend = sys.argv[1]
engine = BACKENDS[backend].engine()
engine.prepare(device="cpu", threads=1)
problem = shortened(problems.load("echo"))
data = problem.make_data(0)
def trained(problem, mode, times):
    kept = Run(problem="echo", backend=backend, device="cpu", seed=0, mode=mode).kept
    losses = [engine.train(problem, data, seed=0, kept=kept).train_loss for _ in range(times)]
    print(json.dumps([mode, *losses]))
"""
EACH = """
for mode in modes_between(Side(backend), problem):
    trained(problem, mode, 2)
"""
PARTS = """
from problems import Optimizer, Schedule
settings = {"momentum": 0.9, "weight_decay": 0.1, "clip_norm": 0.01}
schedule = Schedule("cosine", warm_up=5)
recipe = replace(
    problem.recipe, epochs=1, optimizer=Optimizer("rmsprop", **settings), schedule=schedule
)
problem = replace(problem, recipe=recipe)
for mode in modes_between(Side(backend), problem):
    if mode not in ("own-weights", "own-bias", "own-shuffling", "native"):
        trained(problem, mode, 1)
"""


@pytest.mark.parametrize("backend", COMPARED)
def test_every_default_that_is_kept_changes_the_training_and_repeats(backend, fork):
    done = fork(backend, OWN + EACH, backend)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[")]
    assert [mode for mode, *_ in lines] == modes_between(Side(backend), problems.load("echo"))
    assert all(first == second for _, first, second in lines), "the same seed, the same training"
    assert len({tuple(first) for _, first, _ in lines}) == len(lines), (
        "no default is without effect"
    )


@pytest.mark.parametrize(
    ("backend", "parts"),
    [("pytorch", ["decay", "norm"]), ("keras-tensorflow", ["optimizer", "momentum"])],
)
def test_every_part_of_a_formula_that_is_kept_changes_the_training(backend, parts, fork):
    done = fork(backend, OWN + PARTS, backend)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[")]
    assert [mode for mode, _ in lines] == [MATCHED, *(f"own-{part}" for part in parts)]
    assert len({tuple(loss) for _, loss in lines}) == len(lines)
