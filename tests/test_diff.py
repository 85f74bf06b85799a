"""What differs between two lists of records whose differences are known."""

import json
import math
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT
from test_verdict import PROBLEMS, failed, record

from compare import __main__ as cli
from compare.diff.difference import DIFF_COLUMNS, diff
from compare.diff.publish import diff_json, diff_markdown
from compare.diff.screen import diff_lines
from compare.diff.words import answer
from compare.records.journal import FILE, read
from compare.tables.verdicts import verdicts

BACKENDS = ("pytorch", "keras-tensorflow")
SLOW, BAD = ("cumsum", "pytorch"), ("echo", "keras-tensorflow")


def steady(pace):
    """Return times of a training that raise no warning: their parts add up to ten times `pace`."""
    return {"pace": pace, "first_epoch_s": 2 * pace, "epoch_s": [2 * pace] * 3}


def run(n=10, *, noise=0.0, seed=0, slow=(), bad=(), pace=1.0, problems=PROBLEMS):
    """Return a run of some problems; `slow` sides take 20 % longer, `bad` ones lose two points."""
    rng = np.random.default_rng(seed)
    return [
        record(
            i,
            backend,
            problem=problem,
            score=0.95 - 0.02 * ((problem, backend) in bad) + noise * rng.normal(0, 0.1),
            **steady(pace * (1.2 if (problem, backend) in slow else 1) * rng.lognormal(0, noise)),
        )
        for problem in problems
        for backend in BACKENDS
        for i in range(n)
    ]


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


def changed(records, **values):
    return [replace(one, **values) for one in records]


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


# --- what is printed -------------------------------------------------------------------------


def strict(text):
    """Read JSON that holds no NaN or Infinity."""

    def refuse(constant):
        raise ValueError(constant)

    return json.loads(text, parse_constant=refuse)


def folders(path, *runs):
    """Write two runs into folders and return those."""
    for name, made in zip("ab", runs, strict=True):
        (path / name).mkdir()
        (path / name / FILE).write_text("".join(one.to_json() + "\n" for one in made))
    return [str(path / name) for name in "ab"]


PLANTED = (run(), run(slow=[SLOW], bad=[BAD]))
SAYS = "worse: echo keras-tensorflow accuracy -0.0200; slower: cumsum pytorch epoch_s x1.20"


def test_the_answer_comes_first_and_nothing_is_written(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    where = folders(tmp_path, *PLANTED)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    for form, first in (([], SAYS.split("; ")), (["--markdown"], [f"**{SAYS}**"])):
        assert cli.main(["diff", *where, *form]) == 0
        captured = capsys.readouterr()
        assert captured.out.splitlines()[: len(first)] == first
        assert captured.err == ""
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def shown(a, b, width=80, **options):
    return diff_lines(diff(a, b), "one", "other", width, **options)


def test_in_the_terminal_stand_the_changed_rows_alone():
    lines = shown(*PLANTED)
    assert lines[3:12] == [
        "     value                  A       B               change [95 %]",
        "cumsum pytorch",
        "  -  epoch_s            2.000   2.400        1.200 [1.200, 1.200]",
        "  -  wall_s             10.00   12.00        1.200 [1.200, 1.200]",
        "  -  time_to_target_s   7.000   8.400        1.200 [1.200, 1.200]",
        "echo keras-tensorflow",
        "  -  accuracy          0.9500  0.9300  -0.0200 [-0.0200, -0.0200]",
        "-  worse or slower in B    +  better or faster in B",
        "",
    ]
    assert lines[-1] == "All 48 values, and all else that differs: --all"
    back = shown(*PLANTED[::-1])
    assert any(line.startswith("  +  epoch_s") for line in back)
    everything = shown(*PLANTED, everything=True)
    assert everything[: len(lines) - 1] == lines[:-1]
    assert sum("identical" in line for line in everything) == 44
    assert "verdict" not in "\n".join(lines)


def test_a_lost_value_is_a_change_for_the_worse():
    b = [
        failed(one.seed, one.backend, problem="echo")
        if (one.problem, one.seed) == ("echo", 2)
        else one
        for one in run()
    ]
    text = "\n".join(shown(run(), b))
    assert re.search(r"\n  -  accuracy +0\.9500 +none +no value in 1 of 10 pairs\n", text)


def test_too_few_seeds_are_said_once_and_the_largest_changes_shown():
    lines = shown(run(3), run(3, slow=[SLOW]))
    text = "\n".join(lines)
    assert text.count("too few seeds") == 1
    assert "Largest changes, none of them judged:\n  value " in text
    assert "cumsum pytorch\n  epoch_s           2.000  2.400          1.200" in text
    assert "shapes" not in text
    everything = "\n".join(shown(run(3), run(3, slow=[SLOW]), everything=True))
    assert everything.count("too few seeds") == 1
    assert diff_markdown(diff(run(3), run(3)), "one", "other").count("too few seeds") == 1


LONG = "a_problem_with_a_name_of_some_length_that_goes_on_and_on_and_on"


@pytest.mark.parametrize("width", [80, 60])
def test_nothing_is_broken_inside_a_word_and_no_name_is_cut(width):
    for n in (3, 10):
        for everything in (False, True):
            a = run(n, problems=["echo", LONG, "x\x1b[2Jy"])
            b = changed(run(n, problems=["echo", LONG, "x\x1b[2Jy"], pace=1.3), commit="c" * 40)
            lines = shown(a, b, width, everything=everything)
            text = "\n".join(lines)
            assert LONG in text
            assert "keras-tensorflow" in text
            assert "x\\x1b[2Jy" in text or not everything
            assert "\x1b" not in text
            assert "…" not in text
            assert [line for line in lines if len(line) > width and LONG not in line] == []


def test_what_else_differs_is_told_in_lines():
    a, b = run(), changed(run(), commit="abc", versions={"torch": "2.11"})
    lines = shown(a, b)
    assert "commit: none -> abc" in lines
    assert "version_torch: 2.10 -> 2.11" in lines


def test_json_is_all_that_is_printed_and_missing_is_null(tmp_path, capsys):
    assert cli.main(["diff", *folders(tmp_path, *PLANTED), "--json"]) == 0
    found = strict(capsys.readouterr().out)
    assert found["answer"] == SAYS
    assert set(found["rows"][0]) == set(DIFF_COLUMNS)
    assert len(found["rows"]) == 48
    same = next(row for row in found["rows"] if row["verdict"] == "identical")
    assert (same["low"], same["p"], same["change"], same["effect"]) == (None, None, None, 0)
    assert (found["pace"], found["fail_on"], found["alone"]) == (None, [], [])


def test_markdown_has_what_changed_and_the_rest_folded_away():
    text = diff_markdown(diff(*PLANTED), "one", "other")
    head, _, rest = text.partition("<details>")
    assert (
        "| cumsum | pytorch | wall_s | 10.00 | 12.00 | 1.200 [1.200, 1.200] | slower | 10 |" in head
    )
    assert "| shapes |" not in head
    assert rest.count("| shapes | pytorch |") == 4
    assert "</details>" in rest


def test_infinite_and_missing_values_are_null():
    b = [failed(one.seed, one.backend, problem=one.problem) for one in run()]
    found = strict(diff_json(diff(run(), b), "one", "other", []))
    assert {row["value_b"] for row in found["rows"]} == {None}


def test_the_published_run_does_not_differ_from_itself():
    records, _ = read(ROOT / "results" / "cpu")
    found = diff(records, records)
    assert answer(found).startswith("nothing changed: ")
    assert not found.rows["change"].notna().any()
    assert found.provenance.empty
