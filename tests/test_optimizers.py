"""Optimizers: each formula against NumPy, the ladder on each, and what it finds where one is wrong.

All of a framework's share is done in one process, of a network so small that it costs little.
"""

import json

import numpy as np
import optimizers
import pytest
from conftest import COMPARED, copied
from optimizers import FAULTS, NET, RECIPES
from port_frame import files_of, module

import problems
from backends import Side
from compare.proof.ladder import Pair
from problems import Optimizer, Recipe, Schedule

REFERENCE, OTHER = COMPARED
# Weights after 200 steps with given gradients, and the evidence of steps and of a training of 200.
COMMON = """
import json, sys
import numpy as np
import problems
from backends import BACKENDS
backend, folder, asked = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
engine = BACKENDS[backend].engine()
engine.prepare(device="cpu", threads=1, precision="float64")
kept = {}
"""
STEPS = """
import types
from compare.proof import probe
from backends._seeded import Noise
from importlib import import_module

machinery = engine._defaults._optimizers
text = open(machinery.__file__).read()

def faulty(old, new):
    made = types.ModuleType(machinery.__name__)
    assert text.count(old) == 1, (old, text.count(old))
    exec(compile(text.replace(old, new), machinery.__file__, "exec"), vars(made))
    return made

def gathered(problem, data, noise, whole):
    moved = {name: probe.Part(probe.with_noise(one.x, noise), one.y) for name, one in data.items()}
    found = probe._steps(engine.first_steps(problem, moved["train"], seed=0, n=8, noise=noise))
    if whole:
        fit = engine.train(problem, moved, seed=0, noise=noise)
        found |= {"rates": np.array(fit.rates)}
        found |= {"curve": np.array(fit.train_loss), "validation": np.array(fit.validation_loss)}
        found |= probe._named("trained", fit.weights()) | probe._named("state", fit.state())
        found["state/steps"] = np.array(fit.steps)
    return found

for key, name, old, new, whole in asked:
    engine._optimizers = engine._defaults._optimizers = faulty(old, new) if old else machinery
    problem = probe.shortened(problems.load(name))
    data = {
        part: probe.Part(one.x.astype("float64"), one.y.astype("float64"))
        for part, one in problem.make_data(0).items()
    }
    clean = gathered(problem, data, None, whole)
    if backend == "pytorch" and not old:
        size = probe.NOISE * probe.ROUNDING["float64"]
        draws = [gathered(problem, data, Noise(size, k), True) for k in range(probe.DRAWS)]
        clean |= probe._spread("float64", clean, draws)
    kept |= {f"{key}|{name}": array for name, array in clean.items()}
np.savez(f"{folder}/found.npz", **kept)
"""


@pytest.fixture(scope="session")
def workshop(tmp_path_factory):
    """The project with a problem for each recipe."""
    folder = copied(tmp_path_factory.mktemp("optimizers"))
    for name, recipe in RECIPES.items():
        port = NET._replace(recipe=recipe)
        for path, text in files_of(f"with {name}", port, steps=200).items():
            (folder / path).write_text(text)
    return folder


@pytest.fixture(scope="session")
def gone(pieces, fork, workshop, tmp_path_factory):
    """The evidence of a backend, by recipe, or by fault as far as the first steps."""

    def gather(backend):
        folder = tmp_path_factory.mktemp("gone")
        asked = [(name, module(f"with {name}"), "", "", True) for name in RECIPES]
        asked += [
            (what, module(f"with {one.recipe}"), one.old, one.new, one.rung == "curve")
            for what, one in FAULTS.items()
            if one.backend == backend
        ]
        code = COMMON + STEPS
        done = fork(backend, code, backend, str(folder), json.dumps(asked), cwd=workshop)
        assert done.returncode == 0, done.stderr
        found = {}
        with np.load(folder / "found.npz") as arrays:
            for key, array in arrays.items():
                what, _, name = key.partition("|")
                found.setdefault(what, {})[name] = array
        return found

    return pieces("gone", gather)


def climbed(rungs, expected, came):
    """Return what is found on rungs in float64."""
    pair = Pair(
        problem=problems.load("echo"),  # of which no rung here asks
        side=Side(OTHER),
        reference=Side(REFERENCE),
        expected={"float64": expected},
        came={"float64": came},
    )
    return [pair._rung(rung, "float64", Side(OTHER)) for rung in rungs]


@pytest.mark.parametrize("name", RECIPES)
def test_an_optimizer_trains_the_same_on_both_sides(name, gone):
    for finding in climbed(("steps", "curve", "state"), *(gone[one][name] for one in COMPARED)):
        assert finding.passed, str(finding)
        assert finding.bound < 1e-10, "a bound that is wide shows nothing"
    assert np.ptp(gone[REFERENCE][name]["curve"]) > 1e-3, "it learns"


@pytest.mark.parametrize("what", FAULTS)
def test_a_planted_fault_is_found_in_its_step(what, gone):
    fault = FAULTS[what]
    found = {one: dict(gone[one][fault.recipe]) for one in COMPARED}
    spread = {k: v for k, v in found[REFERENCE].items() if k.startswith("spread/")}
    found[fault.backend] = gone[fault.backend][what] | spread
    *before, wrong = climbed(
        ("steps", fault.rung)[fault.rung == "steps" :], found[REFERENCE], found[OTHER]
    )
    assert all(one.passed for one in before), "a rate that is wrong later is right at first"
    assert not wrong.passed
    assert (wrong.tensor, wrong.index[0]) == (fault.tensor, fault.step), str(wrong)


USUAL = {"learning_rate": 1e-2, "loss": "mean_absolute_error", "batch_size": 1, "epochs": 20}
GIVEN = {
    "pytorch": """
import torch
from types import SimpleNamespace
from backends.pytorch._defaults import optimizer
class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.fc, self.dense = torch.nn.Linear(4, 5), torch.nn.Linear(5, 1)
def begin():
    model = Net().double()
    engine._weights.write(model, weights)
    made, _ = optimizer(model, SimpleNamespace(recipe=recipe), 10)
    holders = [model.fc.weight, model.fc.bias, model.dense.weight, model.dense.bias]
    def step(gradients):
        for parameter, gradient in zip(holders, gradients, strict=True):
            parameter.grad = torch.from_numpy(gradient.T.copy())
        made.step()
    return model, step
""",
    "keras-tensorflow": """
import keras
from backends.keras import _optimizers
from types import SimpleNamespace
from backends.keras._defaults import optimizer
class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.fc, self.dense = keras.layers.Dense(5), keras.layers.Dense(1)
    def call(self, x):
        return self.dense(self.fc(x))
def begin():
    model = Net()
    model(keras.Input((4,)))
    engine._weights.write(model, weights)
    made = optimizer(model, SimpleNamespace(recipe=recipe), 10)
    changes, steps = _optimizers.epoch_rates(recipe, 10), iter(range(200))
    variables = model.trainable_variables
    def step(gradients):
        epoch, first = divmod(next(steps), 10)
        if changes and not first:
            made.learning_rate = changes[epoch]
        made.apply([keras.ops.convert_to_tensor(one) for one in gradients], variables)
    return model, step
""",
}
# Keras's own optimizers do so on PyTorch; one variable after the other takes five times as long.
GIVEN["keras-torch"] = f"""{GIVEN["keras-tensorflow"]}
of = _optimizers.Together.of
def of_all(self, variable, kept):
    assert len(variable.variables) == 4, "not all variables at once"
    return of(self, variable, kept)
_optimizers.Together.of = of_all
"""
APPLY = """
from problems import Optimizer, Recipe, Schedule
shapes = {"fc/kernel": (4, 5), "fc/bias": (5,), "dense/kernel": (5, 1), "dense/bias": (1,)}
rng = np.random.default_rng(0)
weights = {name: rng.normal(size=shape) for name, shape in shapes.items()}
gradients = [{n: rng.normal(size=s) * 10.0 ** -(k % 7) for n, s in shapes.items()}
             for k in range(200)]
for name, text in asked.items():
    usual = dict(learning_rate=1e-2, loss="mean_absolute_error", batch_size=1, epochs=20)
    recipe = Recipe(**usual | eval(f"dict({text})") | {"examples": {}})
    model, step = begin()
    for one in gradients:
        step([one[n] for n in shapes])
    kept |= {f"{name}|{n}": w for n, w in engine._weights.read(model).items()}
kept |= {f"weights|{n}": w for n, w in weights.items()}
kept |= {f"gradient {k}|{n}": g for k, one in enumerate(gradients) for n, g in one.items()}
np.savez(f"{folder}/found.npz", **kept)
"""


@pytest.mark.parametrize("backend", GIVEN)
def test_every_formula_is_that_of_the_docstring(backend, fork, tmp_path):
    """200 steps with gradients of all sizes. Adam's betas, rounded to float32, leave 2e-5."""
    code = COMMON + GIVEN[backend] + APPLY
    done = fork(backend, code, backend, str(tmp_path), json.dumps(RECIPES))
    assert done.returncode == 0, done.stderr
    with np.load(tmp_path / "found.npz") as arrays:
        found = {}
        for key, array in arrays.items():
            what, _, name = key.partition("|")
            found.setdefault(what, {})[name] = array
    gradients = [found[f"gradient {k}"] for k in range(200)]
    names = {"Optimizer": Optimizer, "Schedule": Schedule}
    for name, text in RECIPES.items():
        recipe = Recipe(**USUAL | eval(f"dict({text})", names) | {"examples": {}})
        rates = recipe.rates(10)
        expected = optimizers.trained(recipe.optimizer, rates, gradients, found["weights"])
        allowed = 2e-5 if recipe.optimizer.name in ("adam", "adamw") else 1e-8
        for weight, array in expected.items():
            moved = np.abs(array - found["weights"][weight]).max()
            error = np.abs(array - found[name][weight]).max() / moved
            assert error < allowed, f"{name}: {weight}: {error}"
