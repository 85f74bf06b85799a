"""Two models of anybody's: paired without a map, and proven, or told where they differ."""

import json
import os
import subprocess
import sys

import pytest
from conftest import ROOT

TORCH = """
import torch
from torch import nn

class Block(nn.Module):
    def __init__(self, channels, units):
        super().__init__()
        self.conv = nn.Conv2d(channels, units, 3, padding=1)
        self.bn = nn.BatchNorm2d(units)

    def forward(self, x):
        return torch.relu(self.bn(self.conv(x)))

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(Block(3, 4), nn.MaxPool2d(2), Block(4, 5))
        self.head = nn.Linear(5, 6)

    def forward(self, x):
        return self.head(self.features(x).mean((2, 3)))

class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.marks = nn.Embedding(9, 4)
        self.memory = nn.LSTM(4, 5, num_layers=2, batch_first=True)
        self.out = nn.Linear(5, 9)

    def forward(self, x):
        x, state = self.memory(self.marks(x))
        return self.out(x), state
"""
KERAS = """
import keras
from keras import layers

def net(epsilon=1e-5, momentum=0.9, kernel=3, units=6):
    x = image = keras.Input((8, 8, 3))
    for units_, pool in ((4, True), (5, False)):
        x = layers.Conv2D(units_, kernel, padding="same")(x)
        x = layers.BatchNormalization(epsilon=epsilon, momentum=momentum)(x)
        x = layers.ReLU()(x)
        x = layers.MaxPooling2D()(x) if pool else x
    return keras.Model(image, layers.Dense(units)(layers.GlobalAveragePooling2D()(x)))

def tagger():
    return keras.Sequential([
        keras.Input((7,), dtype="int32"),
        layers.Embedding(9, 4),
        layers.LSTM(5, return_sequences=True),
        layers.LSTM(5, return_sequences=True),
        layers.Dense(9),
    ])
"""
IMAGE = "height=8 width=8 channel=3"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("models")
    (made / "nets.py").write_text(TORCH)
    (made / "compare.py").write_text(KERAS)  # the name of a package of ours
    return made


@pytest.fixture
def match(folder):
    """Run the command where the models are."""

    def run(pytorch, keras, *arguments):
        return subprocess.run(
            [
                *(sys.executable, "-P", "-m", "compare", "match"),
                *("--pytorch", f"nets.py:{pytorch}", "--keras", f"compare.py:{keras}", *arguments),
            ],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )

    return run


def test_a_right_pair_with_other_names_passes_every_rung(match, folder):
    before = {file: file.read_bytes() for file in folder.iterdir() if file.is_file()}
    done = match("Net", "net", "--input", IMAGE, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    pairs = {one["pytorch"]: one["keras"] for one in found["pairs"] if one["pytorch"]}
    assert pairs == {
        "features/0/conv": "conv2d",
        "features/0/bn": "batch_normalization",
        "features/1": "max_pooling2d",
        "features/2/conv": "conv2d_1",
        "features/2/bn": "batch_normalization_1",
        "head": "dense",
    }
    rungs = {one["rung"] for one in found["findings"]}
    assert {"layers", "gradients", "statistics", "steps", "curve", "state"} <= rungs
    assert found["settings"] == []
    assert before == {file: file.read_bytes() for file in folder.iterdir() if file.is_file()}


def test_a_stack_is_paired_layer_by_layer_and_a_first_output_taken(match):
    asked = ("--input", "time=7; 0..8", "--loss", "cross_entropy")
    done = match("Tagger", "tagger", *asked)
    assert done.returncode == 0, done.stderr
    assert [line.split()[:4] for line in done.stdout.splitlines() if "LSTM" in line] == [
        ["memory/0", "LSTM", "1", "LSTM"],
        ["memory/1", "LSTM", "2", "LSTM"],
    ]


@pytest.mark.parametrize(
    ("keras", "rung", "said"),
    [
        ("net(epsilon=1e-3)", "layers", "epsilon is 1e-05 in PyTorch, 0.001 in Keras"),
        ("net(momentum=0.99)", "statistics", "momentum is 0.9 in PyTorch, 0.99 in Keras"),
        ("net(kernel=1)", "parameters", "no partner"),
    ],
)
def test_what_differs_is_told(match, keras, rung, said):
    done = match("Net", keras, "--input", IMAGE)
    assert done.returncode == 3
    assert said in done.stdout
    assert f": {rung}: " in done.stderr


@pytest.mark.parametrize(
    ("pytorch", "keras", "asked", "said"),
    [
        ("Nothing", "net", IMAGE, "expected Nothing in it, came"),
        ("Net", "net(units=7)", IMAGE, "outputs: PyTorch has (2, 6), Keras (2, 7)"),
        ("Net", "net", "height=8", "the model does not run on such inputs"),
        ("Net", "net", "height", "--input 'height': "),
        ("Net", "net", "height=8; 1", "--input 'height=8; 1': expected axes"),
        ("Net(", "net", IMAGE, "expected FILE.py:NAME"),
    ],
)
def test_a_wrong_request_is_one_line(match, pytorch, keras, asked, said):
    done = match(pytorch, keras, "--input", asked)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr
