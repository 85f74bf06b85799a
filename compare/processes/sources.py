"""The files that a training depends on, with a hash of each: found by reading, never by running.

These are a problem, a twin or an engine, all of our files that they import, and the data files
beside them; of a project of the user's own, all its Python. Everything is read as bytes: a file
need not be UTF-8, nor valid Python.
"""

import ast
import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from backends import Side
from compare.processes import machine
from problems import _project

OURS = ("problems", "backends", "compare")
BY_NAME = ("import_module", "__import__")  # functions that import what a text names
BY_REFERENCE = ("model_of", "own_of")  # functions that load what a text refers to
COMPILED = (".so", ".pyd")  # modules
DIGITS = 16  # of a hash
# These say what is timed and measure it; what they import only tells of it.
MEASURING = ("compare/training/trainer.py", "compare/processes/usage.py")


class Imported(NamedTuple):
    """An import statement: `from ..module import names` has level 2."""

    level: int
    module: str
    names: tuple[str, ...] = ()


def of_problem(name: str) -> dict[str, str]:
    """Return the files that a problem depends on: path from the root, hash.

    Raises:
        OSError: one cannot be read.
    """
    file = _file(f"problems/{name}.py")
    return hashes(_with_data([file, *_all_of(_root(file))]))


def of_side(name: str, side: Side) -> dict[str, str]:
    """Return the files that a side depends on: its twin of a problem, its engine, the trainer.

    Raises:
        OSError: one cannot be read.
    """
    folder = machine.ROOT / "backends" / side.definition.folder
    machinery = (*(machine.ROOT / "backends").glob("_*.py"), *folder.glob("_*.py"))
    files = _with_data([_file(f"backends/{side.definition.folder}/{name}.py"), *machinery])
    return hashes({*files, *(file for name in MEASURING for file in machine.ROOT.glob(name))})


def change(before: Mapping[str, str], name: str, side: Side) -> str:
    """Return which files of a training are not what they were, as a sentence; "" if all are."""
    now = of_problem(name) | of_side(name, side)
    changed = sorted({path for path, _ in {*before.items()} ^ {*now.items()}})
    if not changed:
        return ""
    more = len(changed) - 1
    what = f"{changed[0]} and {more} more were" if more else f"{changed[0]} was"
    return f"{what} changed during the run; the same command does these trainings anew"


def hashes(files: Iterable[Path]) -> dict[str, str]:
    """Return a hash of each file, by its path from the root: of a project's, after "project/".

    What is in neither has its name after "elsewhere/".
    """
    found = {}
    for file in sorted(files):
        with file.open("rb") as opened:
            digest = hashlib.file_digest(opened, "sha256").hexdigest()
        root = _root(file)
        if not file.is_relative_to(root):
            path = f"elsewhere/{file.name}"
        elif root == machine.ROOT:
            path = file.relative_to(root).as_posix()
        else:
            path = f"project/{file.relative_to(root).as_posix()}"
        found[path] = digest[:DIGITS]
    return found


def _file(path: str) -> Path:
    """Return the file at a path from the root: the user's project's where it has one, or ours."""
    project = _project.root()
    return project / path if project and (project / path).is_file() else machine.ROOT / path


def _root(file: Path) -> Path:
    """Return the root that a file is of: the user's project, or ours."""
    project = _project.root()
    return project if project and file.is_relative_to(project) else machine.ROOT


def _all_of(root: Path) -> Iterator[Path]:
    """Yield all Python of a project; of ours nothing, for imports tell what is needed."""
    if root != machine.ROOT:
        for place, names in _project.walked(root):
            yield from (place / name for name in names if name.endswith(".py"))


def _with_data(files: Iterable[Path]) -> set[Path]:
    """Return the files, all that they import of the project, and the data files they name."""
    sources = _with_imports(files)
    text = b"\n".join(sources.values())
    # The root's folder holds far more than code, and so may one that is elsewhere.
    ours = (file.parent for file in sources if file.is_relative_to(_root(file)))
    folders = {*ours} - {machine.ROOT}
    named = (
        file
        for folder in folders
        for file, names in _below(folder)
        if any(os.fsencode(name) in text for name in names)
    )
    return {*sources, *named}


def _with_imports(files: Iterable[Path]) -> dict[Path, bytes]:
    """Return the text of files and of all that they import; one that is missing is left out."""
    sources: dict[Path, bytes] = {}
    waiting = list(files)
    while waiting:
        file = waiting.pop()
        if file in sources or not file.is_file():
            continue
        sources[file] = file.read_bytes()
        waiting += _initial(file.parent)
        if file.suffix == ".py":
            for imported in imports(sources[file]):
                waiting += _modules(file, imported)
            waiting += map(Path, referred(sources[file]))
    return sources


def _initial(folder: Path) -> Iterator[Path]:
    """Yield what is run before a module of a package: __init__.py of it and of those above it."""
    root = _root(folder)
    for above in (folder, *folder.parents):
        if above == root:
            return
        yield above / "__init__.py"


@cache
def imports(source: bytes) -> tuple[Imported, ...]:
    """Return the imports of a module, those in its functions too; none if it is not Python."""
    return tuple(imported for node in _nodes(source) for imported in _imports(node))


def _nodes(source: bytes) -> Iterator[ast.AST]:
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # its bytes count all the same
        return
    yield from ast.walk(tree)


@cache
def referred(source: bytes) -> tuple[str, ...]:
    """Return the files of models, losses and optimizers that a twin refers to.

    That is by FILE.py:NAME, or by PACKAGE.MODULE:NAME from the folder where the command is given.
    """
    if not any(name.encode() in source for name in BY_REFERENCE):
        return ()
    calls = (node for node in _nodes(source) if isinstance(node, ast.Call) and node.args)
    texts = (
        node.args[0].value
        for node in calls
        if getattr(node.func, "id", "") in BY_REFERENCE and isinstance(node.args[0], ast.Constant)
    )
    found: list[str] = []
    for text in map(str, texts):
        where, colon, _ = text.partition(":")
        if ".py:" in text:
            found.append(f"{text.partition('.py:')[0]}.py")
        elif colon:
            found += map(str, _module(Path.cwd().joinpath(*where.split("."))))
    return tuple(found)


def _imports(node: ast.AST) -> Iterator[Imported]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield Imported(0, alias.name)
    elif isinstance(node, ast.ImportFrom):
        yield Imported(node.level, node.module or "", tuple(alias.name for alias in node.names))
    elif isinstance(node, ast.Call) and node.args:
        called, first = node.func, node.args[0]
        name = getattr(called, "id", getattr(called, "attr", ""))
        if name in BY_NAME and isinstance(first, ast.Constant) and isinstance(first.value, str):
            module = first.value.lstrip(".")
            yield Imported(len(first.value) - len(module), module)


def _modules(file: Path, imported: Imported) -> Iterator[Path]:
    """Yield where the modules of an import would be, inside the project."""
    parts = [part for part in imported.module.split(".") if part]
    if not all(map(str.isidentifier, parts)):  # of a text that names no module
        return
    folder = machine.ROOT if file.is_relative_to(_root(file)) else file.parent
    if imported.level:
        above = [file, *file.parents]
        if len(above) <= imported.level or not above[imported.level].is_relative_to(_root(file)):
            return
        folder = above[imported.level]
    # Installed, the project's folder is that of all packages, which a version tells of.
    elif parts and parts[0] not in OURS and machine.ROOT.name in ("site-packages", "dist-packages"):
        return
    for n in range(1, len(parts) + 1):
        yield from _module(folder.joinpath(*parts[:n]))
    for name in imported.names:
        yield from _module(folder.joinpath(*parts, name))


def _module(place: Path) -> Iterator[Path]:
    yield place.with_name(f"{place.name}.py")
    yield place / "__init__.py"


def _below(folder: Path) -> Iterator[tuple[Path, list[str]]]:
    """Yield the files below a folder that are no source, with the names that code has for each.

    These are its own, and those of the folders that it is in, unless they hold Python: a folder of
    data may be named in place of each of its files. What is hidden is no data, nor what is cached.
    A link to a folder is one, but for a folder that was seen before.
    """
    above: dict[Path, list[str]] = {}
    seen: set[str] = set()
    for place, folders, files in os.walk(folder, followlinks=True):
        seen.add(os.path.realpath(place))
        folders[:] = [
            name
            for name in folders
            if _project.is_code(Path(place, name))
            and os.path.realpath(Path(place, name)) not in seen
        ]
        names = above.pop(Path(place), [])
        if names and any(name.endswith(".py") for name in files):
            names = names[:-1]
        above |= {Path(place, name): [*names, name] for name in folders}
        for name in files:
            file = Path(place, name)
            if name[0] != "." and file.suffix != ".py" and file.is_file():
                module = [name.partition(".")[0]] if file.suffix in COMPILED else []
                yield file, [name, *module, *names]
