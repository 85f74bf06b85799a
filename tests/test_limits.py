"""Regression limits fail for what is worse than allowed, and for nothing else."""

from dataclasses import replace

import pytest
from test_verdict import failed, record
from two_runs import BAD, PLANTED, SLOW, folders, run, strict

from compare import __main__ as cli
from compare.__main__ import parser
from compare.diff.limits import Limit, limit, offences
from compare.records.record import UsageError

SCORE, TIME = Limit("score", 1), Limit("time", 10)


def side(values, *, name="pace", n=10, **more):
    """Return seeds of one side, whose pace or score takes these values in turn."""
    return [record(i, **{name: values[i % len(values)]} | more) for i in range(n)]


def found(a, b, *limits):
    return [str(one) for one in offences(a, b, limits)]


def test_what_is_the_same_passes():
    assert found(run(), run(), SCORE, TIME) == []
    assert found(run(), run(), Limit("score", 0), Limit("time", 0)) == []


def test_each_row_that_is_worse_is_named():
    assert found(*PLANTED, SCORE, TIME) == [
        "score: echo keras-tensorflow cpu matched full: accuracy 0.93 after 0.95, 2.11 % worse; "
        "allowed are 1 %",
        "time: cumsum pytorch cpu matched full: epoch_s 2.4 after 2, 20 % worse; allowed are 10 %",
        "time: cumsum pytorch cpu matched full: wall_s 12 after 10, 20 % worse; allowed are 10 %",
    ]
    assert found(*PLANTED, Limit("score", 2.2), Limit("time", 20)) == []
    assert found(*PLANTED[::-1], Limit("score", 0), Limit("time", 0)) == [], "better is no offence"


def test_doubtful_times_still_offend_but_are_said_to_be_so():
    busy = [replace(one, others_cpu_s=one.total_s / 2, processors=[0]) for one in PLANTED[1]]
    texts = found(PLANTED[0], busy, TIME)
    assert len(texts) == 2
    assert all(" 20 % worse (doubtful: busy); allowed are 10 %" in text for text in texts)


def test_as_much_as_is_allowed_is_no_offence():
    a, b = side([1.0]), side([1.1])
    assert found(a, b, TIME) == []
    assert len(found(a, b, Limit("time", 9.99))) == 2


NOISY = [1.0, 2.5, 0.9, 1.0, 1.0]  # a geometric mean of 1.18, one odd seed


def test_what_the_interval_contradicts_may_be_chance():
    assert found(side([1.0]), side(NOISY), TIME) == []
    assert len(found(side([1.0]), side([1.18, 1.2]), TIME)) == 2, "clear of no change"


def test_below_six_pairs_the_plain_change_decides():
    assert len(found(side([1.0], n=5), side(NOISY, n=5), TIME)) == 2
    assert found(side([1.0], n=6), side([*NOISY, 1.0], n=6), TIME) == []


@pytest.mark.parametrize(
    ("better", "worse", "same"), [("higher", 0.48, 0.52), ("lower", 0.52, 0.48)]
)
def test_scores_are_worse_in_their_own_direction(better, worse, same):
    def scored(value):
        made = side([value], name="score")
        return [
            replace(one, scores={"m": replace(one.scores["accuracy"], better=better)})
            for one in made
        ]

    assert found(scored(0.5), scored(same), SCORE) == []
    (text,) = found(scored(0.5), scored(worse), Limit("score", 3))
    assert f"m {worse} after 0.5, 4 % worse" in text
    assert found(scored(0.5), scored(worse), Limit("score", 5)) == []


def test_of_a_score_of_zero_every_loss_is_too_much():
    a, b = side([0.0], name="score"), side([-0.01], name="score")
    assert len(found(a, b, Limit("score", 1000))) == 1
    assert found(a, a, Limit("score", 0)) == []


@pytest.mark.parametrize("status", ["diverged", "failed", "timeout", "refused", "unavailable"])
def test_a_training_without_a_score_that_had_one_is_an_offence(status):
    a = side([1.0])
    b = [replace(failed(0), status=status), *a[1:]]
    where = "echo pytorch cpu matched full"
    assert found(a, b, Limit("score", 99), Limit("time", 99)) == [
        f"score: {where}: no score for 1 of 10 seeds that have one in A; allowed are 99 %",
        f"time: {where}: no time for 1 of 10 seeds that have one in A; allowed are 99 %",
    ]
    assert len(found(a, [replace(one, status=status) for one in b], SCORE)) == 1, "of all"


def test_of_a_training_that_failed_before_nothing_is_asked():
    a = [failed(0), *side([1.0])[1:]]
    assert found(a, a, SCORE, TIME) == []
    assert found(a, side([1.0]), SCORE, TIME) == []
    assert len(found(a, side([1.2]), TIME)) == 2, "the others are still judged"


def test_a_part_of_a_run_is_held_against_the_whole():
    a = run()
    assert found(a, [one for one in a if one.problem == SLOW[0]], SCORE, TIME) == []
    slow = [one for one in PLANTED[1] if one.problem == SLOW[0]]
    assert len(found(a, slow, SCORE, TIME)) == 2


def test_limits_with_nothing_to_judge_does_not_pass():
    for b in ([], [replace(one, recipe="quick") for one in run()]):
        with pytest.raises(UsageError, match="expected a score that both folders have, came none"):
            found(run(), b, SCORE)


def test_a_metric_under_another_name_is_nothing_to_judge_though_there_are_times():
    renamed = [
        replace(one, scores={f"new_{name}": score for name, score in one.scores.items()})
        for one in run()
    ]
    assert found(run(), renamed, TIME) == []
    with pytest.raises(UsageError, match="expected a score that both folders have, came none"):
        found(run(), renamed, TIME, SCORE)


@pytest.mark.parametrize(
    "text", ["", "score", "score:", "time:x", "memory:3", "score:-1", "time:inf", "time:nan", ":3"]
)
def test_a_limit_spelled_badly_gets_one_line_and_status_2(text, capsys):
    assert cli.main(["diff", "a", "b", f"--fail-on={text}"]) == 2
    err = capsys.readouterr().err
    assert f"expected score:PERCENT or time:PERCENT, as in score:1, came {text!r}" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [("score:1", SCORE), ("time:10%", TIME), ("score:0.5", Limit("score", 0.5))],
)
def test_a_limit_is_a_kind_and_percent(text, expected):
    assert limit(text) == expected


@pytest.mark.parametrize("form", [[], ["--json"], ["--markdown"]])
def test_a_limit_says_on_stderr_what_fails_and_ends_with_status_3(tmp_path, capsys, form):
    where = folders(tmp_path, *PLANTED)
    asked = ["--fail-on", "score:1", "--fail-on", "time:10"]
    assert cli.main(["diff", *where, *form]) == 0
    without = capsys.readouterr()
    assert cli.main(["diff", *where, *form, *asked]) == 3
    captured = capsys.readouterr()
    assert captured.err.splitlines() == [f"diptych: {one}" for one in found(*PLANTED, SCORE, TIME)]
    if form == ["--json"]:
        named = [one["where"].split()[:2] for one in strict(captured.out)["fail_on"]]
        assert named == [list(BAD), list(SLOW), list(SLOW)]
    else:
        assert captured.out == without.out
    assert cli.main(["diff", *where, *form, "--fail-on", "time:30"]) == 0


def test_the_help_tells_what_a_limit_does(capsys):
    with pytest.raises(SystemExit):
        parser().parse_args(["diff", "--help"])
    text = " ".join(capsys.readouterr().out.split())
    assert "status is 3 if a row of B is worse than A's by more than PERCENT" in text
    assert "95 % interval" in text
