"""The report page: it holds what the records hold, in a real browser, whatever they say."""

import html
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import COMPARED, ROOT, diptych
from synthetic import failed, record, write

import problems
from backends import BACKENDS
from compare.page.report import FILE, report
from compare.page.words import DOUBTS
from compare.records import journal as records
from compare.records.record import UNPROVEN
from compare.tables.headline import headline
from compare.tables.publish import tabulated

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
    return words_of(page.read_text().partition("<body>")[2])


def words_of(markup: str) -> str:
    """Return the words in a piece of markup."""
    words = re.sub(r"<(wbr|/?(span|code|i|abbr))\b[^>]*>", "", markup)
    return html.unescape(" ".join(re.sub(r"<[^>]*>", " ", words).split()))


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
    for name in ("runs.jsonl", "table.csv", "cells"):
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
        ("few seeds", "PyTorch is ahead (not judged: 2 seeds)"),
        ("few seeds", "The same mean score (not judged: 2 seeds)"),
        ("one seed", "1 seed,"),
        ("one backend", "PyTorch took part alone: nothing is compared."),
        ("one backend", "keras-torch: took no part"),
        ("one backend", "gpu: nothing was trained there"),
        ("no seed in common", "Nothing is compared."),
        ("no score at all", "1 of 1 trainings have no score"),
        ("no score at all", "timeout: not done after 9 s"),
        ("quick and unproven", "By the quick recipes"),
        ("quick and unproven", "Not proven"),
        ("four backends, two devices", "Keras on PyTorch against PyTorch (gpu)"),
        ("four backends, two devices", "PyTorch is faster"),
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


def test_without_samples_there_are_no_predictions_but_all_else(tmp_path):
    with_them = made(tmp_path / "with", two(1)).read_text()
    without = made(tmp_path / "without", two(1), samples=False).read_text()
    assert with_them.count("Predictions of the networks of seed 0") == 2
    assert "Predictions of the networks" not in without
    assert without.count("<svg") == 2 + 3 * len(FEW)


def test_the_page_opens_with_the_sentence_and_then_a_row_for_each_problem(tmp_path):
    page = made(tmp_path, two(8))
    sentence = headline(tabulated(two(8))).sentence
    opening = page.read_text().partition('id="answer-title"')[2].partition("</table>")[0]
    assert html.unescape(opening).index(sentence) < opening.index("<table")
    rows = opening.partition("<tbody>")[2].split("<tr>")[1:]
    assert len(rows) == len(FEW)
    for name, row in zip(FEW, rows, strict=True):
        cells = words_of(row)
        assert cells.startswith(f"{name} ")
        assert " 1.50 [1.50, 1.50] " in cells
        assert f'href="#problem-{name}-programs"' in row


@pytest.mark.parametrize("name", ["few seeds", "four backends, two devices"])
def test_the_table_of_answers_has_scores_and_ratios_for_any_number_of_seeds(tmp_path, name):
    opening = made(tmp_path, FOLDERS[name]).read_text().partition("<tbody>")[2]
    first = words_of(opening.partition("</tr>")[0])
    assert re.search(r"\b0\.98\d\d\b", first), first
    assert "1.50" in first
    assert not re.search("Mean scores|Times", first)


def test_lower_is_better_stands_beside_the_scores_of_an_error(tmp_path):
    page = made(tmp_path, two(1, ("shapes", "echo"))).read_text()
    rows = [words_of(row) for row in re.findall(r"<tr>.*?</tr>", page)]
    assert {row.split()[0] for row in rows if "lower is better" in row} >= {"shapes", "mae"}
    assert not [row for row in rows if row.startswith("echo") and "lower" in row]


def test_the_navigation_leads_to_every_program_and_file_and_no_link_is_dead(tmp_path):
    write(tmp_path, FOLDERS["failures"])
    log = tmp_path / "cells" / FOLDERS["failures"][-1].key / "log.txt"
    log.parent.mkdir(parents=True)
    log.write_text("no module named jax")
    (tmp_path / "table.csv").write_text("problem")
    page = report(tmp_path, records.read(tmp_path)[0]).read_text()
    links = re.findall(r'href="([^"]*)"', page)
    navigation = re.findall(r'href="([^"]*)"', page.partition("<nav")[2].partition("</nav>")[0])
    assert {f"#problem-{name}-programs" for name in FEW} <= set(navigation)
    assert {"table.csv", "runs.jsonl", "cells/"} <= set(navigation)
    assert f"cells/{log.parent.name}/log.txt" in links
    ids = re.findall(r'id="([^"]*)"', page)
    assert len(ids) == len(set(ids))
    for link in links:
        assert link.startswith(("#", "data:")) or (tmp_path / link).exists(), link
        assert not link.startswith("#") or link[1:] in ids or "<svg" in page, link


def test_what_is_not_there_is_not_linked(tmp_path):
    page = made(tmp_path, FOLDERS["one seed"]).read_text()
    assert 'href="runs.jsonl"' in page
    assert 'href="table.csv"' not in page
    assert 'href="cells/"' not in page


def test_what_was_not_measured_lists_nothing_that_was(tmp_path):
    listed = made(tmp_path, FOLDERS["one seed"]).read_text().partition("What was not measured")[2]
    said = words_of(listed.partition("</ul>")[0])
    assert said == (
        "keras-jax: took no part keras-torch: took no part gpu: nothing was trained there "
        "no value in any training: repeated, kernel, GPU MiB, reserved MiB, device MiB"
    )


def test_warnings_are_addressed_to_the_reader(tmp_path):
    found = [replace(one, others_cpu_s=99.0) for one in two(8)]
    said = text_of(made(tmp_path, found))
    assert f"busy {DOUBTS['busy']}" in said
    assert "--jobs" not in said.partition("Where it was measured")[0]


def test_how_a_baseline_is_derived_is_folded_away(tmp_path):
    page = made(tmp_path, two(1, ("cumsum",))).read_text()
    folded = page.partition("How the baseline is derived</summary>")[2].partition("</details>")[0]
    assert "Irwin-Hall" in folded
    assert page.count("Irwin-Hall") == 1


def test_words_are_a_table_with_a_column_for_each_of_four_sides(tmp_path):
    found = [record("echo", backend, 0) for backend in BACKENDS]
    page = made(tmp_path, found).read_text()
    table = page.partition('aria-label="Predictions of echo"')[2].partition("</table>")[0]
    heads = [words_of(head) for head in re.findall(r"<th scope=.col.*?</th>", table)]
    sides = ["PyTorch", "Keras on TensorFlow", "Keras on JAX", "Keras on PyTorch"]
    assert heads == ["input", "truth", *sides]
    (right,) = {tuple(re.findall(r"<td.*?>(.)</td>", row)) for row in table.split("<tr>")[2:3]}
    assert len(right) == 1 + len(sides)
    assert len(set(right)) == 1


# --- what may be broken ----------------------------------------------------------------------


@pytest.mark.parametrize("where", ["question", "truth", "answer"])
@pytest.mark.parametrize("error", [AttributeError, KeyError, SystemExit, MemoryError])
def test_a_picture_that_a_problem_fails_to_draw_costs_that_picture(
    tmp_path, capsys, monkeypatch, where, error
):
    def fails(*_):
        raise error("no such thing as a corner")

    echo = problems.load("echo")
    broken = replace(echo, picture=replace(echo.picture, **{where: fails}))
    monkeypatch.setattr(problems.echo, "PROBLEM", broken)
    said = text_of(made(tmp_path, two(1, ("cumsum", "echo"))))
    assert said.count("Predictions of the networks") == 1
    assert said.count("Examples of the input") == (1 if where == "question" else 2)
    assert "class Echo(nn.Module)" in said
    complaints = capsys.readouterr().err
    assert "no picture of the predictions of echo: " in complaints
    assert f"{error.__name__}: " in complaints
    assert "no such thing as a corner" in complaints
    assert "test_report.py, line" in complaints


def test_an_error_of_the_page_itself_is_raised_as_what_it_is(tmp_path, monkeypatch):
    def fails(*_):
        raise AttributeError("a slip")

    monkeypatch.setattr("compare.page.section._recipe", fails)
    with pytest.raises(AttributeError, match="a slip"):
        made(tmp_path, two(1))


@pytest.mark.parametrize(
    "arrays",
    [
        {"accuracy.output": np.zeros(())},
        {"accuracy.output": np.zeros((1, 10))},
        {"accuracy.input": np.zeros((1, 5, 10), "f4")},
        {"accuracy.input": np.zeros((6, 5, 10), [("a", "f4")])},
        {"accuracy.output": np.full((6, 10), "a")},
        {"accuracy.output": np.full((6, 10), np.nan)},
    ],
    ids=["a scalar", "one output", "one input", "structured", "text", "not a number"],
)
def test_a_broken_sample_costs_no_page(tmp_path, arrays):
    write(tmp_path, two(1, ("cumsum", "echo")))
    for cell in (tmp_path / "cells").glob("echo-*"):
        kept = dict(np.load(cell / "sample.npz"))
        np.savez(cell / "sample.npz", **kept | arrays)
    said = text_of(report(tmp_path, records.read(tmp_path)[0]))
    assert "class Echo(nn.Module)" in said
    assert "Predictions of the networks" in said.partition("What the columns mean")[2]


def test_a_problem_whose_file_cannot_be_read_any_more_has_no_programs(
    tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr(problems.echo, "PROBLEM", None)
    said = text_of(made(tmp_path, two(1, ("cumsum", "echo")), samples=False))
    assert "The definition of this problem is not part of" in said
    assert "problems/echo.py must define PROBLEM" in capsys.readouterr().err


def test_no_page_is_half_written(tmp_path, monkeypatch):
    page = made(tmp_path, FOLDERS["one backend"])
    before = page.read_text()

    def full(*_):
        raise OSError("no space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="no space left"):
        report(tmp_path, two(1))
    assert page.read_text() == before
