"""Several inputs, several outputs, and sequences with lengths: pairs that hold, faults in them.

One copy of the project has all pairs of several.py; each fault is planted into a copy of its own.
"""

import shutil
from dataclasses import replace

import numpy as np
import pytest
from conftest import COMPARED, TOYS, copied, diptych
from learning import STAGE
from several import FAULTS, PAIRS, PROBLEM, files, path_of
from test_ladder import climb

import problems
from compare.records import journal
from problems import Part, Spec

REFERENCE, OTHER = COMPARED


@pytest.fixture(scope="session")
def shop(tmp_path_factory):
    """The project with all pairs added."""
    folder = copied(tmp_path_factory.mktemp("several"))
    for name in PAIRS:
        for path, text in files(name).items():
            (folder / path).write_text(text)
    return folder


@pytest.fixture(scope="session")
def paired(pieces, gathered, shop):
    """The float64 evidence of a pair, by name and backend."""
    return pieces("paired", lambda key: gathered(*key, "float64", spread=["float64"], cwd=shop))


def definition(name):
    """Return the problem of a pair."""
    defined = {}
    exec(files(name)[f"problems/{name}.py"], defined)
    return defined["PROBLEM"]


@pytest.mark.parametrize("name", PAIRS)
def test_a_pair_trains_the_same(name, paired):
    evidence = [paired[name, backend] for backend in COMPARED]
    findings = climb(definition(name), *evidence)
    assert [str(finding) for finding in findings if not finding.passed] == []
    assert findings[-1].rung == "score"
    outputs = [key for key in evidence[0] if key.startswith("layer/output")]
    assert len(outputs) == (2 if name == "two_outputs" else 1)
    assert np.ptp(evidence[0]["curve"]) > 1e-3, "a curve that stays flat would always agree"


@pytest.mark.parametrize("fault", FAULTS, ids=[fault.what for fault in FAULTS])
def test_a_fault_is_found_on_its_rung(fault, paired, gathered, shop, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(shop, copy, ignore=shutil.ignore_patterns("__pycache__"))
    file = copy / path_of(fault)
    assert file.read_text().count(fault.old) == 1, fault.what
    file.write_text(file.read_text().replace(fault.old, fault.new))
    backend = REFERENCE if "pytorch" in path_of(fault) else OTHER
    asked = {"stages": STAGE[fault.rung], "spread": (), "fails": True, "cwd": copy}
    came = gathered(fault.pair, backend, "float64", **asked)
    sound = paired[fault.pair, backend]
    came |= {key: value for key, value in sound.items() if key.startswith("spread/")}
    found = {one: paired[fault.pair, one] for one in COMPARED} | {backend: came}
    findings = climb(definition(fault.pair), *(found[one] for one in COMPARED))
    wrong = findings[-1]
    assert not wrong.passed, "the ladder did not see it"
    assert (wrong.rung, wrong.tensor) == (fault.rung, fault.tensor), str(wrong)


def test_a_mask_without_a_length_is_told(gathered, shop, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(shop, copy, ignore=shutil.ignore_patterns("__pycache__"))
    file = copy / "problems" / "every_step.py"
    file.write_text(file.read_text().replace(', length_of="time"', ""))
    came = gathered("every_step", OTHER, "float64", stages=2, spread=(), fails=True, cwd=copy)
    assert "output: carries a mask, by which Keras would leave steps out" in str(came["error"])


def changed(name, **specs):
    """Return a function that makes a pair's problem with other specs of its inputs."""
    problem = definition(name)
    inputs = {one: replace(spec, **specs.get(one, {})) for one, spec in problem.input.items()}
    return lambda **others: replace(problem, input=inputs, **others)


SEQUENCE = definition("every_step")
OUTPUTS = definition("two_outputs")
METRIC = OUTPUTS.metrics[0]
NUMBER = Spec(axes="", dtype="int64", low=1, high=6, meaning="", unit="", length_of="time")
WRONG = {
    "a length of an axis that is not there": (
        changed("every_step", length={"length_of": "step"}),
        r"input/length: length of 'step': there are the axes time, feature, bit$",
    ),
    "a length above the axis": (
        changed("every_step", length={"high": 7}),
        r"input/length: length of 'time': expected a range within 1 to 6, came 1 to 7$",
    ),
    "a length that may be 0": (
        changed("every_step", length={"low": 0}),
        "expected a range within 1 to 6, came 0 to 6$",
    ),
    "a length that is no number": (
        changed("every_step", length={"dtype": "float32"}),
        "expected one whole number, of no axes .* came axes '', float32$",
    ),
    "two lengths of an axis": (
        lambda: replace(SEQUENCE, input={**SEQUENCE.input, "other": NUMBER}),
        "input/other: length of 'time', of which input/length is one$",
    ),
    "a length that is no input": (
        lambda: replace(SEQUENCE, input=SEQUENCE.input["steps"], target=NUMBER),
        "target: expected a length among several inputs, by name, came here$",
    ),
    "a target with its steps second": (
        lambda: replace(SEQUENCE, target=replace(SEQUENCE.target, axes="bit=1 time=6")),
        "target: expected the axis with a length first, came 'bit=1 time=6'$",
    ),
    "an output without a target": (
        lambda: replace(OUTPUTS, target=OUTPUTS.target["kind"]),
        "target: expected kind, size, as there are outputs, came one without a name$",
    ),
    "a metric that does not say of which output": (
        lambda: replace(OUTPUTS, metrics=(replace(METRIC, of=None),)),
        "metric 'accuracy': of: expected kind, size, came none$",
    ),
    "a metric of an output that is not there": (
        lambda: replace(OUTPUTS, metrics=(replace(METRIC, of="sort"),)),
        "metric 'accuracy': of: expected kind, size, came 'sort'$",
    ),
    "an axis with two sizes": (
        lambda: replace(SEQUENCE, target=replace(SEQUENCE.target, axes="time=4 bit=1")),
        r"axis time: expected one size, came 6 \(input/steps\) and 4 \(target\)$",
    ),
    "steps of the targets alone": (
        lambda: replace(SEQUENCE, output=replace(SEQUENCE.output, axes="bit=1")),
        r"target: expected shape \(1,\) for the loss .* came \(6, 1\)$",
    ),
    "a name that is none": (
        lambda: replace(SEQUENCE, input={**SEQUENCE.input, 1: NUMBER}),
        "input: expected names without '/', came 1$",
    ),
    "a name that is a path": (
        lambda: replace(OUTPUTS, output={**OUTPUTS.output, "a/b": NUMBER}),
        "output: expected names without '/', came 'a/b'$",
    ),
    "a metric of a name where there is one output": (
        lambda: replace(SEQUENCE, metrics=(replace(SEQUENCE.metrics[0], of="kind"),)),
        "metric 'accuracy': of: expected one without a name, came 'kind'$",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("make", "why"), WRONG.values(), ids=WRONG)
def test_a_wrong_request_gets_one_line(make, why):
    with pytest.raises(ValueError, match=why) as told:
        make()
    assert "\n" not in str(told.value)


def drawn(change):
    """Return a function that draws the data of the sequences after a change of a part."""
    problem = replace(SEQUENCE, draw=lambda *asked: {
        name: change(part) for name, part in SEQUENCE.draw(*asked).items()
    })  # fmt: skip
    return lambda: problem.make_data(0)


def ending_late(part):
    """Return a part with inputs after the end."""
    return Part(
        {**part.x, "steps": np.where(part.x["steps"] == 0, np.float32(0.1), part.x["steps"])},
        part.y,
    )


WRONG_DATA = {
    "an input after the end": (
        ending_late, r"every_step train input/steps: expected 0 after the end of a sequence, came ",
    ),
    "a target after the end": (
        lambda part: Part(part.x, part.y + (part.y == 0)),
        r"every_step train target: expected 0 after the end of a sequence, came 1.0 at ",
    ),
    "a length above the axis": (
        lambda part: Part({**part.x, "length": part.x["length"] + 6}, part.y),
        r"every_step train input/length: expected values in \[1, 6\]",
    ),
    "an input that is missing": (
        lambda part: Part({"steps": part.x["steps"]}, part.y),
        r"every_step train input: expected arrays by name, steps, length, came steps$",
    ),
    "an input alone": (
        lambda part: Part(part.x["steps"], part.y),
        r"every_step train input: expected arrays by name, steps, length, came a ndarray$",
    ),
    "weights of the padding alone": (
        lambda part: replace(part, weight=np.float32(part.x["length"][:, None] <= np.arange(6))),
        r"every_step train weight: expected one above 0 before the ends, came 0 alone$",
    ),
    "targets by name where there is one": (
        lambda part: Part(part.x, {"bit": part.y}),
        r"every_step train target: expected one array, came a dict$",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("change", "why"), WRONG_DATA.values(), ids=WRONG_DATA)
def test_wrong_data_get_one_line(change, why):
    with pytest.raises(ValueError, match=why) as told:
        drawn(change)()
    assert "\n" not in str(told.value)


def test_weights_are_1_for_a_sequences_own_steps_and_0_after():
    data = SEQUENCE.make_data(0)
    for part in data.values():
        assert part.weight.shape == part.y.shape[:2]
        assert (part.weight.sum(1) == part.x["length"]).all()
    halves = drawn(lambda part: replace(part, weight=np.full(len(part.y), 0.5, np.float32)))()
    for name, part in halves.items():
        assert np.array_equal(part.weight, data[name].weight / 2)


def test_a_metric_counts_a_sequences_own_steps_alone():
    part = SEQUENCE.make_data(0)["test"]
    answers = 2 * part.y - 1
    (metric,) = SEQUENCE.metrics
    assert SEQUENCE.measured(metric, answers, part) == 1
    own = SEQUENCE.own_steps(part.x)["time"]
    answers[~own] *= -1
    assert SEQUENCE.measured(metric, answers, part) == 1
    answers[own] *= -1
    assert SEQUENCE.measured(metric, answers, part) == 0


def test_outputs_that_are_not_as_specified_are_told():
    data = OUTPUTS.make_data(0)
    with pytest.raises(ValueError, match="two_outputs output: expected kind, size, as there are"):
        OUTPUTS.ask(lambda x: x, data)
    with pytest.raises(ValueError, match=r"two_outputs output/kind: expected \(400, class=4\), "):
        OUTPUTS.ask(lambda x: {"kind": x[:, :2], "size": x[:, :1]}, data)


def test_random_examples_of_the_check_have_lengths_and_padding():
    from compare.proof.inputs import BATCH, REAL, batch

    part = SEQUENCE.make_data(0)["train"]
    seven = batch(SEQUENCE, part, "float32")
    own = np.arange(6) < seven.x["length"][:, None]
    assert len(own) == BATCH
    assert not own.all()
    assert not seven.x["steps"][~own].any()
    assert seven.x["steps"][own].all()
    assert np.array_equal(seven.weight, own)
    assert not np.array_equal(seven.x["steps"][REAL:], part.x["steps"][REAL:BATCH])


def test_examples_repeated_keep_their_names():
    part = SEQUENCE.make_data(0)["train"].repeated(250)
    assert len(part.x["steps"]) == len(part.x["length"]) == len(part.y) == len(part.weight) == 250
    assert problems.count(part.x) == 250


TOY = '''"""Both in NumPy."""


class Both:
    """Two inputs, each with an output of its own."""

    def __init__(self):
        self.weights = {"kind/kernel": (3, 4), "size/kernel": (2, 1)}

    def forward(self, x):
        found = {name: x[name] @ self.values[f"{name}/kernel"] for name in ("kind", "size")}
        return found

    def layers(self, x):
        return {}

    def backward(self, x, slope):
        return {f"{name}/kernel": x[name].T @ slope[name] for name in ("kind", "size")}


def build(problem):
    """Return the network."""
    return Both()
'''


@pytest.fixture
def both(toys):
    """A copy with backends in NumPy and a problem with two inputs and two outputs."""
    pair = PAIRS["two_outputs"]._replace(
        draw="""    sizes = {"kind": 3, "size": 2}
    x = {name: rng.random((n, size)).astype("float32") for name, size in sizes.items()}
    y = {"kind": x["kind"].argmax(1), "size": x["size"].sum(1, keepdims=True)}
    return Part(x, y)""",
        input='{"kind": spec("feature=3"), "size": spec("other=2")}',
        layers="",
        reference='{"kind": np.eye(4, dtype=np.float32)[x["kind"].argmax(1)], '
        '"size": x["size"].sum(1, keepdims=True)}',
    )
    text = PROBLEM.format(**pair._asdict(), steps=48).replace("NAME", "both")
    (toys / "problems" / "both.py").write_text(text)
    for backend in TOYS:
        (toys / "backends" / backend / "both.py").write_text(TOY)
    return toys


def test_a_training_by_name_is_checked_run_and_kept(both, tmp_path):
    out = tmp_path / "results"
    command = [
        "run",
        "both",
        "--backends",
        *TOYS,
        "--seeds",
        "1",
        "--device",
        "cpu",
        "--out",
        str(out),
    ]
    done = diptych(*command, cwd=both)
    assert done.returncode == 0, done.stderr
    records, _ = journal.read(out)
    scores = [{name: one.score for name, one in record.scores.items()} for record in records]
    assert [set(one) for one in scores] == [{"accuracy", "error"}] * 2
    assert scores[0] == scores[1]
    (first, _) = sorted(out.rglob("sample.npz"))
    with np.load(first) as sample:
        kept = {name: sample[name].shape for name in sample.files if name.startswith("error.")}
    six = {"input/kind": (6, 3), "input/size": (6, 2), "target": (6, 1), "output": (6, 1)}
    assert kept == {f"error.{name}": shape for name, shape in six.items()}


def test_an_output_that_is_off_is_told_by_its_name(both):
    file = both / "backends" / "numpy2" / "both.py"
    file.write_text(TOY.replace("return found", 'return {**found, "size": 1.01 * found["size"]}'))
    done = diptych("check", "both", "--backends", *TOYS, cwd=both)
    assert done.returncode == 3
    assert "layers: output/size[" in done.stderr, done.stderr
