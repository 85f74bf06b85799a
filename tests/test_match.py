"""Two models of anybody's: paired without a map, and proven, or told where they differ."""

import json
import os
import pickle
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT

from backends._seeded import check_given, initial_weights

TORCH = """
import torch
from torch import nn
from torch.nn import functional as F

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


class Bare(nn.Module):
    def forward(self, x):
        return x.relu()


class Residual(nn.Module):
    def __init__(self, width=6, rate=0.1):
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.up = nn.Linear(width, 4 * width)
        self.down = nn.Linear(4 * width, width)
        self.drop = nn.Dropout(rate)

    def forward(self, x):
        return x + self.drop(self.down(F.gelu(self.up(self.norm(x)))))


class Texts(nn.Module):
    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(9, 6)
        self.blocks = nn.ModuleList([Residual(), Residual()])
        self.head = nn.Linear(6, 3)

    def forward(self, tokens):
        x = self.words(tokens)
        for block in self.blocks:
            x = block(x)
        return self.head(x.mean(1))
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


def bare():
    return keras.Sequential([keras.Input((4,)), layers.ReLU()])


class Feed(layers.Layer):
    def __init__(self, rate=0.2):
        super().__init__()
        self.normalization = layers.LayerNormalization()
        self.expand = layers.Dense(24, activation=approximate)
        self.project = layers.Dense(6)
        self.dropout = layers.Dropout(rate)

    def call(self, x, training=None):
        y = self.project(self.expand(self.normalization(x)))
        return x + self.dropout(y, training=training)


def approximate(x):
    return keras.activations.gelu(x, approximate=True)


def texts():
    tokens = keras.Input((None,), dtype="int32")
    x = layers.Embedding(9, 6)(tokens)
    for _ in range(2):
        x = Feed()(x)
    x = layers.GlobalAveragePooling1D()(x)
    return keras.Model(tokens, layers.Dense(3)(x))
"""
IMAGE = "height=8 width=8 channel=3"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("models")
    (made / "nets.py").write_text(TORCH)
    (made / "compare.py").write_text(KERAS)  # the name of a package of ours
    return made


@pytest.fixture(scope="module")
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
        ("net(epsilon=1e-3)", "layers", "epsilon is 1e-05 here and 0.001 there"),
        ("net(momentum=0.99)", "statistics", "momentum is 0.9 in PyTorch, 0.99 in Keras"),
        ("net(kernel=1)", "parameters", "kernel size is 3 in PyTorch, 1 in Keras"),
    ],
)
def test_what_differs_is_told(match, keras, rung, said):
    done = match("Net", keras, "--input", IMAGE)
    assert done.returncode == 3
    assert said in re.sub(r"\s+(\(\S+?:\d+\))?", " ", done.stdout).replace(" ,", ",")
    assert f": {rung}: " in done.stderr


@pytest.fixture(scope="module")
def several(match, folder):
    """What is said of two models that differ in several places, and its page."""
    asked = ("--input", "time=5; 0..8", "--loss", "cross_entropy", "--all")
    return match("Texts", "texts", *asked, "--report", "found.html"), folder / "found.html"


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1280, "light")])
def test_the_page_is_without_faults(several, look, width, scheme):
    assert look(several[1], width=width, scheme=scheme).faults == []


def test_the_page_says_what_is_wrong(several):
    text = several[1].read_text()
    assert "<h1>Two models that differ</h1>" in text
    assert "blocks_0_norm: epsilon is 1e-05 here and 0.001 there" in text
    assert "<code>nets.py:Texts</code>" in text
    assert text.count('<td class="wrong">WRONG</td>') > 2


def test_each_of_several_differences_is_told_with_its_lines(several):
    done = several[0]
    assert done.returncode == 3
    said = " ".join(done.stdout.split())
    texts = {"nets.py": TORCH, "compare.py": KERAS}

    def place(file, text):
        return f"{file}:{[text in one for one in texts[file].splitlines()].index(True) + 1}"

    norms = (place("nets.py", "nn.LayerNorm("), place("compare.py", "LayerNormalization("))
    rates = (place("nets.py", "nn.Dropout("), place("compare.py", "Dropout(rate)"))
    for block in ("blocks_0", "blocks_1"):
        epsilon = f"epsilon is 1e-05 here and 0.001 there ({' and '.join(norms)})"
        assert f"- {block}_norm: {epsilon}" in said
        gelu = "between the layers, it is gelu by erf here and gelu by tanh there"
        assert f"- before {block}_down: {gelu}" in said
        rate = f"rate is 0.1 in PyTorch ({rates[0]}), 0.2 in Keras ({rates[1]})"
        assert f"{block.replace('_', '/')}/drop: {rate}" in said
    assert said.partition("What differs")[2].count(" - ") == 6
    assert "words/embeddings: a typical size of" in said
    assert said.endswith("a difference may hide others behind it.")
    rests = "This may follow from what is wrong before it: layers"
    assert all(rests in one for one in done.stderr.splitlines() if "float64: loss: " in one)


@pytest.mark.parametrize(
    ("pytorch", "keras", "asked", "said"),
    [
        ("Nothing", "net", IMAGE, "expected Nothing in it, came"),
        ("Net", "net(units=7)", IMAGE, "outputs: PyTorch has (2, 6), Keras (2, 7)"),
        ("Net", "net", "height=8", "the model does not run on such inputs"),
        ("Net", "net", "height", "--input 'height': "),
        ("Net", "net", "height=8; 1", "--input 'height=8; 1': expected axes"),
        ("Net(", "net", IMAGE, "expected FILE.py:NAME"),
        ("Bare", "bare", "feature=4", "the models are the same: what is wrong is told below"),
    ],
)
def test_what_cannot_be_compared_is_told(match, pytorch, keras, asked, said):
    done = match(pytorch, keras, "--input", asked)
    assert done.returncode == 2
    assert said in " ".join((done.stdout + done.stderr).split())
    assert "Traceback" not in done.stderr


WEIGHTS = """
import torch, keras, numpy as np, os, pickle
from safetensors.torch import save_file
import nets, compare

torch.manual_seed(3)
net = nets.Net().train()
for _ in range(3):
    net(torch.randn(8, 3, 8, 8) + 1)
torch.save(net.state_dict(), "net.pt")
torch.save({"epoch": 1, "model_state_dict": net.state_dict()}, "checkpoint.pth")
save_file(net.state_dict(), "net.safetensors")
tagger = nets.Tagger()
torch.save(tagger.state_dict(), "tagger.pt")
keras.utils.set_random_seed(3)
other = compare.net()
other.compile("sgd", "mse")
other.fit(np.random.rand(16, 8, 8, 3) + 1, np.ones((16, 6)), verbose=0)
other.save("net.keras")
other.save_weights("net.weights.h5")


class Hostile:
    def __reduce__(self):
        return os.system, ("touch hacked",)


with open("plain.pt", "wb") as file:
    pickle.dump({"head.weight": Hostile()}, file)
torch.save({"head.weight": Hostile()}, "archive.pt")
torch.save(net, "whole.pt")
with open("cut.keras", "wb") as file:
    file.write(open("net.keras", "rb").read()[:900])
with open("long.safetensors", "wb") as file:
    file.write(b"\\xff" * 64)
"""


LOOK = """
import json, sys
import numpy as np
from backends.PANEL._look import look

x = {"": np.zeros((2, 8, 8, 3), np.float32)}
found = {}
for file in sys.argv[1:]:
    try:
        weights = look("REFERENCE", x, file).weights
        found[file] = {name: float(array.sum()) for name, array in weights.items()}
    except ValueError as error:
        found[file] = str(error)
print(json.dumps(found))
"""
RIGHT = {
    "pytorch": ("net.pt", "checkpoint.pth", "net.safetensors"),
    "keras": ("net.keras", "net.weights.h5"),
}
HOSTILE = {
    "plain.pt": "came a file that is none; it is unread",
    "archive.pt": "system, which could run anything; nothing of it was run",
    "whole.pt": "nothing of it was run",
    "tagger.pt": "Missing key(s)",
    "long.safetensors": "header too large",
    "cut.keras": "File is not a zip file",
}


@pytest.fixture(scope="module")
def stored(folder):
    """Weights of the models, in files of every kind, and files that are none."""
    done = subprocess.run(
        [sys.executable, "-P", "-c", "import sys; sys.path.append('.')\n" + WEIGHTS],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def loaded(folder, stored):
    """What each file gives a model: the sum of each weight, or why it is refused."""
    found = {}
    for panel, where in (("pytorch", "nets.py:Net"), ("keras", "compare.py:net")):
        files = [file for file in HOSTILE if (".keras" in file) == (panel == "keras")]
        done = subprocess.run(
            [
                *(sys.executable, "-P", "-c"),
                LOOK.replace("PANEL", panel).replace("REFERENCE", where),
                *(*RIGHT[panel], *files),
            ],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        found |= json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.parametrize("panel", RIGHT)
def test_every_kind_of_file_has_the_same_weights(loaded, panel):
    first, *others = (loaded[file] for file in RIGHT[panel])
    assert all(one == first for one in others)
    assert any("moving_mean" in name and total for name, total in first.items())


@pytest.mark.parametrize("file", HOSTILE)
def test_a_file_of_other_things_is_refused_and_nothing_of_it_is_run(folder, loaded, file):
    assert f"weights of {file}: " in loaded[file]
    assert HOSTILE[file] in loaded[file]
    assert not (folder / "hacked").exists()


def test_what_is_hostile_would_be_run_by_pickle(folder, stored, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with (folder / "plain.pt").open("rb") as file:
        pickle.load(file)
    assert Path("hacked").exists()


@pytest.mark.parametrize("weights", ["net.pt", "net.keras"])
def test_both_get_the_weights_of_a_file(match, stored, weights):
    done = match("Net", "net", "--input", IMAGE, "--weights", weights)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{weights}." in done.stdout
    assert "left out" not in done.stdout


def test_what_is_saved_is_a_problem_that_keeps_the_rules(match, folder, stored, tmp_path):
    """With weights of a file; the second bias of an LSTM is part of the first in Keras."""
    (tmp_path / "diptych.toml").write_text("")
    asked = ("--input", "time=7; 0..8", "--loss", "cross_entropy", "--weights", "tagger.pt")
    save = ("--project", str(tmp_path), "--save", "saved")
    done = match("Tagger", "tagger", *asked, *save)
    assert done.returncode == 0, done.stdout + done.stderr
    found = {str(file.relative_to(tmp_path)) for file in tmp_path.rglob("saved.*")}
    assert found == {
        *("problems/saved.py", "problems/saved.npz"),
        *("backends/pytorch/saved.py", "backends/keras/saved.py"),
    }
    again = match("Tagger", "tagger", *asked, *save)
    assert again.returncode == 2
    assert "--save saved: expected a new name" in again.stderr
    code = (
        "from pathlib import Path; from problems import _project;"
        f"_project.use(Path({str(tmp_path)!r}));"
        "from compare.processes import sources; from compare.project import contract;"
        "print(list(contract.broken('saved')), *sources.of_problem('saved'))"
    )
    told = subprocess.run(
        [sys.executable, "-P", "-c", code],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert told.startswith("[] ")
    assert "project/problems/saved.npz" in told


@pytest.mark.parametrize(
    ("weights", "said"),
    [("net.txt", "whose name ends in one of .pt, "), ("no.pt", "expected a file, came none")],
)
def test_a_file_that_tells_nothing_is_refused_at_once(match, weights, said):
    done = match("Net", "net", "--input", IMAGE, "--weights", weights)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


def test_given_weights_of_a_problem_are_those_that_it_starts_with():
    shapes, given = {"a/kernel": (2, 3), "a/bias": (3,)}, {"a/kernel": np.full((2, 3), 0.5)}
    found = initial_weights(shapes, 0, given=given)
    np.testing.assert_array_equal(found["a/kernel"], given["a/kernel"])
    np.testing.assert_array_equal(found["a/bias"], np.zeros(3))
    with pytest.raises(ValueError, match=r"expected names among .* came 'b'"):
        check_given({"b": np.zeros(3)}, shapes)
    with pytest.raises(ValueError, match=r"a/bias: expected \(3,\), came \(4,\)"):
        check_given({"a/bias": np.zeros(4)}, shapes)
