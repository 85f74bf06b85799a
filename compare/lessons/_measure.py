"""Runs what a lesson shows, and what it measures: `python -m compare.lessons._measure FOLDER`.

FOLDER/asked.json names a lesson and a side, and has its lines. Figures are left in
FOLDER/figures.json. What a lesson measures finds in its names: `figures`, to be filled; `shown`,
the program that is read; `twins`, the text of every twin of the side, by problem; and the functions
`once`, `seconds`, `ratios`, `lines_of`, `sizes` and `naming`.
"""

import ast
import json
import os
import re
import sys
import tempfile
from collections.abc import Callable
from operator import attrgetter
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter
from typing import Any

from backends import Side, twin
from backends._tiers import CACHES
from compare.processes.launcher import ASKED
from compare.records.files import write_whole

FILE = "figures.json"
REPEATS = 50


def once(work: Callable[[], object]) -> float:
    """Return the seconds of a call."""
    started = perf_counter()
    work()
    return perf_counter() - started


def seconds(work: Callable[[], object]) -> float:
    """Return the seconds of a call: the median of REPEATS, after one that does not count."""
    work()
    return median(once(work) for _ in range(REPEATS))


def ratios(work: Callable[[], object], other: Callable[[], object]) -> list[float]:
    """Return how many times as long a call takes as another one: quartiles over REPEATS turns.

    They are called in turns, so that what else the machine does falls on both.
    """
    work(), other()
    return quantiles([once(work) / once(other) for _ in range(REPEATS)], n=4)


def lines_of(program: str, name: str) -> int:
    """Return how many lines the statement of a program has that defines a name.

    Raises:
        ValueError: nothing defines it.
    """
    for node in ast.parse(program).body:
        targets = getattr(node, "targets", [])
        if name in (getattr(node, "name", ""), *(ast.unparse(target) for target in targets)):
            text = ast.get_source_segment(program, node) or ""
            return sum(bool(line.strip()) for line in text.splitlines())
    raise ValueError(f"nothing defines {name}")


def sizes(program: str) -> dict[str, list[str]]:
    """Return the sizes that a program gives each of its layers, by the layer's name.

    Layers are what __init__ makes; sizes are what a layer is given without a name, or by a name
    that ends in "size". Layers in a layer count as parts of it. What __init__ only keeps, for a
    later reshape, is a size too.
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
                if not calls:
                    kept = made.value
                    numbers = kept.elts if isinstance(kept, ast.Tuple) else [kept]
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


def names_of(asked: dict[str, str]) -> dict[str, Any]:
    """Return what the lines of a lesson find in their names; makes the framework ready."""
    side = Side.parse(asked["side"])
    side.definition.engine().prepare(device="cpu", threads=1)
    _seed()
    names: dict[str, Any] = {"__name__": "lesson", "figures": {}, "shown": asked["shown"]}
    names |= {one.__name__: one for one in (once, seconds, ratios, lines_of, sizes, naming)}
    folder_of = side.definition.folder
    names["twins"] = {name: twin(folder_of, name).read_text() for name in asked["problems"]}
    return names


def main(folder: Path) -> None:
    """Run the lines of a lesson for a side."""
    asked = json.loads((folder / ASKED).read_text())
    # What compiling takes, it takes anew, whatever was compiled on this machine before.
    os.environ |= dict.fromkeys((*CACHES, "TMPDIR"), str(folder))
    tempfile.tempdir = None
    names = names_of(asked)
    for part in ("shown", "measured"):
        exec(compile(asked[part], f"{asked['lesson']}, {asked['side']}, {part}", "exec"), names)
    write_whole(folder / FILE, json.dumps(names["figures"], allow_nan=False))


def _seed() -> None:
    """Have all that is drawn without a seed be the same each time."""
    for framework, seed in (("torch", "manual_seed"), ("keras", "utils.set_random_seed")):
        if framework in sys.modules:
            attrgetter(seed)(sys.modules[framework])(0)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
