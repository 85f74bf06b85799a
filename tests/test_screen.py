"""What `table` and `run` print: the answer on one screen, whole names, nothing broken."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import ROOT
from synthetic import failed
from test_headline import CASES, KERAS, TWO, at, trained
from test_verdict import PROBLEMS

from compare import __main__ as cli
from compare.console import aligned, cell_len, fitting, joined, widest, wrapped
from compare.diff.difference import diff
from compare.diff.screen import diff_lines
from compare.records.journal import FILE, read
from compare.tables.publish import tabulated
from compare.tables.screen import screen
from compare.tables.statistics import COVERED

FOLDER = Path("results/mine")
PUBLISHED = ROOT / "results"


LOST = ("timeout", "diverged")


def shown(records, width=80, **options):
    return screen(tabulated(records), records, FOLDER, width, **options)


def test_the_published_answer_fits_a_terminal_of_24_lines():
    records, _ = read(PUBLISHED / "cpu")
    lines = shown(records)
    assert len(lines) <= 23, "one is for the prompt"
    assert widest(lines) <= 80
    assert (
        "co2              mae v               0.3949  0.3949 =  4.31 ±  9%  7.85 ±  7%  !" in lines
    )
    assert "moving_square    accuracy            0.9978  0.9974 =  1.17 ±  0%  1.24 ±  2%" in lines
    assert "180 trainings, 0 failed, 29 min; same model, proven to 1e-13 before timing" in lines


def test_what_matters_least_is_left_out_where_the_rest_then_fits():
    records = [one for one in read(PUBLISHED / "cpu")[0] if one.problem != "shapes"]
    assert any(line.startswith("Learn") for line in shown(records)), "with a problem less"
    records, _ = read(PUBLISHED / "engines")
    lines = shown(records)
    for start in ("Learn", "cpu, 1 core each"):
        assert not any(line.startswith(start) for line in lines)
        assert any(line.startswith(start) for line in shown(records, everything=True))
    names = ["cumsum", *(f"other{n}" for n in range(30))]
    many = [replace(one, problem=name) for one in trained(8) for name in names]
    assert any(line.startswith("Learn") for line in shown(many)), "which fits in no case"


def test_no_program_is_named_where_none_is_here():
    gone = [replace(one, problem="another_projects") for one in trained(8)]
    here = [replace(one, problem="cumsum") for one in trained(8)]
    learn = [line for line in shown(gone + here) if line.startswith("Learn")]
    assert learn == ["Learn    diptych show cumsum"]
    assert not any(line.startswith("Learn") for line in shown(gone))


def test_more_than_two_sides_stand_as_columns():
    records, _ = read(PUBLISHED / "engines")
    lines = shown(records)
    assert (len(lines), widest(lines)) <= (23, 80)
    assert lines[6].split() == ["score", "epoch,", "PyTorch", "=", "1"], "after the sentences"
    row = "addition          0.9980  0.9985~  0.9983~  0.9983~   1.32   0.75   2.31"
    assert row in lines, "four scores, three ratios of epochs"
    assert any("epoch, PyTorch = 1" in line for line in lines)
    wide = shown(records, 120)
    assert any(line.endswith("1.32   0.75   2.31   1.65   1.76   2.24") for line in wide)
    assert any(line.startswith("addition         sequence_accuracy") for line in wide)


@pytest.mark.parametrize("records", [one for one, _ in CASES.values()], ids=CASES)
def test_no_answer_is_wider_than_the_terminal(records):
    for width in (80, 60):
        for everything in (False, True):
            lines = shown(records, width, everything=everything)
            long = [line for line in lines if len(line) > width and " " in line.strip()]
            assert [line for line in long if "diptych" not in line and "table.md" not in line] == []


@pytest.mark.parametrize("width", [80, 40, 24])
@pytest.mark.parametrize("name", ["two words " * 8, "問題 " * 15, "a_problem_of_thirty_characters"])
def test_nothing_is_wider_than_the_terminal_but_a_single_word(name, width):
    made = [replace(one, problem=name, others_cpu_s=9.0) for one in trained(8)]
    other = [replace(one, epoch_s=[9.0, 9.0], kernel="an LSTM", commit="1" * 40) for one in made]
    for everything in (False, True):
        lines = shown(made, width, everything=everything)
        lines += diff_lines(diff(made, other), "one", "two", width, everything=everything)
        for line in lines:
            word = max(map(cell_len, line.split()), default=0)
            assert cell_len(line) <= max(width, word + 9), line


LONG = "a_problem_whose_name_is_so_long_that_no_line_of_a_terminal_can_hold_the_whole_of_it_at_once"


def test_a_name_is_never_cut_or_broken():
    made = [
        replace(one, problem=LONG, backend=f"{one.backend}@{'label' * 8}") for one in trained(8)
    ]
    for width in (80, 40):
        for everything in (False, True):
            text = "\n".join(shown(made, width, everything=everything))
            assert f"\n{LONG}" in text
            assert f"@{'label' * 8}" in text
            assert "…" not in text


def test_a_table_too_wide_has_a_line_for_each_side():
    made = [replace(one, problem=LONG[:60]) for one in trained(8)]
    lines = shown(made)
    at_name = lines.index(f"{LONG[:60]}: accuracy")
    assert lines[at_name + 1] == "  PyTorch  0.9865          1.00        1.00"
    assert lines[at_name + 2] == "  Keras    0.9865 =  1.50 ±  0%  1.43 ±  0%"


def test_native_is_a_second_line_of_its_problem():
    native = [replace(one, mode="native") for one in at(3.0, "a")]
    lines = shown(at(2.0, "a") + native)
    first = next(i for i, line in enumerate(lines) if line.startswith("a  "))
    assert lines[first + 1].startswith("  native")
    only = shown(at(2.0, "a") + [replace(one, problem="b") for one in native])
    there = only.index("b")
    assert only[there + 1].startswith("  native"), "below the name of its problem"


def test_signs_are_explained_where_they_occur_and_only_there():
    text = "\n".join(shown(trained(8)))
    assert "=  equal within the margin" in text
    assert f"±  {COVERED}" in " ".join(text.split("\n"))
    for sign in ("~  ", "?  ", "+  ", "-  ", "v  ", "!  "):
        assert sign not in text
    few = "\n".join(shown(trained(3, ["shapes"])))
    assert "~  scores within the margin    v  lower is better" in few
    assert "±" not in few


def test_the_last_word_is_the_command_that_opens_the_page():
    for everything in (False, True):
        lines = shown(trained(1), everything=everything)
        assert lines[-3:] == [
            "Look up  results/mine/table.md; here, warnings and all else: --all",
            "Learn    diptych show echo",
            "See it   diptych report results/mine --open",
        ]
    spaced = screen(tabulated(trained(1)), trained(1), Path("my results"), 80)
    assert spaced[-1] == "See it   diptych report 'my results' --open"


@pytest.mark.parametrize(
    ("records", "fact"),
    [
        (trained(1), "cpu, 1 core each, 1 at a time; torch 2.10.0"),
        (trained(1, threads=2, jobs=3), "cpu, 2 cores each, 3 at a time; torch 2.10.0"),
        (trained(1, device="gpu"), "a GPU, 1 core each, 1 at a time; torch 2.10.0"),
        (trained(1), "2 trainings, 0 failed, 11 s; same model, proven to 5e-14 before timing"),
        (trained(1, parity=None), "2 trainings, 0 failed, 11 s; same model, proven before timing"),
        (
            trained(1, proof="unproven"),
            "2 trainings, 0 failed, 11 s; not proven to be the same model",
        ),
        (trained(1, proof=None), "2 trainings, 0 failed, 11 s"),
        (
            [*trained(1), *(failed("echo", TWO[0], 1 + i, why, "") for i, why in enumerate(LOST))],
            "4 trainings, 1 timed out, 1 diverged, 11 s; same model, proven to 5e-14 before timing",
        ),
        (trained(8, PROBLEMS, jobs=2), "96 trainings, 0 failed, 4 min; same model, proven"),
        (
            trained(1, recipe="quick"),
            "By the quick recipes: a look, not a result. The targets are not meant for them.",
        ),
    ],
)  # fmt: skip
def test_facts_are_told_below_the_table(records, fact):
    assert fact in " ".join(" ".join(shown(records)).split())


def test_all_else_is_printed_on_request():
    records = [*trained(8, PROBLEMS), failed("echo", KERAS[1], 0, "failed", "killed by\nSIGKILL")]
    text = "\n".join(shown(records, everything=True))
    for heading in ("Scores", "Times and memory", "keras-tensorflow against pytorch: cpu, matched"):
        assert f"\n\n{heading}" in text
    assert "  unseen_sequence_accuracy  keras-tensorflow" in text, "every metric, whole"
    assert re.search(r"\n +epoch_s +1\.500 \[1\.500, 1\.500\] +slower\n", text)
    assert "echo-keras-jax-cpu-matched-full-0: failed: killed by SIGKILL" in text
    assert len(shown(records)) < len(shown(records, everything=True)) / 3


def test_too_few_seeds_are_said_once():
    text = "\n".join(shown(trained(3, PROBLEMS), everything=True))
    assert text.count("Verdicts need 6 seeds") == 1
    assert "verdict" not in text.partition("against pytorch")[2].partition("\n\n")[0]


def test_what_records_say_is_nothing_that_a_terminal_obeys():
    hostile = "a\x1b[2J\nb"
    made = [
        replace(
            one, problem=hostile, backend=one.backend if "py" in one.backend else "z\x1b]0;x\x07"
        )
        for one in trained(8)
    ]
    made.append(replace(made[0], seed=9, status="failed", reason="\x1b[31mred"))
    for width in (200, 80):
        text = "\n".join(shown(made, width, everything=True))
        assert "\x1b" not in text
        assert "\x07" not in text
        assert "a\\x1b[2J\\nb" in text


def test_in_a_pipe_there_are_80_columns(tmp_path, capsys, monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    (tmp_path / FILE).write_text("".join(one.to_json() + "\n" for one in trained(8, PROBLEMS)))
    assert cli.main(["table", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("PyTorch is faster on 6 of 6 problems: an epoch takes Keras 1.5")
    assert widest(line for line in lines if str(tmp_path) not in line) <= 80
    assert cli.main(["table", str(tmp_path), "--all"]) == 0
    assert "\nTimes and memory\n" in capsys.readouterr().out
    assert (tmp_path / "verdicts.csv").exists()


# --- lines -----------------------------------------------------------------------------------


def test_columns_are_aligned_and_headings_stand_above_what_they_name():
    rows = [["echo", "1.00", "2.0"], ["横", "10.00", ""]]
    assert aligned(["name", "a\nb", "c"], rows, ["name"], groups={1: "both"}) == [
        "      both",
        "          a",
        "name      b    c",
        "echo   1.00  2.0",
        "横    10.00",
    ]


def test_a_heading_of_columns_does_not_run_into_the_next():
    above, *_ = aligned(["a", "b", "c"], [["1", "2", "3"]], [], groups={1: "of one", 2: "of two"})
    assert above == "   of one  of two"


def test_a_table_that_does_not_fit_becomes_paragraphs():
    headings, rows = ["name", "value", "why"], [["echo", "1.00", "because"], ["cumsum", "", "so"]]
    assert fitting(headings, rows, [], width=40) == aligned(headings, rows, [])
    assert fitting(headings, rows, [], width=15) == [
        "echo",
        "  value 1.00,",
        "  why because",
        "cumsum",
        "  why so",
    ]


def test_words_and_parts_stay_whole():
    assert wrapped("one two-three four", 9) == ["one", "two-three", "four"]
    assert wrapped("averyveryverylongword", 9) == ["averyveryverylongword"]
    assert joined(["a 1", "b 2", "c 3"], 9) == ["a 1, b 2,", "c 3"]
    assert joined(["a 1", "b 2"], 7) == ["a 1,", "b 2"], "a comma takes room too"
