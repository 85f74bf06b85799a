"""Two models by reference, for `diptych match`: their texts, and the command."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
TORCH = """
import numpy as np
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


class Deep(nn.Sequential):
    def __init__(self):
        super().__init__(
            nn.Conv2d(3, 4, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.AdaptiveMaxPool2d(1),
            nn.Flatten(),
            nn.Linear(4, 500),
            nn.Softmax(-1),
            nn.Linear(500, 2),
        )


class Small(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 2))
        own = np.random.randn(2)  # from another generator than PyTorch's
        self[2].bias = nn.Parameter(torch.tensor(own, dtype=torch.float32))


class Twofold(nn.Module):
    def __init__(self, last=3):
        super().__init__()
        self.conv = nn.Conv2d(2, 4, 3, padding=1)
        self.head = nn.Linear(4, last)

    def forward(self, x):
        if x.shape[1] != 2:  # so that it runs either way
            x = x.transpose(1, 3).transpose(2, 3)
        x = self.conv(x)
        return x, (self.head(x.mean((2, 3))),)


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

class Cut(layers.Dense):
    def call(self, x):
        return super().call(keras.ops.stop_gradient(x))


def net(epsilon=1e-5, momentum=0.9, kernel=3, units=6, cut=False):
    head = Cut(units) if cut else layers.Dense(units)
    x = image = keras.Input((8, 8, 3))
    for units_, pool in ((4, True), (5, False)):
        x = layers.Conv2D(units_, kernel, padding="same")(x)
        x = layers.BatchNormalization(epsilon=epsilon, momentum=momentum)(x)
        x = layers.ReLU()(x)
        x = layers.MaxPooling2D()(x) if pool else x
    return keras.Model(image, head(layers.GlobalAveragePooling2D()(x)))

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


def deep():
    return keras.Sequential([
        keras.Input((8, 8, 3)),
        layers.Conv2D(4, 3, padding="same"),
        layers.ReLU(),
        layers.GlobalMaxPooling2D(),
        layers.Dense(500),
        layers.Softmax(),
        Cut(2),
    ])


def small(tanh=False, named=False):
    x = keras.Input((4,))
    y = layers.Dense(2)(layers.Dense(5, activation="tanh" if tanh else "relu")(x))
    return keras.Model(x, {"answer": y} if named else y)


def twofold(last=3, epsilon=0.0, told="in order"):
    image = keras.Input((6, 5, 2))
    x = layers.Conv2D(4, 3, padding="same")(image)
    flat = layers.Dense(last)(layers.GlobalAveragePooling2D()(x)) * (1 + epsilon)
    returned = {
        "in order": [x, flat],
        "turned": [flat, x],
        "by name": {"map": x, "flat": flat},
        "by name, turned": {"flat": flat, "map": x},
        "one": {"map": x},
    }
    return keras.Model(image, returned[told])


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


def single():
    tokens = keras.Input((5,), dtype="int32")
    x = keras.ops.cast(layers.Embedding(9, 4)(tokens), "float32")
    return keras.Model(tokens, layers.Dense(3)(layers.GlobalAveragePooling1D()(x)))


def texts():
    tokens = keras.Input((None,), dtype="int32")
    x = layers.Embedding(9, 6)(tokens)
    for _ in range(2):
        x = Feed()(x)
    x = layers.GlobalAveragePooling1D()(x)
    return keras.Model(tokens, layers.Dense(3)(x))
"""
IMAGE = "height=8 width=8 channel=3"


# A model that names float32, as do what it imports and the numbers that it reads.
SINGLE = {
    "single.py": """
import numpy as np
import torch
from parts.heads import Head
from torch import nn

TABLE = torch.from_numpy(np.load("table.npy"))


TYPES = {"float32": torch.float32, "float16": torch.float16}


class Single(nn.Module):
    def __init__(self, dtype="float32"):
        super().__init__()
        self.dtype = TYPES[dtype]
        self.words = nn.Embedding.from_pretrained(TABLE, freeze=False)
        self.head = Head()

    def forward(self, x):
        shares = torch.ones(x.shape[1], dtype=self.dtype) / x.shape[1]
        return self.head(torch.matmul(shares, self.words(x)))
""",
    "parts/heads.py": """
from torch import nn


class Head(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 3)

    def forward(self, x):
        return self.fc(x.float())
""",
}


def write(folder: Path) -> Path:
    """Write the models into a folder, and return it."""
    (folder / "parts").mkdir()
    for name, text in {"nets.py": TORCH, **SINGLE}.items():
        (folder / name).write_text(text)
    (folder / "compare.py").write_text(KERAS)  # the name of a package of ours
    np.save(folder / "table.npy", np.random.default_rng(0).random((9, 4), dtype=np.float32))
    return folder


def match(folder: Path, pytorch: str, keras: str, *arguments: str):
    """Run the command in a folder, of two references; nothing of the folder is on the path."""
    return subprocess.run(
        [
            *(sys.executable, "-P", "-m", "compare", "match"),
            *("--pytorch", pytorch, "--keras", keras, *arguments),
        ],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
