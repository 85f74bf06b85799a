"""The lessons: every line that is shown runs, and every figure is one that was measured."""

import ast
import json
from dataclasses import replace

import pytest
from conftest import RUNNABLE, diptych
from documents import DOCUMENTS, RESULTS

from compare.lessons import _records, _tell
from compare.lessons._lesson import NEW, lessons

EVERY = lessons()
PUBLISHED = RESULTS / "lessons"
SHOWN = """
import json
import sys
from backends import Side
from compare.lessons._lesson import lessons

side = Side(sys.argv[1])
side.definition.engine().prepare(device="cpu", threads=1)
ran = []
for lesson in lessons():
    if str(side) in lesson.panels:
        text = lesson.panels[str(side)].shown
        exec(compile(text, lesson.name, "exec"), {"__name__": "lesson"})
        ran.append(lesson.name)
print()
print(json.dumps(ran))
"""


@pytest.fixture
def published():
    found, complaints = _records.read(PUBLISHED, EVERY)
    assert not complaints
    return found


def test_there_are_the_eight_and_what_is_new():
    assert [lesson.number for lesson in EVERY] == list(range(1, 13))
    assert [lesson.number for lesson in EVERY if lesson.verdict == NEW] == [9, 11, 12]
    assert len({lesson.name for lesson in EVERY}) == len(EVERY)


@pytest.mark.parametrize("backend", RUNNABLE)
def test_every_line_that_is_shown_runs(fork, backend):
    done = fork(backend, SHOWN, backend)
    assert done.returncode == 0, done.stderr
    ran = json.loads(done.stdout.splitlines()[-1])
    assert ran == [one.name for one in EVERY if backend in one.panels]


@pytest.mark.parametrize("lesson", EVERY, ids=lambda lesson: lesson.name)
def test_the_crib_sheet_has_lines_of_these_programs_alone(lesson):
    shown = set().union(*(pieces(panel.shown) for panel in lesson.panels.values()))
    for pair in lesson.pairs:
        assert pair.keras or pair.pytorch
        for text in (pair.keras, pair.pytorch):
            assert {line.strip() for line in text.splitlines()} <= shown


def pieces(program):
    """Return the lines of a program, and what of a line may stand alone: what is called in it."""
    lines = {line.strip() for line in program.splitlines()}
    calls = [node for node in ast.walk(ast.parse(program)) if isinstance(node, ast.Call)]
    return lines | {ast.get_source_segment(program, call) for call in calls}


def test_a_lesson_is_measured_and_told(tmp_path):
    (lesson,) = [one for one in EVERY if one.name == "devices"]
    found = _records.measure([lesson])
    assert {one.backend for one in found} == set(lesson.panels)
    _records.write(tmp_path, found)
    read, complaints = _records.read(tmp_path, [lesson])
    assert not complaints
    assert _tell.table(lesson, read)[1] == ["lines above that name a device", "3", "0"]


def test_a_line_that_fails_is_told():
    (lesson,) = [one for one in EVERY if one.name == "devices"]
    panels = {"pytorch": replace(lesson.panels["pytorch"], measured="figures['s'] = 1 / 0")}
    told = []

    class Told:
        def report(self, line):
            told.append(line)

        def doing(self, *_):
            pass

    assert _records.measure([replace(lesson, panels=panels)], Told()) == []
    assert len(told) == 1
    assert told[0].startswith("devices: pytorch: ended with status 1")
    assert told[0].endswith("ZeroDivisionError: division by zero")


def test_all_are_published_and_the_page_of_the_docs_is_made_of_them(published):
    assert published.keys() == {lesson.name for lesson in EVERY}
    for lesson in EVERY:
        assert published[lesson.name].keys() == lesson.panels.keys()
    assert DOCUMENTS["docs/lessons.md"] == _tell.markdown(EVERY, published)


def test_another_figure_is_another_sentence(published, tmp_path):
    lines = (PUBLISHED / _records.FILE).read_text().splitlines()
    for at, line in enumerate(lines):
        one = json.loads(line)
        if (one["lesson"], one["backend"]) == ("channels", "pytorch"):
            one["figures"]["accuracy"]["forgotten"] = 0.123
            lines[at] = json.dumps(one)
    (tmp_path / _records.FILE).write_text("\n".join(lines))
    done = diptych("lesson", "channels", "--figures", str(tmp_path))
    assert "1.000            0.123" in done.stdout
    assert _tell.markdown(EVERY, published) != _tell.markdown(
        EVERY, _records.read(tmp_path, EVERY)[0]
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"code": "0"}, "line 1: classes of pytorch was measured with other lines"),
        ({"lesson": "nothing"}, "line 1: no figures of a lesson"),
        ({"figures": {}}, "the figures of classes lack what it tells"),
        ({"figures": None}, "the figures of classes lack what it tells"),
    ],
)
def test_figures_that_cannot_be_shown_are_told(tmp_path, change, said):
    first, *others = (PUBLISHED / _records.FILE).read_text().splitlines()
    lines = [json.dumps(json.loads(first) | change), *others]
    (tmp_path / _records.FILE).write_text("\n".join(lines))
    done = diptych("lessons", "--figures", str(tmp_path))
    assert done.returncode == 0
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_lesson_that_does_not_exist_is_an_error():
    done = diptych("lesson", "nothing")
    assert done.returncode == 2
    assert "no lesson 'nothing'; there are classes, time_distributed" in done.stderr


def test_where_nothing_was_measured_it_is_said(tmp_path):
    done = diptych("lesson", "channels", "--figures", str(tmp_path))
    assert done.returncode == 0
    assert "not measured here: `diptych lessons --measure`" in " ".join(done.stdout.split())
