"""Tiers: what was asked for is what runs, or there is no training and the reason is said."""

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest
from conftest import COMPLETE, RUNNABLE, diptych
from test_records import RECORD
from test_table import measured, record

import problems
from backends import BACKENDS, Side
from backends._kernel import read
from backends._tiers import COMPILED, DEFAULT, EAGER, GRAPH
from compare.processes.choice import tiered
from compare.proof.check import judge, reference_of
from compare.proof.gate import Standing
from compare.records.record import Record, Run
from compare.tables.details import SCORED, by_problem
from compare.tables.publish import Tables
from compare.tables.results import table
from compare.tables.verdicts import verdicts
from compare.training.due import gated

KERAS = [name for name in RUNNABLE if BACKENDS[name].folder == "keras"]
# That of Keras on PyTorch takes minutes, and is not part of the default run.
SLOW = ("keras-torch", COMPILED)

# Four steps of a network in a tier, with every batch whole; or why there is none.
TRAIN = """
import json, sys
from dataclasses import replace
from importlib import import_module
from types import SimpleNamespace
import problems
from backends import BACKENDS, Unavailable
from problems import Part

backend = BACKENDS[sys.argv[1]]
engine = backend.engine()
engine.prepare(device="cpu", threads=1)
shapes = problems.load("shapes", quick=True)
data = {name: Part(one.x[:64], one.y[:64]) for name, one in shapes.make_data(0).items()}

def train(what, tier, build=None):
    if build:
        twin = f"backends.{backend.folder}.other"
        sys.modules[twin] = SimpleNamespace(build=lambda problem: build())
    problem = replace(shapes, name="other" if build else "shapes")
    import_module(f"backends.{backend.folder}._tier").choose(tier)
    try:
        fit = engine.train(problem, data, seed=0)
        answer = [*fit.train_loss, *fit.validation_loss]
    except Unavailable as error:
        answer = f"unavailable: {error}"
    print(json.dumps([what, answer]))

for tier in sys.argv[2:]:
    train(tier, tier)
"""
PYTORCH = """
import torch
from torch import nn

class Broken(nn.Module):
    def __init__(self):
        super().__init__()
        self.dense = nn.Linear(2, 2)
    def forward(self, x):
        torch._dynamo.graph_break()
        return self.dense(x)

train("in two graphs", "compiled", Broken)
from torch._inductor import config
with config.patch({"cpp.cxx": (None, "no-such-compiler"), "fx_graph_cache": False}):
    train("no C++ compiler", "compiled", lambda: nn.Sequential(nn.Linear(2, 2), nn.Softsign()))
with torch._dynamo.config.patch(disable=True):
    train("switched off", "compiled")
"""
TENSORFLOW = """
import keras, tensorflow as tf

class Network(keras.Model):
    def __init__(self, through, supported):
        super().__init__()
        self.through, self.dense = through, keras.layers.Dense(2)
        self.dense.supports_jit = supported
    def call(self, x):
        return self.dense(self.through(x))

def in_text(x):
    return tf.ensure_shape(tf.strings.to_number(tf.strings.as_string(x)), (None, 3, 2))

for tier in ("graph", "compiled"):
    train(f"{tier}, in text", tier, lambda: Network(in_text, True))
train("not supported", "compiled", lambda: Network(tf.identity, False))
"""
REASONS = {
    "pytorch": {
        "in two graphs": "torch.compile: Unsupported: Call to `torch._dynamo.graph_break()`",
        "no C++ compiler": "torch.compile: InvalidCxxCompiler: No working C++ compiler found",
        "switched off": "torch.compile was asked for, and compiled nothing",
    },
    "keras-tensorflow": {
        "compiled, in text": "tensorflow: Detected unsupported operations when trying to compile",
        "not supported": "Keras turns XLA off for a network with such layers",
    },
}


@pytest.fixture(scope="session")
def trained(compiler, pieces, fork):
    """The losses of trainings in all tiers, and what else is tried, by backend."""

    def train(backend):
        code = TRAIN + {"pytorch": PYTORCH, "keras-tensorflow": TENSORFLOW}.get(backend, "")
        done = fork(backend, code, backend, *tiers(backend))
        assert done.returncode == 0, done.stderr
        return dict(json.loads(line) for line in done.stdout.splitlines() if line[:2] == '["')

    return pieces("trained", train)


def tiers(backend):
    """Return the tiers of a backend that are tried here."""
    return [tier for tier in BACKENDS[backend].tiers if (backend, tier) != SLOW]


@pytest.mark.parametrize("backend", RUNNABLE)
def test_a_tier_changes_how_a_network_is_run_not_what_it_learns(backend, trained):
    default, *others = (trained[backend][tier] for tier in tiers(backend))
    assert len(default) == 2 * 2, "of two epochs, while training and after it"
    for losses in others:
        assert losses == pytest.approx(default, rel=1e-5)


@pytest.mark.parametrize(("backend", "what"), [(n, what) for n in REASONS for what in REASONS[n]])
def test_what_is_not_compiled_is_unavailable(backend, what, trained):
    assert trained[backend][what][:13] == "unavailable: ", "no other tier in its place"
    assert REASONS[backend][what] in trained[backend][what]


@pytest.mark.parametrize("backend", ["keras-tensorflow"])
def test_what_xla_does_not_take_another_tier_has(backend, trained):
    assert len(trained[backend]["graph, in text"]) == 4


AUTO = """
import sys
import problems
from backends import BACKENDS
BACKENDS[sys.argv[1]].engine()
from backends.keras import _network
for name in sys.argv[2:]:
    model = _network.build(problems.load(name), seed=0)
    model.compile("sgd", "mse")
    print("compiled" if model.jit_compile else "not")
"""


@pytest.mark.parametrize("backend", KERAS)
def test_the_default_tier_is_what_keras_does_unasked(backend, fork):
    done = fork(backend, AUTO, backend, *COMPLETE)
    assert done.returncode == 0, done.stderr
    usual = "compiled" if BACKENDS[backend].default_tier == COMPILED else "not"
    assert [line for line in done.stdout.splitlines() if line in ("compiled", "not")] == [
        usual
    ] * len(COMPLETE)


def test_graphs_of_torch_compile_are_seen():
    def events(graphs, products):
        names = ["Torch-Compiled Region: 0/0"] * graphs + ["aten::addmm"] * products
        return [SimpleNamespace(name=name, cpu_children=[]) for name in names]

    weights = {"kernel": SimpleNamespace(ndim=2)}
    assert read(events(1, 9), weights) == "Inductor, unrolled"
    assert read(events(3, 9), weights) == "Inductor in 3 graphs, unrolled"
    assert read(events(1, 3), weights) == "Inductor, nothing recurrent"
    assert read(events(0, 9), weights) == "Python loop"


def test_a_default_tier_leaves_the_key_as_it_was_and_another_is_in_it():
    default = Run(problem="echo", backend="keras-tensorflow", device="cpu", seed=0)
    assert (
        replace(default, tier=GRAPH).key
        == default.key
        == "echo-keras-tensorflow-cpu-matched-full-0"
    )
    assert replace(default, tier=EAGER).key == "echo-keras-tensorflow+eager-cpu-matched-full-0"


def test_a_record_older_than_tiers_is_one_of_the_default_tier():
    line = {name: one for name, one in json.loads(RECORD.to_json()).items() if name != "tier"}
    old = Record.from_json(json.dumps(line))
    assert (old.key, old.side) == (RECORD.key, Side("pytorch"))
    assert set(table([replace(old, scores=record("pytorch", 0, 1.0).scores)])["tier"]) == {EAGER}


def test_a_tier_is_asked_for_once_and_default_by_its_name():
    pytorch, again = Side("pytorch"), Side("keras-tensorflow").again
    asked = tiered([pytorch], [DEFAULT, EAGER, COMPILED])
    assert [side.runs_in for side in asked] == [EAGER, COMPILED]
    assert tiered([again], [DEFAULT, GRAPH]) == [again]
    assert Side("unheard-of").runs_in == ""


def test_a_tier_that_a_backend_lacks_is_an_answer_without_a_training(ended, tmp_path):
    status, _, err = ended("run", "echo", "--backends", "pytorch", "--tier", GRAPH,
                           "--seeds", "1", "--out", str(tmp_path))  # fmt: skip
    assert status == 1
    reason = "pytorch has no tier 'graph'; its tiers are eager, compiled"
    assert f"diptych: not available here: {reason}" in err
    (line,) = (tmp_path / "runs.jsonl").read_text().splitlines()
    found = Record.from_json(line)
    assert (found.tier, found.status, found.reason) == (GRAPH, "unavailable", reason)


def test_a_check_in_a_tier_that_a_backend_lacks_is_refused(ended):
    status, _, err = ended("check", "echo", "--backends", "pytorch", "--tier", GRAPH)
    assert (status, "pytorch has no tier 'graph'" in err) == (2, True)


def test_all_sides_are_held_against_the_first_backend_in_its_default_tier():
    keras, pytorch = Side("keras-tensorflow"), Side("pytorch")
    compiled = replace(keras, tier=COMPILED)
    assert reference_of([compiled, replace(pytorch, tier=COMPILED)]) == pytorch
    assert reference_of([compiled]) == keras


def test_a_network_that_cannot_be_had_is_found_to_be_unavailable():
    nothing = {"error": "Unavailable: no compiler", "unavailable": "no compiler"}
    sides = (Side("pytorch"), Side("pytorch", tier=COMPILED))
    evidence = {
        (side, precision): nothing if side.tier else {"trainable/x": RECORD}
        for side in sides
        for precision in ("float64", "float32")
    }
    *_, last = judge(problems.load("echo"), sides, evidence)
    assert (last.passed, last.unavailable, last.came) == (False, True, nothing["error"])


@pytest.mark.parametrize(("unavailable", "status"), [(True, "unavailable"), (False, "refused")])
def test_a_side_without_a_proof_is_not_timed(unavailable, status):
    found = {
        ("echo", Side("pytorch")): Standing(),
        ("echo", Side("pytorch", tier=COMPILED)): Standing(refusal="why", unavailable=unavailable),
    }
    runs = [
        Run(problem="echo", backend="pytorch", device="cpu", seed=0, tier=tier)
        for tier in (EAGER, COMPILED)
    ]
    allowed, (refused,) = gated(runs, found)
    assert [run.tier for run in allowed] == [EAGER]
    assert (refused.tier, refused.status, refused.reason) == (COMPILED, status, "why")


def in_tier(tier, build_s, first_epoch_s, epoch_s):
    one = record("keras-tensorflow", 0, 1.0, **measured(60, 1), tier=tier)
    times = {"build_s": build_s, "first_epoch_s": first_epoch_s, "epoch_s": [epoch_s] * 3}
    return [replace(one, seed=seed, **times) for seed in range(2)]


def test_a_tier_has_rows_of_its_own_and_breaks_even_with_the_default_one():
    graph, compiled = in_tier(GRAPH, 0.0, 3.0, 2.0), in_tier(COMPILED, 0.0, 11.0, 1.0)
    records = [*compiled, *graph, record("pytorch", 0, 1.0, **measured(1, 1))]
    frame = table(records)
    assert list(dict.fromkeys(frame["tier"])) == [EAGER, GRAPH, COMPILED]
    found = list(dict.fromkeys(frame["compile_s_geomean"].round(9)))
    assert found == [0.0, 1.0, 10.0]
    slow = [replace(one, others_cpu_s=9.0) for one in compiled]
    doubted = Tables(table([*slow, *graph]), verdicts(records)).doubted("busy")
    assert doubted == ["echo keras-tensorflow:compiled"]
    found = verdicts(records)
    pairs = found[["backend", "reference"]].drop_duplicates().values.tolist()
    assert pairs == [
        ["keras-tensorflow", "pytorch"],
        ["keras-tensorflow:compiled", "pytorch"],
        ["keras-tensorflow:compiled", "keras-tensorflow"],
    ]
    even = found[(found["reference"] == "keras-tensorflow") & (found["measure"] == "epoch_s")]
    assert even["break_even_epochs"].tolist() == [9]  # 9 s later at the start, 1 s faster each


def test_people_see_a_tier_only_where_it_is_not_the_default_one():
    graph, compiled = in_tier(GRAPH, 0.0, 3.0, 2.0), in_tier(COMPILED, 0.0, 11.0, 1.0)
    for records, shown in (([*graph], False), ([*graph, *compiled], True)):
        for width in (240, 80):
            headings, *_ = by_problem(table(records), ("metric",), SCORED, width)
            assert ("tier" in headings.split()) == shown


COLD = """

def prepare(prepare=prepare, **settings):
    import os
    from pathlib import Path
    (Path(os.environ["TORCHINDUCTOR_CACHE_DIR"]) / "compiled").mkdir(parents=True)
    prepare(**settings)
"""


def test_every_training_compiles_from_nothing(toys, add_toy):
    """With one folder for both, the second training would find what the first one left."""
    add_toy("right")
    with (toys / "backends" / "numpy" / "_engine.py").open("a") as file:
        file.write(COLD)
    run = ("run", "right", "--backends", "numpy", "--no-gate", "--seeds", "2", "--out", "out")
    done = diptych(*run, cwd=toys)
    assert done.returncode == 0, done.stderr
    assert not list((toys / "out" / "cells").glob("*/scratch")), "nothing of it is kept"
