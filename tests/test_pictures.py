"""Pictures: the same bytes for the same records, other data for others, proof against names."""

import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from conftest import diptych
from matplotlib.collections import PolyCollection
from synthetic import failed, record, write

import problems
from compare import groups as sides
from compare.page import figures as gallery
from compare.records import journal as records
from compare.statistics import MINIMUM
from compare.tables.verdicts import verdicts
from problems import Curve, Frames, Words

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
    """Return by picture what its axes hold: lines, bars, bands, images and texts."""
    everyone = sides.sides(found)
    pictures = list(gallery.of_all(verdicts(found), everyone))
    for name in sorted({one.problem for one in found}):
        here = sides.in_problem(everyone, name)
        pictures += gallery.of_problem(name, problems.load(name), here, folder)
    return {one.name: [held(axes) for axes in one.figure.axes] for one in pictures}


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
    assert len(plots[0]) == 2 + 2 * 5


@pytest.mark.parametrize("name", problems.names())
def test_every_problem_draws_its_inputs_and_answers(tmp_path, name):
    found = [record(name, backend, 0) for backend in ("pytorch", "keras-tensorflow")]
    write(tmp_path, found)
    pictures = drawn(tmp_path, found)
    for what in ("inputs", "answers"):
        panels = pictures[f"{name}-{what}"]
        assert any(panel["lines"] or panel["images"] or panel["texts"] for panel in panels)


@pytest.mark.parametrize("name", problems.names())
def test_a_perfect_answer_is_drawn_like_the_truth(name):
    problem = problems.load(name, quick=True)
    data, picture, metric = problem.make_data(0), problem.picture, problem.drawn
    answers = problem.ask(problem.solve, data)[metric.name]
    for x, y, answer in zip(data[metric.part].x[:20], data[metric.part].y, answers, strict=False):
        truth, given = picture.truth(x, y), picture.answer(x, answer)
        if isinstance(truth, Curve):
            assert np.allclose(truth.x, given.x)
            if problem.metrics[0].best in (0, 1):  # else there is what nobody can know
                assert np.allclose(truth.y, given.y, atol=1e-3)
        else:
            assert given.text.partition(",")[0] == truth.text


def test_a_wrong_word_is_marked(tmp_path):
    found = [record("echo", "pytorch", 0)]
    write(tmp_path, found)
    cell = tmp_path / "cells" / found[0].key / "sample.npz"
    arrays = dict(np.load(cell))
    right = [text for text in drawn(tmp_path, found)["echo-answers"][0]["texts"] if "✗" in text]
    arrays["accuracy.output"] = np.roll(arrays["accuracy.output"], 1, axis=1)
    np.savez(cell, **arrays)
    wrong = [text for text in drawn(tmp_path, found)["echo-answers"][0]["texts"] if "✗" in text]
    assert right == []
    assert len(wrong) == 6


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
    here = sides.in_problem(sides.sides(found), "echo")
    pictures = gallery.of_problem("echo", problems.load("echo"), here, tmp_path)
    (answers,) = (one for one in pictures if one.name == "echo-answers")
    assert "of seed 1 answer" in answers.caption


def test_two_long_names_are_two_in_a_picture():
    long = "keras-tensorflow@a-label-of-many-characters-"
    found = [replace(record("echo", "pytorch", 0), backend=f"{long}{end}") for end in "ab"]
    assert len({side.short for side in sides.sides(found)}) == 2


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
    question = problem.picture.question(problem.make_data(0)["test"].x[0])
    assert isinstance(question, Words | Curve | Frames)
