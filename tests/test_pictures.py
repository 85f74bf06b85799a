"""Pictures: the same bytes for the same records, other data for others, proof against names."""

import json
import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from conftest import diptych
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_hex
from synthetic import failed, known, record, write

import problems
from backends import BACKENDS
from compare.drawing.groups import COLORS, groups, in_problem
from compare.page import charts, examples
from compare.page import figures as gallery
from compare.page.grid import Grid
from compare.records import journal as records
from compare.tables.statistics import MINIMUM
from compare.tables.verdicts import verdicts
from problems import Curve, Frames, Words, mapped, of_output

GOLDEN = Path(__file__).parent / "golden_pictures.json"
HOSTILE = '<script>alert("x")</script>&\'../..\\1 $\\frac$'


def made_up() -> list:
    """Return two sides of two problems, enough seeds for verdicts."""
    return [
        record(problem, backend, seed)
        for problem in ("cumsum", "echo")
        for backend in ("pytorch", "keras-tensorflow")
        for seed in range(MINIMUM)
    ]


def drawn(folder: Path, found: list) -> dict[str, list]:
    """Return by picture what its axes hold: lines, bars, bands, images and texts; or its table."""
    return {one.name: content(one.drawn) for one in pictures_of(folder, found)}


def pictures_of(folder: Path, found: list) -> list:
    """Return all pictures of some records."""
    everyone = gallery.called(found)
    pictures = list(gallery.of_all(verdicts(found), everyone))
    for name in sorted({one.problem for one in found}):
        here = in_problem(everyone, name)
        pictures += gallery.of_problem(name, problems.load(name), here, folder)
    return pictures


def content(drawn) -> list:
    """Return what a picture holds."""
    if isinstance(drawn, Grid):
        return [list(drawn.columns), *map(list, drawn.rows)]
    return [held(axes) for axes in drawn.axes] if drawn else []


def the_picture(folder: Path, found: list, name: str):
    """Return the one picture of that name."""
    (one,) = (one for one in pictures_of(folder, found) if one.name == name)
    return one


def held(axes) -> dict[str, list]:
    bands = [band for band in axes.collections if isinstance(band, PolyCollection)]
    return {
        "lines": [rounded(line.get_xydata()) for line in axes.lines],
        "bars": [rounded((bar.get_x(), bar.get_width())) for bar in axes.patches],
        "bands": [rounded(band.get_paths()[0].vertices) for band in bands],
        "images": [int(np.sum(image.get_array())) for image in axes.images],
        "texts": [text.get_text() for text in axes.texts],
        "title": axes.get_title(),
    }


def rounded(values) -> list:
    return np.round(np.asarray(values, dtype=float), 4).tolist()


def test_the_pictures_hold_the_data_that_they_are_known_to_hold(tmp_path):
    found = made_up()
    write(tmp_path, found)
    assert drawn(tmp_path, found) == json.loads(GOLDEN.read_text())


@pytest.mark.parametrize(
    ("change", "picture"),
    [
        ({"validation_loss": [0.9, 0.8, 0.7]}, "echo-learning"),
        ({"epoch_s": [9.0, 9.0]}, "ratio-epoch_s"),
        ({"total_s": 99.0}, "ratio-wall_s"),
        ({"validation_s": 9.0}, "echo-time"),
        ({"host_peak_bytes": 2**34}, "echo-memory"),
    ],
)
def test_other_data_are_another_picture(tmp_path, change, picture):
    found = [
        replace(one, **change) if (one.problem, one.backend) == ("echo", "pytorch") else one
        for one in made_up()
    ]
    assert drawn(tmp_path, found)[picture] != json.loads(GOLDEN.read_text())[picture]


def test_the_files_are_the_same_to_the_byte_every_time(tmp_path, monkeypatch):
    write(tmp_path / "run", made_up())
    plots = []
    for hash_seed in ("1", "2"):
        monkeypatch.setenv("PYTHONHASHSEED", hash_seed)
        out = tmp_path / hash_seed
        done = diptych("plot", str(tmp_path / "run"), "--out", str(out))
        assert done.returncode == 0, done.stderr
        plots.append({file.name: file.read_bytes() for file in sorted(out.iterdir())})
    assert plots[0] == plots[1]
    assert not any(b"$" in picture for picture in plots[0].values())  # no formula left as it is
    assert len(plots[0]) == 2 + 5 + 3  # of echo, words are in the page alone


@pytest.mark.parametrize("name", problems.names())
def test_every_problem_shows_its_inputs_and_predictions(tmp_path, name):
    found = [record(name, backend, 0) for backend in ("pytorch", "keras-tensorflow")]
    write(tmp_path, found)
    pictures = pictures_of(tmp_path, found)
    (asked,) = (one for one in pictures if one.kind == "inputs")
    answered = [one for one in pictures if one.kind == "predictions"]
    assert asked.drawn or asked.caption.partition(": ")[2]
    assert all(content(one.drawn) for one in answered)
    assert answered


def row(i, arrays):
    """Return one example of an array, or of several by name."""
    return mapped(lambda array: array[i], arrays)


@pytest.mark.parametrize("name", problems.names())
def test_the_answer_of_the_reference_is_drawn_like_the_truth(name):
    problem = problems.load(name, quick=True)
    data, picture, metric = problem.make_data(0), problem.picture, problem.drawn
    answers = problem.ask(known(problem), data)[metric.name]
    exact = problem.reference and metric.reference is None
    part = data[metric.part]
    for i in range(20):
        x, y, answer = row(i, part.x), of_output(row(i, part.y), metric.of), answers[i]
        truth, given = picture.truth(x, y), picture.answer(x, answer)
        if isinstance(truth, Curve):
            assert np.allclose(truth.x, given.x)
            if problem.metrics[0].best in (0, 1) and exact:  # else nobody can know, or it errs
                assert np.allclose(truth.y, given.y, atol=1e-3)
        elif exact:
            assert given.text.partition(",")[0] == truth.text


def test_a_wrong_word_is_marked(tmp_path):
    found = [record("echo", "pytorch", 0)]
    write(tmp_path, found)
    right = drawn(tmp_path, found)["echo-predictions"]
    spoil(tmp_path, found[0], lambda outputs: np.roll(outputs, 1, axis=1))
    wrong = drawn(tmp_path, found)["echo-predictions"]
    assert right[0] == wrong[0] == ["input", "truth", "PyTorch"]
    assert [row[2] for row in right[1:]] == [row[1] for row in right[1:]]
    assert len(wrong) == 1 + examples.ROWS
    assert all(row[2].endswith(" (wrong)") for row in wrong[1:])


def spoil(folder, one, change):
    """Change the outputs that a training left."""
    file = folder / "cells" / one.key / "sample.npz"
    arrays = dict(np.load(file))
    np.savez(file, **arrays | {"accuracy.output": change(arrays["accuracy.output"])})


def test_videos_are_one_of_each_truth_and_one_that_a_side_has_wrong(tmp_path):
    found = [
        record("moving_square", backend, seed)
        for backend in ("pytorch", "keras-tensorflow")
        for seed in range(3)
    ]
    write(tmp_path, found)
    captions = [one.caption for one in videos(tmp_path, found)]
    assert sorted(caption.partition(". ")[0] for caption in captions) == [
        "Truth: left",
        "Truth: right",
    ]
    spoil(tmp_path, found[2], lambda outputs: -outputs)  # PyTorch, seed 2
    *_, wrong = (one.caption for one in videos(tmp_path, found))
    assert re.fullmatch(
        r"Truth: (left|right)\. PyTorch: (left|right), [\d.]+% \(wrong\)\. "
        r"Keras: (left|right), [\d.]+%\. \(Seed 2, example 1 of the test part\.\)",
        wrong,
    )


def videos(folder, found):
    """Return the pictures of what was predicted of videos."""
    return [one for one in pictures_of(folder, found) if one.kind == "predictions"]


def test_frames_have_a_border_clear_of_the_pixels_and_a_lone_pixel_a_ring(tmp_path):
    found = [record("moving_square", "pytorch", 0)]
    write(tmp_path, found)
    first, *others = videos(tmp_path, found)[0].drawn.axes
    for axes in (first, *others):
        assert all(spine.get_visible() for spine in axes.spines.values())
        rows, columns = np.nonzero(axes.images[0].get_array())
        (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
        assert left < columns.min() - 0.5
        assert columns.max() + 0.5 < right
        assert top < rows.min() - 0.5
        assert rows.max() + 0.5 < bottom
    assert [len(axes.lines) for axes in (first, *others)] == [1, 0, 0]


def test_where_sides_predict_the_same_the_first_one_is_still_seen(tmp_path):
    found = [record("shapes", backend, 0) for backend in ("pytorch", "keras-tensorflow")]
    write(tmp_path, found)
    picture = the_picture(tmp_path, found, "shapes-predictions")
    _, truth, *sides = picture.drawn.axes[0].lines
    widths = [line.get_linewidth() for line in (truth, *sides)]
    assert widths == sorted(widths, reverse=True)
    assert len(set(widths)) == 3
    assert "height of a rectangle cannot be known" in picture.caption


# --- charts ----------------------------------------------------------------------------------


def ratio(found):
    """Return the chart of the ratios of epochs: its axes, and the marks by their names."""
    rows = verdicts(found)
    rows = rows[rows["measure"] == "epoch_s"]
    (axes,) = charts.ratios(rows, gallery.called(found), "an epoch").axes
    handles, names = axes.get_legend_handles_labels()
    return axes, {name: bar.lines[0] for name, bar in zip(names, handles, strict=True)}


def of_four(seeds):
    return [record("echo", backend, seed) for backend in BACKENDS for seed in range(seeds)]


@pytest.mark.parametrize(("seeds", "hollow"), [(MINIMUM, False), (3, True)])
def test_each_side_keeps_its_mark_and_is_hollow_where_it_is_not_judged(seeds, hollow):
    found = of_four(seeds)
    axes, marks = ratio(found)
    styles = {f"{one.name} / PyTorch": (one.mark, one.color) for one in gallery.called(found)[1:]}
    assert {name: (m.get_marker(), m.get_color()) for name, m in marks.items()} == styles
    assert {mark.get_markerfacecolor() == "none" for mark in marks.values()} == {hollow}
    assert ("hollow: not judged" in axes.get_xlabel()) == hollow
    assert len({mark for mark, _ in styles.values()}) == 3


def test_a_ratio_says_what_is_divided_who_is_faster_and_its_value():
    axes, _ = ratio([one for one in made_up() if one.problem == "echo"])
    assert axes.get_xlabel().startswith("Keras's time / PyTorch's, log scale")
    texts = [text.get_text() for text in axes.texts]
    assert texts == ["1.50", "PyTorch faster →"]
    slow = [
        replace(one, epoch_s=[9.0, 9.0]) if one.backend == "pytorch" else one for one in of_four(1)
    ]
    axes, _ = ratio(slow)
    texts = [text.get_text() for text in axes.texts]
    assert texts[-2:] == ["PyTorch faster →", "← faster than PyTorch"]
    assert axes.get_xlabel().startswith("time / PyTorch's")
    assert not [text for text in axes.texts[:-2] if text.get_ha() != "right"]  # clear of the line


def test_the_parts_of_the_time_have_no_side_s_colour():
    axes = charts.time_split(groups(made_up())).axes[0]
    colours = {to_hex(colour) for bar in axes.patches for colour in (bar.get_fc(), bar.get_ec())}
    assert colours == {"#010203"}
    assert not colours & {colour.lower() for colour in COLORS}
    looks = {(bar.get_fc(), bar.get_hatch()) for bar in axes.patches}
    assert len(looks) == len(charts.PARTS)


def test_names_are_shown_as_text_and_no_file_leaves_the_folder(tmp_path):
    found = [replace(record("echo", "pytorch", 0), problem=HOSTILE, backend=HOSTILE * 9)]
    write(tmp_path / "run", found)
    out = tmp_path / "out"
    for file in gallery.plot(records.read(tmp_path / "run")[0], tmp_path / "run", out):
        assert file.parent == out
        tree = ElementTree.fromstring(file.read_text())
        assert not [node for node in tree.iter() if node.tag.endswith("script")]


def test_the_seed_that_is_drawn_is_the_one_that_is_named(tmp_path):
    found = [
        record("echo", backend, seed) for backend in ("pytorch", "keras-jax") for seed in (0, 1)
    ]
    write(tmp_path, found)
    (tmp_path / "cells" / found[0].key / "sample.npz").unlink()
    assert "of seed 1 on" in the_picture(tmp_path, found, "echo-predictions").caption


def test_two_long_names_are_two_in_a_picture():
    long = "keras-tensorflow@a-label-of-many-characters-"
    found = [replace(record("echo", "pytorch", 0), backend=f"{long}{end}") for end in "ab"]
    assert len({side.short for side in groups(found)}) == 2


def test_an_epoch_without_a_loss_or_a_name_without_a_glyph_warns_of_nothing(tmp_path):
    for i, losses in enumerate(([None] * 3, [0.9, None, 0.5])):
        found = [replace(one, problem="問題", validation_loss=losses) for one in made_up()]
        folder = tmp_path / str(i)
        assert gallery.plot(found, folder, folder)  # a warning is an error here


def test_a_problem_without_a_score_has_no_curves(tmp_path):
    assert drawn(tmp_path, [failed("echo", "pytorch", 0, "failed", "why")]) == {}


def test_a_problem_that_says_nothing_is_drawn_number_by_number():
    picture = problems._problem.PLAIN
    x, y = np.arange(6.0).reshape(2, 3), np.arange(2)
    assert picture.question(x).y.tolist() == [0, 1, 2, 3, 4, 5]
    assert picture.truth(x, y).y.tolist() == picture.answer(x, y).y.tolist() == [0, 1]


@pytest.mark.parametrize("name", problems.names())
def test_a_picture_names_a_metric_that_there_is(name):
    problem = problems.load(name)
    assert problem.picture.metric in (None, *(metric.name for metric in problem.metrics))
    question = problem.picture.question(row(0, problem.make_data(0)["test"].x))
    assert isinstance(question, Words | Curve | Frames)
