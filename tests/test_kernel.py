"""The kernel is seen, not guessed: what computes a layer otherwise gets another label."""

import json
from types import SimpleNamespace

import pytest
from conftest import COMPARED, COMPLETE
from other_kernels import BY_OTHER_MEANS, PYTORCH, TENSORFLOW

from backends import BACKENDS, Side, twin
from backends._kernel import repeated
from compare.training import kernel
from compare.training.kernel import kernels

TORCH = Side("pytorch")
CPU = {"device": "cpu", "threads": 1}


@pytest.fixture(scope="session")
def seen(pieces):
    """What computes the recurrent layers, by backend, then problem and side."""
    return pieces("kernels", lambda key: kernels(COMPLETE, [Side(key)], **CPU))


@pytest.mark.parametrize("backend", COMPARED)
@pytest.mark.parametrize("name", COMPLETE)
def test_what_computes_the_recurrent_layers_is_seen(name, backend, seen):
    label = seen[backend][name, Side(backend)]
    assert label, "nothing is known of what ran"
    recurrent = "LSTM(" in twin(BACKENDS[backend].folder, name).read_text()
    assert ("nothing recurrent" in label) != recurrent, label


def by_other_means(fork, backend, code):
    done = fork(backend, BY_OTHER_MEANS + code, backend)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(line) for line in done.stdout.splitlines() if line.startswith("["))


@pytest.mark.parametrize("backend", ["pytorch"])
def test_another_kernel_in_pytorch_is_seen(backend, fork):
    labels = by_other_means(fork, backend, PYTORCH)
    as_it_is = labels.pop("as it is")
    if as_it_is == "oneDNN LSTM":  # which PyTorch has for x86 alone
        assert labels.pop("two kinds") == "oneDNN LSTM + GRU of single operations"
    assert labels == labels | {
        "mkldnn off": "LSTM of single operations",
        "own loop": "Python loop",
        "no recurrent layer": "nothing recurrent",
    }


@pytest.mark.parametrize("backend", ["keras-tensorflow"])
def test_another_kernel_in_keras_on_tensorflow_is_seen(backend, fork):
    assert by_other_means(fork, backend, TENSORFLOW) == {
        "as it is": "graph while loop",
        "unrolled": "graph, unrolled",
        "compiled": "XLA while loop",
        "no recurrent layer": "graph, nothing recurrent",
        "eager": "Python loop",
        "eager, no recurrent layer": "nothing recurrent",
    }


LABEL = """
import json, sys
from backends.keras._kernel import label
print(json.dumps([label(names, {}) for names in json.loads(sys.argv[1])]))
"""


@pytest.mark.parametrize("backend", ["keras-tensorflow"])
def test_what_a_gpu_ran_is_called_by_the_kind_of_its_kernels(backend, fork):
    call, persistent, loop = "cudnn_rnn.13", "RNN_blockPersist_fp_LSTM", "while.2"
    traces = [[call], [call, persistent], [call, loop]]
    done = fork(backend, LABEL, json.dumps(traces))
    assert json.loads(done.stdout) == ["cuDNN RNN", "cuDNN LSTM", "cuDNN RNN + XLA while loop"]


def test_a_weight_used_once_is_in_three_products():
    weights = {"kernel": SimpleNamespace(ndim=2), "bias": SimpleNamespace(ndim=1)}
    assert not repeated(3, weights)
    assert repeated(4, weights)


@pytest.fixture
def counted(monkeypatch, tmp_path):
    """What was looked for, instead of looking."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    asked = []

    def observed(looks, *_):
        asked.extend((name, one.side) for name, one in looks)
        return {look: None if look[0] == "shapes" else "a kernel" for look in looks}

    monkeypatch.setattr(kernel, "observed", observed)
    return asked


def test_what_was_seen_is_not_looked_for_again(counted):
    once = kernels(["echo"], [TORCH, TORCH.again], **CPU)
    assert once == dict.fromkeys([("echo", TORCH), ("echo", TORCH.again)], "a kernel")
    assert kernels(["echo"], [TORCH], **CPU)["echo", TORCH] == "a kernel"
    assert counted == [("echo", "pytorch")]


def test_what_was_not_seen_is_looked_for_again(counted):
    for _ in range(2):
        assert kernels(["shapes"], [TORCH], **CPU) == {("shapes", TORCH): None}
    assert counted == [("shapes", "pytorch")] * 2


@pytest.mark.parametrize(
    ("change", "facts"),
    [
        ("threads", CPU | {"threads": 2}),
        ("precision", CPU | {"precision": "tf32"}),
        ("setting", CPU),
        ("processor", CPU),
        ("code", CPU),
    ],
)
def test_other_circumstances_are_looked_at_anew(counted, monkeypatch, change, facts):
    kernels(["echo"], [TORCH], **CPU)
    if change == "setting":
        monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "SSE41")
    elif change == "processor":
        monkeypatch.setattr(kernel.machine, "cpu", lambda: "another")
    elif change == "code":
        monkeypatch.setattr(kernel, "basis", lambda *_: {"files": "edited"})
    kernels(["echo"], [TORCH], **facts)
    assert counted == [("echo", "pytorch")] * 2


def test_why_nothing_was_seen_is_told():
    told = []
    listener = SimpleNamespace(report=told.append, doing=lambda *_: None)
    asked = CPU | {"threads": 3, "timeout_s": 0.1, "progress": listener}
    assert kernels(["echo"], [TORCH], **asked) == {("echo", TORCH): None}
    (message,) = told
    assert message.startswith(
        "not seen what computes echo on pytorch: its server was not ready after 0.1 s"
    )


def test_a_problem_that_fails_has_no_label_and_says_why(monkeypatch, tmp_path, capsys):
    def look(problem, part, *, seed):
        if problem.name == "echo":
            raise ValueError("no such layer")
        return "a kernel"

    engine = SimpleNamespace(prepare=lambda **_: None, kernel=look)
    monkeypatch.setitem(BACKENDS, "one", SimpleNamespace(default_tier="", engine=lambda: engine))
    monkeypatch.setattr(kernel.tempfile, "tempdir", None)
    monkeypatch.setenv("TMPDIR", "")
    labels = {}
    for name in ("echo", "shapes"):
        asked = CPU | {"side": "one", "precision": "float32", "problem": name}
        (tmp_path / "asked.json").write_text(json.dumps(asked))
        kernel.main(tmp_path)
        labels[name] = json.loads((tmp_path / "label.json").read_text())
    assert labels == {"echo": None, "shapes": "a kernel"}
    assert capsys.readouterr().err.splitlines()[-1] == "ValueError: no such layer"
