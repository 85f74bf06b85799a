"""Who may import whom: problems <- backends <- compare, and one framework per folder."""

import ast
import sys
from pathlib import Path

import pytest
from conftest import run_python

from compare.machine import ROOT

FRAMEWORKS = {"torch", "keras", "tensorflow", "jax", "jaxlib"}
# Folder or file: what it may import beside the standard library. The longest match counts.
ALLOWED = {
    "problems": {"numpy", "problems"},
    "backends": {"numpy", "problems", "backends"},
    "backends/pytorch": {"numpy", "problems", "backends", "torch"},
    "backends/keras": {"numpy", "problems", "backends", "keras"},
    "compare": {"numpy", "pandas", "rich", "problems", "backends", "compare"},
}


def imports(file: Path) -> set[str]:
    """Return the packages that a file imports, in functions too."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").partition(".")[0])
    return found - sys.stdlib_module_names


def violations(root: Path) -> list[str]:
    """Return every forbidden import below `root`, as "file imports package"."""
    found = []
    for folder in ("problems", "backends", "compare"):
        for file in sorted((root / folder).rglob("*.py")):
            path = file.relative_to(root).as_posix()
            rule = max((rule for rule in ALLOWED if path.startswith(f"{rule}/")), key=len)
            found += [f"{path} imports {name}" for name in sorted(imports(file) - ALLOWED[rule])]
    return found


def test_imports_go_one_way():
    assert violations(ROOT) == []


@pytest.mark.parametrize(
    ("path", "line", "named"),
    [
        ("problems/echo.py", "import backends", "backends"),
        ("problems/echo.py", "import torch", "torch"),
        ("backends/_clock.py", "from compare import run", "compare"),
        ("backends/__init__.py", "def f():\n    import keras.ops", "keras"),
        ("backends/pytorch/echo.py", "import tensorflow as tf", "tensorflow"),
        ("backends/keras/_engine.py", "from torch import nn", "torch"),
        ("compare/table.py", "import torch", "torch"),
    ],
)
def test_a_forbidden_import_is_found(copy, path, line, named):
    with (copy / path).open("a") as file:
        file.write(f"\n{line}\n")
    assert violations(copy) == [f"{path} imports {named}"]


LOADED = """
import sys
from compare.__main__ import main
try:
    main(sys.argv[2:])
except SystemExit:
    pass
print("loaded:", sorted(set(sys.argv[1].split(",")) & set(sys.modules)))
"""
HEAVY = ",".join(sorted(FRAMEWORKS | {"pandas", "scipy"}))


@pytest.mark.parametrize("command", ["--help", "list", "run --help"])
def test_help_and_list_load_no_framework(command):
    done = run_python("-c", LOADED, HEAVY, *command.split())
    assert done.stdout.endswith("loaded: []\n"), done.stdout + done.stderr


def test_a_loaded_framework_would_be_seen():
    done = run_python("-c", f"import pandas\n{LOADED}", HEAVY, "list")
    assert done.stdout.endswith("loaded: ['pandas']\n"), done.stdout + done.stderr


def test_everything_but_training_works_without_a_framework(copy):
    """The parent, tables and problems import none, even where all are installed."""
    code = "import compare.comparison, compare.check, compare.terminal, compare.show, sys\n"
    code += f"print(sorted(set({sorted(FRAMEWORKS)}) & set(sys.modules)))"
    done = run_python("-c", code, cwd=copy)
    assert done.stdout == "[]\n", done.stderr


def test_our_folder_does_not_shadow_keras():
    done = run_python("-c", "import keras; assert hasattr(keras, 'Model')", backend="keras-torch")
    assert done.returncode == 0, done.stderr
