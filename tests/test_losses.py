"""Losses: by their definition in NumPy, on the ladder, and done wrong.

One copy of the project with a small problem for each kind of loss serves all tests here.
"""

import json
import shutil

import loss_oracle
import numpy as np
import pytest
from conftest import COMPARED, RUNNABLE, copied
from ladder_faults import TORCH
from learning import STAGE
from loss_faults import FAULTS
from loss_pairs import KERAS_OWN, MORE, PAIRS, TORCH_OWN, files_of

from backends import Side
from compare.proof.ladder import Pair
from compare.records.record import modes_between
from problems import LOSSES

REFERENCE, OTHER = COMPARED


def definition(name):
    """Return the problem of a pair."""
    defined = {}
    exec(files_of(name, (PAIRS | MORE)[name])[f"problems/{name}.py"], defined)
    return defined["PROBLEM"]


# --- by their definition ---------------------------------------------------------------------

ASKED = """
import json, sys
from types import SimpleNamespace
import numpy as np
import loss_oracle
from backends import BACKENDS
from problems import Loss, Part

backend = sys.argv[1]
engine = BACKENDS[backend].engine()
engine.prepare(device="cpu", threads=1, precision="float64")


def of_torch(losses, part, kept):
    import torch
    from backends.pytorch import _losses

    tensor = lambda array: None if array is None else torch.tensor(array)
    named = lambda made: {"a": made, "b": made}
    asked = tuple(map(tensor, (part.x, part.y, part.weight)))
    asked[0].requires_grad_()
    several = not isinstance(losses, Loss)
    given = [None if one is None else named(one) for one in asked] if several else asked
    loss = _losses.make(problem(losses), kept)(*given)
    loss.backward()
    return loss.item(), asked[0].grad.numpy()


def of_keras(losses, part, kept):
    import keras
    from backends.keras import _losses

    several = not isinstance(losses, Loss)
    if several:
        part = Part(part.x, *({"a": one, "b": one} for one in part.arrays[1:]))
    made = _losses.make(problem(losses), kept, weighted=part.weight is not None)

    def loss_of(x):
        return _losses.evaluated(problem(losses), made, part, {"a": x, "b": x} if several else x)

    kind = keras.backend.backend()
    if kind == "tensorflow":
        import tensorflow as tf

        x = tf.Variable(part.x)
        with tf.GradientTape() as tape:
            loss = loss_of(tf.identity(x))
        return float(loss), tape.gradient(loss, x).numpy()
    if kind == "jax":
        import jax

        loss, slope = jax.value_and_grad(loss_of)(jax.numpy.array(part.x))
        return float(loss), np.asarray(slope)
    import torch

    x = torch.tensor(part.x, requires_grad=True)
    loss = loss_of(x)
    loss.backward()
    return loss.item(), x.grad.numpy()


def problem(losses):
    return SimpleNamespace(name="", recipe=SimpleNamespace(losses=losses))


of = of_torch if backend == "pytorch" else of_keras
found = {}
for name, (loss, *arrays) in loss_oracle.CASES.items():
    value, slope = of(loss, Part(*arrays), set())
    own, _ = of(loss, Part(*arrays), {"divisor"})
    found[name] = value, slope.tolist(), own
losses, arrays = loss_oracle.SEVERAL
found["several"] = of(losses, Part(*arrays), set())[0], [], None
print(json.dumps(found))
"""


@pytest.mark.parametrize("backend", RUNNABLE)
def test_losses_are_those_of_their_definition(backend, fork):
    done = fork(backend, ASKED, backend)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    losses, arrays = loss_oracle.SEVERAL
    total = sum(loss.weight * loss_oracle.loss_of(loss, *arrays) for loss in losses.values())
    assert found["several"][0] == pytest.approx(total, rel=1e-13)
    for name, (loss, *arrays) in loss_oracle.CASES.items():
        value, slope, own = found[name]
        assert value == pytest.approx(loss_oracle.loss_of(loss, *arrays), rel=1e-13), name
        assert np.allclose(slope, loss_oracle.slope(loss, *arrays), rtol=0, atol=1e-9), name
        by_sum = loss.name == "cross_entropy" and loss.class_weights and arrays[-1] is None
        if not (loss.class_weights and loss.label_smoothing and backend == "pytorch"):
            by_number = not (by_sum and backend == "pytorch")
            expected = loss_oracle.loss_of(loss, *arrays, by_number=by_number)
            assert own == pytest.approx(expected, rel=1e-13), name


MASKED = """
import keras, sys
import loss_oracle
from types import SimpleNamespace
from backends.keras import _device, _losses
from problems import Part

_device.prepare(device="cpu", threads=1, precision="float64")
loss, x, y, weight = loss_oracle.CASES["huber (delta 1), step weights"]
problem = SimpleNamespace(name="", recipe=SimpleNamespace(losses=loss))
for weights in (weight, None):
    outputs = keras.ops.convert_to_tensor(x)
    keras.src.backend.set_keras_mask(outputs, keras.ops.convert_to_tensor(weight == 0))
    made = _losses.make(problem, set(), weighted=weights is not None)
    print(float(_losses.evaluated(problem, made, Part(x, y, weights), outputs)))
"""


def test_a_mask_of_keras_counts_only_where_there_are_no_weights(fork):
    done = fork(OTHER, MASKED)
    assert done.returncode == 0, done.stderr
    weighted, plain = map(float, done.stdout.split())
    loss, *arrays, weight = loss_oracle.CASES["huber (delta 1), step weights"]
    assert weighted == pytest.approx(loss_oracle.loss_of(loss, *arrays, weight), rel=1e-13)
    padding = np.float64(weight == 0)
    assert plain == pytest.approx(loss_oracle.loss_of(loss, *arrays, padding), rel=1e-13)


def test_the_cases_are_of_every_loss_and_tell_divisors_apart():
    assert {loss.name for loss in loss_oracle.LOSSES} == set(LOSSES) - {"own"}
    loss, *arrays = next(
        case
        for name, case in loss_oracle.CASES.items()
        if name == "huber (delta 0.3), step weights"
    )
    one, other = (loss_oracle.loss_of(loss, *arrays, by_number=by) for by in (False, True))
    assert abs(one - other) > 0.1 * one


# --- on the ladder ---------------------------------------------------------------------------


@pytest.fixture(scope="session")
def foundry(tmp_path_factory):
    """The project with all pairs added."""
    folder = copied(tmp_path_factory.mktemp("foundry"))
    for name, pair in PAIRS.items():
        for path, text in files_of(name, pair).items():
            (folder / path).write_text(text)
    return folder


@pytest.fixture(scope="session")
def cast(pieces, gathered, foundry):
    """The float64 evidence of sound code, by pair and backend."""

    def gather(key):
        return gathered(*key, "float64", spread=["float64"], cwd=foundry)

    return pieces("cast", gather)


@pytest.fixture
def broken(gathered, foundry, tmp_path):
    """Return a function that gives the evidence of code with a fault planted, up to its rung."""

    def look(fault):
        folder = tmp_path / "copy"
        shutil.copytree(foundry, folder, ignore=shutil.ignore_patterns("__pycache__"))
        file = folder / fault.file
        assert file.read_text().count(fault.old) >= 1, fault.what
        file.write_text(file.read_text().replace(fault.old, fault.new))
        asked = (fault.problem, side(fault), "float64")
        return gathered(*asked, stages=STAGE[fault.rung], spread=(), cwd=folder)

    return look


def side(fault):
    """Return the backend that a fault is planted into."""
    return REFERENCE if fault.file.startswith(TORCH) else OTHER


def climb(name, expected, came):
    """Return all findings; what holds in float64 is taken to hold in float32 here."""
    return list(
        Pair(
            problem=definition(name),
            side=Side(OTHER),
            reference=Side(REFERENCE),
            expected=dict.fromkeys(("float64", "float32"), expected),
            came=dict.fromkeys(("float64", "float32"), came),
        ).climb()
    )


@pytest.mark.parametrize("name", PAIRS)
def test_every_kind_of_loss_passes_the_ladder(name, cast):
    findings = climb(name, cast[name, REFERENCE], cast[name, OTHER])
    assert [str(finding) for finding in findings if not finding.passed] == []
    assert np.ptp(cast[name, REFERENCE]["curve"]) > 1e-3, "it learns"
    exact = [one for one in findings if (one.rung, one.precision) == ("loss", "float64")]
    assert all(one.relative < 1e-14 for one in exact)


@pytest.mark.parametrize("fault", FAULTS, ids=[fault.what for fault in FAULTS])
def test_a_wrong_loss_is_found_on_its_rung(fault, broken, cast):
    found = {one: cast[fault.problem, one] for one in COMPARED}
    sound = found[side(fault)]
    spread = {key: value for key, value in sound.items() if key.startswith("spread/")}
    found[side(fault)] = broken(fault) | spread
    *before, wrong = climb(fault.problem, found[REFERENCE], found[OTHER])
    assert not wrong.passed, "the ladder did not see it"
    assert (wrong.rung, wrong.tensor) == (fault.rung, fault.tensor), str(wrong)
    if fault.index is not None:
        assert wrong.index == fault.index, str(wrong)
    assert all(finding.passed for finding in before)


# --- a loss of one's own ---------------------------------------------------------------------


def test_a_loss_of_ones_own_on_one_side_only_is_one_line(copy, gathered, cast):
    name = "loss_own"
    for path, text in files_of(name, PAIRS[name]._replace(keras_loss="")).items():
        (copy / path).write_text(text)
    asked = {"stages": STAGE["loss"], "spread": (), "fails": True, "cwd": copy}
    *_, wrong = climb(name, cast[name, REFERENCE], gathered(name, OTHER, "float64", **asked))
    assert (wrong.passed, wrong.rung, wrong.tensor) == (False, "loss", "twin")
    told = (
        f"ValueError: backends/keras/{name}.py: expected a function loss(outputs, targets) beside"
    )
    assert told in str(wrong)
    assert "\n" not in str(wrong)


ONE_NUMBER = """
import json, sys
from dataclasses import replace
import problems
from backends import BACKENDS

backend = sys.argv[1]
engine = BACKENDS[backend].engine()
engine.prepare(device="cpu", threads=1)
problem = problems.load("loss_own")
data = problem.make_data(0)
told = []
for weighted in (False, True):
    given = {name: one if weighted else replace(one, weight=None) for name, one in data.items()}
    try:
        told.append(engine.train(problem, given, seed=0).train_loss)
    except Exception as error:
        told.append(str(error))
print(json.dumps(told))
"""


@pytest.fixture
def told_of_own(fork, copy):
    """Return a function that trains on losses of ones own: without weights, then with them."""

    def told(backend, torch_loss, keras_loss):
        name = "loss_own"
        pair = PAIRS[name]._replace(torch_loss=torch_loss, keras_loss=keras_loss)
        for path, text in files_of(name, pair).items():
            (copy / path).write_text(text)
        done = fork(backend, ONE_NUMBER, backend, cwd=copy)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    return told


@pytest.mark.parametrize("backend", COMPARED)
@pytest.mark.parametrize("axes", ["", "0"], ids=["the whole batch", "the examples"])
def test_a_mean_over_what_is_weighted_is_taken_but_not_weighted(backend, axes, told_of_own):
    without, weighted = told_of_own(
        backend,
        TORCH_OWN.replace("-0.1 * error)", f"-0.1 * error).mean({axes})"),
        KERAS_OWN.replace("return", "return ops.mean(").rstrip() + f", {axes or None})\n",
    )
    assert without[1] < without[0]
    assert "cannot be weighted by" in weighted


@pytest.mark.parametrize("backend", COMPARED)
def test_a_loss_that_returns_nothing_is_one_line(backend, told_of_own):
    nothing = "\n\ndef loss(outputs, targets):\n    outputs - targets\n"
    for told in told_of_own(backend, nothing, nothing):
        assert "loss(outputs, targets): expected a tensor, came None" in told


# --- divisors --------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", COMPARED)
def test_a_divisor_that_is_kept_shows_where_there_are_weights(backend):
    weighted, plain = (
        modes_between(Side(backend), definition(name)) for name in ("loss_bits", "mse_no")
    )
    assert [mode for mode in weighted if mode not in plain] == ["own-divisor"]


@pytest.mark.parametrize(
    ("name", "weighted"),
    [("ce_class_no", True), ("kl_st", True), ("kl_no", False), ("loss_own", True)],
)
def test_a_problem_is_weighted_by_class_or_by_its_data(name, weighted):
    assert definition(name).weighted == weighted
