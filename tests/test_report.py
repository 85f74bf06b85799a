"""The report page: it holds what the records hold, in a real browser, whatever they say."""

import html
import re
from dataclasses import replace
from pathlib import Path

import pytest
from browser import ask
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


def of_the_run(page) -> str:
    """Return a page's markup without the chapter that is the same on every page."""
    before, _, after = page.read_text().partition('<section id="learn"')
    return before + after.partition("</section>")[2]


def words_of(markup: str) -> str:
    """Return the words in a piece of markup."""
    apart = markup.replace('<span class="more">', " ")
    words = re.sub(r"<(wbr|/?(span|code|i|abbr))\b[^>]*>", "", apart)
    return html.unescape(" ".join(re.sub(r"<[^>]*>", " ", words).split()))


def two(seeds=2, names=("cumsum",), **values):
    """Return trainings of some problems on two backends."""
    return [
        record(problem, backend, seed, **values)
        for problem in names
        for backend in COMPARED
        for seed in range(seeds)
    ]


FOLDERS = {
    "few seeds": two(2, FEW),
    "one seed": two(1),
    "enough seeds": two(8, ("cumsum", "echo"), others_cpu_s=99.0),
    "one backend": [record("cumsum", "pytorch", seed) for seed in range(3)],
    "no seed in common": [
        *(record("echo", "pytorch", seed) for seed in (0, 1)),
        *(record("echo", "keras-tensorflow", seed) for seed in (2, 3)),
    ],
    "no score at all": [failed("echo", "pytorch", 0, "timeout", "not done after 9 s")],
    "quick and unproven": [replace(one, recipe="quick", proof=UNPROVEN) for one in two(1)],
    "four backends, two devices": [
        record(problem, backend, seed, device=device)
        for problem in ("cumsum", "echo")
        for backend in BACKENDS
        for device in ("cpu", "gpu")
        for seed in range(8)
    ],
    "failures": [
        *two(1, ["echo"]),
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


@pytest.fixture(scope="session")
def pages(tmp_path_factory, pieces):
    """The pages of FOLDERS, by name."""
    return pieces("pages", lambda key: made(tmp_path_factory.mktemp("page"), FOLDERS[key]))


@pytest.mark.parametrize("name", FOLDERS)
def test_a_page_has_no_fault_at_any_width_in_any_scheme(look, pages, name):
    for width, scheme in (LOOKS[1], LOOKS[2]):
        # The lessons are the same on all pages; on the published one they are looked at.
        assert look(pages[name], width=width, scheme=scheme, without="#learn").faults == []


# What a reader on a telephone sees: where the scores of the first problem end; the first column
# when the table is scrolled; the navigation, and what it led to, when the page is.
SEEN = """() => {
  const box = (element) => element.getBoundingClientRect();
  const table = document.querySelector("#answer table");
  const cells = [...table.querySelector("tbody tr").cells];
  const scores = Math.max(...cells.slice(1, 3).map((cell) => box(cell).right));
  table.parentElement.scrollLeft = 1000;
  const first = box(cells[0]).left - box(table.parentElement).left;
  document.getElementById("problem-echo-programs").scrollIntoView();
  const [navigation, target] = ["nav", "#problem-echo-programs"].map(
    (one) => box(document.querySelector(one)));
  return {scores, first, top: navigation.top, below: target.top - navigation.bottom,
          scrolled: table.parentElement.scrollLeft};
}"""


def test_on_a_telephone_scores_are_seen_and_navigation_and_first_column_stay(look, pages):
    seen = ask(look.args[0], pages["enough seeds"], SEEN, width=390)
    assert seen["scores"] < 390
    assert seen["scrolled"] > 0
    assert seen["first"] == seen["top"] == 0
    assert 0 <= seen["below"] < 100


def test_the_published_page_has_no_fault_and_is_small(look):
    page = ROOT / "results" / "cpu" / FILE
    assert page.stat().st_size < 1.5e6  # bytes
    for width, scheme in LOOKS:
        opened = "#learn details" if (width, scheme) in (LOOKS[1], LOOKS[2]) else ""
        found = look(page, width=width, scheme=scheme, opened=opened)
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
        text, places = _with_places(file)
        expected, others = _with_places(published / file.relative_to(tmp_path))
        assert text == expected
        assert places == pytest.approx(others, abs=1e-3)


def _with_places(file):
    """Return a page as it is; of a picture what is there, and where, beside the names of places.

    The last digits of a place depend on the processor, and so do names that are hashes of places.
    """
    found = file.read_text()
    if file.suffix != ".svg":
        return found, []
    found = re.sub(r"\bp[0-9a-f]{10}\b", "place", found)
    fraction = r"-?\d+\.\d+"
    return re.sub(fraction, "", found), [float(one) for one in re.findall(fraction, found)]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("few seeds", "PyTorch is ahead (not judged: 2 seeds)"),
        ("few seeds", "The same mean score (not judged: 2 seeds)"),
        ("one seed", "1 seed,"),
        ("one backend", "PyTorch took part alone: nothing is compared."),
        ("one backend", "keras-torch: took no part"),
        ("one backend", "gpu: nothing was trained there"),
        ("no seed in common", "Nothing is compared: echo (no seed in common"),
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
def test_a_page_says_what_the_records_say(pages, name, said):
    assert said in text_of(pages[name])


@pytest.mark.parametrize("name", ["failures", "names out of this world"])
def test_what_records_say_is_text_and_not_markup(pages, name):
    page = pages[name].read_text()
    assert "<script" not in page
    assert "&lt;script&gt;alert(" in page


def test_every_problem_has_its_programs_network_data_and_pictures(tmp_path):
    page = made(tmp_path, two(1, problems.names())).read_text()
    for name in problems.names():
        section = page.partition(f'id="problem-{name}"')[2].partition("</section>")[0]
        problem = problems.load(name)
        words = " ".join(re.sub(r"<[^>]*>", " ", section).split())
        for spec in problem.specs.values():
            assert spec.axes in words
            assert spec.meaning.split("'")[0] in words.replace("&#39;", "'")
        assert section.count("<svg") >= 3
        assert f"Predictions of {name}" in section
        assert "nn.Module" in re.sub(r"<[^>]*>", "", section)
        assert "keras.Model" in re.sub(r"<[^>]*>", "", section)
        assert "differs:" in section


def test_without_samples_there_are_no_predictions_but_all_else(tmp_path):
    page = made(tmp_path, two(1, FEW), samples=False)
    assert "Predictions of" not in text_of(page)
    assert page.read_text().count("<svg") == 2 + 3 * len(FEW)


def test_the_page_opens_with_the_sentence_and_then_a_row_for_each_problem(pages):
    page = pages["enough seeds"]
    sentence = headline(tabulated(FOLDERS["enough seeds"])).sentence
    opening = page.read_text().partition('id="answer-title"')[2].partition("</table>")[0]
    assert html.unescape(opening).index(sentence) < opening.index("<table")
    rows = opening.partition("<tbody>")[2].split("<tr>")[1:]
    assert len(rows) == 2
    for name, row in zip(("cumsum", "echo"), rows, strict=True):
        cells = words_of(row)
        assert cells.startswith(f"{name} ")
        assert " 1.50 [1.50, 1.50] " in cells
        assert f'href="#problem-{name}-programs"' in row


@pytest.mark.parametrize("name", ["few seeds", "four backends, two devices"])
def test_the_table_of_answers_has_scores_and_ratios_for_any_number_of_seeds(pages, name):
    opening = pages[name].read_text().partition("<tbody>")[2]
    first = words_of(opening.partition("</tr>")[0])
    assert re.search(r"\b0\.98\d\d\b", first), first
    assert "1.50" in first
    assert not re.search("Mean scores|Times", first)


def test_lower_is_better_stands_beside_the_scores_of_an_error(tmp_path):
    page = made(tmp_path, two(1, ("shapes",)), samples=False)
    rows = [words_of(row) for row in re.findall(r"<tr>.*?</tr>", of_the_run(page))]
    said = [row.partition(" lower is better")[0] for row in rows if "lower is better" in row]
    assert said == [
        "shapes mae,",
        "shapes mae,",
        "shapes rectangle_error,",
        "mae",
        "rectangle_error",
    ]


def test_of_a_score_that_should_be_high_nothing_of_the_kind_is_said(pages):
    assert "lower is better" not in words_of(of_the_run(pages["one seed"]))


def test_the_navigation_leads_to_every_program_and_file_and_no_link_is_dead(tmp_path):
    write(tmp_path, FOLDERS["failures"])
    log = tmp_path / "cells" / FOLDERS["failures"][-1].key / "log.txt"
    log.parent.mkdir(parents=True)
    log.write_text("no module named jax")
    (tmp_path / "table.csv").write_text("problem")
    page = report(tmp_path, records.read(tmp_path)[0]).read_text()
    links = re.findall(r'href="([^"]*)"', page)
    navigation = re.findall(r'href="([^"]*)"', page.partition("<nav")[2].partition("</nav>")[0])
    for name in ("echo", "moving_square"):
        assert f"#problem-{name}-programs" in navigation
    assert {"table.csv", "runs.jsonl", "cells/"} <= set(navigation)
    assert f"cells/{log.parent.name}/log.txt" in links
    ids = re.findall(r'id="([^"]*)"', page)
    assert len(ids) == len(set(ids))
    for link in links:
        assert link.startswith(("#", "data:")) or (tmp_path / link).exists(), link
        assert not link.startswith("#") or link[1:] in ids or "<svg" in page, link


def test_what_is_not_there_is_not_linked(pages):
    page = pages["one seed"].read_text()
    assert 'href="runs.jsonl"' in page
    assert 'href="table.csv"' not in page
    assert 'href="cells/"' not in page


def test_what_was_not_measured_lists_nothing_that_was(pages):
    listed = pages["one seed"].read_text().partition("What was not measured")[2]
    said = words_of(listed.partition("</ul>")[0])
    assert said == (
        "keras-jax: took no part keras-torch: took no part gpu: nothing was trained there "
        "no value in any training: repeated, kernel, GPU MiB, reserved MiB, device MiB"
    )


def test_warnings_are_addressed_to_the_reader(pages):
    said = text_of(pages["enough seeds"])
    assert f"busy {DOUBTS['busy']}" in said
    assert "--jobs" not in said


def test_how_a_baseline_is_derived_is_folded_away(pages):
    page = pages["one seed"].read_text()
    folded = page.partition("How the baseline is derived</summary>")[2].partition("</details>")[0]
    assert "Irwin-Hall" in folded
    assert page.count("Irwin-Hall") == 1


def test_words_are_a_table_with_a_column_for_each_of_four_sides(tmp_path):
    page = made(tmp_path, [record("echo", backend, 0) for backend in BACKENDS]).read_text()
    table = page.partition('aria-label="Predictions of echo"')[2].partition("</table>")[0]
    heads = [words_of(head) for head in re.findall(r"<th scope=.col.*?</th>", table)]
    sides = ["PyTorch", "Keras on TensorFlow", "Keras on JAX", "Keras on PyTorch"]
    assert heads == ["input", "truth", *sides]
    (right,) = {tuple(re.findall(r"<td.*?>(.)</td>", row)) for row in table.split("<tr>")[2:3]}
    assert len(right) == 1 + len(sides)
    assert len(set(right)) == 1
