"""README.md and docs/ tell the truth: their commands, links, rooms, programs and screens."""

import ast
import re
import shlex
import tomllib
from math import prod

import pytest
from columns import TABLES, page
from conftest import ROOT, diptych, run_python
from documents import DOCUMENTS, README, blocks, lines, prose
from parity import PARITY_KERAS, PARITY_PROBLEM, PARITY_PYTORCH

import problems
from backends import BACKENDS
from compare.__main__ import parser
from compare.options import DEFAULT_BACKENDS, DEFAULT_SEEDS
from compare.processes.choice import chosen_problems
from compare.processes.machine import CODE
from problems import LOSSES, OPTIMIZERS

LONGEST = 200  # lines of the README
COMMANDS = [
    (name, line) for name in DOCUMENTS for line in lines(name) if line.startswith("diptych ")
]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EVERY_DOCUMENT = pytest.mark.parametrize("name", DOCUMENTS)


def subcommands():
    """Return the parser of each subcommand, by name."""
    (commands,) = (action for action in parser()._actions if action.metavar == "COMMAND")
    return commands.choices


# --- commands and code -----------------------------------------------------------------------


@pytest.mark.parametrize(("name", "command"), COMMANDS)
def test_every_command_is_one(name, command):
    options = parser().parse_args(shlex.split(command)[1:])
    if "problems" in options:
        chosen_problems(options.problems)
        assert {backend.partition("@")[0] for backend in options.backends} <= set(BACKENDS)


def test_every_subcommand_is_shown():
    assert {line.split()[1] for _, line in COMMANDS} == set(subcommands())


def is_ours(name):
    return name.startswith(("--", "diptych "))


def unknown(text):
    """Return the commands and options that a document names in its prose, and that are none."""
    parsers = [parser(), *subcommands().values()]
    known = {option for one in parsers for option in one._option_string_actions}
    named = re.findall(r"`([^`]+)`", prose(text))
    named = [name.removeprefix("diptych ").split()[0] for name in named if is_ours(name)]
    return [name for name in named if name not in known | set(subcommands())]


@EVERY_DOCUMENT
def test_commands_and_options_in_the_prose_exist(name):
    assert unknown(DOCUMENTS[name]) == []


def test_a_command_or_option_that_is_none_is_found():
    assert unknown("`--seeds 3`, `--seed 3`, `diptych run`, `diptych walk`") == ["--seed", "walk"]


# What docs/lessons.md shows is run by test_lessons.py, in the process of each framework. The pairs
# of docs/traps.md are those of found.jsonl, which `diptych traps --measure` runs (test_traps.py).
ELSEWHERE = ("docs/lessons.md", "docs/traps.md")
PROGRAMS = [(name, code) for name, code in blocks("python") if name not in ELSEWHERE]


@pytest.mark.parametrize(("name", "code"), PROGRAMS)
def test_python_in_them_runs(name, code):
    done = run_python("-c", code)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("name", "text"), blocks("toml"))
def test_settings_in_them_are_for_backends(name, text):
    settings = tomllib.loads(text)
    assert {backend.partition("@")[0] for backend in settings.get("python", {})} <= set(BACKENDS)


def test_the_two_commands_are_targets_and_their_pip_lines_are_those_of_the_makefile():
    makefile = (ROOT / "Makefile").read_text()
    targets = [line.split()[1] for line in lines("README.md") if line.startswith("make ")]
    assert targets == ["compare", "test"]
    for _, target in re.findall(r"(`|^)make (\w+)", "\n".join(DOCUMENTS.values()), re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE), target
    (install,) = re.findall(r"^INSTALL = (.*)$", makefile, flags=re.MULTILINE)
    wanted = re.findall(r"^\t\$\(INSTALL\) (.*)$", makefile, flags=re.MULTILINE)
    made = [f"{install.replace(' --quiet', '')} {what}" for what in wanted]
    assert [line for line in lines("README.md") if " pip install " in line] == made


def test_what_make_compare_trains_is_said():
    counts = len(problems.names()), len(DEFAULT_BACKENDS), DEFAULT_SEEDS
    said = "# trains {} problems on {} backends with {} seeds: {} trainings"
    assert said.format(*counts, prod(counts)) in README


def test_the_extras_are_those_of_the_package():
    named = re.findall(r"(?:diptych|'\.)\[([\w,]+)\]", "\n".join(DOCUMENTS.values()))
    extras = {extra for names in named for extra in names.split(",")}
    assert extras
    assert extras <= set(PROJECT["optional-dependencies"])


# --- what is quoted --------------------------------------------------------------------------


def columns_of(text):
    """Return both programs of a pair side by side, as words; `#` of broken comments left out."""
    rows = [line[2:].partition(" |") for line in text.splitlines() if "|" in line]
    return [" ".join(row[side] for row in rows).replace("#", " ").split() for side in (0, 2)]


def is_part(words, file):
    """Say whether words stand in a file, one after the other."""
    whole = f" {' '.join((ROOT / file).read_text().replace('#', ' ').split())} "
    return f" {' '.join(words)} " in whole


TWINS = ("backends/pytorch/echo.py", "backends/keras/echo.py")


def the_pair():
    (text,) = (text for _, text in blocks("text", {"": README}) if TWINS[0] in text)
    heading, _, rows = text.partition("\n")
    assert heading.split() == [TWINS[0], "|", TWINS[1]]
    return rows


def test_the_pair_in_the_readme_is_that_of_the_twins():
    rows = the_pair()
    assert len(rows.splitlines()) >= 10
    for words, file in zip(columns_of(rows), TWINS, strict=True):
        assert words[0] == "self.lstm"
        assert words[-2:] == ["return", "x"]
        assert is_part(words, file), file


@pytest.mark.parametrize(("old", "new"), [("units)", "symbols)"), ("x = x[0]", "x = x[-1]")])
def test_another_pair_would_be_found(old, new):
    assert old in the_pair()
    changed = columns_of(the_pair().replace(old, new))
    assert not all(is_part(words, file) for words, file in zip(changed, TWINS, strict=True))


@pytest.mark.parametrize(("name", "text"), blocks("console"))
def test_a_screen_is_what_the_command_prints_at_80_columns(copy, monkeypatch, name, text):
    command, _, screen = text.partition("\n")
    shown, program, *arguments = shlex.split(command)
    assert (shown, program) == ("$", "diptych")
    for folder in (one for one in arguments if one.startswith("results/")):
        (copy / folder).mkdir(parents=True)
        (copy / folder / "runs.jsonl").symlink_to(ROOT / folder / "runs.jsonl")
    terminal = {"COLUMNS": "80", "TERM": "dumb", "TTY_COMPATIBLE": "1", "NO_COLOR": "1"}
    for variable, value in terminal.items():
        monkeypatch.setenv(variable, value)
    done = diptych(*arguments, cwd=copy)
    assert done.returncode == 0, done.stderr
    assert [line.rstrip() for line in done.stdout.splitlines()] == screen.splitlines()


def test_the_example_of_a_problem_is_the_one_that_is_tested():
    files = {
        "problems/parity.py": PARITY_PROBLEM.lstrip("\n"),
        "backends/pytorch/parity.py": PARITY_PYTORCH,
        "backends/keras/parity.py": PARITY_KERAS,
    }
    shown = [text for _, text in blocks("py", {"": DOCUMENTS["docs/problems.md"]})]
    made = [f"# {file}\n{text.replace('NAME', 'parity')}" for file, text in files.items()]
    assert shown == made


def weighted_layers():
    """Return the names of PyTorch's layers whose weights are known, read off its _layouts.py."""
    tree = ast.parse((ROOT / "backends" / "pytorch" / "_layouts.py").read_text())
    (layers,) = (
        node.value
        for node in tree.body
        if isinstance(node, ast.AnnAssign) and getattr(node.target, "id", "") == "LAYERS"
    )
    return [key.attr for key in layers.keys]


def test_all_that_a_problem_can_use_is_named():
    for text in (README, DOCUMENTS["docs/problems.md"]):
        named = re.findall(r"`(\w+)`", text)
        for wanted in (LOSSES, OPTIMIZERS):
            assert set(wanted) <= set(named)
    assert set(weighted_layers()) <= set(re.findall(r"`(\w+)`", DOCUMENTS["docs/layers.md"]))


# --- where things are ------------------------------------------------------------------------


def rooms(tree):
    """Return the paths in a tree, from the root of the project.

    Raises:
        ValueError: a line has no remark.
    """
    folder, found = "", []
    for line in tree.splitlines():
        path, _, remark = line.strip().partition("  ")
        if not remark.strip():
            raise ValueError(f"no remark on {path}")
        folder = path if not line.startswith(" ") else folder
        found.append(path if not line.startswith(" ") else f"{folder}{path}")
    return found


def missing_rooms(paths):
    """Return which paths are not there, and which folders of the code are not among them."""
    folders = [
        f"{parent}/{folder.name}/"
        for parent in ("backends", "compare")
        for folder in (ROOT / parent).iterdir()
        if folder.is_dir() and folder.name != "__pycache__"
    ]
    absent = [path for path in paths if not (ROOT / path).exists()]
    return absent, sorted(set(folders) - set(paths))


def test_the_rooms_are_the_rooms():
    ((name, tree),) = blocks("tree")
    assert name == "docs/architecture.md"
    assert missing_rooms(rooms(tree)) == ([], [])


def test_a_room_that_is_not_there_or_not_named_is_found():
    absent, unnamed = missing_rooms(["compare/nowhere/", "backends/keras/"])
    assert absent == ["compare/nowhere/"]
    assert "backends/pytorch/" in unnamed
    with pytest.raises(ValueError, match="no remark on compare/"):
        rooms("compare/\n")


def anchors(text):
    """Return the anchors of a document's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def dead_links(name, text):
    """Return the links of a document that lead nowhere in the project."""
    dead = []
    for link in re.findall(r"\]\(([^)]+)\)", text):
        path, _, anchor = link.partition("#")
        file = (ROOT / name).parent / path if path else ROOT / name
        if "://" in link:
            continue
        if not file.exists() or (anchor and anchor not in anchors(file.read_text())):
            dead.append(link)
    return dead


@EVERY_DOCUMENT
def test_links_lead_somewhere(name):
    assert dead_links(name, DOCUMENTS[name]) == []


def test_a_link_that_leads_nowhere_is_found():
    text = "[a](docs/nothing.md) [b](docs/proof.md#nothing) [c](docs/proof.md) [d](#diptych)"
    assert dead_links("README.md", text) == ["docs/nothing.md", "docs/proof.md#nothing"]


def test_the_readme_is_short_and_leads_to_every_page():
    assert len(README.splitlines()) <= LONGEST
    for name in DOCUMENTS:
        assert name == "README.md" or f"]({name})" in README, name


def test_the_columns_are_those_of_the_code():
    written = "`python tests/columns.py` writes it anew"
    assert DOCUMENTS["docs/columns.md"] == page(), written
    assert all(columns for _, columns in TABLES.values())


def test_the_code_that_decides_a_result_is_there():
    assert all((ROOT / name).exists() for name in CODE)


def test_problems_are_named_as_they_are():
    for name in problems.names():
        assert f"| {name} | " in README
