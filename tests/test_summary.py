"""`table` on stdout: JSON for programs, Markdown in short for the summary of a job."""

import pytest
from conftest import ROOT
from test_table import RECORDS
from test_verdict import failed
from two_runs import run, strict

from compare import __main__ as cli
from compare.records.journal import FILE
from compare.tables.publish import tables_json, tabulated
from compare.tables.results import TABLE_COLUMNS
from compare.tables.summary import summary
from compare.tables.verdicts import VERDICT_COLUMNS


@pytest.mark.parametrize("form", ["--json", "--markdown"])
def test_what_is_asked_for_on_stdout_is_all_there_is(tmp_path, capsys, form):
    (tmp_path / FILE).write_text("".join(one.to_json() + "\n" for one in RECORDS))
    assert cli.main(["table", str(tmp_path), form]) == 0
    captured = capsys.readouterr()
    tables = tabulated(RECORDS)
    assert captured.out == (tables_json(tables) if form == "--json" else summary(tables, RECORDS))
    assert captured.err == ""
    assert [path.name for path in tmp_path.iterdir()] == [FILE], "no file is written"


def test_json_and_markdown_are_one_or_the_other(capsys):
    assert cli.main(["table", "results/cpu", "--json", "--markdown"]) == 2
    assert "not allowed with argument" in capsys.readouterr().err


def test_json_has_every_column_and_null_for_what_is_missing():
    found = strict(tables_json(tabulated([*run(), failed(11)])))
    assert list(found["table"][0]) == list(TABLE_COLUMNS)
    assert list(found["verdicts"][0]) == list(VERDICT_COLUMNS)
    row = found["table"][0]
    assert (row["seeds"], row["gpu_peak_bytes"]) == (10, None)
    assert row["wall_s_geomean"] == pytest.approx(10)
    alone = strict(tables_json(tabulated([failed()])))
    (row,) = alone["table"]
    assert (row["score_mean"], row["time_to_target_s_geomean"]) == (None, None), "NaN, infinite"
    assert (row["failed"], alone["verdicts"]) == (1, [])


def test_the_summary_has_the_answer_first_and_no_definitions():
    records = [*run(problems=["echo"]), failed(10), failed(10, "keras-tensorflow")]
    text = summary(tabulated(records), records)
    assert text.startswith("**No difference in speed is shown on echo. Scores are undecided. ")
    heads = [line for line in text.splitlines() if line.startswith("#")]
    assert heads == ["## Verdicts", "## Trainings without a score", "## Scores", "## Times"]
    assert "| echo | keras-tensorflow | inconclusive: no value in 1 of 11 pairs |" in text
    assert "| echo | pytorch | accuracy | 0.9500 ± " in text
    assert "| echo | pytorch | 10.0 | 2.00 | 2.00 |" in text
    assert f"- {records[-1].key}: diverged: loss is nan" in text
    assert "- torch 2.10\n" in text
    assert not any(meaning in text for meaning in TABLE_COLUMNS.values())


def test_a_summary_says_why_there_are_no_verdicts():
    alone = [one for one in run(problems=["echo"]) if one.backend == "pytorch"]
    assert "There is one backend only." in summary(tabulated(alone), alone)
    few = run(3, problems=["echo"])
    assert "Verdicts need 6 seeds on both sides (--seeds)." in summary(tabulated(few), few)


def test_the_published_summary_is_less_than_half_of_the_tables():
    from compare.records.journal import read

    records, _ = read(ROOT / "results" / "cpu")
    text = summary(tabulated(records), records)
    assert len(text) < len((ROOT / "results" / "cpu" / "table.md").read_text()) / 2
