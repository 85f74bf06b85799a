"""Where layers are: in a network, by path, and in a user's program, by file and line.

Imports no framework.
"""

import ast
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TypeVar

Layer = TypeVar("Layer")


def shortest(named: Iterable[tuple[str, Layer]]) -> list[tuple[str, Layer]]:
    """Return layers by path, each once, by the first of its shortest paths: those come first.

    So the name of a layer that is held twice does not hang on the order of lists and attributes.
    """
    found: dict[int, tuple[str, Layer]] = {}
    for path, layer in sorted(named, key=lambda one: (one[0].startswith("_"), one[0].count("/"))):
        found.setdefault(id(layer), (path, layer))
    return list(found.values())


def renamed(path: str, names: Mapping[str, str]) -> str:
    """Return a layer's path with the name that `names` has for it, or for what holds it.

    What holds it may have the name "": its layers are then named as if they were the model's.
    """
    held = path
    while held:
        if held in names:
            return (names[held] + path.removeprefix(held)).removeprefix("/")
        held = held.rpartition("/")[0]
    return path


def sources(kinds: Iterable[type], framework: str) -> list[Path]:
    """Return the files that define classes, but for those of a framework, each once."""
    names = {kind.__module__ for kind in kinds}
    names = {name for name in names if name.partition(".")[0] not in (framework, "builtins")}
    found = (getattr(sys.modules.get(name), "__file__", None) for name in sorted(names))
    return [Path(file) for file in found if file]


def made(kind: str, path: str, programs: Iterable[Path]) -> str:
    """Return ", made in FOLDER/FILE.py, line N" of a layer of a kind that is held at a path.

    That is where the kind is called, in the first of the programs that does, at best in a statement
    that sets the attribute which the path begins with, or else that statement; empty where there is
    neither.
    """
    attribute = path.partition("/")[0]
    best = (0, "")
    for file in programs:
        for node in ast.walk(ast.parse(file.read_bytes(), str(file))):
            if isinstance(node, ast.Assign | ast.AnnAssign):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                sets = any(getattr(target, "attr", "") == attribute for target in targets)
                calls = [one for one in ast.walk(node) if _calls(one, kind)]
                found, line = 1 * sets + 2 * bool(calls), (*calls, node)[0].lineno
            elif _calls(node, kind):
                found, line = 2, node.lineno
            else:
                continue
            if found > best[0]:
                best = (found, f", made in {file.parent.name}/{file.name}, line {line}")
    return best[1]


def _calls(node: ast.AST, kind: str) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == kind
