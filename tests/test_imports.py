"""Who may import whom: problems <- backends <- compare, and one framework per folder."""

import ast
import sys
from pathlib import Path

import pytest
from conftest import run_python

from compare.processes.machine import ROOT

FRAMEWORKS = {"torch", "keras", "tensorflow", "jax", "jaxlib"}
LIBRARIES = {
    *("jinja2", "markupsafe", "matplotlib", "msgspec", "numpy", "pandas", "pygments"),
    *("pynvml", "pytest_benchmark", "ray", "rich", "scipy", "tensorboardX"),
}
# What a folder or file may import beside the standard library and itself. The longest match counts,
# on both sides: `backends` allows backends/_clock.py, not backends/keras.
OUTSIDE = {
    "problems": {"numpy"},
    "backends": {"numpy", "problems"},
    "backends/pytorch": {"numpy", "problems", "backends", "safetensors", "torch"},
    "backends/keras": {"numpy", "problems", "backends", "keras"},
}
# The house: its floors from the ground up, and what a room may use of the rooms beside or below it.
# All of them may use the libraries, problems and backends.
GROUND = {
    "compare/text": set(),
    "compare/console": {"text"},
    "compare/records": {"text", "console"},
    "compare/options": {"text", "records"},
    "compare/processes": {"text", "console", "options", "records"},
}
PLAIN = {path.partition("/")[2] for path in GROUND}
ROOMS = GROUND | {
    "compare/proof": PLAIN,
    "compare/project": PLAIN | {"proof"},
    "compare/match": PLAIN | {"proof", "training"},
    "compare/tables": PLAIN,
    "compare/drawing": {"text", "records"},
    "compare/programs": PLAIN,
    "compare/lessons": PLAIN | {"lessons.traps"},
    "compare/lessons/traps": PLAIN | {"proof", "match"},
    "compare/training": PLAIN | {"proof", "tables"},
    "compare/diff": PLAIN | {"tables"},
    "compare/studies": PLAIN | {"tables", "drawing", "training"},
    "compare/page": PLAIN | {"tables", "drawing", "programs", "studies", "lessons"},
    "compare/__main__": PLAIN,
    "compare/__init__": {"records"},
}
RECORDS_COMMAND = "compare/records/command"  # the parser of a ground-floor room needs options
ALLOWED = OUTSIDE | {
    room: LIBRARIES | {"problems", "backends"} | {f"compare.{name}" for name in beside}
    for room, beside in (
        ROOMS | {RECORDS_COMMAND: {"options", "console", "records", "text"}}
    ).items()
}
OWN = {rule.replace("/", ".") for rule in ALLOWED} | {"compare"}


def imports(file: Path) -> set[str]:
    """Return the packages that a file imports, in functions and by name too."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "import_module":
            argument = node.args[0]
            found |= {argument.value} if isinstance(argument, ast.Constant) else set()
    return {package_of(name) for name in found} - sys.stdlib_module_names


def package_of(name: str) -> str:
    """Return the one of our packages that a module is in, or the first part of its name."""
    ours = [own for own in OWN if f"{name}.".startswith(f"{own}.")]
    return max(ours, key=len) if ours else name.partition(".")[0]


def violations(root: Path) -> list[str]:
    """Return every forbidden import below `root`, as "file imports package"."""
    found = []
    for folder in ("problems", "backends", "compare"):
        for file in sorted((root / folder).rglob("*.py")):
            path = file.relative_to(root).with_suffix("").as_posix()
            rules = [rule for rule in ALLOWED if f"{path}/".startswith(f"{rule}/")]
            if not rules:
                found.append(f"{path} is in no room")
                continue
            rule = max(rules, key=len)
            allowed = ALLOWED[rule] | {rule.replace("/", ".")}
            found += [f"{path}.py imports {name}" for name in sorted(imports(file) - allowed)]
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
        ("backends/pytorch/echo.py", "from backends.keras import echo", "backends.keras"),
        ("backends/__init__.py", "import backends.pytorch._engine", "backends.pytorch"),
        ("backends/_clock.py", "import_module('torch')", "torch"),
        ("compare/tables/results.py", "import torch", "torch"),
        ("compare/tables/results.py", "from compare.page import report", "compare.page"),
        ("compare/text.py", "import compare.console", "compare.console"),
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
HEAVY = ",".join(sorted(FRAMEWORKS | {"jinja2", "matplotlib", "pandas", "scipy"}))
# What the help has no use for, and `list` needs.
HEAVY_FOR_HELP = f"{HEAVY},importlib.metadata,msgspec,numpy,pynvml,rich,subprocess"


@pytest.mark.parametrize(
    ("command", "heavy"),
    [("--help", HEAVY_FOR_HELP), ("run --help", HEAVY_FOR_HELP), ("list", HEAVY)],
)
def test_help_and_list_load_nothing_heavy(command, heavy):
    done = run_python("-c", LOADED, heavy, *command.split())
    assert done.stdout.endswith("loaded: []\n"), done.stdout + done.stderr


def test_a_loaded_framework_would_be_seen():
    done = run_python("-c", f"import pandas\n{LOADED}", HEAVY, "list")
    assert done.stdout.endswith("loaded: ['pandas']\n"), done.stdout + done.stderr


PARENT = """
import sys
for name in {blocked}:
    sys.modules[name] = None  # so that importing it fails
import compare.proof.check, compare.training.schedule, compare.programs.show
import compare.console, compare.__main__
print("imported")
"""


def test_the_parent_imports_no_framework():
    done = run_python("-c", PARENT.format(blocked=sorted(FRAMEWORKS)))
    assert done.stdout == "imported\n", done.stderr


def test_a_parent_that_imports_one_would_be_seen(copy):
    with (copy / "compare" / "processes" / "launcher.py").open("a") as file:
        file.write("import torch\n")
    done = run_python("-c", PARENT.format(blocked=sorted(FRAMEWORKS)), cwd=copy)
    assert "import of torch halted" in done.stderr


LEAN = """
import sys

class Nothing:
    def find_spec(self, name, path=None, target=None):
        known = sys.stdlib_module_names | {"numpy", "problems", "backends", "compare"}
        if name.partition(".")[0] not in known:
            raise ImportError(f"here is no {name}")

sys.meta_path.insert(0, Nothing())
import compare.MODULE
print("imported")
"""
# What runs in the environment of a backend, which has NumPy and the framework, and maybe no more.
RUN_THERE = sorted(
    ".".join(file.relative_to(ROOT / "compare").with_suffix("").parts)
    for file in (ROOT / "compare").rglob("*.py")
    if file.stem != "__main__" and "__main__" in file.read_text()
)


@pytest.mark.parametrize("module", RUN_THERE)
def test_the_processes_of_a_backend_need_numpy_alone(module):
    done = run_python("-c", LEAN.replace("MODULE", module))
    assert done.stdout == "imported\n", done.stderr


def test_a_process_that_needs_more_would_be_seen(copy):
    with (copy / "compare" / "records" / "record.py").open("a") as file:
        file.write("import rich\n")
    done = run_python("-c", LEAN.replace("MODULE", "training.trainer"), cwd=copy)
    assert "here is no rich" in done.stderr


def test_our_folder_does_not_shadow_keras():
    done = run_python("-c", "import keras; assert hasattr(keras, 'Model')", backend="keras-torch")
    assert done.returncode == 0, done.stderr
