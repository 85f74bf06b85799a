"""Two models of anybody's: paired without a map, and proven, or told where they differ."""

import json
import re

import pytest
import two_models
from two_models import IMAGE, KERAS, TORCH

from compare.match.request import name_of


def test_a_right_pair_with_other_names_passes_every_rung(match, models):
    before = {file: file.read_bytes() for file in models.iterdir() if file.is_file()}
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
    assert found["settings"] == found["left_out"] == []
    assert (found["channels_moved"], found["flattened"]) == ([""], {})
    assert before == {file: file.read_bytes() for file in models.iterdir() if file.is_file()}


def test_a_stack_is_paired_layer_by_layer_and_a_first_output_taken(match):
    asked = ("--input", "time=7; 0..8", "--loss", "cross_entropy")
    done = match("Tagger", "tagger", *asked)
    assert done.returncode == 0, done.stderr
    assert [line.split()[:4] for line in done.stdout.splitlines() if "LSTM" in line] == [
        ["memory/0", "LSTM", "1", "LSTM"],
        ["memory/1", "LSTM", "2", "LSTM"],
    ]


@pytest.mark.parametrize(
    ("keras", "status", "said"),
    [
        ("twofold", 0, "The same model: every rung holds."),
        ("twofold(epsilon=1e-3)", 3, "layers: output/output1"),
        (
            "twofold(last=2)",
            3,
            "PyTorch returns 2 outputs without names: only the first is compared",
        ),
        ("twofold(told='by name')", 0, "They are compared in their order, as map, flat."),
        ("twofold(told='by name', epsilon=1e-3)", 3, "layers: output/flat"),
    ],
)
def test_several_outputs_without_names_are_compared(match, keras, status, said):
    asked = ("--input", "height=6 width=5 channel=2", "--channels", "first")
    done = match("Twofold", keras, *asked)
    assert done.returncode == status, done.stderr
    assert said in " ".join((done.stdout + done.stderr).split())
    assert "PyTorch has channels second: its input is moved." in done.stdout


@pytest.mark.parametrize(
    ("keras", "rung", "said"),
    [
        ("net(epsilon=1e-3)", "layers", "epsilon is 1e-05 here and 0.001 there"),
        ("net(momentum=0.99)", "statistics", "momentum is 0.9 in PyTorch, 0.99 in Keras"),
        (
            "net(cut=1)",
            "gradients",
            "head: it leaves the same, but no gradient flows back there",
        ),
        ("net(kernel=1)", "parameters", "kernel size is 3 in PyTorch, 1 in Keras"),
    ],
)
def test_what_differs_is_told(match, keras, rung, said):
    done = match("Net", keras, "--input", IMAGE)
    assert done.returncode == 3
    assert said in re.sub(r"\s+(\(\S+?:\d+\))?", " ", done.stdout).replace(" ,", ",")
    assert f": {rung}: " in done.stderr


@pytest.mark.parametrize("engine", ["keras-tensorflow", "keras-torch"])
def test_a_gradient_that_is_cut_is_told_and_no_other_layer_is_wrong(match, engine):
    done = match("Deep", "deep", "--input", IMAGE, "--engine", engine, "--json")
    assert done.returncode == 3, done.stderr
    found = json.loads(done.stdout)
    by_name = {one["layer"]: one for one in found["layers"]}
    assert [one["cause"] for one in found["layers"] if one["wrong"]] == [
        "it leaves the same, but no gradient flows back there"
    ]
    assert all(by_name[name]["backwards"] < 1e-11 for name in ("0", "4", "5"))
    assert by_name["6"]["wrong"]
    assert found["causes"] == ["no gradient comes to 0/kernel, 0/bias, 4/kernel, 4/bias there"]


@pytest.mark.parametrize(
    ("reference", "name"),
    [
        ("nets.py:Net", "your_Net"),
        ("package.module:Outer.Net(8, width='a:b')", "your_Outer_Net_8_width_a_b"),
        ("nets.py:Net(-1)", "your_Net_1"),
        (f"nets.py:{'N' * 300}", f"your_{'N' * 35}"),
    ],
)
def test_a_pair_has_the_name_of_its_model(reference, name):
    assert name_of(reference) == name


def test_an_output_that_has_a_name_on_one_side_alone_is_compared(match):
    done = match("Small", "small(named=True)", "--input", "feature=4")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("where", ["single.py", "single"])
def test_a_model_that_names_float32_is_compared_in_float64(models, where):
    asked = ("--input", "time=5; 0..8")
    done = two_models.match(models, f"{where}:Single('float32')", "compare.py:single", *asked)
    assert done.returncode == 0, done.stdout + done.stderr


def test_models_that_are_the_same_are_timed(match, models):
    asked = ("--input", "feature=4", "--batch-size", "16", "--time", "times")
    done = match("Small", "small", *asked)
    assert done.returncode == 0, done.stderr
    assert "The same model: every rung holds." in done.stdout
    answer = done.stdout.partition("every rung holds.")[2]
    assert "your_Small" in answer
    assert "diptych show" not in answer  # the two programs were there for this command alone
    lines = (models / "times" / "runs.jsonl").read_text().splitlines()
    found = [json.loads(line) for line in lines]
    assert {one["backend"] for one in found} == {"pytorch", "keras-tensorflow"}
    assert len(found) == 2 * 6
    done = {(one["examples"], len(one["train_loss"]), one["status"]) for one in found}
    assert done == {(16 * 32, 5, "ok")}
    differ = match("Small", "small(1)", *asked[:-1], "untimed")
    assert differ.returncode == 3
    assert not (models / "untimed").exists()
    placed = match("Small", "small", *asked[:-1], "nets.py")
    assert (placed.returncode, placed.stdout) == (2, "")
    assert "--time: expected a folder, came the file nets.py" in placed.stderr
    refused = match("Small", "small", *asked, "--json")
    assert refused.returncode == 2
    assert "expected no --json" in refused.stderr


@pytest.fixture(scope="module")
def several(match, models):
    """What is said of two models that differ in several places, and its page."""
    asked = ("--input", "time=5; 0..8", "--loss", "cross_entropy", "--all")
    return match("Texts", "texts", *asked, "--report", "found.html"), models / "found.html"


@pytest.mark.xdist_group("several differences")
@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1280, "light")])
def test_the_page_is_without_faults(several, look, width, scheme):
    assert look(several[1], width=width, scheme=scheme).faults == []


@pytest.mark.xdist_group("several differences")
def test_the_page_says_what_is_wrong(several):
    text = several[1].read_text()
    assert "<h1>Two models that differ</h1>" in text
    assert "blocks_0_norm: epsilon is 1e-05 here and 0.001 there" in text
    assert "<code>nets.py:Texts</code>" in text
    assert text.count('<td class="wrong">WRONG</td>') > 2


@pytest.mark.xdist_group("several differences")
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
        (
            *("Twofold", "twofold(told='turned')", "height=6 width=5 channel=2"),
            "Keras output0 (2, 3), output1 (2, 6, 5, 4): the same in another order; return them in",
        ),
        (
            *("Twofold", "twofold(told='by name, turned')", "height=6 width=5 channel=2"),
            "output1 (2, 3), Keras flat (2, 3), map (2, 6, 5, 4): the same in another order",
        ),
        (
            *("Twofold", "twofold(told='one')", "height=6 width=5 channel=2"),
            "outputs: PyTorch has output0 (2, 4, 6, 5), output1 (2, 3), Keras map (2, 6, 5, 4)",
        ),
        ("Net", "net", "height=8", "the model does not run on such inputs"),
        ("Net", "net", "height", "--input 'height': "),
        ("Net", "net", "height=8; 1", "--input 'height=8; 1': expected axes"),
        ("Net(", "net", IMAGE, "expected FILE.py:NAME"),
        ("Net", "net", f"{IMAGE}|--channels|last", "; --channels last was asked for"),
        ("Net", "net", f"{IMAGE}|--target|height=9", "expected height of the size it has in"),
        ("Bare", "bare", "feature=4", "the models are the same: what is wrong is told below"),
    ],
)
def test_what_cannot_be_compared_is_told(match, pytorch, keras, asked, said):
    done = match(pytorch, keras, "--input", *asked.split("|"))
    assert done.returncode == 2
    assert said in " ".join((done.stdout + done.stderr).split())
    assert "Traceback" not in done.stderr
