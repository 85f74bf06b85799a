"""Verdicts from records whose differences are known."""

import math
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from conftest import run_python
from test_records import RECORD

from backends import BACKENDS
from compare.records.record import Score, judged
from compare.tables.details import details
from compare.tables.measures import time_to_target_s
from compare.tables.publish import publish, tabulated
from compare.tables.statistics import MINIMUM
from compare.tables.summary import summary
from compare.tables.verdicts import MEASURES, VERDICT_COLUMNS, effect, outcome, too_few, verdicts

PROBLEMS = ("addition", "cumsum", "damped_sine", "echo", "moving_square", "shapes")


def record(seed=0, backend="pytorch", *, score=0.95, pace=1.0, margin=0.01, **values):
    """Return a training of four epochs that took ten times `pace` seconds."""
    judged_by = {"better": "higher", "target": 0.9, "baseline": 0.1, "best": 1.0}
    judged_by |= {"unit": "fraction", "margin": margin}
    measured = {
        "scores": {"accuracy": Score(score=score, reached=None, **judged_by)},
        "build_s": pace,
        "first_epoch_s": 3 * pace,
        "epoch_s": [pace, 2 * pace, 2 * pace],
        "validation_s": 0.5 * pace,
        "predict_s": 0.5 * pace,
        "total_s": 10 * pace,
        "epoch_scores": [0.5, 0.8, 0.9, 0.95],
        "score_epochs": True,
        "host_peak_bytes": 2**28,
    }
    return replace(RECORD, **{"seed": seed, "backend": backend} | measured | values)


def failed(seed=0, backend="pytorch", **values):
    """Return a training that diverged."""
    made = record(seed, backend, score=None, epoch_scores=[], **values)
    return replace(made, status="diverged", reason="loss is nan", total_s=None, epoch_s=[])


def sides(n, scores, paces, backend="keras-tensorflow", **values):
    """Return n seeds of PyTorch and of another backend, which has these scores and paces."""
    found = [record(seed, **values) for seed in range(n)]
    pairs = zip(range(n), scores, paces, strict=True)
    return found + [
        record(seed, backend, score=score, pace=pace, **values) for seed, score, pace in pairs
    ]


def judged_rows(records):
    return verdicts(records).set_index("measure")


def by_measure(records):
    return {row["measure"]: row for _, row in verdicts(records).iterrows()}


def test_a_verdict_holds_each_backend_against_the_first_that_took_part():
    made = [record(seed, name) for name in reversed(BACKENDS) for seed in range(6)]
    made += [record(seed, "pytorch@again") for seed in range(6)]
    frame = verdicts(made)
    first, *others = BACKENDS
    assert list(dict.fromkeys(frame["backend"])) == [*others, "pytorch@again"]
    assert set(frame["reference"]) == {first}
    assert list(frame.columns) == list(VERDICT_COLUMNS)
    without = verdicts([one for one in made if one.backend != first])
    assert set(without["reference"]) == {others[0]}
    assert verdicts([one for one in made if one.backend == first]).empty


def test_ratios_are_geometric_and_differences_arithmetic():
    rows = judged_rows(sides(6, [0.95, 0.96] * 3, [1.0, 4.0] * 3))
    wall = rows.loc["wall_s"]
    assert (wall["value"], wall["reference_value"]) == pytest.approx((20, 10))
    assert wall["effect"] == pytest.approx(2)
    half = 2.5705818356363155 * math.log(4) / math.sqrt(20)  # t at 0.975, 5 degrees of freedom
    assert (wall["low"], wall["high"]) == pytest.approx((2 * math.exp(-half), 2 * math.exp(half)))
    assert (wall["greater"], wall["p_greater"]) == (4.5, 0.75)
    assert wall["p"] == 2 * 2**3 / 2**6, "three zeros flip for nothing"
    score = rows.loc["score"]
    assert score["effect"] == pytest.approx(0.005)
    assert (score["margin"], wall["margin"]) == (0.01, 0.05)
    assert rows.loc["epoch_s", "value"] == pytest.approx(4.0), "the median of 1, 2 and 2, times 2"
    assert rows.loc["time_to_target_s", "reference_value"] == pytest.approx(1 + 3 + 1 + 2)


@pytest.mark.parametrize(
    ("changes", "margin", "verdict"),
    [
        ([0.1, 0.11, 0.1, 0.09, 0.1, 0.1], 0.01, "different"),
        ([0.001, 0.0011, 0.001, 0.0009, 0.001, 0.001], 0.01, "different but negligible"),
        ([0.001, -0.001, 0.001, -0.001, 0.002, -0.002], 0.01, "equivalent"),
        ([0.1, -0.1, 0.1, -0.1, 0.2, -0.2], 0.01, "inconclusive"),
        ([0.001, -0.001, 0.001, -0.001, 0.002, -0.002], None, "inconclusive"),
        ([0.0] * 6, 0.01, "identical"),
    ],
)
def test_the_verdict_follows_from_p_and_margin(changes, margin, verdict):
    scores = [0.5 + change for change in changes]
    made = [record(seed, score=0.5, margin=margin) for seed in range(6)]
    made += [record(i, "keras-jax", score=one, margin=margin) for i, one in enumerate(scores)]
    assert judged_rows(made).loc["score", "verdict"] == verdict


def test_equivalence_is_corrected_over_the_problems_as_a_difference_is():
    changes = [0.01, -0.01, 0.02, -0.02, 0.015, -0.015]

    def found(problems):
        made = [
            one
            for name in problems
            for one in sides(6, [0.95 + c for c in changes], [1.0] * 6, problem=name, margin=0.017)
        ]
        return verdicts(made).query("measure == 'score'").set_index("problem")

    alone, among = found(["echo"]).loc["echo"], found(PROBLEMS).loc["echo"]
    assert alone["p_within"] == among["p_within"] == pytest.approx(alone["p_within_holm"])
    assert 0.05 / 6 < alone["p_within"] < 0.05
    assert (alone["verdict"], alone["within_margin"]) == ("equivalent", True)
    assert among["p_within_holm"] == pytest.approx(6 * among["p_within"])
    assert (among["verdict"], among["within_margin"]) == ("inconclusive", False)


def test_what_is_identical_is_not_computed_but_counts_in_the_family():
    made = [one for name in PROBLEMS for one in many(name, lambda seed: 1.0)]
    made += many("planted", lambda seed: 1.1 + 0.001 * seed)
    rows = verdicts(made).query("measure == 'wall_s'").set_index("problem")
    same = rows.loc["echo"]
    assert (same["verdict"], same["effect"], same["p_greater"]) == ("identical", 1.0, 0.5)
    assert same[["low", "high", "p", "p_holm", "within_margin", "smallest"]].isna().all()
    assert rows.loc["planted", "p_holm"] == pytest.approx(7 * rows.loc["planted", "p"])


def test_under_six_seeds_nothing_is_inferred(tmp_path):
    made = sides(MINIMUM - 1, [0.1, 0.2, 0.3, 0.4, 0.5], [2.0] * 5)
    frame = verdicts(made)
    inferred = ["low", "high", "p", "p_holm", "within_margin", "smallest", "verdict"]
    assert frame[inferred].isna().all(axis=None)
    assert frame["effect"].notna().all()
    assert too_few(frame) == "Verdicts need 6 seeds on both sides (--seeds)"
    publish(tmp_path, made)
    assert "Verdicts need 6 seeds on both sides" in (tmp_path / "table.md").read_text()
    assert verdicts(sides(1, [0.5], [1.0]))["effect"].notna().all()


def test_a_side_that_failed_is_counted_and_infinitely_bad():
    made = sides(7, [0.96] * 7, [0.5] * 7)
    made[7 + 2] = failed(2, "keras-tensorflow")
    rows = judged_rows(made)
    assert (rows["failed"] == 1).all()
    assert (rows["pairs"] == 7).all()
    assert rows[["effect", "low", "high", "smallest"]].isna().all(axis=None)
    assert not rows["within_margin"].any()
    assert rows.loc["score", "p"] == 2 * (7 + 1) / 2**7, "six signs up, one down"
    assert rows.loc["wall_s", "p"] == 2 * (7 + 1) / 2**7
    assert rows.loc["wall_s", "greater"] == 1
    assert (rows.loc["score", "value"], rows.loc["wall_s", "value"]) == (-math.inf, math.inf)
    assert (rows["verdict"] == "inconclusive").all()


def test_a_side_that_failed_throughout_is_different():
    made = [record(seed) for seed in range(6)] + [failed(seed, "keras-jax") for seed in range(6)]
    rows = judged_rows(made)
    assert list(rows.index) == list(MEASURES)
    assert (rows["verdict"] == "different").all()
    assert (rows.loc["score", "p_greater"], rows.loc["wall_s", "p_greater"]) == (0, 1)


def test_a_seed_that_only_one_side_has_done_is_no_pair():
    rows = judged_rows(sides(7, [0.95] * 7, [2.0] * 7)[:-1])
    assert (rows["pairs"] == 6).all()
    assert (rows["failed"] == 0).all()


def test_both_failed_is_a_tie_and_not_identical():
    made = [failed(seed) if seed == 0 else record(seed) for seed in range(6)]
    made += [replace(one, backend="keras-jax") for one in made]
    wall = judged_rows(made).loc["wall_s"]
    assert (wall["failed"], wall["p"], wall["p_greater"]) == (1, 1.0, 0.5)
    assert wall["verdict"] == "inconclusive"


def test_what_no_training_has_gives_no_row():
    assert verdicts([failed(seed, name) for name in BACKENDS for seed in range(6)]).empty
    made = sides(6, [0.9] * 6, [2.0] * 6, epoch_scores=[], score_epochs=False)
    assert "time_to_target_s" not in set(verdicts(made)["measure"])
    old = [replace(one, total_s=None) for one in made[:6]] + made[6:]
    assert "wall_s" not in set(verdicts(old)["measure"]), "one side was not measured"


def test_a_target_never_reached_is_infinite():
    made = sides(6, [0.9] * 6, [2.0] * 6)
    made[-6:] = [replace(one, epoch_scores=[0.1] * 4) for one in made[-6:]]
    row = judged_rows(made).loc["time_to_target_s"]
    assert (row["value"], row["failed"], row["verdict"]) == (math.inf, 6, "different")
    assert time_to_target_s(made[-1]) == time_to_target_s(failed()) == math.inf
    assert time_to_target_s(record(pace=2.0)) == 2 * (1 + 3 + 1 + 2), "in the third epoch"
    assert math.isnan(time_to_target_s(record(epoch_scores=[])))
    assert math.isnan(time_to_target_s(record(build_s=None)))


@pytest.mark.parametrize(
    ("build_s", "epoch_s", "epochs"),
    [
        (11.0, 1.0, 10),
        (11.5, 1.0, 11),
        (1.0, 1.0, pd.NA),
        (11.0, 3.0, pd.NA),
        (0.5, 1.0, pd.NA),
        (0.5, 2.5, 1),
    ],
)
def test_a_later_start_is_made_up_for_by_faster_epochs(build_s, epoch_s, epochs):
    made = [record(seed, build_s=1.0, first_epoch_s=2.0, epoch_s=[2.0]) for seed in range(6)]
    timed = {"build_s": build_s, "first_epoch_s": epoch_s, "epoch_s": [epoch_s]}
    made += [record(seed, "keras-jax", **timed) for seed in range(6)]
    row = judged_rows(made)["break_even_epochs"]
    assert row["epoch_s"] is epochs if epochs is pd.NA else row["epoch_s"] == epochs
    assert row.drop("epoch_s").isna().all()


def many(problem, pace, n=10, backend="keras-tensorflow"):
    """Return n seeds of a problem: PyTorch at pace 1, another backend at pace(seed)."""
    made = sides(n, [0.95] * n, [pace(seed) for seed in range(n)], backend)
    return [replace(one, problem=problem) for one in made]


def test_a_planted_slow_down_of_a_tenth_is_found():
    noise = np.random.default_rng(20)
    made = [
        one
        for i, name in enumerate(PROBLEMS)
        for one in many(
            name, lambda _, slow=1.1 if i == 0 else 1.0: slow * noise.lognormal(0, 0.02)
        )
    ]
    rows = verdicts(made).query("measure == 'wall_s'").set_index("problem")
    assert rows.loc[PROBLEMS[0], "verdict"] == "different"
    assert rows.loc[PROBLEMS[0], "low"] < 1.1 < rows.loc[PROBLEMS[0], "high"]
    assert set(rows.loc[list(PROBLEMS[1:]), "verdict"]) <= {"equivalent", "inconclusive"}


def test_a_backend_against_itself_seldom_differs():
    """Of 60 families of six problems, at most one in twenty may claim a difference."""
    noise = np.random.default_rng(7)
    claimed = []
    for family in range(60):
        made = [
            one for name in PROBLEMS for one in many(name, lambda _: noise.lognormal(0, 0.1), n=8)
        ]
        rows = verdicts([replace(one, mode=f"{family}") for one in made])
        claimed.append(rows.query("measure == 'wall_s'")["verdict"].str.startswith("diff").any())
    assert np.mean(claimed) <= 0.05


def test_the_margin_of_a_metric_is_in_its_record():
    from problems import load

    problem = load("echo")
    assert judged(problem, {})["accuracy"].margin == problem.metrics[0].margin


def test_verdicts_are_published_with_the_meaning_of_each_column(tmp_path):
    made = sides(6, [0.1, 0.2, 0.3, 0.4, 0.5, 0.6], [2.0, 2.1, 2.2, 2.0, 2.1, 2.2])
    tables = publish(tmp_path, made)
    text = (tmp_path / "table.md").read_text()
    for column, meaning in VERDICT_COLUMNS.items():
        assert f"- `{column}`: {meaning}" in text
    wall = tables.verdicts.query("measure == 'wall_s'").iloc[0]
    row = "| echo | cpu | matched | keras-tensorflow | pytorch | wall_s |"
    assert f"{row} {effect(wall)} | different | 0.031 | 6/6 | 0 | 0.05 |" in text
    found = pd.read_csv(tmp_path / "verdicts.csv")
    assert list(found.columns) == list(VERDICT_COLUMNS)
    assert list(found["effect"]) == pytest.approx(list(tables.verdicts["effect"]), rel=1e-9)


def test_a_text_tells_the_effect_with_its_interval_or_why_there_is_none():
    row = {"measure": "wall_s", "effect": 1.96, "low": 1.8, "high": 2.1354}
    assert effect(pd.Series(row)) == "1.960 [1.800, 2.135]"
    score = {"measure": "score", "effect": -1.782e-5, "low": -4e-5, "high": 4.32e-6}
    assert effect(pd.Series(score)) == "-0.0000178 [-0.0000400, +0.0000043]"
    missing = {"effect": None, "failed": 1, "pairs": 6}
    assert effect(pd.Series(row | missing)) == "no value in 1 of 6 pairs"
    never = row | missing | {"measure": "time_to_target_s"}
    assert effect(pd.Series(never)) == "target not seen in 1 of 6 pairs"


@pytest.mark.parametrize(
    ("scores", "paces", "said"),
    [
        ([0.90] * 8, [2.0] * 8, ("worse", "worse")),
        ([0.99] * 8, [0.5] * 8, ("better", "better")),
        ([0.951] * 8, [1.01] * 8, ("equal", "equal")),
        ([0.95, 0.91] * 4, [0.5, 2.0] * 4, ("open", "open")),
        ([0.90] * 3, [2.0] * 3, ("worse", "worse")),
        ([0.951] * 3, [1.01] * 3, ("equal", "equal")),
    ],
)
def test_an_outcome_says_which_way(scores, paces, said):
    rows = by_measure(sides(len(scores), scores, paces))
    assert (outcome(rows["score"], "higher"), outcome(rows["wall_s"])) == said
    opposite = {"worse": "better", "better": "worse"}.get(said[0], said[0])
    assert outcome(rows["score"], "lower") == opposite


def test_of_a_side_that_failed_the_signs_tell_the_outcome():
    made = [record(seed) for seed in range(6)] + [failed(seed, "keras-jax") for seed in range(6)]
    rows = by_measure(made)
    assert (outcome(rows["score"], "higher"), outcome(rows["wall_s"])) == ("worse", "worse")
    few = by_measure(made[:3] + made[6:9])
    assert (outcome(few["score"], "higher"), outcome(few["wall_s"])) == ("open", "open")


def test_a_verdict_carries_the_warnings_and_the_proof_of_both_sides(tmp_path):
    steady = {"first_epoch_s": 6.0, "epoch_s": [1.0] * 3, "total_s": 11.0}
    made = sides(6, [0.95] * 6, [1.0] * 6, proof="proven", **steady)
    assert set(verdicts(made)["proof"]) == {"proven"}
    assert verdicts(made)["warnings"].isna().all()
    made[0] = replace(made[0], others_cpu_s=9.0)
    made[-1] = replace(made[-1], proof="unproven", total_s=12.0)
    frame = verdicts(made)
    assert set(frame["proof"]) == {"unproven"}
    doubts = frame.set_index("measure")["warnings"]
    assert (doubts["epoch_s"], doubts["wall_s"]) == ("parts; busy", "parts; busy")
    assert pd.isna(doubts["score"]), "of times only"
    doubtful = r"doubtful \(parts; busy\), unproven"
    assert re.search(rf"equivalent: .*?, {doubtful} \|", summary(tabulated(made), made))
    shown = "\n".join(details(tabulated(made), made, 120)[-2])
    assert re.search(rf"wall_s .*, {doubtful}", shown)
    made[-1] = replace(made[-1], proof=None)
    assert verdicts(made)["proof"].isna().all(), "older than the check"
    publish(tmp_path, made)
    assert "| parts; busy |" in (tmp_path / "table.md").read_text()


def test_it_is_said_when_so_many_problems_need_more_seeds():
    six = sides(6, [0.95, 0.96] * 3, [2.0, 2.1, 2.2] * 2)
    assert too_few(verdicts(six)) == ""
    among = [replace(one, problem=f"p{i}") for one in six for i in range(6)]
    expected = "Among 6 problems it takes 8 seeds to show a difference (--seeds)"
    assert too_few(verdicts(among)) == expected


LOADED = """
import sys
sys.modules["torch"] = None  # so that importing it fails
from compare.__main__ import main
main(["table", sys.argv[1]])
print("scipy.stats" in sys.modules, "scipy.special" in sys.modules)
"""


def test_verdicts_need_no_framework_and_not_all_of_scipy(tmp_path):
    lines = [one.to_json() + "\n" for one in many("echo", lambda seed: 1.0 + seed / 100)]
    (tmp_path / "runs.jsonl").write_text("".join(lines))
    done = run_python("-c", LOADED, str(tmp_path))
    assert done.stdout.endswith("False True\n"), done.stderr
    assert "PyTorch is faster on echo: an epoch takes Keras 1.0" in done.stdout


def test_under_its_second_name_a_backend_is_held_against_itself():
    made = sides(6, [0.95] * 6, [2.0] * 6)
    made += [replace(one, backend=f"{one.backend}@again") for one in made]
    found = verdicts(made)[["backend", "reference"]].drop_duplicates()
    assert {tuple(row) for row in found.itertuples(index=False)} == {
        ("keras-tensorflow", "pytorch"),
        ("keras-tensorflow@again", "keras-tensorflow"),
        ("pytorch@again", "pytorch"),
    }


@pytest.mark.parametrize("status", ["refused", "unavailable"])
def test_of_what_was_never_trained_nothing_is_claimed(status):
    made = sides(6, [0.95] * 6, [2.0] * 6)
    made += [replace(failed(seed), backend="keras-jax", status=status) for seed in range(6)]
    assert "keras-jax" not in set(verdicts(made)["backend"])


def test_six_pairs_of_six_problems_could_have_shown_nothing():
    """The least p of six pairs is 1/32, and six times that after Holm's correction."""
    one = sides(6, [0.95, 0.96] * 3, [2.0, 2.1, 2.2] * 2)
    assert verdicts(one)["smallest"].notna().any()
    six = [replace(record, problem=f"p{i}") for record in one for i in range(6)]
    assert verdicts(six)["smallest"].isna().all()
