"""Where in a user's program a layer is made, for messages: a file and a line.

Imports no framework.
"""

import ast
import sys
from collections.abc import Iterable
from pathlib import Path


def files(kinds: Iterable[type], framework: str) -> list[Path]:
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
