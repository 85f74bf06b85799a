"""The contract of a backend, for every problem and every backend that can run here."""

import json

import numpy as np
import pytest
from conftest import COMPARED, COMPLETE, RUNNABLE
from learning import FEW

import problems
from backends import BACKENDS, PANELS, missing_twins, twin
from backends._seeded import (
    batch_order,
    glorot_uniform,
    initial_weights,
    open_forget_gate,
    orthogonal,
)
from compare.proof.ladder import shapes
from problems import stream

EVERY_PROBLEM = pytest.mark.parametrize("name", problems.names())
EVERY_COMPLETE_PROBLEM = pytest.mark.parametrize("name", COMPLETE)
EVERY_BACKEND = pytest.mark.parametrize("backend", RUNNABLE)
IN_PYTORCH = pytest.mark.parametrize("backend", ["pytorch"])


@EVERY_PROBLEM
def test_every_problem_has_its_twins(name):
    assert not missing_twins(name), f"problem {name} lacks {missing_twins(name)}"


@pytest.mark.parametrize("folder", PANELS)
def test_every_twin_has_its_problem(folder):
    twins = {file.stem for file in twin(folder, "x").parent.glob("[!_]*.py")}
    assert twins <= set(problems.names())


def test_the_frameworks_of_the_comparison_can_run_here():
    assert {"pytorch", "keras-tensorflow"} <= set(RUNNABLE)


@EVERY_BACKEND
@EVERY_COMPLETE_PROBLEM
def test_layers_and_output_have_the_expected_shapes(name, backend, evidence):
    finding = shapes(problems.load(name), backend, evidence[name, backend, "float32"])
    assert finding.passed, str(finding)


@EVERY_COMPLETE_PROBLEM
def test_twins_train_the_same_weights(name, evidence):
    found = [
        {key: tuple(shape) for key, shape in one.items() if "trainable/" in key}
        for one in (evidence[name, backend, "float32"] for backend in RUNNABLE)
    ]
    assert found[0]
    assert all(one == found[0] for one in found)


@EVERY_COMPLETE_PROBLEM
def test_equal_weights_give_equal_layers_and_outputs(name, evidence):
    """At 1e-5 in float32; 5e-7 at most was seen in an output, 1.2e-6 in a layer."""
    first, *others = (evidence[name, backend, "float32"] for backend in RUNNABLE)
    assert np.ptp(first["layer/output"]) > 1e-3, "an output that never varies would always agree"
    for other in others:
        for layer in (*problems.load(name).layers, "output"):
            came, expected = other[f"layer/{layer}"], first[f"layer/{layer}"]
            if came.shape != expected.shape:  # an activation's, which may have channels anywhere
                expected = first[f"layer/{layer}~"]
            np.testing.assert_allclose(came, expected, rtol=0, atol=1e-5, err_msg=layer)


def learned(evidence):
    """Return what the training that left this evidence shows besides."""
    return json.loads(str(evidence["learned"]))


@EVERY_BACKEND
@EVERY_COMPLETE_PROBLEM
def test_a_few_steps_lower_the_loss(name, backend, evidence):
    found = evidence[name, backend, "float32"]
    steps = found["curve"].reshape(4, -1).copy()
    steps[:, -1] /= 2  # a batch of half the size
    assert steps[-1].sum() < steps[0].sum()
    assert len(learned(found)["train_loss"]) == len(found["validation"]) == 4


@EVERY_COMPLETE_PROBLEM
def test_backends_besides_those_of_the_ladder_learn_by_the_same_curve(name, evidence, gathered):
    """12 steps, each epoch's last batch a partial one; 2.2e-6 at most was seen."""
    first = gathered(name, RUNNABLE[0], "float32", steps=FEW)
    for backend in set(RUNNABLE) - set(COMPARED):
        other = evidence[name, backend, "float32"]
        for kind in ("curve", "validation"):
            np.testing.assert_allclose(other[kind], first[kind], rtol=1e-4, err_msg=kind)


@EVERY_BACKEND
@EVERY_COMPLETE_PROBLEM
def test_weights_and_outputs_are_on_the_device(name, backend, evidence):
    assert learned(evidence[name, backend, "float32"])["devices"] == ["cpu"]


@EVERY_BACKEND
@EVERY_COMPLETE_PROBLEM
def test_answers_do_not_change_from_call_to_call(name, backend, evidence):
    assert learned(evidence[name, backend, "float32"])["steady"]


@EVERY_BACKEND
@EVERY_COMPLETE_PROBLEM
def test_every_epoch_is_timed_and_the_parts_make_up_the_whole(name, backend, evidence):
    found = learned(evidence[name, backend, "float32"])
    assert found["epochs_timed"] == 4
    aside_s = found["total_s"] - found["parts_s"]
    assert 0 <= aside_s < 0.01 * found["total_s"] + 1e-3  # a toy is done in a few milliseconds


def test_batch_order_is_a_new_permutation_each_epoch():
    orders = batch_order(50, epochs=3, seed=0)
    assert all(sorted(order) == list(range(50)) for order in orders)
    assert len({tuple(order) for order in orders}) == 3
    assert np.array_equal(orders, batch_order(50, epochs=3, seed=0))
    assert not np.array_equal(orders, batch_order(50, epochs=3, seed=1))


def test_initial_weights_are_distributed_as_keras_has_them():
    rng = stream(0, "test")
    kernel = glorot_uniform(rng, (3, 3, 10, 20))
    limit = np.sqrt(6 / (9 * 30))
    assert 0.99 * limit < kernel.max() < limit
    assert abs(kernel.mean()) < limit / 20
    recurrent = orthogonal(rng, (25, 100))
    np.testing.assert_allclose(recurrent @ recurrent.T, np.eye(25), atol=1e-12)
    assert open_forget_gate(rng, (8,)).tolist() == [0, 0, 1, 1, 0, 0, 0, 0]


def test_a_model_without_weights_is_an_error():
    with pytest.raises(ValueError, match="expected a model with weights"):
        initial_weights({}, seed=0)


# A linear model y = w x under `Adam`, against Keras's own formula in float64.
ADAM = """
import numpy as np, torch
from torch import nn
from types import SimpleNamespace
from backends.pytorch._defaults import optimizer
from problems import Recipe, Schedule

recipe = Recipe(
    loss="mean_absolute_error", learning_rate=1e-2, batch_size=1, epochs=3, examples={},
    schedule=Schedule("exponential", factor=0.5),
)
model = nn.Linear(3, 1, bias=False).double()
with torch.no_grad():
    model.weight.fill_(1.0)
optimizer, _ = optimizer(model, SimpleNamespace(recipe=recipe), 20)
gradients = np.random.default_rng(0).normal(size=(60, 3)) * [1, 1e-4, 1e-8]
w, m, v = np.ones(3), np.zeros(3), np.zeros(3)
for t, gradient in enumerate(gradients, start=1):
    model.weight.grad = torch.from_numpy(gradient[None])
    optimizer.step()
    rate = recipe.rates(20)[t - 1]
    m = 0.9 * m + 0.1 * gradient
    v = 0.999 * v + 0.001 * gradient**2
    w = w - rate * np.sqrt(1 - 0.999**t) / (1 - 0.9**t) * m / (np.sqrt(v) + 1e-7)
error = np.abs(model.weight.detach().numpy()[0] - w)
moved = np.abs(w - 1)
print((error / moved).max())
"""


@IN_PYTORCH
def test_adam_takes_the_steps_of_keras_also_where_epsilon_matters(backend, fork):
    """Betas rounded to float32 leave 1.3e-5; a constant epsilon, 1e-7, leaves 5."""
    done = fork(backend, ADAM)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 2e-5


# What recurrent layers with a `forward` of the author's leave, in place of PyTorch's pair.
LEFT = """
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence
from backends.pytorch._layers import outputs

torch.manual_seed(0)
x = torch.rand(7, 5, 4)
for kind, settings in (
    (nn.GRU, {}), (nn.LSTM, {}), (nn.RNN, {"bidirectional": True}), (nn.LSTM, {"proj_size": 2})
):
    def told(leave, x=x):
        class Mine(kind):
            def forward(self, x):
                return leave(*super().forward(x))
        mine = Mine(4, 3, batch_first=True, **settings)
        mine.load_state_dict(plain.state_dict())
        return outputs("mine", mine, mine(x), 6)

    plain = kind(4, 3, batch_first=True, **settings)
    right = outputs("mine", plain, plain(x), 6)
    first = lambda state: state[0] if isinstance(state, tuple) else state
    packed = pack_padded_sequence(x, torch.full((7,), 5), batch_first=True)
    for leave, has in (
        (lambda y, s: (y, s), {"mine", "mine.last"}),
        (lambda y, s: y, {"mine"}),
        (lambda y, s: [y], {"mine"}),
        (lambda y, s: (y, first(s), 1), {"mine"}),
        (lambda y, s: (y, first(s)[-1]), {"mine"}),
        (lambda y, s: (y, None), {"mine"}),
        (lambda y, s: s, {"mine.last"}),
        (lambda y, s: torch.cat(tuple(first(s)), 1), {"mine.last"}),
        (lambda y, s: (y.mT, s), {"mine~", "mine.last"}),
        (lambda y, s: {"y": y}, set()),
        (lambda y, s: (), set()),
        (lambda y, s: None, set()),
    ):
        came = told(leave)
        for name in has:
            assert torch.equal(came[name], right[name.rstrip("~")]), (kind, has, name)
        assert bool(came) == bool(has)
    for leave in (lambda y, s: y, lambda y, s: (y, s), lambda y, s: [(y,)]):
        padded = told(leave, packed)["mine"]
        assert torch.allclose(padded[:, :5], right["mine"]) and padded[:, 5:].isnan().all()
"""


@IN_PYTORCH
def test_a_recurrent_layer_of_an_author_may_leave_anything(backend, fork):
    done = fork(backend, LEFT)
    assert done.returncode == 0, done.stderr


REFUSED = """
import numpy as np
from backends import BACKENDS
import problems
BACKENDS["{backend}"].engine()
from backends.{folder} import _network, _weights
from backends._seeded import initial_weights
model = _network.build(problems.load("echo"), seed=0)
weights = initial_weights(_weights.describe(model), 0)
weights.pop("dense/bias")
_weights.write(model, weights)
"""


# Layers whose weights `_weights` does not know, or, in a set, cannot name.
HIDDEN = {
    "pytorch": """
from torch import nn
from backends.pytorch._weights import describe
normed = nn.utils.parametrizations.weight_norm(nn.Linear(2, 3))
keys = nn.MultiheadAttention(4, 2, add_bias_kv=True)
for layer in (keys, nn.LSTM(2, 3, proj_size=1), nn.Sequential(normed)):
    try:
        print(describe(nn.ModuleDict({"layer": layer})))
    except ValueError as error:
        print(error)
""",
    "keras": """
import keras
from backends.keras._weights import describe
class Model(keras.Model):
    def __init__(self, layer, held):
        super().__init__()
        self.layer, self.call = held, lambda x: layer(x)
one, two, three = keras.layers.Dense(3), keras.layers.PReLU(), keras.layers.LSTM(3)
for layer, held in ((one, {one}), (two, [{two}]), (three, {"a": {three}})):
    model = Model(layer, held)
    model(keras.Input((4, 2)))
    try:
        print(describe(model))
    except ValueError as error:
        print(error)
""",
}


@EVERY_BACKEND
def test_no_weight_escapes_the_seed(backend, fork):
    done = fork(backend, HIDDEN[BACKENDS[backend].folder])
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 3
    assert all(line.startswith("no weight layout known for") for line in lines), done.stdout
    assert all("layer" in line for line in lines), "the layer is named"


@EVERY_BACKEND
def test_weights_that_do_not_fit_are_refused_by_name(backend, fork):
    code = REFUSED.format(backend=backend, folder=BACKENDS[backend].folder)
    done = fork(backend, code)
    assert "ValueError: expected weights ['dense/bias'" in done.stderr


FROZEN = """
import problems
from backends.pytorch import _network
problem = problems.load("cumsum", quick=True)
model = _network.build(problem, seed=0)
print(sorted(n for n, p in model.named_parameters() if not p.requires_grad and not p.any()))
"""


@IN_PYTORCH
def test_the_second_bias_of_torch_is_zero_and_frozen(backend, fork):
    done = fork(backend, FROZEN)
    assert done.stdout.strip() == "['lstm.bias_hh_l0', 'lstm.bias_hh_l0_reverse']", done.stderr
