"""Small problems with a loss of each kind, and their twins, as text.

The network is the same in all: three steps of four features each, two dense layers, three numbers
at each step. What is learned, and how much each example or step counts, differs.
"""

from typing import NamedTuple


class LossPair(NamedTuple):
    """A loss, what it is given, and the twins' own losses, if it is one of those."""

    loss: str  # as in Recipe
    target: str  # one of TARGETS
    weight: str = "None"  # how much n examples count, given rng and n
    torch_loss: str = ""
    keras_loss: str = ""
    optimizer: str = '"adam"'


# Target: axes, dtype, low, high, and how it is made of the outputs wanted, (n, 3, 3).
TARGETS = {
    "values": ("time=3 a=3", "float32", "-np.inf", "np.inf", "wanted"),
    "classes": ("time=3", "int64", "0", "2", "wanted.argmax(-1)"),
    "bits": ("time=3 a=3", "float32", "0", "1", "wanted > 0"),
    "shares": ("time=3 a=3", "float32", "0", "1", "shares(wanted)"),
}
EXAMPLES = 'np.where(rng.random(n) < 0.3, 3, rng.random(n)).astype("float32")'
STEPS = '(np.arange(3) < rng.integers(1, 4, (n, 1))).astype("float32")'  # 1 to 3 valid steps
PINBALL = "{}(0.9 * error, -0.1 * error)"
TORCH_OWN = f"""

def loss(outputs, targets):
    error = targets - outputs
    return {PINBALL.format("torch.maximum")}
"""
KERAS_OWN = TORCH_OWN.replace("torch.", "ops.")
TORCH_SQUARED = """

def loss(outputs, targets):
    return (outputs[:, 0, 0] - targets[:, 0, 0]) ** 2
"""
KERAS_SQUARED = """

def loss(outputs, targets):
    return keras.losses.mean_squared_error(targets[:, 0, :1], outputs[:, 0, :1])
"""
TORCH_CLIPPED = """

def loss(outputs, targets):
    likely = outputs.sigmoid().clamp(1e-7, 1 - 1e-7)
    return -targets * likely.log() - (1 - targets) * (1 - likely).log()
"""
KERAS_CLIPPED = """

def loss(outputs, targets):
    likely = ops.clip(ops.sigmoid(outputs), 1e-7, 1 - 1e-7)
    return -targets * ops.log(likely) - (1 - targets) * ops.log(1 - likely)
"""

# Those that the tests climb the ladder with: together, every loss with options, each weight.
PAIRS = {
    "loss_classes": LossPair(
        'Loss("cross_entropy", label_smoothing=0.1, class_weights=(0.5, 1, 3))', "classes", STEPS
    ),
    "loss_bits": LossPair(
        'Loss("binary_cross_entropy", label_smoothing=0.1, class_weights=(1, 4))', "bits", EXAMPLES
    ),
    "loss_values": LossPair('Loss("huber", delta=0.3)', "values", EXAMPLES),
    "loss_shares": LossPair('"kl_divergence"', "shares"),
    "loss_own": LossPair('"own"', "values", STEPS, TORCH_OWN, KERAS_OWN),
    "loss_squared": LossPair('"own"', "values", "None", TORCH_SQUARED, KERAS_SQUARED),
    # Which float32 cannot tell from its limit far out of the range.
    "loss_clipped": LossPair('"own"', "bits", "None", TORCH_CLIPPED, KERAS_CLIPPED),
}
# All others, which a script climbs it with.
MORE = {
    f"{name}_{weight}": LossPair(loss, target, {"no": "None", "ex": EXAMPLES, "st": STEPS}[weight])
    for weight in ("no", "ex", "st")
    for name, loss, target in (
        ("mse", '"mean_squared_error"', "values"),
        ("mae", '"mean_absolute_error"', "values"),
        ("huber", '"huber"', "values"),
        ("huber_delta", 'Loss("huber", delta=0.3)', "values"),
        ("ce", '"cross_entropy"', "classes"),
        ("ce_smooth", 'Loss("cross_entropy", label_smoothing=0.1)', "classes"),
        ("ce_class", 'Loss("cross_entropy", class_weights=(0.5, 1, 3))', "classes"),
        ("bce", '"binary_cross_entropy"', "bits"),
        ("bce_smooth", 'Loss("binary_cross_entropy", label_smoothing=0.1)', "bits"),
        ("bce_class", 'Loss("binary_cross_entropy", class_weights=(1, 4))', "bits"),
        ("kl", '"kl_divergence"', "shares"),
    )
}
PROBLEM = '''
"""Numbers of each step from its features. The score is how large they are."""

import numpy as np

from problems import Loss, Metric, Part, Problem, Proof, Recipe, Spec, independent

MIX = np.random.default_rng(3).standard_normal((4, 3))


def shares(x):
    found = np.exp(x - x.max(-1, keepdims=True))
    found[found < 0.3] = 0  # a class that cannot be is where frameworks part
    return found / found.sum(-1, keepdims=True)


def examples(rng, n):
    x = rng.random((n, 3, 4)).astype("float32")
    wanted = (x - 0.5) @ MIX + 0.3 * rng.standard_normal((n, 3, 3))
    return Part(x, ({make}).astype("{dtype}"), {weight})


def spec(axes, dtype="float32", low=-np.inf, high=np.inf):
    return Spec(axes=axes, dtype=dtype, low=low, high=high, meaning="a number", unit="1")


RECIPE = Recipe(
    loss={loss},
    optimizer={optimizer},
    learning_rate=1e-2,
    batch_size=16,
    epochs=2,
    examples={{"train": 100, "validation": 20, "test": 20}},
)
PROBLEM = Problem(
    name="{name}",
    summary="numbers of each step",
    input=spec("time=3 feature=4", low=0, high=1),
    target=spec("{axes}", "{dtype}", {low}, {high}),
    output=spec("time=3 a=3"),
    hidden={{}},
    layers={{"fc": "batch time unit=5", "dense": "batch time a"}},
    recipe=RECIPE,
    quick=RECIPE,
    metrics=(
        Metric(
            name="size",
            measure=lambda outputs, targets: float(np.mean(np.abs(outputs))),
            better="lower",
            target=None,
            baseline=1.0,
            trivial=np.zeros((3, 3), np.float32),
            best=0.0,
            margin=0.01,
            unit="1",
        ),
    ),
    draw=independent(examples),
    proof=Proof(steps={steps}, held_out=20),
    reference=lambda x: np.zeros((len(x), 3, 3), np.float32),
)
'''
TORCH = '''"""In PyTorch."""

import torch
from torch import nn


class Steps(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 5)
        self.dense = nn.Linear(5, 3)

    def forward(self, x):
        x = self.fc(x).tanh()
        return self.dense(x)


def build(problem):
    return Steps()
'''
KERAS = '''"""In Keras."""

import keras
from keras import layers, ops


class Steps(keras.Model):
    def __init__(self):
        super().__init__()
        self.fc = layers.Dense(5)
        self.dense = layers.Dense(3)

    def call(self, x):
        x = ops.tanh(self.fc(x))
        return self.dense(x)


def build(problem):
    return Steps()
'''


def files_of(name: str, pair: LossPair, steps: int = 48) -> dict[str, str]:
    """Return the three files of a pair, by path; its proof takes so many steps."""
    axes, dtype, low, high, make = TARGETS[pair.target]
    facts = {"axes": axes, "dtype": dtype, "low": low, "high": high, "make": make}
    facts |= {"name": name, "loss": pair.loss, "weight": pair.weight, "steps": steps}
    facts |= {"optimizer": pair.optimizer}
    return {
        f"problems/{name}.py": PROBLEM.format(**facts),
        f"backends/pytorch/{name}.py": TORCH + pair.torch_loss,
        f"backends/keras/{name}.py": KERAS + pair.keras_loss,
    }
