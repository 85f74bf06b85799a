"""Weights that two models or a problem are given: of a file, which is not trusted, or a side."""

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT
from two_models import IMAGE

from backends._seeded import check_given, initial_weights

pytestmark = pytest.mark.xdist_group("given weights")  # whose files are made once

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
def stored(models):
    """Weights of the models, in files of every kind, and files that are none."""
    done = subprocess.run(
        [sys.executable, "-P", "-c", "import sys; sys.path.append('.')\n" + WEIGHTS],
        cwd=models,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def loaded(models, stored):
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
            cwd=models,
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
def test_a_file_of_other_things_is_refused_and_nothing_of_it_is_run(models, loaded, file):
    assert f"weights of {file}: " in loaded[file]
    assert HOSTILE[file] in loaded[file]
    assert not (models / "hacked").exists()


def test_what_is_hostile_would_be_run_by_pickle(models, stored, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with (models / "plain.pt").open("rb") as file:
        pickle.load(file)
    assert Path("hacked").exists()


@pytest.mark.parametrize("weights", ["net.pt", "net.keras"])
def test_both_get_the_weights_of_a_file(match, stored, weights):
    done = match("Net", "net", "--input", IMAGE, "--weights", weights)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{weights}." in done.stdout
    assert "left out" not in done.stdout


@pytest.mark.parametrize("side", ["pytorch", "keras"])
def test_what_a_model_draws_itself_is_the_same_each_time(match, tmp_path, side):
    (tmp_path / "diptych.toml").write_text("")
    found = []
    for name in ("first", "second"):
        asked = ("--input", "feature=4", "--weights", side, "--steps", "4")
        done = match("Small", "small", *asked, "--project", str(tmp_path), "--save", name)
        assert done.returncode == 0, done.stdout + done.stderr
        with np.load(tmp_path / "problems" / f"{name}.npz") as opened:
            found.append(dict(opened))
    first, second = found
    assert first.keys() == second.keys()
    assert all(np.array_equal(first[name], second[name]) for name in first)
    assert any(array.any() for array in first.values())


def test_what_is_saved_is_a_problem_that_keeps_the_rules(match, models, stored, tmp_path):
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
        cwd=models,
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
