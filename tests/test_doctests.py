"""The examples in docstrings hold."""

import doctest
from importlib import import_module

import pytest
from conftest import ROOT

SHOWING = [
    ".".join(file.relative_to(ROOT).with_suffix("").parts)
    for room in ("problems", "backends", "compare")
    for file in sorted((ROOT / room).rglob("*.py"))
    if ">>> " in file.read_text()
]


@pytest.mark.parametrize("module", SHOWING)
def test_the_examples_of_a_module_hold(module):
    found = doctest.testmod(import_module(module))
    assert found.attempted > 0
    assert found.failed == 0


def test_some_modules_have_examples():
    assert "compare.processes.machine" in SHOWING
