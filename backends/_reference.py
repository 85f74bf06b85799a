"""A model of the user's own, by reference: FILE.py:NAME, or PACKAGE.MODULE:NAME.

NAME is a class or a function, which is called to make the model, or the model itself. What it is
called with stands behind it: `nets.py:Net(10, width=8)`. Imports no framework.
"""

import ast
import inspect
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module, reload
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from backends import _float64

LAST, FIRST = "last", "first"  # where a model has the channels of its inputs
SEED = 0  # of the weights that a model draws itself: two looks at it see the same ones


class Reference(NamedTuple):
    """A reference, read: where the model is defined, its name there, and what it is called with."""

    where: str
    name: str
    args: tuple[Any, ...] = ()
    options: Mapping[str, Any] = {}
    called: bool = False


def read(text: str) -> Reference:
    """Return a reference, read.

    Raises:
        ValueError: it is none.
    """
    expected = f"{text}: expected FILE.py:NAME or PACKAGE.MODULE:NAME"
    where, _, name = text.partition(".py:")
    if name:
        where += ".py"
    else:
        where, _, name = text.partition(":")
    if not where or not name:
        raise ValueError(expected)
    try:
        node = ast.parse(name, mode="eval").body
    except SyntaxError:
        raise ValueError(expected) from None
    called = isinstance(node, ast.Call)
    try:
        args = tuple(map(ast.literal_eval, node.args)) if called else ()
        named = node.keywords if called else []
        options = {one.arg: ast.literal_eval(one.value) for one in named if one.arg}
        if len(options) < len(named):
            raise ValueError  # **options
    except (ValueError, TypeError):  # no literal, or none that can be
        raise ValueError(f"{text}: expected numbers and texts in the brackets") from None
    dotted = ast.unparse(node.func if called else node)
    if not all(part.isidentifier() for part in dotted.split(".")):
        raise ValueError(expected)
    return Reference(where, dotted, args, options, called)


def model_of(text: str) -> Any:
    """Return a new model; what has no parentheses and can be called without them is called.

    Raises:
        ValueError: there is no such file, or nothing of the name in it.
    """
    reference = read(text)
    found = _named(reference, _module(reference.where))
    if isinstance(found, type) or inspect.isroutine(found) or reference.called:
        return _called(found, reference)
    again = reference.where in _made  # a model that stands in the file is made by running it
    if again:
        found = _named(reference, _module(reference.where, again=True))
    _made.append(reference.where)
    return found


def own_of(text: str) -> Any:
    """Return what is named, such as a loss; a class is called, a function only with parentheses.

    Raises:
        ValueError: there is no such file, or nothing of the name in it.
    """
    reference = read(text)
    found = _named(reference, _module(reference.where))
    if isinstance(found, type) or reference.called:
        return _called(found, reference)
    return found


def _called(made: Callable[..., Any], reference: Reference) -> Any:
    args = map(_float64.widened, reference.args)
    options = {name: _float64.widened(value) for name, value in reference.options.items()}
    return made(*args, **options)


_made: list[str] = []  # files whose own model was handed out
_modules: dict[str, ModuleType] = {}


def _named(reference: Reference, module: ModuleType) -> Any:
    found: Any = module
    for part in reference.name.split("."):
        if not hasattr(found, part):
            there = [name for name in vars(module) if name[0] != "_"]
            came = ", ".join(there[:20]) or "nothing"
            raise ValueError(f"{reference.where}: expected {reference.name} in it, came {came}")
        found = getattr(found, part)
    return found


def _module(where: str, *, again: bool = False) -> ModuleType:
    """Return a module; that of a file has a name of ours, so that it hides no other."""
    if where in _modules and not again:
        return _modules[where]
    if not where.endswith(".py"):
        _at_the_end(Path.cwd())
        _modules[where] = reload(_modules[where]) if again else import_module(where)
        return _modules[where]
    file = Path(where).resolve()
    if not file.is_file():
        raise ValueError(f"{where}: expected a file, came none")
    sys.dont_write_bytecode = True  # in a folder of the user's
    _at_the_end(file.parent)  # for what it imports beside it
    name = f"diptych_own_{file.stem}_{len(_modules)}"
    spec = spec_from_file_location(name, file, loader=_float64.loader(name, str(file)))
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except ImportError as error:
        del sys.modules[name]
        if "no known parent package" not in str(error):
            raise
        raise ValueError(
            f"{where}: it has relative imports: go to the folder that holds its package, and name "
            f"it PACKAGE.{file.stem}:NAME"
        ) from None
    _modules[where] = module
    return module


def _at_the_end(folder: Path) -> None:
    if str(folder) not in sys.path:
        sys.path.append(str(folder))


def calls(inputs: Sequence[str]) -> dict[str, str]:
    """Return the ways in which a model may take its inputs, as Python, each by its name."""
    if inputs == [""]:
        return {"alone": "self.model({x})"}
    each = ", ".join(f"{{{name}}}" for name in inputs)
    by_name = ", ".join(f'"{name}": {{{name}}}' for name in inputs)
    return {
        "in order": f"self.model({each})",
        "by name": f"self.model({{{{{by_name}}}}})",
        "as a list": f"self.model([{each}])",
    }


class Looked(NamedTuple):
    """What was seen of a model; shapes have the batch first, and channels where the model does."""

    way: str  # a name of `calls`
    moved: tuple[str, ...]  # inputs that get their channels second
    layers: list[dict[str, Any]]  # in the order of their first calls
    outputs: dict[str, tuple[int, ...]]  # by name; one alone has the name ""
    parts: dict[str, str]  # of outputs without names, in order: subscripts in Python, such as [0]
    doubtful: bool  # whether the first layer takes an axis of space for the channels
    weights: Mapping[str, Any] = {}  # arrays by path, as Keras lays them out; averages too


class Seen(NamedTuple):
    """What a model did as it was called in one way."""

    layers: list[dict[str, Any]]
    output: Any
    doubtful: bool = False


def look(
    x: Mapping[str, Any],
    see: Callable[[str, tuple[str, ...]], Seen],
    is_tensor: Callable[[Any], bool],
    channels: Sequence[str] = (LAST,),
) -> Looked:
    """Return what is seen of a model, called in the first way in which it runs.

    `see` calls it, as a text of `calls` says, with inputs of which some have their channels second.
    `channels` are the places to try for them.

    Raises:
        ValueError: it runs in no way; the message says why it did not in the first.
    """
    found, errors = [], []
    movable = tuple(name for name, one in x.items() if one.ndim > 2)
    for moved in dict.fromkeys(movable if one == FIRST else () for one in channels):
        for way, call in calls(list(x)).items():
            try:
                seen = see(call, moved)
                outputs, parts = _shapes(seen.output, is_tensor)
            except Exception as error:  # of the user's model, or for a wrong way to call it
                errors.append(f"{type(error).__name__}: {' '.join(str(error).split())}")
                continue
            found.append(Looked(way, moved, seen.layers, outputs, parts, seen.doubtful))
    for one in (*(one for one in found if not one.doubtful), *found):
        return one
    both = movable and len(channels) > 1
    moved = f"; with channels second: {errors[-1]}" if both else ""
    raise ValueError(f"the model does not run on such inputs: {errors[0]}{moved}")


def loaded(load: Callable[[Path], None], file: str) -> None:
    """Load stored weights.

    Raises:
        ValueError: that fails; the message names the file.
    """
    try:
        load(Path(file))
    except Exception as error:  # of the library that reads it: a file may hold anything
        raise ValueError(f"weights of {file}: {' '.join(str(error).split())}") from None


def _shapes(
    output: Any, is_tensor: Callable[[Any], bool]
) -> tuple[dict[str, tuple[int, ...]], dict[str, str]]:
    """Return the shapes of outputs by name, and of those without names their subscripts."""
    parts = {}
    if isinstance(output, tuple | list):
        found = dict(_subscripts(output, is_tensor))
        names = [f"output{i}" for i in range(len(found))] if len(found) > 1 else [""]
        parts = dict(zip(names, found, strict=False))
        output = dict(zip(names, found.values(), strict=False))
    elif not isinstance(output, Mapping):
        output = {"": output}
    if not output or not all(map(is_tensor, output.values())):
        came = ", ".join(type(one).__name__ for one in output.values()) or "none"
        raise TypeError(f"expected tensors as outputs, came {came}")
    return {str(name): tuple(map(int, one.shape)) for name, one in output.items()}, parts


def _subscripts(
    output: Any, is_tensor: Callable[[Any], bool], before: str = ""
) -> Iterator[tuple[str, Any]]:
    """Yield the tensors in tuples, lists and dicts, each by its subscripts."""
    for place, one in output.items() if isinstance(output, Mapping) else enumerate(output):
        if is_tensor(one):
            yield f"{before}[{place!r}]", one
        elif isinstance(one, tuple | list | Mapping):
            yield from _subscripts(one, is_tensor, f"{before}[{place!r}]")
