"""Runs what a lesson shows, and what it measures: `python -m compare.lessons._measure FOLDER`.

FOLDER/asked.json names a lesson and a side, and has its lines. Figures are left in
FOLDER/figures.json. What a lesson measures finds in its names: `figures`, to be filled; `shown`,
the program that is read; `twins`, the text of every twin of the side, by problem; and the functions
`seconds`, `source`, `sizes` and `naming`.
"""

import ast
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import problems
from backends import Side, twin
from compare.files import write_whole
from compare.processes.launcher import ASKED

FILE = "figures.json"
REPEATS = 50


def seconds(work: Callable[[], object], wait: Callable[[], object] = lambda: None) -> float:
    """Return the median time of a call; `wait` ends when its work has been done."""
    taken = []
    for _ in range(REPEATS + 1):
        started = perf_counter()
        work()
        wait()
        taken.append(perf_counter() - started)
    return median(taken[1:])


def source(program: str, name: str) -> str:
    """Return the statement of a program that defines a name, without comments."""
    for node in ast.parse(program).body:
        targets = getattr(node, "targets", [])
        if name in (getattr(node, "name", ""), *(ast.unparse(target) for target in targets)):
            return ast.unparse(node)
    raise ValueError(f"nothing defines {name}")


def sizes(program: str) -> dict[str, list[str]]:
    """Return the sizes that a program gives each of its layers, by the layer's name.

    Layers are what __init__ makes; sizes are what a layer is given without a name, or by a name
    that ends in "size". Layers in a layer count as parts of it.
    """
    found = {}
    for node in ast.walk(ast.parse(program)):
        if isinstance(node, ast.FunctionDef) and node.name == "__init__":
            for made in [one for one in node.body if isinstance(one, ast.Assign)]:
                calls = [one for one in ast.walk(made.value) if isinstance(one, ast.Call)]
                given = [one for call in calls for one in call.args]
                given += [
                    one.value
                    for call in calls
                    for one in call.keywords
                    if (one.arg or "").endswith("size")
                ]
                numbers = [one for one in given if not isinstance(one, ast.Call)]
                name = ast.unparse(made.targets[0]).removeprefix("self.")
                found[name] = [ast.unparse(one) for one in numbers]
    return found


def naming(program: str, words: str) -> int:
    """Return how many lines of a program name one of some words, but for remarks and docstrings."""
    lines = ast.unparse(_bare(ast.parse(program))).splitlines()
    return sum(bool(re.search(words, line)) for line in lines)


def _bare(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            node.body = [one for one in node.body if not _docstring(one)] or [ast.Pass()]
    return tree


def _docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def main(folder: Path) -> None:
    """Run the lines of a lesson for a side."""
    asked = json.loads((folder / ASKED).read_text())
    side = Side.parse(asked["side"])
    side.definition.engine().prepare(device="cpu", threads=1)
    names: dict[str, Any] = {"__name__": "lesson", "seconds": seconds, "figures": {}}
    names |= {"shown": asked["shown"], "source": source, "sizes": sizes, "naming": naming}
    folder_of = side.definition.folder
    names["twins"] = {name: twin(folder_of, name).read_text() for name in problems.names()}
    for part in ("shown", "measured"):
        exec(compile(asked[part], f"{asked['lesson']}, {side}, {part}", "exec"), names)
    write_whole(folder / FILE, json.dumps(names["figures"]))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
