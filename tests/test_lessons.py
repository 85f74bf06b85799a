"""The lessons: every line that is shown runs, and every figure is one that was measured."""

import ast
import json
import re
from dataclasses import replace

import pytest
from conftest import diptych
from documents import DOCUMENTS, RESULTS

import problems
from backends import PANELS as PANEL_FOLDERS
from compare.lessons import _records, _tell
from compare.lessons._lesson import NEW, Panel, lessons
from compare.page.learn import chapter
from compare.records.record import UsageError

EVERY = lessons()
PUBLISHED = RESULTS / "lessons"
# Runs a lesson's program, and what is measured with it if a line of the program has not run then;
# prints the lines that were never run. Nothing is repeated, for no time is looked at.
RUN = """
import json, sys
from pathlib import Path
from compare.lessons import _measure

_measure.REPEATS = 2
asked, ran = json.loads(Path(sys.argv[1]).read_text()), set()


def lines(code):
    found = {line for _, _, line in code.co_lines() if line}
    inner = [lines(one) for one in code.co_consts if hasattr(one, "co_lines")]
    return found.union(*inner)


def trace(frame, event, _):
    if not frame.f_code.co_filename.startswith("shown"):
        return None
    if event == "line":
        ran.add(frame.f_lineno)
    return trace


names = _measure.names_of(asked)
code = compile(asked["shown"], "shown", "exec")
expected = {line for line in lines(code) if asked["shown"].splitlines()[line - 1].strip()}
sys.settrace(trace)
exec(code, names)
if not expected <= ran:
    exec(compile(asked["measured"], "measured", "exec"), names)
sys.settrace(None)
print()
print(json.dumps(sorted(expected - ran)))
"""
PANELS = [(one, name) for one in EVERY for name in one.panels]


def not_run(fork, tmp_path, backend, lesson, panel):
    """Return the lines of a panel's program that are not run by all that is run of it."""
    asked = tmp_path / "asked.json"
    question = {
        "lesson": lesson,
        "side": backend,
        "shown": panel.shown,
        "problems": problems.names(),
    }
    asked.write_text(json.dumps(question | {"measured": panel.measured}))
    done = fork(backend, RUN, str(asked))
    assert done.returncode == 0, done.stderr
    lines = panel.shown.splitlines()
    return [lines[line - 1] for line in json.loads(done.stdout.splitlines()[-1])]


@pytest.fixture
def published():
    found, complaints = _records.read(PUBLISHED, EVERY)
    assert not complaints
    return found


def test_there_are_the_eight_and_what_is_new():
    assert [lesson.number for lesson in EVERY] == list(range(1, 13))
    assert [lesson.number for lesson in EVERY if lesson.verdict == NEW] == [9, 11, 12]
    assert len({lesson.name for lesson in EVERY}) == len(EVERY)


@pytest.mark.parametrize(("lesson", "backend"), PANELS, ids=lambda one: getattr(one, "name", one))
def test_every_line_that_is_shown_runs(fork, tmp_path, lesson, backend):
    assert not_run(fork, tmp_path, backend, lesson.name, lesson.panels[backend]) == []


def test_a_line_that_does_not_run_is_found(fork, tmp_path):
    panel = Panel(shown="\ndef f(x):\n    if x:\n        return 1\n    return 2\n", measured="f(1)")
    assert not_run(fork, tmp_path, "pytorch", "none", panel) == ["    return 2"]


@pytest.mark.parametrize("lesson", EVERY, ids=lambda lesson: lesson.name)
def test_the_crib_sheet_has_lines_of_these_programs_alone(lesson):
    of = {name: pieces(panel.shown) for name, panel in lesson.panels.items()}
    torch = of.get("pytorch", of.get("keras-torch"))  # which has both
    keras = set().union(*(of[name] for name in of if name.startswith("keras")))
    for pair in lesson.pairs:
        assert pair.keras or pair.pytorch
        for text, lines in ((pair.keras, keras), (pair.pytorch, torch)):
            assert {line.strip() for line in text.splitlines()} <= lines


def pieces(program):
    """Return the lines of a program, and what of a line may stand alone: what is called in it."""
    lines = {line.strip() for line in program.splitlines()}
    calls = [node for node in ast.walk(ast.parse(program)) if isinstance(node, ast.Call)]
    return lines | {ast.get_source_segment(program, call) for call in calls}


def test_a_lesson_is_measured_and_told(tmp_path):
    (lesson,) = [one for one in EVERY if one.name == "devices"]
    found = _records.measure([lesson])
    assert {one.backend for one in found} == set(lesson.panels)
    _records.write(tmp_path, [lesson], found)
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
        ({"code": "0"}, "line 1: classes of pytorch was measured with other code"),
        ({"code": "0"}, "there are no figures of classes by pytorch"),
        ({"backend": "keras-jax"}, "line 1: no figures of a lesson"),
        ({"lesson": "nothing"}, "line 1: no figures of a lesson"),
        ({"figures": {}}, "the figures of classes lack what it tells"),
        ({"figures": None}, "line 1: no figures of a lesson: Expected `object`, got `null`"),
        ({"started": 5}, "no figures of a lesson: Expected `str`, got `int` - at `$.started`"),
        ({"versions": ["a"]}, "line 1: no figures of a lesson: Expected `object`, got `array`"),
        ({"cpu": "x" * 10**5}, "line 1: no figures of a lesson: Expected `str` of length <= 200"),
        ({"figures": {"apart": float("nan")}}, "line 1: no figures of a lesson"),
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


def test_what_is_told_is_text_without_markup_or_control_characters(tmp_path, published):
    strange = "\x1b]0;x\x07<script>alert(1)</script>\u202e"
    lines = [json.loads(line) for line in (PUBLISHED / _records.FILE).read_text().splitlines()]
    for one in lines:
        if one["lesson"] == "insulation":
            one["figures"]["error"] = strange
        if (one["lesson"], one["backend"]) == ("batch_first", "pytorch"):
            one["figures"]["scores"]["echo"]["metric"] = 5
    (tmp_path / _records.FILE).write_text("\n".join(map(json.dumps, lines)))
    found, complaints = _records.read(tmp_path, EVERY)
    assert len(complaints) == 1
    assert complaints[0].endswith("the figures of batch_first lack what it tells")
    told = _tell.markdown(EVERY, found)
    told += diptych("lesson", "insulation", "--figures", str(tmp_path)).stdout
    told += str(chapter(figures=tmp_path).lessons)
    assert not set("\x1b\x07\u202e") & set(told)
    assert not re.search(r"(?<!\\)<script", str(chapter(figures=tmp_path).lessons[2].answer))


@pytest.mark.parametrize("what", ["nothing", "file", "folder"])
def test_a_folder_without_figures_is_one_line(tmp_path, what):
    (tmp_path / "file").touch()
    (tmp_path / "folder" / _records.FILE).mkdir(parents=True)
    done = diptych("lessons", "--figures", str(tmp_path / what))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("diptych: --figures: expected a folder with figures.jsonl in it")
    assert done.stderr.count("\n") == 1


def test_many_lines_that_are_none_are_told_in_brief(tmp_path):
    (tmp_path / _records.FILE).write_text("no figures\n" * 1000)
    done = diptych("lesson", "3", "--figures", str(tmp_path))
    assert done.returncode == 0
    assert done.stderr.count("\n") == 6
    assert done.stdout.startswith("3. Less insulation")


def test_a_program_is_broken_where_the_terminal_ends(published):
    for lesson in EVERY:
        assert max(map(len, _tell.told(lesson, published, 80))) <= 80


def test_what_was_not_measured_now_stays(tmp_path, published):
    (tmp_path / _records.FILE).write_bytes((PUBLISHED / _records.FILE).read_bytes())
    _records.write(tmp_path, EVERY, [])
    assert _records.read(tmp_path, EVERY) == (published, [])
    one = replace(published["classes"]["pytorch"], cpu="another")
    _records.write(tmp_path, EVERY, [one])
    found = _records.read(tmp_path, EVERY)[0]
    assert found["classes"]["pytorch"] == one
    assert found["classes"]["keras-torch"] == published["classes"]["keras-torch"]


def test_figures_are_of_the_programs_and_engines_that_they_were_made_with(copy, tmp_path):
    engine = copy / "backends" / "pytorch" / "_engine.py"
    engine.write_text(engine.read_text() + "# an edit\n")
    done = diptych("lessons", "--figures", str(PUBLISHED), cwd=copy)
    assert "devices of pytorch was measured with other code" in done.stderr
    assert "classes of pytorch" not in done.stderr


def test_where_figures_cannot_be_written_it_is_one_line(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="--figures: cannot write to"):
        _records.write(tmp_path / "file" / "folder", EVERY, [])


def test_a_lesson_that_does_not_exist_is_an_error():
    done = diptych("lesson", "nothing")
    assert done.returncode == 2
    assert "no lesson 'nothing'; there are classes, time_distributed" in done.stderr


def test_where_nothing_was_measured_it_is_said(tmp_path):
    (tmp_path / _records.FILE).touch()
    done = diptych("lesson", "channels", "--figures", str(tmp_path))
    assert done.returncode == 0
    assert "not measured here: `diptych lessons --measure`" in " ".join(done.stdout.split())


def test_a_line_that_changes_no_number_is_measured_as_the_whole(published):
    losses = published["fitting"]["pytorch"].figures["losses"]
    assert losses["no_grad"] == losses[""]
    assert losses["eval"] != losses[""]


def test_another_problem_takes_nothing_from_figures(copy):
    asked = ("lesson", "devices", "--figures", str(PUBLISHED))
    before = diptych(*asked, cwd=copy)
    (copy / "problems" / "another.py").write_text((copy / "problems" / "echo.py").read_text())
    for folder in PANEL_FOLDERS:
        twin = (copy / "backends" / folder / "echo.py").read_text()
        (copy / "backends" / folder / "another.py").write_text(twin)
    after = diptych(*asked, cwd=copy)
    assert (after.returncode, after.stderr, after.stdout) == (0, "", before.stdout)
    (copy / "backends" / "keras" / "echo.py").write_text("# which is one of those measured")
    assert "was measured with other code" in diptych(*asked, cwd=copy).stderr
