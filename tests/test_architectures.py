"""Well-known small networks, as people write them in each framework, are matched without a map."""

import json
from pathlib import Path

import pytest
from two_models import match

HERE = Path(__file__).parent / "architectures"
# Name: the model in PyTorch, that in Keras, and what they are asked with.
PAIRS = {
    "lenet": ("LeNet", "lenet", "--input", "height=28 width=28 channel=1"),
    "resnet": ("ResNet", "resnet", "--input", "height=32 width=32 channel=3"),
    "unet": ("UNet", "unet", "--input", "height=32 width=32 channel=1", "--loss", "cross_entropy"),
    "char_lstm": ("CharRNN", "model", "--input", "time=20; 0..49", "--loss", "cross_entropy"),
    "tagger": ("BiGRU", "tagger", "--input", "time=15; 0..39", "--loss", "cross_entropy"),
    "seq2seq": (
        *("Seq2Seq", "seq2seq", "--loss", "cross_entropy"),
        *("--input", "question: source=9; 0..29", "--input", "answer: step=7; 0..29"),
    ),
    "transformer": (
        *("Classifier", "Encoder", "--input", "time=12; 0..59", "--loss", "cross_entropy"),
    ),
    "autoencoder": ("net", "Autoencoder", "--input", "feature=64"),
    "tcn": ("TCN", "tcn", "--input", "time=20 channel=4"),
}


def matched(name, *more):
    """Return what `diptych match` says of a pair, as JSON."""
    torch, keras, *asked = PAIRS[name]
    files = (f"{name}_torch.py:{torch}", f"{name}_keras.py:{keras}")
    done = match(HERE, *files, "--json", *asked, *more)
    return done, json.loads(done.stdout or "{}")


@pytest.mark.parametrize("name", PAIRS)
def test_a_known_network_is_matched_without_a_map(name):
    done, found = matched(name)
    assert done.returncode == 0, done.stderr
    assert {"curve", "state", "score"} <= {one["rung"] for one in found["findings"]}


def test_all_files_are_of_pairs():
    files = {file.stem for file in HERE.glob("*.py")}
    assert files == {f"{name}_{side}" for name in PAIRS for side in ("torch", "keras")}
