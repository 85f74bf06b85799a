"""Real data: the files that are shipped, where they come from, and what a problem makes of them."""

import os
import tomllib
from datetime import date

import make_data
import numpy as np
import pytest
from conftest import ROOT, copied

import problems
from compare.processes import machine, sources
from problems import co2, digits

SHIPPED = sorted(file.stem for file in (ROOT / "problems").glob("*.npz"))
REAL = [name for name in problems.names() if problems.load(name).fixed]


@pytest.mark.parametrize("name", SHIPPED)
def test_a_data_file_holds_what_was_compared_with_its_package(name):
    text = (ROOT / "problems" / f"{name}.txt").read_text()
    with np.load(ROOT / "problems" / f"{name}.npz") as kept:
        arrays = dict(kept)
    assert f"SHA-256 of the arrays: {make_data.digest(arrays)}\n" in text
    first = next(iter(arrays))
    arrays[first] = arrays[first] + 1
    assert make_data.digest(arrays) not in text


@pytest.mark.parametrize("name", SHIPPED)
def test_a_data_file_holds_what_the_package_has(name):
    """That sktime, which wants an older pandas, is in no environment of ours: the test above is.

    In one with sktime 1.0 or 1.1, pytest and numpy: python -m pytest tests/test_real_data.py.
    """
    package, make = make_data.MADE[name]
    pytest.importorskip(package, reason=f"{package} is not installed")
    made = make()
    with np.load(ROOT / "problems" / f"{name}.npz") as kept:
        assert set(kept.files) == set(made)
        for array, values in made.items():
            assert kept[array].dtype == values.dtype
            np.testing.assert_array_equal(kept[array], values)


def test_the_same_arrays_are_the_same_bytes(tmp_path, monkeypatch):
    monkeypatch.setattr(make_data, "FOLDER", tmp_path)
    made = []
    for when in (0, 10**9):  # of the file that is there already, say
        make_data.main(["digits"])
        file = tmp_path / "digits.npz"
        os.utime(file, (when, when))
        made.append(file.read_bytes())
    assert made[0] == made[1]


def test_every_data_file_has_a_source_and_a_licence_beside_it():
    assert sorted(REAL) == SHIPPED
    for name in SHIPPED:
        text = (ROOT / "problems" / f"{name}.txt").read_text()
        for said in (f"{name}.npz: ", "\nSource: ", "\nMade by: ", "\nLicence of the data: "):
            assert said in f"\n{text}", (name, said)
        assert (ROOT / "problems" / f"{name}.npz").stat().st_size < 400_000


@pytest.mark.parametrize("name", REAL)
def test_a_changed_data_file_is_another_code_of_its_problem_alone(tmp_path, monkeypatch, name):
    copy = copied(tmp_path / "copy")
    monkeypatch.setattr(machine, "ROOT", copy)
    before = {one: sources.of_problem(one) for one in problems.names()}
    assert f"problems/{name}.npz" in before[name]
    np.savez_compressed(copy / "problems" / f"{name}.npz", other=np.zeros(3))
    changed = {one for one in problems.names() if sources.of_problem(one) != before[one]}
    assert changed == {name}


def examples(x):
    """Yield the bytes of each input; arrays by name are joined."""
    for row in zip(*(x.values() if isinstance(x, dict) else [x]), strict=True):
        yield b"".join(one.tobytes() for one in row)


@pytest.mark.parametrize("name", REAL)
def test_parts_share_no_example_and_a_recipe_asks_for_what_there_is(name):
    problem = problems.load(name)
    data = problem.make_data(0)
    rows = {part: set(examples(data[part].x)) for part in data}
    for one, other in (("train", "test"), ("train", "validation"), ("validation", "test")):
        assert not rows[one] & rows[other]
    for recipe in (problem.recipe, problem.quick):
        assert recipe.examples["test"] == len(data["test"].y), "as many as were referred to"


def test_digits_are_split_by_their_places_and_about_evenly():
    whole = digits.parts()
    assert [len(whole[part].x) for part in digits.SPLIT] == [1_200, 199, 398]
    for part in whole.values():
        assert np.bincount(part.y, minlength=10).min() > 0.7 * len(part.y) / 10
    with np.load(ROOT / "problems" / "digits.npz") as arrays:
        assert np.array_equal(whole["test"].x[3], arrays["image"][17] / np.float32(16))


def test_no_window_of_co2_reaches_into_another_part():
    with np.load(ROOT / "problems" / "co2.npz") as arrays:
        week, ppm = arrays["week"].astype(date), arrays["ppm"]
    years = {"train": (1967, 1989), "validation": (1990, 1993), "test": (1994, 2001)}
    for part, (first, last) in years.items():
        inside = np.array([first <= one.year <= last for one in week])
        if part == "train":
            inside &= week >= date(1967, 2, 1)
        missing = int(np.isnan(ppm[inside]).sum())
        assert missing == (6 if part == "train" else 0)
        assert len(co2.parts()[part].x) == inside.sum() - 55
        if not missing:
            again = co2.windows(ppm[inside])
            assert np.array_equal(again.x, co2.parts()[part].x)
            assert np.array_equal(again.y, co2.parts()[part].y)


def test_a_window_of_co2_is_less_its_last_week():
    ppm = np.arange(100.0) ** 1.1
    part = co2.windows(ppm)
    assert part.x.shape == (45, 52, 1)
    assert np.all(part.x[:, -1] == 0)
    assert part.y[3] == pytest.approx(ppm[55:59] - ppm[54], rel=1e-6)
    assert part.x[3, :, 0] * 10 == pytest.approx(ppm[3:55] - ppm[54], rel=1e-6)


def test_the_wheel_is_told_of_every_data_file():
    """tests/wheel.py builds one, and finds in it what there is here."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    kinds = project["tool"]["setuptools"]["package-data"]["problems"]
    files = [file for file in (ROOT / "problems").iterdir() if file.is_file()]
    data = [file for file in files if file.suffix != ".py"]
    assert len(data) == 2 * len(SHIPPED)
    assert [file.name for file in data if not any(file.match(kind) for kind in kinds)] == []
