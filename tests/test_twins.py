"""The rules of the twins: what makes two programs readable side by side."""

import ast
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import COMPLETE

import problems
from backends import PANELS, twin
from compare.programs.pairing import pair
from problems import Problem, Recipe
from problems._loss import OWN, by_output

LONGEST = 60
# What a twin must not deal with: another file does.
FOREIGN = {"seed", "manual_seed", "device", "cuda", "open", "print", "time", "random", "numpy"}
EVERY_PROBLEM = pytest.mark.parametrize("name", COMPLETE)


def broken_rules(files: dict[str, Path]) -> list[str]:
    """Return the rules that the twins of a problem, by folder, break."""
    broken = []
    for folder, file in files.items():
        tree = ast.parse(file.read_text())
        (other,) = set(files) - {folder}
        if (
            f"its twin is backends/{other}/{file.name}"
            not in ast.get_docstring(tree).splitlines()[0]
        ):
            broken.append(f"{folder} does not name its twin in its first line")
        if len(file.read_text().splitlines()) > LONGEST:
            broken.append(f"{folder} is longer than {LONGEST} lines")
        functions = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
        if functions != functions_of(problems.load(file.stem)):
            broken.append(f"{folder} has the functions {functions}")
        broken += [f"{folder} deals with {name}" for name in sorted(names_in(tree) & FOREIGN)]
    if len({model_of(file).name for file in files.values()}) != 1:
        broken.append("the classes have different names")
    if len({layers_of(file) for file in files.values()}) != 1:
        broken.append("the layers differ in name or order")
    return broken + lonely(files)


def functions_of(problem: Problem) -> list[str]:
    """Return the functions that the twins of a problem have, in their order."""
    names = {loss.name for _, loss, _ in by_output(problem.recipe.losses)}
    return ["loss", "build"] if OWN in names else ["build"]


def lonely(files: dict[str, Path]) -> list[str]:
    """Return the statements of the network that have neither a partner nor a mark that says so."""
    found = []
    for row in pair(*(file.read_text() for file in files.values())):
        for folder, one, other in zip(files, row.sides, reversed(row.sides), strict=True):
            in_network = one.scope in (("class", "__init__"), ("class", "call"))
            if in_network and not other.text and not one.mark:
                found.append(f"{folder} has no partner for {one.code.strip()!r}")
    return found


def names_in(tree: ast.Module) -> set[str]:
    """Return every name that is used or imported."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.Attribute):
            found.add(node.attr)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found |= {part for alias in node.names for part in alias.name.split(".")}
            found |= set((getattr(node, "module", None) or "").split("."))
    return found


def model_of(file: Path) -> ast.ClassDef:
    """Return the one class of a twin."""
    (model,) = (node for node in ast.parse(file.read_text()).body if isinstance(node, ast.ClassDef))
    return model


def layers_of(file: Path) -> tuple[str, ...]:
    """Return the attributes that hold layers, in order, without those marked `only here`."""
    lines = file.read_text().splitlines()
    return tuple(
        target.attr
        for node in ast.walk(model_of(file))
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
        for target in node.targets
        if isinstance(target, ast.Attribute) and "only here:" not in lines[node.lineno - 1]
    )


@EVERY_PROBLEM
def test_twins_keep_the_rules(name):
    assert broken_rules({folder: twin(folder, name) for folder in PANELS}) == []


@EVERY_PROBLEM
def test_twins_have_layers(name):
    assert all(layers_of(twin(folder, name)) for folder in PANELS)


def test_a_twin_has_a_loss_where_its_recipe_asks_for_it():
    echo = problems.load("echo")
    sizes = {"train": 1, "validation": 1}
    recipe = Recipe(loss="own", learning_rate=1, batch_size=1, epochs=1, examples=sizes)
    assert functions_of(echo) == ["build"]
    assert functions_of(replace(echo, recipe=recipe)) == ["loss", "build"]


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("its twin is", "see also", "keras does not name its twin in its first line"),
        ("\n\n\ndef build", "\n" * 60 + "def build", "keras is longer than 60 lines"),
        ("def build", "def helper():\n    pass\n\n\ndef build", "keras has the functions"),
        ("import keras\n", "import keras\nfrom time import time\n", "keras deals with time"),
        ("import keras\n", "from numpy.random import normal\n", "keras deals with numpy"),
        (
            "        x = self.dense",
            "        print(x)\n        x = self.dense",
            "keras deals with print",
        ),
        ("class Echo(", "class Echoes(", "the classes have different names"),
        ("self.dense", "self.head", "the layers differ in name or order"),
        ("        return x", "        x = x\n        return x", "keras has no partner for 'x = x'"),
    ],
)
def test_a_broken_rule_is_found(copy, old, new, rule):
    file = copy / "backends" / "keras" / "echo.py"
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))
    (first, *_) = broken_rules({"pytorch": twin("pytorch", "echo"), "keras": file})
    assert first.startswith(rule)
