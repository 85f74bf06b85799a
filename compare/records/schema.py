"""What a line of runs.jsonl must be, made from the dataclass Record: it is read, and described.

`python -m compare.records.schema` prints the JSON schema of a line.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields
from datetime import datetime
from functools import cache
from threading import Lock
from types import NoneType
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args, get_type_hints

from compare.records import record
from compare.records.record import FIELDS, SCHEMA, SCORE_FIELDS, Record, Score, UsageError

if TYPE_CHECKING:
    import msgspec

# msgspec learns a type when it first meets it, and crashes if two threads have it do so at a time.
ONE_AT_A_TIME = Lock()
LARGEST = 2**53  # what is exact in a data frame, where others are missing, and in most readers
LONGEST_S = 1e9  # some thirty years; sums of what is below stay finite
SHORTEST_S = 1e-9  # no clock tells less; ratios stay finite
GREATEST = 1e100  # of a score or a loss: its square is finite
BETTER = ("higher", "lower")
PLACE = re.compile(r"\(byte (\d+)\)")
NAME = re.compile(r'"(\w+)"\s*:')
PLACELESS = re.compile(rb"\d[eE]\+?\d{3}|[\[{]{50}")  # an infinite number, deep nesting
NAME_ENDS = re.compile(r'"\s*:')  # more, where a text holds the like
TIME = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d")  # of times, what pandas reads


def decode(line: bytes | str) -> Record:
    """Return the record that a line holds.

    Raises:
        ValueError: the line is not a record; says what is wrong, and where as a JSON path.
        UsageError: it is one of another schema.
    """
    import msgspec

    try:
        values = msgspec.json.decode(line)
    except RecursionError:
        raise ValueError(f"nested too deeply{_after(line, '')}") from None
    except msgspec.DecodeError as error:
        raise ValueError(f"{error}{_after(line, str(error))}") from None
    if not isinstance(values, dict) or "schema" not in values:
        raise ValueError("expected an object with a `schema`")
    if type(values["schema"]) is int and values["schema"] != SCHEMA:
        raise UsageError(f"expected records of schema {SCHEMA}, came schema {values['schema']}")
    if unknown := values.keys() - FIELDS.keys():
        raise UsageError(f"schema {SCHEMA} has no {', '.join(sorted(unknown))}")
    try:
        with ONE_AT_A_TIME:
            read = msgspec.structs.asdict(msgspec.convert(values, _line()))
    except msgspec.ValidationError as error:
        raise ValueError(f"{error}{_allowed(str(error))}") from None
    if repeated := _repeated(line, values):
        raise ValueError(f"Expected each name once, came `{repeated}` again")
    if not TIME.fullmatch(values["started"]):
        raise ValueError("Expected a time like 2026-01-02T03:04:05+00:00 - at `$.started`")
    scores = {name: Score(**msgspec.structs.asdict(one)) for name, one in read["scores"].items()}
    return Record(**read | {"scores": scores, "started": values["started"]})


def _after(line: bytes | str, message: str) -> str:
    """Return the name that stands before the place where a line is no JSON; empty if none does."""
    text = line.encode(errors="replace") if isinstance(line, str) else line
    place = PLACE.search(message)
    found = None if place else PLACELESS.search(text)
    end = int(place[1]) if place else found.start() if found else len(text)
    names = NAME.findall(text[:end].decode(errors="replace"))
    return f", after `{names[-1]}`" if names else ""


def _allowed(message: str) -> str:
    """Return the values that a field may have, where a message says that it has another one."""
    if not message.startswith("Invalid enum value"):
        return ""
    path = message.rpartition("`$.")[2].removesuffix("`")
    hint = "Better" if path.startswith("scores") else get_type_hints(Record)[path]
    values = BETTER if hint == "Better" else [*_values(hint)]
    return f"; it may be {', '.join(map(str, values))}"


def _values(hint: Any) -> Iterator[object]:
    """Yield the values of a Literal, which may be one of a union."""
    for one in get_args(hint):
        yield from [] if one is NoneType else _values(one) if get_args(one) else [one]


def _repeated(line: bytes | str, values: dict[str, Any]) -> str:
    """Return a name that stands twice in an object of a record; empty if none does.

    No more names than a quote before a colon, so nearly all lines are counted and not read again.
    """
    text = line if isinstance(line, str) else line.decode()
    scores, versions = values.get("scores", {}), values.get("versions", {})
    names = len(values) + len(scores) + sum(map(len, scores.values())) + len(versions)
    if len(NAME_ENDS.findall(text)) == names:
        return ""
    found: list[str] = []

    def look(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        counts = Counter(name for name, _ in pairs)
        found.extend(name for name, n in counts.items() if n > 1)
        return dict(pairs)

    json.loads(text, object_pairs_hook=look)
    return next(iter(found), "")


def schema() -> dict[str, Any]:
    """Return the JSON schema of a line, with what each field means."""
    import msgspec

    dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return dialect | msgspec.json.schema(_line())


@cache
def _line() -> "type[msgspec.Struct]":
    """Return the type of a line: as Record, but strict."""
    from msgspec import Meta

    seconds, byte = {"unit": "s"}, {"unit": "bytes"}
    limits: dict[str, Any] = {
        "Count": Annotated[int, Meta(ge=0, le=LARGEST)],
        "Positive": Annotated[int, Meta(ge=1, le=LARGEST)],
        "Bytes": Annotated[int, Meta(ge=0, le=LARGEST, extra_json_schema=byte)],
        "Growth": Annotated[int, Meta(ge=-LARGEST, le=LARGEST, extra_json_schema=byte)],
        "Seconds": Annotated[float, Meta(ge=0, le=LONGEST_S, extra_json_schema=seconds)],
        "Duration": Annotated[float, Meta(ge=SHORTEST_S, le=LONGEST_S, extra_json_schema=seconds)],
        "Relative": Annotated[float, Meta(ge=0, le=GREATEST)],
        "Figure": Annotated[float, Meta(ge=-GREATEST, le=GREATEST)],
        "Better": Literal[BETTER],
        "Mode": Annotated[str, Meta(pattern="^(matched|native|own-[a-z_]+)$")],
        "Time": Annotated[datetime, Meta(tz=True)],
    }
    limits["Score"] = _strict(Score, SCORE_FIELDS, limits)
    return _strict(Record, FIELDS, limits)


def _strict(
    kind: type, meanings: Mapping[str, str], limits: dict[str, Any]
) -> "type[msgspec.Struct]":
    """Return a dataclass as a type that keeps to the limits and knows no other field."""
    import msgspec

    hints = get_type_hints(kind, vars(record) | limits, include_extras=True)
    made: list[Any] = []
    for one in fields(kind):
        meaning = msgspec.Meta(description=meanings[one.name])
        hint = Annotated[hints[one.name], meaning]  # type: ignore[name-defined, valid-type]
        usual: dict[str, Any] = {"default": one.default, "default_factory": one.default_factory}
        given = {name: value for name, value in usual.items() if value is not MISSING}
        if one.name == "schema":  # every line says of which one it is
            given = {}
        made.append((one.name, hint, msgspec.field(**given)))
    described = {"__doc__": " ".join((kind.__doc__ or "").split())}
    return msgspec.defstruct(
        kind.__name__, made, forbid_unknown_fields=True, kw_only=True, namespace=described
    )


if __name__ == "__main__":
    print(json.dumps(schema(), indent=2))
