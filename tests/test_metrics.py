"""The metrics against those of scikit-learn, on answers made by hypothesis."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn import metrics as oracle

import problems
from problems import _metrics

CLASSES = 4
# Few values, so that logits are often equal, and many that differ by the last digit only.
LOGITS = st.one_of(
    st.sampled_from([-1.0, 0.0, 0.5, 1.0]),
    st.floats(-1e3, 1e3, width=32, allow_subnormal=False),
)
SIZES = st.one_of(st.tuples(st.integers(1, 12)), st.tuples(st.integers(1, 5), st.integers(1, 3)))


@st.composite
def binary(draw):
    """Return logits and 0/1 targets, both (n, ...)."""
    shape = draw(SIZES)
    bits = draw(arrays(np.float32, shape, elements=st.sampled_from([0.0, 1.0])))
    return draw(arrays(np.float32, shape, elements=LOGITS)), bits


@st.composite
def of_classes(draw):
    """Return logits (n, ..., class) and class indices (n, ...); often some class is absent."""
    shape = draw(SIZES)
    classes = draw(arrays(np.int64, shape, elements=st.integers(0, CLASSES - 1)))
    return draw(arrays(np.float32, (*shape, CLASSES), elements=LOGITS)), classes


@st.composite
def numbers(draw):
    """Return outputs and targets, both (n, ...)."""
    shape = draw(SIZES)
    return tuple(draw(arrays(np.float32, shape, elements=LOGITS)) for _ in range(2))


def said(logits, classes):
    """Return true and predicted classes, flat."""
    return classes.ravel(), logits.argmax(-1).ravel()


def top(k):
    """Return scikit-learn's top-k with our order of equal logits: it puts the last class first."""

    def score(logits, classes):
        reversed_logits = logits.reshape(-1, CLASSES)[:, ::-1]
        labels = range(CLASSES)
        return oracle.top_k_accuracy_score(
            CLASSES - 1 - classes.ravel(), reversed_logits, k=k, labels=labels
        )

    return score


def averaged(score, average, **how):
    """Return a score of scikit-learn over all classes that the logits have."""
    how |= {"labels": range(CLASSES), "zero_division": 0}
    return lambda logits, classes: score(*said(logits, classes), average=average, **how)


def one_class(score, one):
    return lambda logits, classes: averaged(score, None)(logits, classes)[one]


def of_ones(score):
    return lambda logits, bits: score(
        bits.ravel() > 0.5, logits.ravel() > 0, zero_division=0, labels=[False, True]
    )


def of_numbers(score):
    def exact(outputs, targets):
        return score(targets.ravel().astype(float), outputs.ravel().astype(float))

    return exact


OF_CLASSES = {
    "accuracy": (problems.accuracy, lambda x, y: oracle.accuracy_score(*said(x, y))),
    **{f"top {k}": (problems.top_accuracy(k), top(k)) for k in (1, 2, 3)},
    "macro_precision": (problems.macro_precision, averaged(oracle.precision_score, "macro")),
    "macro_recall": (problems.macro_recall, averaged(oracle.recall_score, "macro")),
    "macro_f1": (problems.macro_f1, averaged(oracle.f1_score, "macro")),
    "precision_of": (problems.precision_of(1), one_class(oracle.precision_score, 1)),
    "recall_of": (problems.recall_of(3), one_class(oracle.recall_score, 3)),
    "f1_of": (problems.f1_of(0), one_class(oracle.f1_score, 0)),
}
BINARY = {
    "binary_precision": (problems.binary_precision, of_ones(oracle.precision_score)),
    "binary_recall": (problems.binary_recall, of_ones(oracle.recall_score)),
    "binary_f1": (problems.binary_f1, of_ones(oracle.f1_score)),
}
NUMBERS = {
    "mean_absolute_error": (
        problems.mean_absolute_error,
        of_numbers(oracle.mean_absolute_error),
    ),
    "mean_squared_error": (problems.mean_squared_error, of_numbers(oracle.mean_squared_error)),
    "root_mean_squared_error": (
        problems.root_mean_squared_error,
        of_numbers(oracle.root_mean_squared_error),
    ),
}


@pytest.mark.filterwarnings("ignore:'y_pred' contains classes not in 'y_true'")
@given(data=of_classes())
@settings(deadline=None, max_examples=40)
def test_metrics_of_classes_are_those_of_scikit_learn(data):
    for name, (ours, theirs) in OF_CLASSES.items():
        assert ours(*data) == pytest.approx(theirs(*data), rel=1e-12), name


@given(data=binary())
@settings(deadline=None, max_examples=40)
def test_binary_metrics_are_those_of_scikit_learn(data):
    for name, (ours, theirs) in BINARY.items():
        assert ours(*data) == pytest.approx(theirs(*data), rel=1e-12), name
    logits, bits = data
    if len(np.unique(bits)) == 2:
        theirs = oracle.roc_auc_score(bits.ravel(), logits.ravel())
        assert problems.roc_auc(logits, bits) == pytest.approx(theirs, rel=1e-12)


@given(data=numbers())
@settings(deadline=None, max_examples=40)
def test_metrics_of_numbers_are_those_of_scikit_learn(data):
    for name, (ours, theirs) in NUMBERS.items():
        near = 1e-5 if name == "mean_absolute_error" else 1e-12  # that is of differences in float32
        assert ours(*data) == pytest.approx(theirs(*data), rel=near), name


def test_a_ratio_of_nothing_is_0():
    logits, classes = np.eye(3)[[0, 0, 1]], np.array([0, 1, 1])
    assert problems.precision_of(2)(logits, classes) == 0  # never predicted
    assert problems.recall_of(2)(logits, classes) == 0  # does not occur
    assert problems.f1_of(2)(logits, classes) == 0
    assert problems.macro_f1(logits, classes) == pytest.approx(2 / 3 * 2 / 3)
    nothing = np.zeros(3)
    for metric in (problems.binary_precision, problems.binary_recall, problems.binary_f1):
        assert metric(nothing - 1, nothing) == 0


def test_a_metric_is_of_the_whole_part_and_no_mean_of_batches():
    rng = np.random.default_rng(0)
    logits, classes = rng.normal(size=(96, 5)), rng.integers(5, size=96)
    batches = [problems.macro_f1(logits[i : i + 32], classes[i : i + 32]) for i in (0, 32, 64)]
    assert abs(problems.macro_f1(logits, classes) - np.mean(batches)) > 1e-3


def test_an_order_of_one_class_alone_is_refused():
    for bit in (0, 1):
        with pytest.raises(ValueError, match=f"expected 0 and 1 among the targets, came {bit} al"):
            problems.roc_auc(np.arange(3.0), np.full(3, bit))


def test_a_class_that_the_logits_have_not_is_named():
    with pytest.raises(ValueError, match="expected a class from 0 to 2, came 3"):
        problems.recall_of(3)(np.eye(3), np.arange(3))
    assert problems.recall_of(np.int64(2))(np.eye(3), np.arange(3)) == 1
    for one in ("cat", -1, 1.0, True):
        with pytest.raises(
            ValueError, match=f"recall_of: class: expected a whole .*, came {one!r}"
        ):
            problems.recall_of(one)
    for k in (0, 2.5, True):
        with pytest.raises(ValueError, match=f"top_accuracy: expected a whole number .*, came {k}"):
            problems.top_accuracy(k)


def ours(table):
    return {name: one for name, (one, _) in table.items()}


ORDER = {"roc_auc": problems.roc_auc, "binary_accuracy": problems.binary_accuracy}
EQUAL = ours(BINARY) | ours(NUMBERS) | ORDER
EQUAL["binary_sequence_accuracy"] = problems.binary_sequence_accuracy
WITH_CLASSES = ours(OF_CLASSES) | {"sequence_accuracy": problems.sequence_accuracy}


def test_every_measure_refuses_what_does_not_fit():
    named = {one for one in problems.__all__ if callable(getattr(problems, one))}
    tried = {one.__name__ for one in (WITH_CLASSES | EQUAL).values()} - {"measure"}
    assert len(WITH_CLASSES | EQUAL) == 20
    assert tried <= named
    assert tried == {name for name, one in vars(_metrics).items() if hasattr(one, "least_classes")}


@pytest.mark.parametrize("name", EQUAL)
def test_numbers_of_two_shapes_have_no_score(name):
    """NumPy would stretch (n,) and (n, 1) to (n, n), and score that."""
    bits = np.float32([0, 1, 1])
    for answers, targets in ((bits[:, None], bits), (bits, bits[:, None]), (bits, bits[:1])):
        with pytest.raises(ValueError, match=r"^expected targets of shape \(3,.*, came \("):
            EQUAL[name](answers, targets)


@pytest.mark.parametrize("name", WITH_CLASSES)
def test_classes_that_do_not_fit_have_no_score(name):
    logits, classes = np.eye(CLASSES, dtype=np.float32), np.arange(CLASSES)
    assert WITH_CLASSES[name](logits, classes.astype(np.uint8)) == 1
    for answers, targets, why in (
        (logits, classes[:, None], r"targets of shape \(4,\), came \(4, 1\)$"),
        (logits[:, :1], classes[:, None], r"targets of shape \(4,\), came \(4, 1\)$"),
        (logits, classes.astype(np.float32), "targets that are classes, .* came float32$"),
        (logits, classes + 1, "classes from 0 to 3, came 4$"),
        (logits, classes - 1, "classes from 0 to 3, came -1$"),
        (np.float32(1), classes[0], "answers with an axis of classes, came none$"),
    ):
        with pytest.raises(ValueError, match=f"^expected {why}"):
            WITH_CLASSES[name](answers, targets)


def test_more_than_all_classes_are_not_the_largest():
    measure = problems.top_accuracy(4)
    with pytest.raises(ValueError, match=r"top_accuracy\(4\): expected as many classes, came 3"):
        measure(np.zeros((2, 3)), np.zeros(2, int))
