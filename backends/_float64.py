"""What makes a twin that asks for float32 one of float64: for the ladder, never where it is timed.

Where a twin names float32, its program is changed as it is imported. So it holds whatever computes
there: the framework, its engine, NumPy.
"""

import ast
import sys
from collections.abc import Mapping, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType, MappingProxyType, ModuleType

WIDE = MappingProxyType({"float32": "float64"})  # a name or a text, and what stands in its place


class _Widening(ast.NodeTransformer):
    """Changes attributes, but for a network's own, imported names, and texts."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self.names = names

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        if ast.unparse(node.value) != "self":
            node.attr = self.names.get(node.attr, node.attr)
        return self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if isinstance(node.value, str):
            node.value = WIDE.get(node.value, node.value)
        return node

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST:
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
    """Finds twins, and what lies beside them, but for the panel's own modules."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self.names = names

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        folder, _, module = name.rpartition(".")
        if not folder.startswith("backends.") or module.startswith("_"):
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec and type(spec.loader) is SourceFileLoader:
            spec.loader = _Loader(name, spec.loader.path, self.names)
        return spec


def widen_twins(names: Mapping[str, str] = MappingProxyType({})) -> None:
    """Change twins that are imported from now on; `names` are further ones, of a framework.

    It is for good: a process has one precision.
    """
    sys.meta_path.insert(0, _Finder(WIDE | names))


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
