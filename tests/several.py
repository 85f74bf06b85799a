"""Small networks with several inputs, several outputs, or sequences with lengths, as text.

Each is a problem with its twins; and faults, each with the rung and the tensor where it is found.
"""

from typing import NamedTuple

from ladder_faults import STEP
from parity import ACCURACY

PROBLEM = '''
"""NAME: small networks with several inputs or outputs."""

import numpy as np

from problems import (
    Loss,
    Metric,
    Part,
    Problem,
    Proof,
    Recipe,
    Spec,
    binary_accuracy,
    independent,
)

ANY = float("inf")


def examples(rng, n):
{draw}


def spec(axes, dtype="float32", low=0, high=1, **settings):
    return Spec(
        axes=axes, dtype=dtype, low=low, high=high, meaning="a number", unit="1", **settings
    )


RECIPE = Recipe(
    loss={loss},
    learning_rate=1e-2,
    batch_size=16,
    epochs=2,
    examples={{"train": 100, "validation": 40, "test": 400}},
)
PROBLEM = Problem(
    name="NAME",
    summary="small networks",
    input={input},
    target={target},
    output={output},
    hidden={{"unit": 4}},
    layers={{{layers}}},
    recipe=RECIPE,
    quick=RECIPE,
{metrics}    draw=independent(examples),
    proof=Proof(steps={steps}, held_out=20),
    reference=lambda x: {reference},
)
'''
TORCH = '''"""NAME in PyTorch; its twin is backends/keras/NAME.py."""

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


class Network(nn.Module):
    """A small network."""

    def __init__(self, units):
        super().__init__()
        {layers}

    def forward(self, inputs):
        {steps}


def build(problem):
    """Return the network."""
    return Network(problem.sizes["unit"])
'''
KERAS = '''"""NAME in Keras; its twin is backends/pytorch/NAME.py."""

import keras
from keras import layers, ops


class Network(keras.Model):
    """A small network."""

    def __init__(self, units):
        super().__init__()
        {layers}

    def call(self, inputs, training=False):
        {steps}


def build(problem):
    """Return the network."""
    return Network(problem.sizes["unit"])
'''


class Several(NamedTuple):
    """What of a problem and its twins differs from one pair to the next."""

    draw: str  # the body of examples(rng, n)
    input: str
    target: str
    output: str
    layers: str
    torch_layers: str
    torch_steps: str
    keras_layers: str
    keras_steps: str
    loss: str = '"binary_cross_entropy"'
    metrics: str = ACCURACY
    reference: str = "None"


class Fault(NamedTuple):
    """One thing done wrong: in which pair and file, what it was, what it is, where it is found."""

    what: str
    pair: str
    file: str  # "pytorch" or "keras", the twin; else a path
    old: str
    new: str
    rung: str
    tensor: str


SEQUENCE = """    length = rng.integers(1, 7, n)
    own = np.arange(6) < length[:, None]
    steps = (rng.uniform(-1, 1, (n, 6, 3)) * own[..., None]).astype("float32")
    x = {"steps": steps, "length": length}
"""
SEQUENCE_INPUT = """{
        "steps": spec("time=6 feature=3", low=-1),
        "length": spec("", "int64", low=1, high=6, length_of="time"),
    }"""
EACH_STEP = f"""{SEQUENCE}    bits = (steps.cumsum(1)[..., :1] > 0) * own[..., None]
    return Part(x, bits.astype("float32"))"""
TORCH_PACKED = """x = pack_padded_sequence(
    inputs["steps"], inputs["length"], batch_first=True, enforce_sorted=False
)
x, {state} = self.lstm(x)
"""
TORCH_PADDED = "x, _ = pad_packed_sequence(x, batch_first=True, total_length=6)\n"
MASK = 'mask = ops.less(ops.arange(6), inputs["length"][:, None])\n'

PAIRS = {
    "two_inputs": Several(
        draw="""    left, right = (rng.random((n, size)).astype("float32") for size in (3, 5))
    word = rng.integers(4, size=(n,))
    y = (left.sum(1) + right.sum(1) > word + 2.5).astype("float32")[:, None]
    return Part({"left": left, "right": right, "word": word}, y)""",
        input="""{
        "left": spec("feature=3"),
        "right": spec("other=5"),
        "word": spec("", "int64", high=3),
    }""",
        target='spec("bit=1")',
        output='spec("bit=1", low=-ANY, high=ANY)',
        layers='"left": "batch unit", "right": "batch unit", "word": "batch unit"',
        torch_layers="self.left = nn.Linear(3, units)\n"
        "self.right = nn.Linear(5, units)\n"
        "self.word = nn.Embedding(4, units)\n"
        "self.dense = nn.Linear(3 * units, 1)",
        torch_steps='left = self.left(inputs["left"])\n'
        'right = self.right(inputs["right"])\n'
        'word = self.word(inputs["word"])\n'
        "return self.dense(torch.cat((left, right, word), dim=1).tanh())",
        keras_layers="self.left = layers.Dense(units)\n"
        "self.right = layers.Dense(units)\n"
        "self.word = layers.Embedding(4, units)\n"
        "self.dense = layers.Dense(1)",
        keras_steps='left = self.left(inputs["left"])\n'
        'right = self.right(inputs["right"])\n'
        'word = self.word(inputs["word"])\n'
        "return self.dense(ops.tanh(ops.concatenate((left, right, word), axis=1)))",
        reference="np.ones((len(x['left']), 1), np.float32)",
    ),
    "two_outputs": Several(
        draw="""    x = rng.random((n, 4)).astype("float32")
    kind = (x.argmax(1)).astype("int64")
    return Part(x, {"kind": kind, "size": x.sum(1, keepdims=True)})""",
        input='spec("feature=4")',
        target='{"kind": spec("", "int64", high=3), "size": spec("number=1", high=4)}',
        output='{"kind": spec("class=4", low=-ANY, high=ANY), '
        '"size": spec("number=1", low=-ANY, high=ANY)}',
        loss='{"kind": "cross_entropy", "size": "mean_absolute_error"}',
        layers='"body": "batch unit", "kind": "batch class", "size": "batch number"',
        torch_layers="self.body = nn.Linear(4, units)\n"
        "self.kind = nn.Linear(units, 4)\n"
        "self.size = nn.Linear(units, 1)",
        torch_steps="x = self.body(inputs).tanh()\n"
        'return {"kind": self.kind(x), "size": self.size(x)}',
        keras_layers="self.body = layers.Dense(units)\n"
        "self.kind = layers.Dense(4)\n"
        "self.size = layers.Dense(1)",
        keras_steps="x = ops.tanh(self.body(inputs))\n"
        'return {"kind": self.kind(x), "size": self.size(x)}',
        metrics="""    metrics=(
        Metric(
            name="accuracy",
            measure=lambda logits, classes: float(np.mean(logits.argmax(-1) == classes)),
            better="higher",
            target=None,
            baseline=0.25,
            trivial=np.eye(4, dtype=np.float32)[0],
            best=1.0,
            margin=0.01,
            unit="fraction",
            of="kind",
        ),
        Metric(
            name="error",
            measure=lambda outputs, targets: float(np.abs(outputs - targets).mean()),
            better="lower",
            target=None,
            baseline=0.46,
            trivial=np.full(1, 2, np.float32),
            best=0.0,
            margin=0.01,
            unit="1",
            of="size",
        ),
    ),
""",
        reference='{"kind": 9 * x, "size": x.sum(1, keepdims=True)}',
    ),
    "every_step": Several(  # tells something of each step
        draw=EACH_STEP,
        input=SEQUENCE_INPUT,
        target='spec("time=6 bit=1")',
        output='spec("time=6 bit=1", low=-ANY, high=ANY)',
        metrics=ACCURACY.replace("np.ones(1,", "np.ones((6, 1),"),
        layers='"lstm": "batch time unit", "dense": "batch time bit"',
        torch_layers="self.lstm = nn.LSTM(3, units, batch_first=True)\n"
        "self.dense = nn.Linear(units, 1)",
        torch_steps=f"{TORCH_PACKED.format(state='_')}{TORCH_PADDED}return self.dense(x)",
        keras_layers="self.masking = layers.Masking()\n"
        "self.lstm = layers.LSTM(units, return_sequences=True)\n"
        "self.dense = layers.Dense(1)",
        keras_steps='x = self.masking(inputs["steps"])\n'
        "x = self.lstm(x)\n"
        "return self.dense(x)",
        reference='9 * (x["steps"].cumsum(1)[..., :1] > 0) - 4.5',
    ),
    "both_ways": Several(  # the last step of each direction tells something of the whole
        draw=f"""{SEQUENCE}    bit = steps.sum((1, 2))[:, None] > 0
    return Part(x, bit.astype("float32"))""",
        input=SEQUENCE_INPUT,
        target='spec("bit=1")',
        output='spec("bit=1", low=-ANY, high=ANY)',
        layers='"lstm.last": "batch state=8", "dense": "batch bit"',
        torch_layers="self.lstm = nn.LSTM(3, units, batch_first=True, bidirectional=True)\n"
        "self.dense = nn.Linear(2 * units, 1)",
        torch_steps=f"{TORCH_PACKED.format(state='(x, _)')}"
        "return self.dense(torch.cat(tuple(x), dim=-1))",
        keras_layers="self.lstm = layers.Bidirectional(layers.LSTM(units))\n"
        "self.dense = layers.Dense(1)",
        keras_steps=f'{MASK}x = self.lstm(inputs["steps"], mask=mask)\nreturn self.dense(x)',
        reference='9 * (x["steps"].sum((1, 2))[:, None] > 0) - 4.5',
    ),
    "pooled": Several(  # a mean over its own steps, and a sum weighted by attention to them
        draw=f"""{SEQUENCE}    bit = steps.sum((1, 2))[:, None] > 0
    return Part(x, bit.astype("float32"))""",
        input=SEQUENCE_INPUT,
        target='spec("bit=1")',
        output='spec("bit=1", low=-ANY, high=ANY)',
        layers='"body": "batch time unit", "norm": "batch time unit", "score": "batch time one=1"',
        torch_layers="self.body = nn.Linear(3, units)\n"
        "self.norm = nn.BatchNorm1d(units, eps=1e-3, momentum=0.01)\n"
        "self.score = nn.Linear(units, 1, bias=False)\n"
        "self.dense = nn.Linear(2 * units, 1)",
        torch_steps='mask = torch.arange(6) < inputs["length"][:, None]\n'
        'mask = mask.to(inputs["steps"])[..., None]\n'
        'x = self.norm(self.body(inputs["steps"]).tanh().movedim(1, 2)).movedim(1, 2)\n'
        "mean = (x * mask).sum(1) / mask.sum(1)\n"
        "score = self.score(x).masked_fill(mask == 0, -1e9).softmax(1)\n"
        "return self.dense(torch.cat((mean, (score * x).sum(1)), dim=1))",
        keras_layers="self.body = layers.Dense(units)\n"
        "self.norm = layers.BatchNormalization()\n"
        "self.score = layers.Dense(1, use_bias=False)\n"
        "self.dense = layers.Dense(1)",
        keras_steps='mask = ops.less(ops.arange(6), inputs["length"][:, None])[..., None]\n'
        'x = self.norm(ops.tanh(self.body(inputs["steps"])), training=training)\n'
        "valid = ops.cast(mask, x.dtype)\n"
        "mean = ops.sum(x * valid, axis=1) / ops.sum(valid, axis=1)\n"
        "score = ops.softmax(ops.where(mask, self.score(x), -1e9), axis=1)\n"
        "return self.dense(ops.concatenate((mean, ops.sum(score * x, axis=1)), axis=1))",
        reference='9 * (x["steps"].sum((1, 2))[:, None] > 0) - 4.5',
    ),
}  # fmt: skip


def files(name: str, steps: int = 48) -> dict[str, str]:
    """Return the three files of a pair, by path; its proof takes so many steps."""
    pair = PAIRS[name]
    problem = PROBLEM.format(**pair._asdict(), steps=steps).replace("NAME", name)
    found = {f"problems/{name}.py": problem}
    twins = {
        "pytorch": (TORCH, pair.torch_layers, pair.torch_steps),
        "keras": (KERAS, pair.keras_layers, pair.keras_steps),
    }
    for folder, (text, layers, lines) in twins.items():
        indented = {"layers": layers, "steps": lines}
        indented = {key: value.replace("\n", "\n        ") for key, value in indented.items()}
        found[f"backends/{folder}/{name}.py"] = text.format(**indented).replace("NAME", name)
    return found


FAULTS = (
    Fault("inputs joined in another order", "two_inputs", "pytorch",
          "(left, right, word)", "(right, left, word)", "layers", "output"),
    Fault("an output that does not train what is below it", "two_outputs", "pytorch",
          "self.size(x)", "self.size(x.detach())", "gradients", "body/kernel"),
    Fault("one output for the other's layer", "two_outputs", "keras",
          '"kind": self.kind(x)', '"kind": 2 * self.kind(x)', "layers", "output/kind"),
    Fault("a sequence that is not packed", "both_ways", "pytorch",
          "self.lstm(x)", 'self.lstm(inputs["steps"])', "layers", "lstm.last"),
    Fault("a mask that is not handed over", "both_ways", "keras",
          ", mask=mask", "", "layers", "lstm.last"),
    Fault("a mask one step too long", "both_ways", "keras",
          "ops.less(", "ops.less_equal(", "layers", "lstm.last"),
    Fault("sequences sorted and not put back", "both_ways", "pytorch",
          'inputs["steps"], inputs["length"]',
          'inputs["steps"][inputs["length"].argsort()], inputs["length"].sort()[0]',
          "layers", "lstm.last"),
    Fault("the last step of the padding for the last of the sequence", "both_ways", "pytorch",
          "x, (x, _) = self.lstm(x)\n",
          "y, (x, _) = self.lstm(x)\n"
          "        x = pad_packed_sequence(y, batch_first=True)[0][:, -1].chunk(2, -1)\n",
          "layers", "dense"),
    Fault("a mean over padded steps", "pooled", "pytorch",
          "mask.sum(1)", "6", "layers", "output"),
    Fault("attention to padded steps", "pooled", "keras",
          "ops.where(mask, self.score(x), -1e9)", "self.score(x)", "layers", "output"),
    Fault("batch normalization of its own steps on one side", "pooled", "keras",
          "training=training)", "training=training, mask=mask[..., 0])", "loss", "loss"),
    Fault("padded steps in the loss", "every_step", "backends/pytorch/_engine.py",
          STEP.format("y, weights"), STEP.format("y, None"),
          "steps", "loss"),
)  # fmt: skip


def path_of(fault: Fault) -> str:
    """Return the file that a fault is planted into."""
    twin = fault.file in ("pytorch", "keras")
    return f"backends/{fault.file}/{fault.pair}.py" if twin else fault.file
