"""Makes damaged lines of runs.jsonl, the same ones every time, and says which of them are none.

What a line must be is told by the published schema and by JSON itself, not by the reader.
"""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.validators import extend

from compare.records.record import Record, Score
from compare.records.schema import TIME, schema

TITLE = "\x1b]0;TITLE\x07"  # a terminal that gets this shows another title
TAG = "<script>alert(1)</script>"
# Put in place of every field, as JSON text.
VALUES = {
    "null": "null",
    "true": "true",
    "empty_text": '""',
    "text": '"bogus"',
    "number_as_text": '"0"',
    "whole_as_float": "1.0",
    "part": "1.5",
    "zero": "0",
    "negative": "-1",
    "tiny": "5e-324",
    "large": "1e300",
    "infinite": "1e400",
    "digits": "1" + "0" * 400,
    "over_64_bits": str(2**63),
    "nan": "NaN",
    "infinity": "-Infinity",
    "list": "[]",
    "list_of_null": "[null, 1.0]",
    "list_of_zero": "[0.0, 0.0]",
    "nested": "[[0.5]]",
    "object": "{}",
    "object_of_null": '{"torch": null}',
    "escape": json.dumps(f"a{TITLE}"),
    "tag": json.dumps(TAG),
    "newline": json.dumps("a\nb | c"),
    "path": '"../../x"',
    "long": json.dumps("x" * 5000),
    "surrogate": r'"a\ud800b"',
    "deep": "[" * 3000,
}
OF_A_SCORE = (
    "null",
    "true",
    "text",
    "part",
    "negative",
    "infinite",
    "digits",
    "nan",
    "list",
    "tag",
)
CUTS, FLIPS, SPLICES = 40, 60, 30


@dataclass(frozen=True)
class Line:
    """A line, what was done to it, and the field that it was done to, if it was one."""

    name: str
    text: bytes
    field: str = ""


def lines(good: Record) -> Iterator[Line]:
    """Yield damaged lines that were made of the line of a good record."""
    whole = good.to_json()
    values: dict[str, Any] = json.loads(whole)
    for one in fields(Record):
        for name, text in VALUES.items():
            yield Line(f"{one.name}-{name}", _with(values, one.name, text), one.name)
        again = f'{whole[:-1]}, "{one.name}": {json.dumps(values[one.name])}}}'
        yield Line(f"{one.name}-twice", again.encode(), one.name)
        without = {name: value for name, value in values.items() if name != one.name}
        yield Line(f"{one.name}-missing", json.dumps(without).encode(), one.name)
    (metric,) = values["scores"]
    for one in fields(Score):
        for name in OF_A_SCORE:
            score = _with(values["scores"][metric], one.name, VALUES[name]).decode()
            text = _with(values, "scores", f'{{"{metric}": {score}}}')
            yield Line(f"score-{one.name}-{name}", text, "scores")
    for name in (TITLE, TAG, "", "colour"):
        yield Line(f"unknown-{name!r}", json.dumps(values | {name: 1}).encode())
        named = values | {"scores": {name: values["scores"][metric]}}
        yield Line(f"metric-{name!r}", json.dumps(named).encode())
    yield from _torn(whole.encode())


def _with(values: dict[str, Any], name: str, text: str) -> bytes:
    """Return an object as JSON, with a text in place of one of its values."""
    kept = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in values.items()]
    place = list(values).index(name)
    kept[place] = f"{json.dumps(name)}: {text}"
    return f"{{{', '.join(kept)}}}".encode()


def _torn(whole: bytes) -> Iterator[Line]:
    """Yield what a crash, a bad disk or two writers leave, and what is no object at all."""
    chance = random.Random(0)
    for i in range(CUTS):
        yield Line(f"cut-{i}", whole[: 1 + i * len(whole) // CUTS])
    for i in range(FLIPS):
        at = chance.randrange(len(whole))
        flipped = bytes([whole[at] ^ (1 << chance.randrange(8))])
        yield Line(f"flipped-{i}", (whole[:at] + flipped + whole[at + 1 :]).replace(b"\n", b" "))
    for i in range(SPLICES):
        head, tail = (chance.randrange(len(whole)) for _ in range(2))
        yield Line(f"spliced-{i}", whole[:head] + whole[tail:])
    for text in (b"null", b"[]", b"1", b'""', b"{}", b"\xff\xfe", b"\x00", b"[" * 3000):
        yield Line(f"other-{text[:8]!r}", text)
    yield Line("invalid-utf-8", whole.replace(b"echo", b"\xff\xfe", 1))
    yield Line("two-on-a-line", whole + whole)
    yield Line("byte-order-mark", b"\xef\xbb\xbf" + whole)


def _whole(_: Any, value: Any) -> bool:
    return type(value) is int  # 1.0 is none, which JSON schemas let pass


_TYPES = Draft202012Validator.TYPE_CHECKER.redefine("integer", _whole)
VALIDATOR = extend(Draft202012Validator, type_checker=_TYPES)(schema())


def is_broken(text: bytes) -> bool:
    """Say whether a line breaks the schema, or is not even JSON."""
    try:
        values = json.loads(text.decode(), object_pairs_hook=_once, parse_constant=_refuse)
        json.dumps(values, ensure_ascii=False, allow_nan=False).encode()  # a half surrogate, 1e400
    except (ValueError, RecursionError, OverflowError):
        return True
    if not isinstance(values, dict) or type(values.get("schema")) is not int:
        return True
    if any(VALIDATOR.iter_errors(values)) or not TIME.fullmatch(values["started"]):
        return True
    try:
        datetime.fromisoformat(values["started"])
    except ValueError:  # the 31st of a short month, say
        return True
    return any(isinstance(one, int) and abs(one) > 1e300 for one in values.values())


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) < len(pairs):
        raise ValueError("a name stands twice")
    return dict(pairs)


def _refuse(text: str) -> None:
    raise ValueError(f"{text} is no JSON")
