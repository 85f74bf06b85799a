"""What defaults do: figures from records whose differences are known."""

import math
from dataclasses import replace

import pandas as pd
import pytest
from test_records import RECORD

from compare import __main__ as cli
from compare.records.record import Score
from compare.studies.explain import EXPLAIN_COLUMNS, explain, publish_explanation, readings
from compare.tables.measures import epochs_to_target
from compare.training import command


def record(mode, seed, score, epoch_scores, **values):
    judged_by = {"better": "higher", "target": 0.9, "baseline": 0.1, "best": 1.0}
    scores = {"accuracy": Score(score=score, reached=None, unit="fraction", **judged_by)}
    return replace(
        RECORD, backend="pytorch", mode=mode, seed=seed, scores=scores, epoch_scores=epoch_scores,
        score_epochs=True, status="ok", reason=None, **values,
    )  # fmt: skip


RECORDS = [
    record("matched", 0, 0.90, [0.5, 0.90, 0.95]),
    record("matched", 1, 0.80, [0.5, 0.80, 0.95]),
    record("matched", 2, 0.70, [0.5, 0.60, 0.70]),
    record("own-bias", 0, 0.92, [0.9, 0.9, 0.9]),
    record("own-bias", 1, 0.84, [0.9, 0.9, 0.9]),
    record("own-bias", 2, 0.76, [0.9, 0.9, 0.9]),
    record("native", 0, 0.50, [0.1, 0.2, 0.3]),
    replace(record("native", 1, None, []), status="diverged", reason="loss is nan"),
]


def test_changes_are_paired_by_seed():
    frame = explain(RECORDS[::-1]).set_index("defaults")
    assert list(frame.index) == ["bias", "all"]
    bias = frame.loc["bias"]
    assert bias["change"] == pytest.approx(0.04)
    half = 4.302652729911275 * 0.02 / math.sqrt(3)  # t at 0.975, 2 degrees of freedom
    assert (bias["change_low"], bias["change_high"]) == pytest.approx((0.04 - half, 0.04 + half))
    assert (bias["seeds"], bias["failed"]) == (3, 0)
    assert (bias["target_seen"], bias["matched_target_seen"]) == (3, 2)
    assert (bias["epochs"], bias["matched_epochs"]) == (1.0, 2.5), "where both saw it"


def test_what_failed_is_counted_and_in_no_mean():
    row = explain(RECORDS).set_index("defaults").loc["all"]
    assert (row["seeds"], row["failed"]) == (1, 2)
    assert row["change"] == pytest.approx(-0.4)
    assert pd.isna(row["change_low"])
    assert (row["target_seen"], row["matched_target_seen"]) == (0, 1)
    assert pd.isna(row["epochs"])


def test_epochs_to_target_may_never_come_or_not_be_asked():
    assert epochs_to_target(RECORDS[0]) == 2
    assert epochs_to_target(RECORDS[2]) == math.inf
    lower = replace(RECORDS[2].scores["accuracy"], score=0.0, better="lower", target=0.6)
    assert epochs_to_target(replace(RECORDS[2], scores={"mae": lower})) == 1
    assert math.isnan(
        epochs_to_target(replace(RECORDS[0], scores={"mae": replace(lower, target=None)}))
    )
    assert math.isnan(epochs_to_target(replace(RECORDS[0], epoch_scores=[])))
    assert epochs_to_target(RECORDS[-1]) == math.inf, "diverged"
    assert epochs_to_target(replace(RECORDS[0], status="diverged")) == math.inf
    assert math.isnan(epochs_to_target(replace(RECORDS[-1], score_epochs=False)))


def test_it_is_published_with_a_reading_made_from_the_figures(tmp_path):
    frame = explain(RECORDS)
    publish_explanation(tmp_path, frame, RECORDS)
    assert list(pd.read_csv(tmp_path / "explain.csv").columns) == list(EXPLAIN_COLUMNS)
    text = (tmp_path / "explain.md").read_text()
    (reading,) = readings(frame)
    assert reading in text
    assert "all its defaults take it from 0.9 to 0.5 (one pair, no interval)" in reading
    assert "bias, from 0.8 to 0.84" in reading
    for column, meaning in EXPLAIN_COLUMNS.items():
        assert f"- `{column}`: {meaning}" in text


def test_nothing_to_compare_gives_an_empty_table():
    assert explain(RECORDS[:3]).empty
    assert readings(explain([])) == []


def test_a_second_name_explains_nothing():
    found = [record("matched", 0, 0.5, [0.5]), record("native", 0, 0.6, [0.6])]
    again = [replace(one, backend=f"{one.backend}@again") for one in found]
    pd.testing.assert_frame_equal(explain([*found, *again]), explain(found))


def test_where_there_is_no_pair_it_is_said():
    lost = [replace(one, status="refused", scores=scoreless(one)) for one in RECORDS]
    (reading,) = readings(explain(lost))
    assert explain([replace(one, scores={}) for one in lost]).empty, "nothing to go by"
    assert reading == "**echo**, accuracy, 0 seeds: on pytorch, no pairs."
    matched = [one for one in RECORDS if one.mode != "native"]
    alone = [*matched, replace(RECORDS[6], seed=9)]
    (reading,) = readings(explain(alone))
    assert "all its defaults have no pairs and the one that moves it most alone is bias" in reading
    assert "nan" not in reading


def scoreless(one):
    return {name: replace(judged, score=None) for name, judged in one.scores.items()}


@pytest.mark.parametrize("more", [(), ("--quick",)])
def test_it_can_be_had_in_short_and_unproven(monkeypatch, more):
    asked = {}
    monkeypatch.setattr(
        command,
        "done",
        lambda runs, out, options, _: asked.update(vars(options), runs=runs, folder=out) or [],
    )
    monkeypatch.setattr(command, "in_folder", lambda out, records: [])
    assert cli.main(["explain", "echo", "--device", "cpu", "--no-gate", *more]) == 0
    assert asked["no_gate"] is True
    recipe, folder = ("quick", "defaults-quick") if more else ("full", "defaults")
    assert {run.recipe for run in asked["runs"]} == {recipe}
    assert asked["folder"].name == folder
