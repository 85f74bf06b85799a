"""What differs between two lists of records whose differences are known."""

import math
import re
from dataclasses import replace

import pandas as pd
import pytest
from conftest import ROOT
from test_verdict import PROBLEMS, failed
from two_runs import BAD, SLOW, changed, run

from compare.diff.difference import DIFF_COLUMNS, diff
from compare.diff.words import answer
from compare.records.journal import read
from compare.tables.verdicts import verdicts


def words(a, b):
    return answer(diff(a, b))


def test_two_runs_of_the_same_code_say_that_nothing_changed():
    assert words(run(), run()) == (
        "nothing changed: 48 of 48 values are the same or within the margin"
    )
    for seed in range(1, 6):
        a, b = run(noise=0.02), run(noise=0.02, seed=seed)
        assert words(a, b).startswith("nothing changed: "), seed


@pytest.mark.parametrize(("pace", "changed"), [(1.09, False), (0.92, False), (1.12, True)])
def test_what_a_machine_may_do_between_two_runs_is_no_change(pace, changed):
    found = words(run(noise=0.005), run(noise=0.005, seed=1, pace=pace))
    assert found.startswith("slower: " if changed else "nothing changed: ")


@pytest.mark.parametrize("noise", [0.0, 0.005])
def test_a_planted_slow_down_and_a_planted_loss_are_both_said(noise):
    found = words(run(noise=noise), run(noise=noise, seed=1, slow=[SLOW], bad=[BAD]))
    worse, slower = found.split("; ")
    assert worse.startswith("worse: echo keras-tensorflow accuracy -0.02")
    assert re.match(r"slower: cumsum pytorch epoch_s x1\.(19|2\d)$", slower)
    back = words(run(noise=noise, seed=1, slow=[SLOW], bad=[BAD]), run(noise=noise))
    assert "better: echo keras-tensorflow accuracy +0.02" in back
    assert "faster: cumsum pytorch epoch_s x0.8" in back


def test_a_row_has_both_values_the_change_and_the_verdict():
    found = diff(run(), run(slow=[SLOW], bad=[BAD]))
    assert list(found.rows.columns) == list(DIFF_COLUMNS)
    rows = found.rows.set_index(["problem", "backend", "measure"])
    slow = rows.loc[*SLOW, "wall_s"]
    assert (slow["value_a"], slow["value_b"], slow["effect"]) == pytest.approx((10, 12, 1.2))
    assert (slow["low"], slow["high"]) == pytest.approx((1.2, 1.2))
    assert (slow["pairs"], slow["verdict"], slow["change"]) == (10, "different", "slower")
    bad = rows.loc[*BAD, "score"]
    assert (bad["value_a"], bad["value_b"], bad["effect"]) == pytest.approx((0.95, 0.93, -0.02))
    assert (bad["metric"], bad["better"], bad["change"]) == ("accuracy", "higher", "worse")
    assert rows["change"].notna().sum() == 4, "epoch, wall and time to target; the score"


def test_the_figures_are_those_of_the_verdicts():
    """The same trainings, once as two folders, once as two backends of one folder."""
    a = [one for one in run(noise=0.1) if one.backend == "pytorch"]
    b = [one for one in run(noise=0.1, seed=3, slow=[SLOW]) if one.backend == "pytorch"]
    b[5] = failed(b[5].seed, problem=b[5].problem)
    found = diff(a, b).rows
    judged = verdicts([*a, *(replace(one, backend="pytorch@again") for one in b)])
    for name in ("problem", "measure", "pairs", "failed", "effect", "low", "high", "p", "p_holm"):
        assert list(found[name].fillna(-1)) == list(judged[name].fillna(-1)), name
    assert list(found["verdict"]) == list(judged["verdict"])
    assert list(found["value_b"]) == list(judged["value"])


def with_second_metric(one, score):
    second = replace(one.scores["accuracy"], score=score, better="lower", margin=0.001)
    return replace(one, scores=one.scores | {"error": second})


def test_every_metric_is_compared_in_its_own_direction():
    a = [with_second_metric(one, 0.10) for one in run(problems=["echo"])]
    b = [with_second_metric(one, 0.12) for one in run(problems=["echo"])]
    rows = diff(a, b).rows.set_index(["backend", "metric"])
    assert rows.loc[("pytorch", "error"), "change"] == "worse"
    assert rows.loc[("pytorch", "accuracy"), "verdict"] == "identical"
    assert words(b, a).startswith("better: echo pytorch error -0.0200")


def test_second_metrics_leave_the_correction_of_the_first_ones_alone():
    a, b = run(noise=0.02), run(noise=0.02, seed=1)
    without = diff(a, b).rows.query("metric == 'accuracy'")["p_holm"]
    both = diff(*([with_second_metric(one, 0.1 + one.seed / 99) for one in x] for x in (a, b)))
    assert list(both.rows.query("metric == 'accuracy'")["p_holm"]) == list(without)


@pytest.mark.parametrize(("n", "problems"), [(3, PROBLEMS), (5, ["cumsum", "echo"]), (6, PROBLEMS)])
def test_too_few_seeds_are_said_and_the_largest_changes_named(n, problems):
    a, b = run(n, noise=0.2, problems=problems), run(n, noise=0.2, seed=1, problems=problems)
    needed = 8 if problems is PROBLEMS else 7
    expected = f"too few seeds for a verdict: {n} in both, it takes {needed} among {len(problems)}"
    assert words(a, b).startswith(expected)
    assert "largest changes: " in words(a, b)
    if n < 6:
        slow = words(run(n, problems=problems), run(n, problems=problems, slow=[SLOW]))
        assert re.search(r"; largest changes: cumsum pytorch \w+_s x1\.20$", slow)
        same = words(a, a)
        assert same.startswith(expected)
        assert same.endswith("no value differs")


CHANGES = {
    "commit": "abc",
    "dirty": True,
    "cpu": "another",
    "gpu": "NVIDIA H100",
    "start": "fork",
    "jobs": 2,
    "threads": 4,
    "proof": "unproven",
}


@pytest.mark.parametrize(("name", "value"), CHANGES.items())
def test_what_differs_around_the_trainings_is_listed(name, value):
    a = changed(run(3), start="new")
    (row,) = diff(a, changed(a, **{name: value})).provenance.to_dict("records")
    before = getattr(a[0], name)
    expected = {"a": "" if before is None else str(before), "b": str(value)}
    assert row == {"what": name, "where": ""} | expected


def test_versions_are_strings():
    a, b = (changed(run(3), versions={"torch": version}) for version in ("2.10", "2.1"))
    (row,) = diff(a, b).provenance.to_dict("records")
    assert row == {"what": "version_torch", "where": "", "a": "2.10", "b": "2.1"}
    assert diff(a, a).provenance.empty


def test_another_kernel_or_target_is_listed_with_its_place():
    a = changed(run(3), kernel="while loop")
    b = [replace(one, kernel="cuDNN") if one.problem == "echo" else one for one in a]
    b = [replace(one, scores={"accuracy": replace(one.scores["accuracy"], target=1)}) for one in b]
    found = diff(a, b).provenance.set_index(["what", "where"])
    assert found.loc[("kernel", "echo pytorch"), "b"] == "cuDNN"
    assert found.loc[("target", "cumsum accuracy"), "a"] == "0.9"
    assert ("kernel", "cumsum pytorch") not in found.index


def test_what_is_in_one_folder_only_is_listed():
    a, b = run(3, problems=["cumsum", "echo"]), run(3, problems=["cumsum"])
    found = diff(a, b)
    assert list(found.alone["only_in"]) == ["A", "A"]
    assert set(found.alone["problem"]) == {"echo"}
    assert set(found.alone["trainings"]) == {3}
    assert "only in A: echo pytorch, echo keras-tensorflow" in answer(found)
    assert "only in B: echo pytorch" in words(b, a)


def test_what_cannot_be_paired_is_listed_with_the_reason():
    a = run(3, problems=["echo"])
    for b, why in (
        (changed(a, status="refused"), "refused"),
        (changed(a, status="unavailable"), "unavailable"),
        ([replace(one, seed=one.seed + 3) for one in a], "no seed in both"),
    ):
        found = diff(a, b)
        assert found.rows.empty
        assert set(found.alone["why"]) == {why}
        assert answer(found) == (
            f"nothing to compare; not compared: echo pytorch ({why}), echo keras-tensorflow ({why})"
        )
    both = [failed(one.seed, one.backend) for one in a]
    assert set(diff(both, both).alone["why"]) == {"no score in either"}
    assert words([], []) == "nothing to compare"
    quick = changed(a, recipe="quick")
    assert "only in B: echo pytorch quick" in words(a, quick)
    assert {"what": "recipe", "where": "", "a": "full", "b": "quick"} in diff(
        a, quick
    ).provenance.to_dict("records")


def test_trainings_that_failed_are_counted_as_the_verdicts_count_them():
    a = run()
    b = [
        failed(one.seed, one.backend, problem="echo")
        if (one.problem, one.backend) == BAD and one.seed < 2
        else one
        for one in a
    ]
    row = diff(a, b).rows.set_index(["problem", "backend", "measure"]).loc[*BAD, "score"]
    assert (row["failed"], row["lost"], row["gained"]) == (2, 2, 0)
    assert (row["value_b"], row["verdict"]) == (-math.inf, "inconclusive")
    assert pd.isna(row["effect"])
    assert words(a, b) == (
        "no score any more: echo keras-tensorflow 2 of 10; "
        "else nothing changed: 44 of 44 values are the same or within the margin"
    )
    back = diff(b, a).rows.set_index(["problem", "backend", "measure"]).loc[*BAD, "score"]
    assert (back["lost"], back["gained"]) == (0, 2)


def test_when_nearly_all_rows_change_alike_the_machine_is_the_first_suspect():
    suspect = "nearly all rows of every backend take x1.30 the time: the machine is the first"
    assert suspect in words(run(), run(pace=1.3))
    assert suspect in words(run(3), run(3, pace=1.3)), "without a verdict, too"
    assert diff(run(noise=0.05), run(noise=0.05, seed=1, pace=0.7)).pace == pytest.approx(0.7, 0.05)
    one_backend = [(problem, "pytorch") for problem in PROBLEMS]
    assert "suspect" not in words(run(), run(slow=one_backend)), "a backend is no machine"
    assert "suspect" not in words(run(), run(slow=[SLOW]))
    assert "suspect" not in words(run(), run(pace=1.04)), "within the margin"
    alone = [[one for one in made if one.backend == "pytorch"] for made in (run(), run(pace=1.3))]
    assert "suspect" not in words(*alone), "a framework may be as well"


def test_of_a_single_problem_that_changes_alike_it_is_suspected_there():
    slow = [("cumsum", "pytorch"), ("cumsum", "keras-tensorflow")]
    assert (
        "on every backend, cumsum takes x1.20 the time: the machine is the first suspect there"
        in (words(run(), run(slow=slow)))
    )
    assert diff(run(), run(slow=slow)).pace is None
    assert "suspect" not in words(run(), run(slow=slow[:1]))


def test_doubtful_times_are_said_to_be_so():
    a, b = run(), run(slow=[SLOW])
    busy = [replace(one, others_cpu_s=one.total_s / 2, processors=[0]) for one in b]
    assert words(a, busy).endswith("; times are doubtful: busy")
    assert words(busy, a).endswith("; times are doubtful: busy"), "on either side"
    assert "doubtful" not in words(a, b)
    still = [replace(one, others_cpu_s=one.total_s / 2, processors=[0]) for one in a]
    assert "doubtful" not in words(a, still), "what is not claimed needs no doubt"
    rows = diff(a, busy).rows
    assert set(rows.query("measure == 'wall_s'")["warnings"]) == {"busy"}
    assert rows.query("measure == 'score'")["warnings"].isna().all()


def test_the_published_run_does_not_differ_from_itself():
    records, _ = read(ROOT / "results" / "cpu")
    found = diff(records, records)
    assert answer(found).startswith("nothing changed: ")
    assert not found.rows["change"].notna().any()
    assert found.provenance.empty
