"""Long lines of Python made into shorter ones that are the same Python: a copy still runs."""

import re
from collections import defaultdict
from collections.abc import Iterator
from io import StringIO
from itertools import pairwise
from tokenize import COMMENT, DEDENT, INDENT, NEWLINE, NL, STRING, TokenError, generate_tokens

HANG = 4  # what follows a break is indented by so much more
OPENING, CLOSING = ("(", "[", "{"), (")", "]", "}")


def wrapped(code: str, width: int) -> str:
    """Return code with lines of at most `width` characters, as far as they can be broken.

    They can be in comments and docstrings, after commas in brackets, and after outer brackets. What
    is no Python stays as it is.
    """
    try:
        columns = breaks(code)
    except (TokenError, SyntaxError):
        return code
    return "\n".join(
        line if len(line) <= width or not columns[row] else filled(line, columns[row], width)
        for row, line in enumerate(code.split("\n"), start=1)
    )


def breaks(code: str) -> dict[int, list[int]]:
    """Return the columns before which a line may be broken, by the number of the line."""
    found: dict[int, list[int]] = defaultdict(list)
    lines = code.split("\n")
    depth, row_before, before, begins = 0, 0, "", True
    for token in generate_tokens(StringIO(code).readline):
        row, column = token.start
        opens = before == "," or (depth == 1 and before in OPENING)
        if token.type == COMMENT or (depth and row == row_before and opens):
            found[row].append(column)
        elif token.type == STRING and begins and not depth:  # a docstring
            for inside in range(row, token.end[0] + 1):
                words = re.finditer(r"\S+", lines[inside - 1])
                found[inside] += [word.start() for word in words]
        depth += (token.string in OPENING) - (token.string in CLOSING)
        begins = token.type in (INDENT, DEDENT, NEWLINE, NL)
        row_before, before = token.end[0], token.string
    return found


def filled(line: str, columns: list[int], width: int) -> str:
    """Return a line broken before those columns where it grows too long."""
    indent = " " * (len(line) - len(line.lstrip()))
    indent += " " * HANG * (columns[0] > len(indent))  # not in docstrings and lines of comment
    done, current = [], ""
    for piece, sign in pieces(line, columns, width - len(indent)):
        if current.strip() and len(current + piece.rstrip()) > width:
            done.append(current.rstrip())
            current = indent + sign
        current += piece
    return "\n".join([*done, current])


def pieces(line: str, columns: list[int], room: int) -> Iterator[tuple[str, str]]:
    """Yield what is not to be broken, and the sign that it needs at the beginning of a line.

    A sentence of a comment is one piece if it finds room in a line, else its words are.
    """
    for start, stop in pairwise([0, *columns, len(line)]):
        if not line.startswith("#", start):
            yield line[start:stop], ""
            continue
        for sentence in re.findall(r".+?(?:  +|$)", line[start:stop]):
            parts = [sentence] if len(f"# {sentence}") <= room else re.findall(r"\S+\s*", sentence)
            yield from ((part, "" if part.startswith("#") else "# ") for part in parts)
