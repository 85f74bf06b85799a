"""The answer: what the sentence says of any folder, and what stands in its rows."""

from dataclasses import replace

import pytest
from conftest import ROOT
from synthetic import failed, record
from test_devices import both
from test_verdict import PROBLEMS, sides

from compare.records.journal import read
from compare.tables.headline import headline
from compare.tables.names import names
from compare.tables.publish import tabulated
from compare.tables.rows import Ratio, between

KERAS = ("keras-tensorflow", "keras-jax", "keras-torch")
TWO = ("pytorch", KERAS[0])


def answer(records):
    return headline(tabulated(records))


def said(records):
    return answer(records).sentence


def trained(n=8, problems=("echo",), backends=TWO, **values):
    """Return seeds of some problems: PyTorch is the fastest, then Keras in the order of its names.

    An epoch takes 1, 1.5, 2 and 2.5 times as long, all scores are equal.
    """
    return [
        record(problem, backend, seed, **values)
        for problem in problems
        for backend in backends
        for seed in range(n)
    ]


def at(pace, problem, n=8, score=0.95):
    """Return seeds of a problem that take Keras `pace` times as long."""
    return sides(n, [score] * n, [pace * (1 + 0.001 * i) for i in range(n)], problem=problem)


def test_the_published_run_is_told_in_a_sentence():
    records, _ = read(ROOT / "results" / "cpu")
    assert said(records) == (
        "PyTorch is faster on 9 of 9 problems: an epoch takes Keras 1.2 to 4.3 times as long, a "
        "whole training 1.2 to 7.9 times. Scores are equal on 9 of 9. Times are doubtful on 5 of 9."
    )


def test_what_speaks_against_the_answer_is_part_of_it():
    doubtful = [replace(one, others_cpu_s=9.0) for one in trained(8, ["echo"])]
    unproven = [replace(one, proof="unproven") for one in trained(8, ["shapes"])]
    told = said([*trained(8, ["cumsum"]), *doubtful, *unproven])
    assert told.endswith("Times are doubtful on 1 of 3. The model is unproven on 1 of 3.")
    assert said(unproven).endswith("The model is unproven.")
    assert "doubtful" not in said(trained())


CASES = {
    "one problem": (
        trained(),
        "PyTorch is faster on echo: an epoch takes Keras 1.5 times as long, a whole training 1.4 "
        "times. Scores are equal.",
    ),
    "the other is faster": (
        at(0.5, "a") + at(0.8, "b"),
        "Keras is faster on 2 of 2 problems: an epoch takes Keras 0.50 to 0.80 times as long as "
        "PyTorch, a whole training 0.50 to 0.80 times. Scores are equal on 2 of 2.",
    ),
    "either is faster": (
        at(2.0, "a") + at(3.0, "b") + at(0.5, "c"),
        "PyTorch is faster on 2 of 3 problems, Keras on 1: an epoch takes Keras 0.50 to 3.0 times "
        "as long as PyTorch, a whole training 0.50 to 3.0 times. Scores are equal on 3 of 3.",
    ),
    "none is faster": (
        at(1.0, "a") + at(1.0, "b"),
        "PyTorch and Keras are equally fast on 2 of 2 problems: an epoch takes Keras 1.00 times as "
        "long as PyTorch, a whole training 1.00 times. Scores are equal on 2 of 2.",
    ),
    "a difference is not shown": (
        sides(8, [0.95] * 8, [0.5, 2.0] * 4),
        "No difference in speed is shown on echo: an epoch takes Keras 1.00 times as long as "
        "PyTorch, a whole training 1.00 times. Scores are equal.",
    ),
    "scores differ": (
        at(2.0, "a", score=0.90) + at(2.0, "b", score=0.99) + at(2.0, "c"),
        "Scores are equal on 1 of 3, better in Keras on 1, better in PyTorch on 1.",
    ),
    "scores are undecided": (sides(8, [0.95, 0.85] * 4, [2.0] * 8), "Scores are undecided."),
    "epochs and trainings disagree": (
        [
            replace(one, total_s=one.total_s if "py" in one.backend else 30.0)
            for one in at(0.5, "a")
        ],
        "By epoch, Keras is faster on a: it takes Keras 0.50 times as long as PyTorch. By whole "
        "training, PyTorch is faster on a: it takes Keras 3.0 times as long as PyTorch.",
    ),
    "one seed": (
        trained(1, PROBLEMS),
        "PyTorch is ahead on 6 of 6 problems: an epoch takes Keras 1.5 times as long, a whole "
        "training 1.4 times. Mean scores lie within the margin on 6 of 6. Not judged: 1 seed, "
        "verdicts take 6 (8 for 6 problems).",
    ),
    "three seeds": (trained(3), "Not judged: 3 seeds, verdicts take 6."),
    "too few seeds for so many problems": (
        trained(6, PROBLEMS),
        "PyTorch is ahead on 6 of 6 problems: an epoch takes Keras 1.5 times as long, a whole "
        "training 1.4 times. Scores are equal on 6 of 6. Speed is not judged: 6 seeds, for 6 "
        "problems it takes 8.",
    ),
    "too few seeds of one problem": (
        at(2.0, "a") + at(2.0, "b", n=3),
        "PyTorch is faster on 1 of 2 problems, 1 is not judged: an epoch takes Keras 2.0 times as "
        "long, a whole training 2.0 times. Scores are equal on 1 of 2, not judged on 1. "
        "Not judged: b, 3 seeds, verdicts take 6 (7 for 2 problems).",
    ),
    "one backend": (
        trained(2, backends=TWO[:1]),
        "PyTorch took part alone: nothing is compared. An epoch takes 1.0 s, a whole training 4.1 "
        "s.",
    ),
    "another backend alone": (trained(2, backends=KERAS[1:2]), "Keras on JAX took part alone"),
    "no seed in common": (
        [record("echo", "pytorch", 0), record("echo", "keras-tensorflow", 1)],
        "Nothing is compared: echo (no seed in common of PyTorch and Keras).",
    ),
    "a training failed": (
        [*trained(7), record("echo", "pytorch", 7), failed("echo", TWO[1], 7, "failed", "killed")],
        "PyTorch is faster on echo. Scores are undecided. 1 of 16 trainings has no score: no ratio "
        "of echo.",
    ),
    "a backend failed": (
        [*trained(backends=TWO[:1]), *(failed("echo", TWO[1], i, "failed", "") for i in range(8))],
        "PyTorch is faster on echo. Scores are better in PyTorch. 8 of 16 trainings have no score",
    ),
    "all failed": (
        [failed("echo", backend, 0, "timeout", "") for backend in TWO],
        "Nothing is compared: echo (no score of PyTorch and Keras). 2 of 2 trainings have no "
        "score.",
    ),
    "a problem of one backend": (
        [*trained(problems=("cumsum",)), *trained(backends=TWO[:1])],
        "Not compared: echo (PyTorch alone).",
    ),
    "a backend refused": (
        [*trained(), *(failed("echo", KERAS[1], i, "refused", "") for i in range(8))],
        "Not compared: echo (no score of Keras on JAX). 8 of 24 trainings have no score.",
    ),
    "devices": (
        [*trained(), *trained(device="gpu")],
        "CPU: PyTorch is faster on echo: an epoch takes Keras 1.5 times as long, a whole training "
        "1.4 times. Scores are equal. GPU: PyTorch is faster on echo: an epoch takes Keras 1.5 "
        "times as long, a whole training 1.3 times. Scores are equal.",
    ),
    "modes": (
        at(2.0, "a") + [replace(one, mode="native") for one in at(3.0, "a")],
        "Matched: PyTorch is faster on a: an epoch takes Keras 2.0 times as long, a whole training "
        "2.0 times. Scores are equal. Native: PyTorch is faster on a: an epoch takes Keras 3.0",
    ),
    "more than two sides": (
        trained(problems=("cumsum", "echo"), backends=("pytorch", *KERAS)),
        "Against PyTorch: Keras on TensorFlow slower on 2 of 2 problems (epoch 1.5 times, training "
        "1.4); Keras on JAX slower on 2 (epoch 2.0, training 1.9); Keras on PyTorch slower on 2 "
        "(epoch 2.5, training 2.3). Scores are equal on 2 of 2.",
    ),
    "tiers": (
        [*trained(), *(replace(one, tier="compiled") for one in trained())],
        "Against PyTorch: PyTorch compiled equally fast on echo (epoch 1.00 times, training 1.00); "
        "Keras slower on echo (epoch 1.5, training 1.4); Keras compiled slower on echo",
    ),
    "a backend against itself": (
        [*trained(backends=TWO[:1]), *trained(backends=TWO[:1])][:8]
        + [replace(one, backend="pytorch@again") for one in trained(backends=TWO[:1])],
        "PyTorch and PyTorch @again are equally fast on echo",
    ),
    "nothing": ([], "There is no training to tell of."),
}


@pytest.mark.parametrize(("records", "expected"), CASES.values(), ids=CASES)
def test_a_sentence_is_right_in_every_case(records, expected):
    assert expected in said(records)


def test_a_row_has_scores_signs_and_ratios():
    (row,) = answer(sides(8, [0.90] * 8, [2.0] * 8)).rows
    assert (row.problem, row.metric, row.better) == ("echo", "accuracy", "higher")
    reference, keras = row.cells
    assert (reference.name, keras.name) == ("PyTorch", "Keras")
    assert row.scores == ["0.9500", "0.9000"]
    assert (reference.sign, keras.sign) == ("", "-")
    assert (reference.epoch, str(keras.epoch), str(keras.training)) == (
        None,
        "2.00 ±  0%",
        "2.00 ±  0%",
    )
    assert (keras.seeds, keras.failed, keras.epoch_s) == (8, 0, 4.0)
    assert row.doubtful, "epochs of 1, 2 and 2 s are unsteady"
    assert not answer(trained()).rows[0].doubtful


@pytest.mark.parametrize(
    ("score", "n", "sign"),
    [(0.90, 8, "-"), (0.99, 8, "+"), (0.951, 8, "="), (0.951, 3, "~"), (0.90, 3, "?")],
)
def test_the_sign_of_a_score_tells_who_is_better(score, n, sign):
    found = answer(sides(n, [score] * n, [2.0] * n))
    assert found.rows[0].cells[1].sign == sign
    assert sign in found.signs


def test_of_an_error_the_lower_one_is_better():
    made = [
        replace(one, scores={"mae": replace(one.scores["accuracy"], better="lower")})
        for one in sides(8, [0.90] * 8, [2.0] * 8)
    ]
    found = answer(made)
    assert (found.rows[0].cells[1].sign, found.signs["v"]) == ("+", "lower is better")


def test_a_ratio_is_told_with_its_interval_from_six_seeds_on():
    def ratio(value, low=None, high=None):
        return Ratio(value=value, low=low, high=high, pairs=8, failed=0, outcome="", judged=True)

    assert str(ratio(1.577, 1.492, 1.667)) == "1.58 ±  6%"
    assert ratio(1.577, 1.492, 1.667).written == "1.58 [1.49, 1.67]"
    assert str(ratio(1.5, 0.5, 4.5)) == "1.50 [0.50, 4.50]", "half of it would be 200 %"
    assert (str(ratio(1.3)), str(ratio(0.0123)), str(ratio(1234.5))) == ("1.30", "0.012", "1,234")
    assert str(replace(ratio(None), failed=2)) == "2 failed"


def test_ratios_are_told_by_the_least_and_the_largest():
    assert between([5.44, 1.295, 2.0]) == "1.3 to 5.4"
    assert between([0.387, 16.04]) == "0.39 to 16"
    assert between([1.005, 1.0449]) == "1.00 to 1.04", "two decimals where one would tell nothing"
    assert between([1.51, 1.52]) == "1.5"


def test_scores_of_a_row_have_as_many_decimals_as_tell_them():
    def shown(*scores):
        (row,) = answer(sides(1, scores[1:], [2.0])).rows
        cells = [replace(cell, score=one) for cell, one in zip(row.cells, scores, strict=True)]
        return replace(row, cells=tuple(cells)).scores

    assert shown(1.0, 0.99921) == ["1.0000", "0.9992"]
    assert shown(0.002265, 0.002149) == ["0.0023", "0.0021"]
    assert shown(0.0000231, 0.0000174) == ["0.000023", "0.000017"]
    assert shown(31749.6, 31000.0) == ["31,750", "31,000"]
    assert shown(1.23e-12, 2.34e-12) == ["1.2e-12", "2.3e-12"]
    assert shown(None, 0.5) == ["none", "0.5000"]


def test_a_side_is_called_by_framework_and_where_it_tells_by_engine():
    assert names(TWO) == {"pytorch": "PyTorch", "keras-tensorflow": "Keras"}
    assert names(KERAS)["keras-tensorflow"] == "Keras on TensorFlow"
    assert names(["pytorch", "keras-jax"])["keras-jax"] == "Keras on JAX"
    sides = ("pytorch@old:compiled", "keras-torch:compiled", "zebra")
    assert list(names(sides).values()) == [
        "PyTorch @old compiled",
        "Keras on PyTorch compiled",
        "zebra",
    ]
    assert names(KERAS, short=True)["keras-tensorflow"] == "Keras TF"
    assert names(["ze\x1bbra"]) == {"ze\x1bbra": "ze\\x1bbra"}


def test_native_stands_beside_matched():
    made = at(2.0, "a") + [replace(one, mode="native") for one in at(3.0, "a")]
    found = answer(made)
    assert [(row.setting, str(row.cells[1].epoch)) for row in found.rows] == [
        ("matched", "2.01 ±  0%"),
        ("native", "3.01 ±  0%"),
    ]
    assert any(note.startswith("native: ") for note in found.notes)
    (note,) = (note for note in answer(at(2.0, "a")).notes if "tf.data" in note)
    assert note == "Keras is fed by tf.data; fit(x, y) was not timed (--mode native)."
    others = trained(backends=("pytorch", "keras-jax"))
    assert not any("tf.data" in note for note in answer(others).notes)


def test_a_gpu_is_held_against_the_cpu_in_a_note():
    records = both(range(6)) + both(range(6), backend="keras-tensorflow", speed=0.5)
    assert (
        "On the GPU, an epoch takes PyTorch 0.25, Keras 2.0 and a whole training takes PyTorch "
        "0.25, Keras 2.0 times as long as on the CPU." in answer(records).notes
    )


def test_each_side_has_one_reference():
    again = [replace(one, backend=f"{one.backend}@again") for one in trained()]
    rows = answer([*trained(), *again]).rows
    assert [[cell.side for cell in row.cells] for row in rows] == [
        ["pytorch", "keras-tensorflow", "pytorch@again"],
        ["keras-tensorflow", "keras-tensorflow@again"],
    ]
