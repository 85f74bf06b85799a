"""The rules of the twins: what makes two programs readable side by side."""

import ast
from pathlib import Path

import pytest
from conftest import COMPLETE

from backends import PANELS, twin

LONGEST = 60
EVERY_TWIN = pytest.mark.parametrize(
    "file",
    [twin(folder, name) for name in COMPLETE for folder in PANELS],
    ids=lambda f: f.parts[-2:],
)
# What a twin must not deal with: another file does.
FOREIGN = {"seed", "manual_seed", "device", "cuda", "open", "print", "time", "random", "numpy"}


def tree_of(file: Path) -> ast.Module:
    return ast.parse(file.read_text())


def model_of(file: Path) -> ast.ClassDef:
    (model,) = (node for node in tree_of(file).body if isinstance(node, ast.ClassDef))
    return model


def layers_of(file: Path) -> list[str]:
    """Return the attributes that hold layers, in order, without those marked `only here`."""
    lines = file.read_text().splitlines()
    return [
        target.attr
        for node in ast.walk(model_of(file))
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
        for target in node.targets
        if isinstance(target, ast.Attribute) and "only here:" not in lines[node.lineno - 1]
    ]


@EVERY_TWIN
def test_a_twin_names_its_twin_first_and_stays_short(file):
    other = next(folder for folder in PANELS if folder != file.parent.name)
    first, *_ = ast.get_docstring(tree_of(file)).splitlines()
    assert f"its twin is backends/{other}/{file.name}" in first
    assert len(file.read_text().splitlines()) <= LONGEST


@EVERY_TWIN
def test_a_twin_has_one_model_and_one_public_function_build(file):
    functions = [node.name for node in tree_of(file).body if isinstance(node, ast.FunctionDef)]
    assert functions == ["build"]
    assert model_of(file)


@EVERY_TWIN
def test_a_twin_leaves_seeds_devices_clocks_and_data_to_others(file):
    tree = tree_of(file)
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    names |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    names |= {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    assert not names & FOREIGN


@pytest.mark.parametrize("name", COMPLETE)
def test_twins_have_the_same_class_and_the_same_layers_in_the_same_order(name):
    files = [twin(folder, name) for folder in PANELS]
    assert len({model_of(file).name for file in files}) == 1
    first, *others = map(layers_of, files)
    assert first
    assert all(first == other for other in others)
