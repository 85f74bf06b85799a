"""Verdicts in words, from rows whose verdicts are known; warnings in words for every one."""

import pandas as pd
import pytest

from compare.page.words import DOUBTS, answers
from compare.tables.measures import WARNINGS

SCORE = {
    "measure": "score", "backend": "keras", "reference": "torch", "pairs": 8, "failed": 0,
    "value": 0.97, "reference_value": 0.95, "effect": 0.02, "low": 0.01, "high": 0.03,
    "margin": 0.01, "warnings": None, "proof": "proven",
}  # fmt: skip
UNJUDGED = {"pairs": 3, "verdict": None, "low": None, "high": None}
NAMES = {"keras": "Keras", "torch": "PyTorch"}
TIME = SCORE | {"measure": "epoch_s", "effect": 2.0, "low": 1.9, "high": 2.1, "margin": 0.05}


def said(*rows, better="higher"):
    return answers(pd.DataFrame(rows), better=better, names=NAMES)


@pytest.mark.parametrize(
    ("change", "better", "lead"),
    [
        ({"verdict": "different"}, "higher", "Keras scores better"),
        ({"verdict": "different"}, "lower", "PyTorch scores better"),
        ({"verdict": "different", "effect": -0.02}, "higher", "PyTorch scores better"),
        ({"verdict": "different but negligible"}, "higher", "Keras scores better"),
        ({"verdict": "equivalent"}, "higher", "Equal scores"),
        ({"verdict": "identical"}, "higher", "Identical scores"),
        ({"verdict": "inconclusive"}, "higher", "No verdict on the scores"),
        ({"verdict": "different", "failed": 2}, "higher", "Scores are missing"),
    ],
)
def test_who_scores_better(change, better, lead):
    assert said(SCORE | change, better=better)[0][0] == lead


@pytest.mark.parametrize(
    ("epoch", "whole", "lead"),
    [
        (("different", 2.0), ("different", 3.0), "PyTorch is faster"),
        (("different", 0.5), ("different", 0.4), "Keras is faster"),
        (
            ("different", 0.5),
            ("different", 2.0),
            "Keras is faster in an epoch, PyTorch is faster in a whole training",
        ),
        (("different", 2.0), ("inconclusive", 1.1), "PyTorch is faster in an epoch"),
        (("different but negligible", 1.01), ("equivalent", 1.0), "Equally fast"),
        (("equivalent", 1.0), ("identical", 1.0), "Equally fast"),
        (("inconclusive", 1.0), ("equivalent", 1.0), "No verdict on the time"),
    ],
)
def test_who_is_faster(epoch, whole, lead):
    rows = [
        TIME | {"measure": measure, "verdict": verdict, "effect": effect}
        for measure, (verdict, effect) in (("epoch_s", epoch), ("wall_s", whole))
    ]
    assert said(*rows)[0][0] == lead


@pytest.mark.parametrize(
    ("change", "better", "said_of_it"),
    [
        ({}, "higher", ("Keras is ahead in score by 0.020 (WHY)", "Keras 0.9700, PyTorch 0.9500")),
        ({}, "lower", ("PyTorch is ahead in score by 0.020 (WHY)", "Keras 0.9700, PyTorch 0.9500")),
        ({"effect": 0.0}, "higher", ("The same mean score (WHY)", "0.9700")),
    ],
)
def test_below_six_seeds_it_says_who_is_ahead_in_score_and_that_it_is_not_judged(
    change, better, said_of_it
):
    lead, detail = said_of_it
    found = said(SCORE | UNJUDGED | change, better=better)
    assert found == [(lead.replace("WHY", "not judged: 3 seeds"), detail)]


@pytest.mark.parametrize(
    ("epoch", "whole", "lead"),
    [
        (2.0, 3.0, "PyTorch is ahead"),
        (0.39, 0.5, "Keras is ahead"),
        (0.39, 7.9, "Keras is ahead in an epoch, PyTorch is ahead in a whole training"),
        (1.0, 1.0, "Equally fast"),
    ],
)
def test_below_six_seeds_it_says_who_is_ahead_in_time_and_by_how_much(epoch, whole, lead):
    rows = [
        TIME | UNJUDGED | {"measure": measure, "effect": effect}
        for measure, effect in (("epoch_s", epoch), ("wall_s", whole))
    ]
    takes = f"Keras takes {epoch:.2f} times as long for an epoch and {whole:.2f} times as long for"
    assert said(*rows) == [(f"{lead} (not judged: 3 seeds)", f"{takes} a whole training")]


def test_an_interval_is_told_where_there_is_one():
    with_one, without = TIME | {"verdict": "different"}, TIME | UNJUDGED
    assert said(with_one)[0][1] == (
        "Keras takes 2.00 times as long for an epoch (95 % interval 1.90 to 2.10)"
    )
    assert said(without)[0][1] == "Keras takes 2.00 times as long for an epoch"


def test_what_speaks_against_a_verdict_is_told_with_it():
    doubtful = {"warnings": "busy; drift", "proof": "unproven", "verdict": "different"}
    ((_, score), (_, time)) = said(SCORE | doubtful | {"warnings": None}, TIME | doubtful)
    assert score.endswith("; unproven")
    assert time.endswith("(95 % interval 1.90 to 2.10); doubtful (busy; drift); unproven")


def test_pairs_without_a_time_are_counted():
    found = said(TIME | {"failed": 3, "effect": None, "verdict": "inconclusive"})
    assert found == [("No verdict on the time", "an epoch: no time in 3 of 8 pairs")]


def test_every_warning_is_explained_to_the_reader_and_advises_nobody():
    assert DOUBTS.keys() == WARNINGS.keys()
    assert not [text for text in DOUBTS.values() if "--" in text or "again" in text]
