"""What makes a twin that asks for float32 one of float64: for the ladder, never where it is timed.

Where a twin names float32, its program is changed as it is imported. So it holds whatever computes
there: the framework, its engine, NumPy.
"""

import ast
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType, ModuleType

# Attribute, imported name, or text: what stands in its place. `float` is a type and a method of
# PyTorch's; the function of Python is neither an attribute nor imported.
WIDE = {"float32": "float64", "f4": "f8", "single": "double"}
WIDE |= {
    "float": "double",
    "FloatTensor": "DoubleTensor",
    "torch.FloatTensor": "torch.DoubleTensor",
}
TEXTS = WIDE.keys() - {"float", "single"}


class _Widening(ast.NodeTransformer):
    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        node.attr = WIDE.get(node.attr, node.attr)
        return self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if node.value in TEXTS:
            node.value = WIDE[node.value]
        return node

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST:
        for name in node.names:
            if name.name in WIDE:
                name.name, name.asname = WIDE[name.name], name.asname or name.name
        return node


class _Loader(SourceFileLoader):
    def get_code(self, fullname: str) -> CodeType:
        program = _Widening().visit(ast.parse(self.get_data(self.path)))
        return compile(program, self.path, "exec")  # and no bytecode is left for others


class _Finder(MetaPathFinder):
    """Finds twins, and what lies beside them, but for the panel's own modules."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        folder, _, module = name.rpartition(".")
        if not folder.startswith("backends.") or module.startswith("_"):
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec and type(spec.loader) is SourceFileLoader:
            spec.loader = _Loader(name, spec.loader.path)
        return spec


def widen_twins() -> None:
    """Change twins that are imported from now on. It is for good: a process has one precision."""
    sys.meta_path.insert(0, _Finder())
