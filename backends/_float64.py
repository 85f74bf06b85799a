"""What makes a twin that asks for float32 one of float64: for the ladder, never where it is timed.

Where a twin names float32, its program is changed as it is imported. What it imports is changed
too, if it is the user's own. So it holds whatever computes there: the framework, its engine, NumPy.
"""

import ast
import sys
from collections.abc import Mapping, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, MappingProxyType, ModuleType
from typing import Any

from backends._places import FRAMEWORKS

WIDE = MappingProxyType(  # a name or a text, and what stands in its place
    {
        "float32": "float64",
        "complex64": "complex128",
        "torch.FloatTensor": "torch.DoubleTensor",
    }
)
NUMERIC = (*FRAMEWORKS, "numpy")
NOT_OWN = ("problems", "backends", "compare", *NUMERIC)
# What is read from a file has the precision that it was written in.
READ = ("frombuffer", "fromfile", "memmap", "from_file")
LIBRARY = Path(ast.__file__).parent  # Python's own
INSTALLED = {"site-packages", "dist-packages"}
_names: Mapping[str, str] = {}  # what is changed in this process


class _Widening(ast.NodeTransformer):
    """Changes attributes, but for a network's own, imported names, and texts."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self.names = names

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        if ast.unparse(node.value) != "self":
            node.attr = self.names.get(node.attr, node.attr)
        return self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        read = isinstance(node.func, ast.Attribute) and node.func.attr in READ
        return node if read else self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if isinstance(node.value, str):
            node.value = WIDE.get(node.value, node.value)
        return node

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST:
        root = (node.module or "").partition(".")[0]
        if node.level or root not in NUMERIC:
            return node  # a module of the user's own has its names as they are
        for one in node.names:
            if one.name in self.names:
                one.name, one.asname = self.names[one.name], one.asname or one.name
        return node


class _Loader(SourceFileLoader):
    def __init__(self, name: str, path: str, names: Mapping[str, str]) -> None:
        super().__init__(name, path)
        self.names = names

    def get_code(self, fullname: str) -> CodeType:
        program = _Widening(self.names).visit(ast.parse(self.get_data(self.path), self.path))
        return compile(program, self.path, "exec")  # and no bytecode is left for others


class _Finder(MetaPathFinder):
    """Finds twins, and what is of the user's own."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        spec = PathFinder.find_spec(name, path, target)
        if spec is None or type(spec.loader) is not SourceFileLoader:
            return None
        if not (_is_twin(name) or _is_own(name, Path(spec.loader.path))):
            return None
        spec.loader = loader(name, spec.loader.path)
        return spec


def _is_twin(name: str) -> bool:
    folder, _, module = name.rpartition(".")
    return folder.startswith("backends.") and not module.startswith("_")


def _is_own(name: str, file: Path) -> bool:
    """Say whether a module is the user's: no part of Python, no installed package, none of ours."""
    known = file.is_relative_to(LIBRARY) or not INSTALLED.isdisjoint(file.parts)
    return not known and name.partition(".")[0] not in NOT_OWN


def widened(value: Any) -> Any:
    """Return what a program of the user's own is given from outside, changed as the program is."""
    return WIDE.get(value, value) if _names and isinstance(value, str) else value


def loader(name: str, path: str) -> SourceFileLoader | None:
    """Return what loads a program of the user's own; None where it is loaded as it is."""
    return _Loader(name, path, _names) if _names else None


def widen_twins(names: Mapping[str, str] = MappingProxyType({})) -> None:
    """Change what is imported of the user's from now on; `names` are further ones, of a framework.

    It is for good: a process has one precision.
    """
    globals()["_names"] = WIDE | names
    sys.meta_path.insert(0, _Finder())


def widen_gradients(torch: ModuleType) -> None:
    """Have no gradient of PyTorch's keep a constant in float32, as those of two functions do.

    They are hardsigmoid, for its 1/6, and CELU, for its 1/alpha.
    """
    functional = torch.nn.functional

    def hardsigmoid(input, inplace=False):  # noqa: A002, PyTorch's name
        return functional.relu6(input + 3) / 6

    def celu(input, alpha=1.0, inplace=False):  # noqa: A002
        return functional.elu(input / alpha) * alpha

    functional.hardsigmoid = hardsigmoid
    functional.celu = torch.celu = celu
