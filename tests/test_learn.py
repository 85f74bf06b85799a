"""The chapter Learn of the page, and the crib sheet: figures are those of the records."""

import json
import re

import pandas as pd
import pytest
from conftest import diptych
from documents import RESULTS

import problems
from backends import BACKENDS
from compare.lessons import _records
from compare.lessons._lesson import lessons
from compare.page.crib import crib, said
from compare.page.learn import EXPLAINED, MATCHED, chapter, coded
from compare.programs.pairing import paired

LOOKS = [(390, "light"), (1100, "dark"), (1100, "print")]


def altered(folder, name, change):
    """Write the figures of all lessons, those of one of them changed."""
    lines = [
        json.loads(line) for line in (_records.PUBLISHED / _records.FILE).read_text().splitlines()
    ]
    for one in lines:
        if one["lesson"] == name:
            change(one["figures"])
    folder.mkdir(exist_ok=True)
    (folder / _records.FILE).write_text("\n".join(map(json.dumps, lines)))
    return folder


def test_the_page_opens_with_the_largest_effect_that_was_measured():
    frame = pd.read_csv(EXPLAINED)
    clear = frame[frame["change_low"] * frame["change_high"] > 0]
    row = clear.loc[clear["change"].abs().idxmax()]  # which is of PyTorch, and for the worse
    question = chapter().question
    assert row["problem"] in question
    assert f"{row['score_mean']:.3f}" in question
    assert f"{row['matched_mean']:.3f}" in question
    assert len(chapter().defaults.rows) == len(clear)


def test_every_default_of_the_registry_has_its_row():
    named = {name for backend in BACKENDS.values() for name in backend.defaults}
    assert named == set(MATCHED)
    rules = str(chapter().rules.rows)
    assert all(text in rules for one in BACKENDS.values() for text in one.defaults.values())


def test_another_effect_is_another_answer(tmp_path):
    frame = pd.read_csv(EXPLAINED)
    frame.loc[frame["problem"] == "moving_square", "score_mean"] = 0.1234
    frame.to_csv(tmp_path / "explain.csv")
    assert "0.123 with its own initial weights" in chapter(tmp_path / "explain.csv").question
    frame["change_low"], frame["change_high"] = -1.0, 1.0
    frame.to_csv(tmp_path / "explain.csv")
    assert chapter(tmp_path / "explain.csv").question.endswith("here is no figure of it.")
    assert chapter(tmp_path / "nothing.csv").question.endswith("here is no figure of it.")


def test_the_answer_is_of_pytorch_and_of_a_change_for_the_worse(tmp_path):
    frame = pd.read_csv(EXPLAINED)
    row = frame[frame["problem"] == "moving_square"].iloc[0]
    larger = {"change": -0.9, "change_low": -0.95, "change_high": -0.85, "score_mean": 0.0987}
    keras = row.to_dict() | larger | {"backend": "keras-tensorflow"}
    better = row.to_dict() | {"problem": "shapes", "metric": "mae", "backend": "pytorch"} | larger
    pd.concat([frame, pd.DataFrame([keras, better])]).to_csv(tmp_path / "explain.csv")
    assert chapter(tmp_path / "explain.csv").question == chapter().question
    assert len(chapter(tmp_path / "explain.csv").defaults.rows) == len(chapter().defaults.rows) + 2


@pytest.mark.parametrize(
    "content",
    [
        "",
        "\0",
        "problem\necho\n",
        "a,b\n1,2,3\n",
        "\ud800",
        "HEAD\necho,pytorch,cpu,weights,accuracy," + "9" * 400,
        "HEAD\necho,pytorch,cpu,weights,accuracy,x",
    ],
)
def test_an_explanation_that_cannot_be_read_costs_no_page(tmp_path, capsys, content):
    head = EXPLAINED.read_text().partition("\n")[0]
    file = tmp_path / "explain.csv"
    file.write_text(content.replace("HEAD", head), errors="replace")
    assert chapter(file).question.endswith("here is no figure of it.")
    assert "cannot be read" in capsys.readouterr().err


def test_where_the_sheet_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "file").touch()
    done = diptych("crib", "--out", str(tmp_path / "file"))
    assert done.returncode == 2
    assert done.stderr.startswith("diptych: --out: expected a folder that can be written to, came")
    assert done.stderr.count("\n") == 1


def test_rows_that_cannot_be_used_are_left_out(tmp_path):
    frame = pd.read_csv(EXPLAINED)
    strange = frame.iloc[:3].copy()
    strange["problem"] = "none"
    strange.iloc[1, strange.columns.get_loc("problem")] = "echo"
    strange.iloc[1, strange.columns.get_loc("change")] = float("inf")
    pd.concat([frame, strange]).to_csv(tmp_path / "explain.csv")
    assert chapter(tmp_path / "explain.csv").defaults == chapter().defaults


def test_the_table_has_every_lesson_with_its_figure(tmp_path):
    every = lessons()
    found = chapter()
    assert len(found.table.rows) == len(found.lessons) == len(every)
    assert all("not measured" not in " ".join(row) for row in found.table.rows)

    def change(figures):
        if "accuracy" in figures:
            figures["accuracy"]["forgotten"] = 0.321

    other = chapter(figures=altered(tmp_path, "channels", change))
    assert "0.321, not" in " ".join(map(str, other.table.rows))
    assert "0.321" in " ".join(str(one.figures.rows) for one in other.lessons)
    empty = chapter(figures=tmp_path / "nothing")
    assert {row[2] for row in empty.table.rows} == {"not measured"}


def test_what_is_between_backticks_is_code_and_nothing_is_markup():
    assert coded("a `b<i>` c") == "a <code>b&lt;i&gt;</code> c"


@pytest.fixture(scope="session")
def sheet(tmp_path_factory):
    return crib(tmp_path_factory.mktemp("crib"))


def test_every_remark_of_the_programs_is_on_the_crib_sheet(sheet):
    text = re.sub(r"<[^>]*>", "", sheet.read_text()).replace("&#39;", "'")
    remarks = {
        said(side) for name in problems.names() for row in paired(name) for side in row.sides
    }
    assert len(remarks) > 5
    for remark in remarks:
        assert remark.removeprefix("default is ").removeprefix("default ") in text


def test_its_effects_are_those_of_the_records(sheet, tmp_path):
    def change(figures):
        if "accuracy" in figures:
            figures["accuracy"]["forgotten"] = 0.321

    altered(tmp_path, "channels", change)
    assert "0.321" not in sheet.read_text()
    assert "0.321" in crib(tmp_path / "out", tmp_path).read_text()


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_the_crib_sheet_has_no_fault(look, sheet, width, scheme):
    assert look(sheet, width=width, scheme=scheme).faults == []


def test_it_prints_on_two_sides_of_a4(look, sheet):
    page = look.args[0].new_page()
    page.goto(sheet.as_uri())
    printed = page.pdf(format="A4", prefer_css_page_size=True)
    page.close()
    assert len(re.findall(rb"/Type\s*/Page[^s]", printed)) == 2


def test_the_published_lessons_are_of_the_present_lines():
    assert _records.read(RESULTS / "lessons", lessons())[1] == []
