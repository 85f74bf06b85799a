"""Verdicts in words, from rows whose verdicts are known."""

import pandas as pd
import pytest

from compare.page.words import answers

SCORE = {
    "measure": "score", "backend": "keras", "reference": "torch", "pairs": 8, "failed": 0,
    "value": 0.97, "reference_value": 0.95, "effect": 0.02, "low": 0.01, "high": 0.03,
    "margin": 0.01,
}  # fmt: skip
TIME = SCORE | {"measure": "epoch_s", "effect": 2.0, "low": 1.9, "high": 2.1, "margin": 0.05}


def said(*rows, better="higher"):
    return answers(pd.DataFrame(rows), better=better)


@pytest.mark.parametrize(
    ("change", "better", "lead"),
    [
        ({"verdict": "different"}, "higher", "keras scores better"),
        ({"verdict": "different"}, "lower", "torch scores better"),
        ({"verdict": "different", "effect": -0.02}, "higher", "torch scores better"),
        ({"verdict": "different but negligible"}, "higher", "keras scores better"),
        ({"verdict": "equivalent"}, "higher", "Equal scores"),
        ({"verdict": "identical"}, "higher", "Identical scores"),
        ({"verdict": "inconclusive"}, "higher", "No verdict on the scores"),
        ({"verdict": None}, "higher", "Mean scores"),
        ({"verdict": "different", "failed": 2}, "higher", "Scores are missing"),
    ],
)
def test_who_scores_better(change, better, lead):
    assert said(SCORE | change, better=better)[0][0] == lead


@pytest.mark.parametrize(
    ("epoch", "whole", "lead"),
    [
        (("different", 2.0), ("different", 3.0), "torch is faster"),
        (("different", 0.5), ("different", 0.4), "keras is faster"),
        (
            ("different", 0.5),
            ("different", 2.0),
            "keras is faster in an epoch, torch is faster in the whole training",
        ),
        (("different", 2.0), ("inconclusive", 1.1), "torch is faster in an epoch"),
        (("different but negligible", 1.01), ("equivalent", 1.0), "No verdict on the time"),
        (("equivalent", 1.0), ("identical", 1.0), "Equally fast"),
        (("inconclusive", 1.0), ("equivalent", 1.0), "No verdict on the time"),
        ((None, 2.0), (None, 2.0), "Times"),
    ],
)
def test_who_is_faster(epoch, whole, lead):
    rows = [
        TIME | {"measure": measure, "verdict": verdict, "effect": effect}
        for measure, (verdict, effect) in (("epoch_s", epoch), ("wall_s", whole))
    ]
    assert said(*rows)[0][0] == lead


def test_an_interval_is_told_where_there_is_one():
    with_one, without = TIME | {"verdict": "different"}, TIME | {"low": None, "verdict": None}
    assert said(with_one)[0][1] == (
        "keras takes 2 times as long for an epoch (95 % interval 1.9 to 2.1)"
    )
    assert said(without)[0][1] == "keras takes 2 times as long for an epoch"


def test_pairs_without_a_time_are_counted():
    found = said(TIME | {"failed": 3, "effect": None, "verdict": "different"})
    assert found == [("No verdict on the time", "an epoch: no time in 3 of 8 pairs")]


def test_too_few_seeds_are_told():
    found = said(SCORE | {"pairs": 3, "verdict": None, "low": None})
    assert found[-1] == ("Too few seeds for a verdict", "3 in common, 6 at least")
