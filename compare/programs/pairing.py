"""The two programs of a problem, statement by statement: like stands beside like."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from backends import PANELS, missing_twins, shown, twin
from compare.programs.statements import UNREADABLE, Doing, Statement, statements

ABSENT = Statement()
EXACT = {"make", "def"}  # of these, only what has the same name on both sides is a pair
SAME = 100.0  # what a pair with one key counts; other pairs count less than 2


@dataclass(frozen=True)
class Row:
    """A statement and its partner; one of them may be absent."""

    left: Statement
    right: Statement
    group: bool  # whether it begins one: a blank line stands before it

    @property
    def sides(self) -> tuple[Statement, Statement]:
        """Both statements, in the order of the panels."""
        return self.left, self.right


def paired(problem: str) -> tuple[Row, ...]:
    """Return the rows of a problem's twins; a missing twin counts as empty."""
    left, right = (read(folder, problem) for folder in PANELS)
    return pair(left, right)


def read(folder: str, problem: str) -> str:
    """Return the program of a twin, "" if there is none."""
    file = twin(folder, problem)
    return file.read_text(encoding="utf-8", errors="replace") if file.exists() else ""


def title(folder: str) -> str:
    """Return the name that a panel goes by: "PyTorch" for backends/pytorch."""
    return {"pytorch": "PyTorch", "keras": "Keras"}.get(folder, folder)


def path(folder: str, problem: str) -> str:
    """Return the path of a twin from the root of the project."""
    return shown(twin(folder, problem))


def fault(problem: str) -> str:
    """Say what keeps the twins of a problem from being paired, "" if nothing does."""
    if missing := missing_twins(problem):
        return f"problem {problem!r} needs a twin in {' and '.join(missing)}"
    for folder in PANELS:
        try:
            statements(read(folder, problem))
        except UNREADABLE as error:
            reason = str(error)
            if isinstance(error, SyntaxError):
                reason = f"line {error.lineno}: {error.msg}"
            return f"{path(folder, problem)} is no valid Python: {reason}"
    return ""


def pair(left: str, right: str) -> tuple[Row, ...]:
    """Return two programs as rows: left texts, joined, are the left program, right ones the right.

    If one is no valid Python, there is one row, and the programs stand in it as they are.
    """
    try:
        sides = statements(left), statements(right)
    except UNREADABLE:
        whole = [Statement(text, doing=Doing("program")) for text in (left, right)]
        return (Row(whole[0], whole[1], False),)
    return tuple(grouped(partners(*sides)))


def grouped(pairs: Iterable[tuple[Statement, Statement]]) -> Iterator[Row]:
    """Yield pairs as rows; where only one side goes on, the gap before it is the other's too."""
    apart = [False, False]  # whether there is a gap before a side's next statement already
    for pair in pairs:
        group = any(
            one.blank and not done for one, done in zip(pair, apart, strict=True) if one.text
        )
        yield Row(*pair, group)
        apart = [(group or done) and not one.text for one, done in zip(pair, apart, strict=True)]


def partners(
    left: Sequence[Statement], right: Sequence[Statement]
) -> list[tuple[Statement, Statement]]:
    """Return all statements in order, in the pairs that are the most alike altogether."""
    alike = [[likeness(one, other) for other in right] for one in left]
    # best[i][j]: how alike the pairs are that can be made of left[i:] and right[j:]
    best = [[0.0] * (len(right) + 1) for _ in range(len(left) + 1)]
    for i in reversed(range(len(left))):
        for j in reversed(range(len(right))):
            together = alike[i][j] + best[i + 1][j + 1]
            best[i][j] = max(best[i + 1][j], best[i][j + 1], together)
    found, i, j = [], 0, 0
    while i < len(left) or j < len(right):
        if j == len(right) or (i < len(left) and best[i][j] == best[i + 1][j]):
            found.append((left[i], ABSENT))
            i += 1
        elif i == len(left) or best[i][j] == best[i][j + 1]:
            found.append((ABSENT, right[j]))
            j += 1
        else:
            found.append((left[i], right[j]))
            i, j = i + 1, j + 1
    return found


def likeness(one: Statement, other: Statement) -> float:
    """Return how much two statements are alike: SAME, up to 2, or -1 for no pair at all."""
    if one.scope != other.scope or "only here" in (one.mark, other.mark):
        return -1
    if (one.doing.kind, one.doing.key) == (other.doing.kind, other.doing.key):
        return SAME
    if one.doing.kind != other.doing.kind or one.doing.kind in EXACT:
        return -1
    if one.doing.layers and other.doing.layers:
        return SAME / 2 if set(one.doing.layers) & set(other.doing.layers) else -1
    return 1 + SequenceMatcher(None, one.code, other.code).ratio()
