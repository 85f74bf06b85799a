"""The trainings of a folder, grouped by side: what to call each side, and how it is drawn."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from backends import Side
from compare.records.record import Record, of_side
from compare.text import visible

SIDE = ("backend", "device", "mode")  # fields of a Record: together, one side
# M. Okabe and K. Ito's colours, told apart by the colour-blind too; line and mark tell the same.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
MARKS = ("o", "s", "^", "D", "v", "P")  # each can be hollow
LONGEST = 28  # characters of a name in a picture
DASHES = ("-", "--", ":", "-.")


@dataclass(frozen=True)
class Group:
    """All trainings of one side, of one problem or of all: a name, a style and the records."""

    key: tuple[str, ...]  # the values of SIDE
    name: str  # the backend, and of the rest what tells the sides of the folder apart
    color: str
    mark: str
    dash: str
    records: tuple[Record, ...]

    @property
    def short(self) -> str:
        """The name as far as a picture has room for it."""
        if len(self.name) <= LONGEST:
            return self.name
        half = (LONGEST - 1) // 2
        return f"{self.name[:half]}…{self.name[-half:]}"

    @cached_property
    def scored(self) -> list[Record]:
        """The trainings that have a score, by seed."""
        return sorted((one for one in self.records if one.status == "ok"), key=lambda one: one.seed)


def groups(records: Sequence[Record]) -> list[Group]:
    """Return a group for each side of a results folder, in the order of its tables."""
    found: dict[tuple[str, ...], list[Record]] = {}
    for record in records:
        found.setdefault(of_side(record, SIDE), []).append(record)
    keys = sorted(found, key=lambda key: (Side.parse(key[0]).rank, *key[1:]))
    backends = list(dict.fromkeys(key[0] for key in keys))
    settings = list(dict.fromkeys(key[1:] for key in keys))
    telling = [len({key[i] for key in keys}) > 1 for i in range(len(SIDE))]
    telling[0] = True
    return [
        Group(
            key=key,
            name=visible(" ".join(part for part, tells in zip(key, telling, strict=True) if tells)),
            color=COLORS[backends.index(key[0]) % len(COLORS)],
            mark=MARKS[backends.index(key[0]) % len(MARKS)],
            dash=DASHES[settings.index(key[1:]) % len(DASHES)],
            records=tuple(found[key]),
        )
        for key in keys
    ]


def in_problem(everyone: Sequence[Group], problem: str) -> list[Group]:
    """Return the groups of a problem: the sides that took part, with its records alone."""
    found = [
        replace(side, records=tuple(one for one in side.records if one.problem == problem))
        for side in everyone
    ]
    return [side for side in found if side.records]
