"""Programs and layers as pieces of a page: all the text is there, marked, escaped, well formed."""

import re
from html.parser import HTMLParser

import pytest
from conftest import COMPLETE
from test_pairing import ODD, TWINS

import problems
from backends import PANELS
from compare.page.layers_html import layers_css, layers_html
from compare.page.program_html import SIGNS, program_css, program_html
from compare.programs.layers import steps
from compare.programs.pairing import pair, paired, path
from compare.programs.statements import MARKS

EVERY_PROBLEM = pytest.mark.parametrize("name", COMPLETE)
VOID = {"wbr"}


class Tree(HTMLParser):
    """Reads HTML, and is strict about what is closed; knows the text of every element."""

    def __init__(self, html):
        super().__init__()
        self.open, self.found = [], []
        self.feed(str(html))
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        element = {"tag": tag, "text": "", **dict(attributes)}
        assert len(element) == len(attributes) + 2, "no attribute is there twice"
        self.found.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag):
        assert self.open.pop()["tag"] == tag

    def handle_data(self, data):
        for element in self.open:
            element["text"] += data

    def all(self, tag, name=""):
        """Return the elements of a tag that have a class."""
        return [
            one
            for one in self.found
            if one["tag"] == tag and (not name or name in (one.get("class") or "").split())
        ]


def code_in(html):
    """Return the lines of code of a table of programs, statement after statement."""
    return [one["text"] for one in Tree(html).all("span", "line")]


def code_of(rows):
    """Return the lines that rows are made of, in the order of the table."""
    sides = [side for row in rows for side in row.sides if side.text]
    return [line for side in sides for line in side.code.split("\n")]


@pytest.mark.parametrize(
    "twins",
    [
        *TWINS.values(),
        *((odd, TWINS["echo"][1]) for odd in ODD.values() if "\r" not in odd),
    ],
    ids=[*TWINS, *(name for name, odd in ODD.items() if "\r" not in odd)],
)
def test_the_table_has_every_line(twins):
    rows = pair(*twins)
    assert code_in(program_html("echo", rows)) == code_of(rows)


@EVERY_PROBLEM
def test_marks_are_words_signs_and_classes(name):
    rows = paired(name)
    tree = Tree(program_html(name, rows))
    for mark, meaning in MARKS.items():
        count = sum(side.mark == mark for row in rows for side in row.sides)
        assert len(tree.all("td", mark.replace(" ", "-"))) == count
        signs = [one for one in tree.all("span", "sign") if one["aria-label"] == mark]
        assert [one["text"] for one in signs] == [SIGNS[mark]] * count
        (legend,) = tree.all("p", "legend")
        assert (f"{SIGNS[mark]} {mark}: {meaning}" in legend["text"]) == (count > 0)
    assert [one["text"] for one in tree.all("span", "path")] == [path(one, name) for one in PANELS]


@EVERY_PROBLEM
def test_every_cell_says_whose_it_is_and_what_has_no_partner(name):
    rows = paired(name)
    tree = Tree(program_html(name, rows))
    cells = [side for row in rows for side in row.sides]
    assert len(tree.all("td")) == len(cells)
    assert len(tree.all("span", "side")) == sum(bool(side.text) for side in cells)
    assert {one["text"] for one in tree.all("span", "side")} == {"PyTorch", "Keras", "both"}
    lonely = [one["text"] for one in tree.all("td", "absent")]
    assert lonely == [
        f"nothing in {title}"
        for row in rows
        for title, side in zip(("PyTorch", "Keras"), row.sides, strict=True)
        if not side.text
    ]


def test_what_is_in_a_program_cannot_get_out():
    evil = 'x = "</code></td><script>alert(1)</script>"  # <b onclick="x">&amp; only here: <i>\n'
    html = program_html("<u>", pair(evil, evil), complaint="<s>")
    assert not {one["tag"] for one in Tree(html).found} & {"script", "i", "u", "s"}
    assert not [one for one in Tree(html).found if "onclick" in one]
    assert code_in(html) == [evil.rstrip()] * 2
    twin = TWINS["echo"][0].replace("x[0]", "x['<script>']")
    diagram = layers_html("<u>", steps(problems.load("echo"), pair(twin, "")))
    assert "<script" not in diagram
    assert "x[&#39;&lt;script&gt;&#39;]" in diagram


def test_a_complaint_stands_above_the_programs():
    html = program_html("echo", pair("def f(:", ""), complaint="no valid Python")
    (complaint,) = Tree(html).all("p", "complaint")
    assert complaint["text"] == "no valid Python"
    assert "complaint" not in program_html("echo", paired("echo"))


@EVERY_PROBLEM
def test_the_diagram_has_every_step_and_both_shapes(name):
    taken = steps(problems.load(name), paired(name))
    tree = Tree(layers_html(name, taken))
    heads = [one for one in tree.all("th") if one["role"] == "rowheader"]
    for head, step in zip(heads, taken, strict=True):
        words = head["text"].split("\n")
        assert step.name in words
        for named in filter(None, step.axes.split("; ")):  # of several arrays, by name
            name, colon, axes = named.rpartition(": ")
            axes = axes.replace(" ", " \N{MULTIPLICATION SIGN} ").replace("=", " ")
            assert f"{name}{colon}{axes}" in words
        shapes = {side.shape for side in step.sides if side.shape}
        assert ("≠ laid out differently" in words) == (len(shapes) == 2)
        assert any("only in" in word for word in words) == (
            "only here" in [s.mark for s in step.sides]
        )
    shapes = [side.shape for step in taken for side in step.sides if side.shape]
    assert [one["text"] for one in tree.all("code")] == shapes
    assert len(tree.all("td")) == 2 * len(taken)


@EVERY_PROBLEM
def test_pieces_bring_no_style_script_or_id_of_their_own(name):
    rows = paired(name)
    for html in (program_html(name, rows), layers_html(name, steps(problems.load(name), rows))):
        for element in Tree(html).found:
            assert element["tag"] not in ("style", "script", "link", "img")
            assert not set(element) & {"style", "id", "href", "src", "onclick"}
            if element["tag"] in ("table", "tr", "td", "th", "thead", "tbody"):
                assert element["role"], "a table in any layout"


@pytest.mark.parametrize(
    ("css", "piece"),
    [(program_css(), "programs"), (layers_css(), "layers")],
    ids=["code", "layers"],
)
def test_the_style_is_for_its_piece_alone_in_light_and_dark(css, piece):
    assert css.count("{") == css.count("}")
    assert "url(" not in css
    assert "@import" not in css
    selectors = re.findall(r"(?:^|\})\s*([^{}@]+?)\s*\{", re.sub(r"@media[^{]*\{", "}", css))
    assert len(selectors) > 20
    for selector in selectors:
        for one in re.split(r",\s*(?![^()]*\))", selector):
            assert one.startswith((f".{piece} ", ":is(.programs, .layers)")), one
    assert "prefers-color-scheme: dark" in css


@EVERY_PROBLEM
def test_every_class_of_the_code_has_a_colour_or_none_in_either_scheme(name):
    light, dark = (
        re.search(
            rf"prefers-color-scheme: {scheme}\) {{\n(\.programs code.*?\n)}}\n",
            program_css(),
            re.DOTALL,
        )
        for scheme in ("light", "dark")
    )
    classes = set(re.findall(r'<span class="(\w+)">', program_html(name, paired(name))))
    named = {name for name in classes if f"code .{name} " in light[1]}
    assert {"k", "c1", "sd"} <= named
    assert named <= {name for name in classes if f"code .{name} " in dark[1]}
