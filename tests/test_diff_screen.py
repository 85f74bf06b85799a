"""What `diptych diff` prints of two runs whose differences are known."""

import re

import pytest
from test_verdict import failed
from two_runs import PLANTED, SLOW, changed, folders, run, strict

from compare import __main__ as cli
from compare.diff.difference import DIFF_COLUMNS, diff
from compare.diff.publish import diff_json, diff_markdown
from compare.diff.screen import diff_lines

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
    assert lines[3:14] == [
        "     value                  A       B               change [95 %]",
        "cumsum pytorch",
        "  -  epoch_s            2.000   2.400        1.200 [1.200, 1.200]",
        "  -  wall_s             10.00   12.00        1.200 [1.200, 1.200]",
        "  -  time_to_target_s   7.000   8.400        1.200 [1.200, 1.200]",
        "echo keras-tensorflow",
        "  -  accuracy          0.9500  0.9300  -0.0200 [-0.0200, -0.0200]",
        "-  worse or slower in B    +  better or faster in B",
        "[95 %]  95 % interval over the seeds of this run, on this machine, in this hour;",
        "the mean of another run may lie outside",
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
