"""A program as statements: whole lines, with their comments, and what each statement does."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from tokenize import COMMENT, DEDENT, ENDMARKER, INDENT, NEWLINE, NL, generate_tokens

MARKS = {  # what a comment may say of its statement, as "differs: ...", and what that means
    "differs": "a default was overridden, so that both are alike",
    "only here": "no partner on the other side",
}
ROLES = {"forward": "call"}  # two frameworks' names of one method
UNREADABLE = (SyntaxError, ValueError, RecursionError, MemoryError)
LAYOUT = {COMMENT, DEDENT, ENDMARKER, INDENT, NEWLINE, NL}
Scope = tuple[str, ...]  # classes and functions around, e.g. ("class", "call")
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Doing:
    """What a statement does, in words that both frameworks share."""

    kind: str  # e.g. "make" an attribute of self, or "step": change a variable or call a layer
    key: str = ""  # what it is about: statements of one kind and key are the same step
    layers: tuple[str, ...] = ()  # the attributes of self that it calls, the innermost first
    does: str = ""  # all that it calls, in that order, or the expression if it calls nothing


@dataclass(frozen=True)
class Statement:
    """A statement with the blank lines and comments before it; all is empty if there is none."""

    text: str = ""  # its lines as they are, newlines included
    comments: tuple[str, ...] = ()  # without their signs
    scope: Scope = ()
    doing: Doing = Doing("")

    @property
    def code(self) -> str:
        """The lines, without the blank ones around them."""
        return re.sub(r"\A(\s*\n)+", "", self.text).rstrip()

    @property
    def blank(self) -> bool:
        """Whether a blank line stands before it."""
        return re.match(r"[^\S\n]*\n", self.text) is not None

    @property
    def mark(self) -> str:
        """What its comments mark it as: "only here", which tells more, "differs" or nothing."""
        return next((mark for mark in reversed(MARKS) if f"{mark}:" in " ".join(self.comments)), "")


def statements(program: str) -> list[Statement]:
    """Return a program's statements; their texts, joined, are the program.

    A statement over several lines is one, so is the head of a class, function or block, and a
    decorator belongs to what it decorates.

    Raises:
        UNREADABLE: it is not Python, has zero bytes in it, or is nested too deeply.
    """
    nodes: dict[int, tuple[Scope, Doing]] = {}
    for place, node in placed(ast.parse(program)):
        nodes.setdefault(node.lineno, (place, doing(node)))
    found: list[Statement] = []
    scope: Scope = ()
    for text, comments, first in logical_lines(program):
        scope, what = nodes.get(first, (scope, Doing("rest of a block", text.strip())))
        found.append(Statement(text, comments, scope, what))
    return found


def placed(node: ast.AST, scope: Scope = ()) -> Iterator[tuple[Scope, ast.stmt]]:
    """Yield every statement below a node, in order, with its scope."""
    for child in ast.iter_child_nodes(node):
        inner = scope
        if isinstance(child, ast.stmt):
            yield scope, child
        if isinstance(child, ast.ClassDef):
            inner = (*scope, "class")
        elif isinstance(child, Function):
            inner = (*scope, ROLES.get(child.name, child.name))
        yield from placed(child, inner)


def logical_lines(program: str) -> list[tuple[str, tuple[str, ...], int]]:
    """Return the text, the comments and the number of the first line of code of every statement."""
    lines = StringIO(program).readlines()
    found: list[tuple[str, tuple[str, ...], int]] = []
    start, first, decorates, comments = 0, 0, False, list[str]()
    for token in generate_tokens(StringIO(program).readline):
        row = token.start[0]
        if token.type == COMMENT:
            comments.append(token.string.lstrip("# "))
        elif token.type == NEWLINE and decorates:
            first, decorates = 0, False
        elif token.type == NEWLINE:
            found.append(("".join(lines[start:row]), tuple(comments), first))
            start, first, comments = row, 0, []
        elif token.type not in LAYOUT and not first:
            first, decorates = row, token.string == "@"
    if rest := "".join(lines[start:]):  # what stands after the last statement goes with it
        text, before, first = found.pop() if found else ("", (), 0)
        found.append((text + rest, (*before, *comments), first))
    return found


def doing(node: ast.stmt) -> Doing:
    """Return what a statement does; of a block, what its head does."""
    match node:
        case ast.Expr(value=ast.Constant(value=str())):
            return Doing("docstring")
        case ast.Import() | ast.ImportFrom():
            return Doing("import", type(node).__name__)
        case ast.ClassDef(name=name):
            return Doing("class", name)
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            return Doing("def", ROLES.get(name, name))
        case ast.Assign(targets=targets, value=value):
            return assigning(targets, value)
        case ast.AnnAssign(target=target, value=ast.expr() as value):
            return assigning([target], value)
        case ast.AugAssign(target=target, value=value):
            return assigning([target], ast.BinOp(target, node.op, value))
        case ast.Return(value=ast.expr() as value) if layers_called(value):
            return assigning([], value)
        case ast.Expr(value=value):
            return Doing("expression", ast.unparse(value))
    return Doing(type(node).__name__)


def assigning(targets: list[ast.expr], value: ast.expr) -> Doing:
    """Return what it does to give a value to targets, or to return it."""
    does = ", ".join(name for name, _ in called(value)) or ast.unparse(value)
    names = ", ".join(map(ast.unparse, targets))
    if any(attribute_of_self(node) for target in targets for node in ast.walk(target)):
        return Doing("make", names, (), does)
    if layers := layers_called(value):
        return Doing("step", f"call of {', '.join(layers)}", layers, does)
    if variables(*targets) & variables(value):
        return Doing("step", does, (), does)
    return Doing("assign", names, (), does)


def variables(*nodes: ast.AST) -> set[str]:
    """Return the names of the variables in expressions."""
    return {one.id for node in nodes for one in ast.walk(node) if isinstance(one, ast.Name)}


def layers_called(value: ast.expr) -> tuple[str, ...]:
    """Return the attributes of self that are called, the innermost first, each once."""
    return tuple(dict.fromkeys(name for name, is_layer in called(value) if is_layer))


def called(node: ast.AST) -> Iterator[tuple[str, bool]]:
    """Yield the name of all that is called, the innermost first, and whether self has it."""
    for child in ast.iter_child_nodes(node):
        yield from called(child)
    if isinstance(node, ast.Call):
        layer = attribute_of_self(node.func)
        yield layer or ast.unparse(node.func).rpartition(".")[2], bool(layer)


def attribute_of_self(node: ast.AST) -> str:
    """Return the name of an attribute of self, or of a list there that a layer is taken from."""
    while isinstance(node, ast.Subscript):
        node = node.value
    match node:
        case ast.Attribute(value=ast.Name(id="self"), attr=name):
            return name
    return ""
