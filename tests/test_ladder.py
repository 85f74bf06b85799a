"""The ladder holds where both sides are the same, and names the rung and tensor where they are not.

One copy of the project, with a small pair of twins for every kind of layer, serves all tests here;
each fault is planted into a copy of its own.
"""

import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from conftest import COMPARED, COMPLETE, ROOT, run_python
from pairs import PAIRS, files

import problems
from backends import BACKENDS
from compare.check import judge
from compare.ladder import CAP, RUNGS, Pair

REAL = ("cumsum", "damped_sine", "echo", "shapes")  # problems that faults are planted into
REFERENCE, OTHER = COMPARED


def gather(folder: Path, backend: str, *names: str) -> dict[str, dict[str, np.ndarray]]:
    """Return the float64 evidence of the code in a folder."""
    out = folder / "evidence" / backend
    out.mkdir(parents=True)
    arguments = [str(os.getpid()), backend, "float64", str(out), *names]
    done = run_python("-m", "compare.probe", *arguments, cwd=folder, backend=backend)
    assert done.returncode == 0, done.stderr
    return {name: dict(np.load(out / f"{name}.npz")) for name in names}


@pytest.fixture(scope="session")
def workshop(tmp_path_factory):
    """The project with all pairs added, training for 50 steps."""
    folder = tmp_path_factory.mktemp("workshop")
    for name in ("problems", "backends", "compare"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in PAIRS:
        for path, text in files(name).items():
            (folder / path).write_text(text)
    probe = folder / "compare" / "probe.py"
    assert "EPOCHS, STEPS = 4, 200" in probe.read_text()
    probe.write_text(probe.read_text().replace("EPOCHS, STEPS = 4, 200", "EPOCHS, STEPS = 5, 50"))
    return folder


@pytest.fixture(scope="session")
def sound(workshop):
    """The evidence of sound code, by backend and problem."""
    return {backend: gather(workshop, backend, *PAIRS, *REAL) for backend in COMPARED}


@pytest.fixture(scope="session")
def definitions(workshop):
    """The problems of the workshop: the real ones, and the pairs with the shapes they declare."""
    code = "import problems, pickle, sys\n"
    code += "for name in sys.argv[1:]: print(name, dict(problems.load(name).layers), sep='|')"
    done = run_python("-c", code, *PAIRS, cwd=workshop)
    assert done.returncode == 0, done.stderr
    base = problems.load("cumsum")
    found = {name: problems.load(name) for name in REAL}
    for line in done.stdout.splitlines():
        name, layers = line.split("|")
        found[name] = replace(
            base,
            name=name,
            layers=eval(layers),
            input=replace(base.input, axes="time=6 feature=4"),
            output=replace(base.output, axes="bit=1"),
            target=replace(base.target, axes="bit=1"),
            metrics=tuple(replace(base.metrics[0], name="accuracy") for _ in range(1)),
        )
    return found


def climb(problem, expected, came):
    """Return all findings; what holds in float64 is taken to hold in float32 here."""
    return list(
        Pair(
            problem=problem,
            backend=OTHER,
            reference=REFERENCE,
            expected=dict.fromkeys(("float64", "float32"), expected),
            came=dict.fromkeys(("float64", "float32"), came),
        ).climb()
    )


@pytest.mark.parametrize("name", [*PAIRS, *REAL])
def test_every_kind_of_layer_trains_the_same_in_float64(name, sound, definitions):
    findings = climb(definitions[name], sound[REFERENCE][name], sound[OTHER][name])
    wrong = [str(finding) for finding in findings if not finding.passed]
    assert wrong == []
    assert findings[-1].rung == "score"
    curve = sound[REFERENCE][name]["curve"]
    assert len(curve) == 50
    assert np.ptp(curve) > 1e-3, "a curve that stays flat would always agree"


class Fault(NamedTuple):
    """One thing done wrong: where, what it was, what it is; where the ladder has to find it."""

    what: str
    problem: str
    file: str
    old: str
    new: str
    rung: str
    tensor: str
    index: tuple[int, ...] | None = None  # in a curve: the first step that shows it


TORCH, KERAS = "backends/pytorch", "backends/keras"
FAULTS = (
    Fault("a softmax before the cross-entropy", "echo", f"{TORCH}/echo.py",
          "return x\n", "return x.softmax(-1)\n", "layers", "output"),
    Fault("the same in Keras", "echo", f"{KERAS}/echo.py",
          "return x\n", "return keras.ops.softmax(x)\n", "layers", "output"),
    Fault("a random initial state", "shapes", f"{TORCH}/shapes.py",
          "self.lstm(x)", "self.lstm(x, (x.new_zeros(1, len(x), 10).normal_(),) * 2)",
          "layers", "lstm"),
    Fault("a second bias that is trained", "echo", f"{TORCH}/_defaults.py",
          '"bias" not in own', "False", "parameters", "lstm.bias_hh_l0"),
    Fault("forget and input gate swapped", "echo", f"{TORCH}/_weights.py",
          "matrix = GRU if isinstance(layer, nn.GRU) else TRANSPOSED",
          "matrix = Layout(lambda t: t.T.roll(25, -1), lambda w: (w.roll(-25, -1).T,))",
          "layers", "lstm.last"),
    Fault("the gates of a GRU in Keras's order", "gru", f"{TORCH}/_weights.py",
          "torch.cat((r, z, h), dim=-1)", "torch.cat((z, r, h), dim=-1)", "layers", "body.last"),
    Fault("the biases of a GRU exchanged", "gru", f"{TORCH}/_weights.py",
          "torch.stack(biases)", "torch.stack(biases[::-1])", "gradients", "body/bias"),
    Fault("channels flattened first", "conv2d", f"{TORCH}/conv2d.py",
          "x = x.permute(0, 2, 3, 1)", "pass", "layers", "dense"),
    Fault("the last step of a bidirectional layer for its last outputs", "both_lstm",
          f"{TORCH}/both_lstm.py", "return self.dense(x)",
          "return self.dense(self.body(before)[0][:, -1])", "layers", "dense"),
    Fault("directions swapped", "cumsum", f"{TORCH}/_weights.py",
          '{"/forward": "", "/backward": "_reverse"}', '{"/forward": "_reverse", "/backward": ""}',
          "layers", "lstm"),
    Fault("no eval() before answering", "batchnorm", f"{TORCH}/_engine.py",
          "batch_size: int) -> Tensor:\n    model.eval()",
          "batch_size: int) -> Tensor:\n    model.train()",
          "layers", "norm"),
    Fault("no eval() before validation", "batchnorm", f"{TORCH}/_engine.py",
          "batch_size: int) -> float:\n    model.eval()", "batch_size: int) -> float:\n",
          "curve", "validation loss", (0,)),
    Fault("PyTorch's momentum in a batch normalization", "batchnorm", f"{TORCH}/batchnorm.py",
          "momentum=0.01", "momentum=0.1", "curve", "validation loss", (0,)),
    Fault("PyTorch's epsilon in a layer normalization", "layernorm", f"{TORCH}/layernorm.py",
          "eps=1e-3", "eps=1e-5", "layers", "dense"),
    Fault("a Keras model that is not told when it trains", "batchnorm", f"{KERAS}/batchnorm.py",
          "def call(self, x, training=False)", "def call(self, x)", "loss", "loss"),
    Fault("an embedding's repeated entries squared one by one", "embedding",
          f"{KERAS}/_defaults.py", "sum_repeated_entries(made)", "pass", "curve", "loss", (1,)),
    Fault("the unbiased variance averaged", "batchnorm", f"{TORCH}/_defaults.py",
          "(n - 1) / n", "1", "curve", "validation loss", (0,)),
    Fault("Keras shuffling by itself", "echo", f"{KERAS}/_defaults.py",
          'None if "shuffling" in own else', "None if True else", "curve", "loss", (0,)),
    Fault("the last, partial batch dropped", "echo", f"{TORCH}/_engine.py",
          "for batch in order.split(recipe.batch_size):",
          "for batch in order.split(recipe.batch_size)[:-1]:", "curve", "loss"),
    Fault("epsilon 1e-8", "echo", f"{TORCH}/_optimizer.py",
          "EPSILON = 0.9, 0.999, 1e-7", "EPSILON = 0.9, 0.999, 1e-8", "curve", "loss", (1,)),
    Fault("the bias correction in full precision", "echo", f"{TORCH}/_optimizer.py",
          "precision(np.float32(BETA2))", "precision(BETA2)", "curve", "loss", (1,)),
    Fault("a sum for a mean", "shapes", f"{TORCH}/_engine.py",
          '"mean_absolute_error": F.l1_loss',
          '"mean_absolute_error": lambda x, y: F.l1_loss(x, y, reduction="sum")',
          "loss", "loss"),
    Fault("targets one step late", "cumsum", f"{TORCH}/_engine.py",
          "loss = loss_of(model(x), y)\n", "loss = loss_of(model(x), y.roll(1, 1))\n",
          "curve", "loss", (0,)),
    Fault("'same' padding for 'valid'", "conv1d", f"{KERAS}/conv1d.py",
          "layers.Conv1D(5, 2)", 'layers.Conv1D(5, 2, padding="same")', "shapes", "body"),
    Fault("a learning rate off by 1 %", "echo", f"{TORCH}/_optimizer.py",
          "np.repeat(precision(recipe.learning_rates)",
          "np.repeat(1.01 * precision(recipe.learning_rates)", "curve", "loss", (1,)),
    Fault("the learning rate of the first epoch in all", "shapes", f"{KERAS}/_engine.py",
          "recipe.learning_rates.__getitem__", "lambda _: recipe.learning_rate",
          "curve", "loss", (11,)),
    Fault("an optimizer step skipped", "echo", f"{TORCH}/_engine.py",
          "            optimizer.step()\n",
          "            if total or len(train_loss):\n                optimizer.step()\n",
          "curve", "loss", (1,)),
    Fault("gradients that pile up", "echo", f"{TORCH}/_engine.py",
          "            optimizer.zero_grad()\n", "", "curve", "loss", (2,)),
    Fault("a gradient cut off", "damped_sine", f"{TORCH}/damped_sine.py",
          "self.lstm2(x)", "self.lstm2(x.detach())", "gradients", "lstm1/kernel"),
    Fault("PyTorch's own initial weights", "echo", f"{TORCH}/_defaults.py",
          'if "weights" not in own', "if False", "parameters", "lstm/kernel"),
    Fault("a layer one unit wider", "shapes", f"{KERAS}/shapes.py",
          "layers.LSTM(units,", "layers.LSTM(units + 1,", "parameters", "lstm/kernel"),
)  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS, ids=[fault.what for fault in FAULTS])
def test_a_planted_fault_is_found_on_its_rung(fault, workshop, sound, definitions, tmp_path):
    faulty = tmp_path / "faulty"
    shutil.copytree(workshop, faulty, ignore=shutil.ignore_patterns("__pycache__", "evidence"))
    file = faulty / fault.file
    assert file.read_text().count(fault.old) >= 1
    file.write_text(file.read_text().replace(fault.old, fault.new))
    backend = REFERENCE if fault.file.startswith(TORCH) else OTHER
    evidence = {name: sound[name][fault.problem] for name in COMPARED}
    evidence[backend] = gather(faulty, backend, fault.problem)[fault.problem]
    findings = climb(definitions[fault.problem], evidence[REFERENCE], evidence[OTHER])
    wrong = findings[-1]
    assert not wrong.passed, "the ladder did not see it"
    assert (wrong.rung, wrong.tensor) == (fault.rung, fault.tensor), str(wrong)
    if fault.index is not None:
        assert wrong.index == fault.index, str(wrong)
    assert all(finding.passed for finding in findings[:-1])
    assert fault.tensor in str(wrong)


def test_sixteen_faults_and_more_are_planted():
    assert len({fault.what for fault in FAULTS}) >= 16


# --- the six problems, in both precisions --------------------------------------------------------


@pytest.mark.parametrize("name", COMPLETE)
def test_the_ladder_holds_for_every_problem(name, evidence):
    found = {job: evidence[job][name] for job in evidence}
    findings = list(judge(problems.load(name), COMPARED, found))
    wrong = [str(finding) for finding in findings if not finding.passed]
    assert wrong == []
    assert list(dict.fromkeys(finding.rung for finding in findings)) == list(RUNGS)
    for finding in findings:
        if finding.precision == "float32" and finding.rung in CAP:
            assert finding.bound <= CAP[finding.rung]


def test_what_is_not_a_number_does_not_pass(evidence):
    """Not even on both sides: a network that is lost proves nothing."""
    name = "echo"
    found = {job: dict(evidence[job][name]) for job in evidence}
    for job in found:
        found[job]["curve"] = found[job]["curve"] * np.nan
    wrong = list(judge(problems.load(name), COMPARED, found))[-1]
    assert (wrong.passed, wrong.rung, wrong.index) == (False, "curve", (0,))


def test_float32_is_held_to_its_own_rounding(evidence):
    """The bound follows what the reference itself loses in float32, step by step."""
    name = "echo"
    found = {job: dict(evidence[job][name]) for job in evidence}
    found[OTHER, "float32"]["curve"] = found[OTHER, "float32"]["curve"] * (1 + 1e-4)
    wrong = list(judge(problems.load(name), COMPARED, found))[-1]
    assert (wrong.passed, wrong.precision, wrong.rung) == (False, "float32", "curve")
    assert wrong.bound < 1e-4


def test_an_engine_that_rounds_says_so(evidence):
    name, rounding = "echo", "keras-jax"
    found = {job: evidence[job][name] for job in evidence}
    found |= {(rounding, p): found[OTHER, p] for p in ("float64", "float32")}
    findings = list(judge(problems.load(name), (REFERENCE, rounding), found))
    exact = [finding for finding in findings if finding.precision == "float64"]
    assert {finding.note for finding in exact} == {BACKENDS[rounding].rounding} != {""}
    assert {finding.bound for finding in exact} == {1e-5}
