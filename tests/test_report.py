"""The report page: it holds what the records hold, in a real browser, whatever they say."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import COMPARED, ROOT, diptych
from synthetic import failed, record, write

import problems
from backends import BACKENDS
from compare.page.report import FILE, report
from compare.records import journal as records
from compare.records.record import UNPROVEN

FEW = ("cumsum", "echo", "moving_square")  # curves, words, frames
# Window widths in pixels, and the scheme: a telephone by night, a desk by day, paper.
LOOKS = [(390, "light"), (390, "dark"), (1100, "light"), (1100, "dark"), (700, "print")]
HOSTILE = "<script>alert(\"x\")</script> & 'quotes' " + "averylongword" * 30


def made(folder, found, **settings):
    """Write a results folder and its page; return the page's path."""
    write(folder, found, **settings)
    return report(folder, records.read(folder)[0])


def text_of(page) -> str:
    """Return a page's text, without its markup."""
    body = page.read_text().partition("<body>")[2]
    return " ".join(re.sub(r"<[^>]*>", " ", body).split())


def two(seeds=2, names=FEW, **values):
    """Return trainings of some problems on two backends."""
    return [
        record(problem, backend, seed, **values)
        for problem in names
        for backend in COMPARED
        for seed in range(seeds)
    ]


FOLDERS = {
    "few seeds": two(2),
    "one seed": two(1),
    "one backend": [record("cumsum", "pytorch", seed) for seed in range(3)],
    "no seed in common": [
        *(record("echo", "pytorch", seed) for seed in (0, 1)),
        *(record("echo", "keras-tensorflow", seed) for seed in (2, 3)),
    ],
    "no score at all": [failed("echo", "pytorch", 0, "timeout", "not done after 9 s")],
    "quick and unproven": [replace(one, recipe="quick", proof=UNPROVEN) for one in two(1)],
    "four backends, two devices": [
        record(problem, backend, seed, device=device)
        for problem in FEW
        for backend in BACKENDS
        for device in ("cpu", "gpu")
        for seed in range(8)
    ],
    "failures": [
        *two(1),
        failed("echo", "pytorch", 1, "failed", HOSTILE),
        failed("echo", "keras-tensorflow", 1, "diverged", "training loss is nan in epoch 1"),
        failed("moving_square", "keras-jax", 0, "unavailable", "no module named jax"),
    ],
    "names out of this world": [
        *two(1),
        replace(
            record("echo", "pytorch", 0), problem=HOSTILE, backend=HOSTILE, versions={HOSTILE: "2"}
        ),
    ],
}


@pytest.mark.parametrize("found", FOLDERS.values(), ids=FOLDERS)
def test_a_page_has_no_fault_at_any_width_in_any_scheme(tmp_path, look, found):
    page = made(tmp_path, found)
    for width, scheme in (LOOKS[1], LOOKS[2]):
        assert look(page, width=width, scheme=scheme).faults == []


def test_the_published_page_has_no_fault_and_is_small(look):
    page = ROOT / "results" / "cpu" / FILE
    assert page.stat().st_size < 1.5e6  # bytes
    for width, scheme in LOOKS:
        found = look(page, width=width, scheme=scheme)
        assert found.faults == []
        assert found.requests == (page.as_uri(),)


@pytest.mark.parametrize(
    "command", [["report", "HERE"], ["plot", "HERE", "--out", "HERE/pictures"]]
)
def test_page_and_pictures_are_those_of_the_published_records(tmp_path, command):
    published = ROOT / "results" / "cpu"
    for name in ("runs.jsonl", "cells"):
        (tmp_path / name).symlink_to(published / name)
    done = diptych(*(one.replace("HERE", str(tmp_path)) for one in command))
    assert done.returncode == 0, done.stderr
    written = [Path(name) for name in done.stdout.split()]
    assert written
    for file in written:
        assert file.read_bytes() == (published / file.relative_to(tmp_path)).read_bytes()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("few seeds", "Too few seeds for a verdict : 2 in common, 6 at least"),
        ("one seed", "1 seed,"),
        ("one backend", "Nothing to compare: pytorch took part alone"),
        ("one backend", "keras-torch: took no part"),
        ("one backend", "gpu: nothing was trained there"),
        ("no seed in common", "Nothing to compare: no two sides have trainings of the same seeds"),
        ("no score at all", "1 of 1 trainings have no score"),
        ("no score at all", "timeout: not done after 9 s"),
        ("quick and unproven", "By the quick recipes"),
        ("quick and unproven", "Not proven"),
        ("four backends, two devices", "keras-torch against pytorch (gpu)"),
        ("four backends, two devices", "pytorch is faster"),
        ("four backends, two devices", "GPU against CPU"),
        ("failures", "diverged: training loss is nan in epoch 1"),
        ("failures", "unavailable: no module named jax"),
        ("failures", "Scores are missing : in 1 of 2 pairs"),
        ("names out of this world", "The definition of this problem is not part of"),
    ],
)
def test_a_page_says_what_the_records_say(tmp_path, name, said):
    assert said in text_of(made(tmp_path, FOLDERS[name]))


@pytest.mark.parametrize("name", ["failures", "names out of this world"])
def test_what_records_say_is_text_and_not_markup(tmp_path, name):
    page = made(tmp_path, FOLDERS[name]).read_text()
    assert "<script" not in page
    assert "&lt;script&gt;alert(" in page


def test_every_problem_has_its_programs_network_data_and_pictures(tmp_path):
    page = made(tmp_path, two(1, problems.names())).read_text()
    for name in problems.names():
        section = page.partition(f'id="problem-{name}"')[2].partition("</section>")[0]
        problem = problems.load(name)
        words = " ".join(re.sub(r"<[^>]*>", " ", section).split())
        assert problem.input.axes in words
        assert problem.input.meaning.split("'")[0] in words.replace("&#39;", "'")
        assert section.count("<svg") >= 5
        assert "nn.Module" in re.sub(r"<[^>]*>", "", section)
        assert "keras.Model" in re.sub(r"<[^>]*>", "", section)
        assert "differs:" in section


def test_without_samples_there_are_no_answers_but_all_else(tmp_path):
    with_them = made(tmp_path / "with", two(1)).read_text()
    without = made(tmp_path / "without", two(1), samples=False).read_text()
    assert with_them.count("<svg") - without.count("<svg") == 2 * len(FEW)


def test_no_page_is_half_written(tmp_path, monkeypatch):
    page = made(tmp_path, FOLDERS["one backend"])
    before = page.read_text()

    def full(*_):
        raise OSError("no space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="no space left"):
        report(tmp_path, two(1))
    assert page.read_text() == before
