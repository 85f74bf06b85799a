"""record.schema.json says what a record is: as the dataclass has it, as the published ones are."""

import json
import tomllib
import types
import typing
from dataclasses import MISSING, asdict, fields, replace

import pytest
from conftest import ROOT
from jsonschema import Draft202012Validator
from test_records import RECORD
from test_verdict import failed, record

import problems
from backends import BACKENDS, Side
from compare.records.answer import judged
from compare.records.frames import SCHEMA
from compare.records.record import Record, modes_between

VALIDATOR = Draft202012Validator(SCHEMA)
HINTS = typing.get_type_hints(Record)
NAMES = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null"}
PUBLISHED = sorted((ROOT / "results").glob("*/runs.jsonl"))


def kinds(hint):
    """Return a type hint as the schema's types of the value, and of what it holds."""
    origin = typing.get_origin(hint)
    if origin is list:
        return {"array"}, kinds(typing.get_args(hint)[0])
    if origin is dict:
        return {"object"}, kinds(typing.get_args(hint)[1])
    if origin is types.UnionType:
        return {NAMES[one] for one in typing.get_args(hint)}, None
    return {NAMES[hint]}, None


def declared(field):
    """Return the same of a field of the schema."""
    if "$ref" in field:
        field = SCHEMA["$defs"][field["$ref"].rpartition("/")[2]]
        return declared({"type": "object", "additionalProperties": {"type": field["type"]}})
    types_ = field["type"] if isinstance(field["type"], list) else [field["type"]]
    inner = field.get("items", field.get("additionalProperties"))
    return set(types_), declared(inner) if inner else None


def wrong(values):
    return [error.json_path for error in VALIDATOR.iter_errors(values)]


def test_the_schema_is_one():
    Draft202012Validator.check_schema(SCHEMA)


def test_the_fields_are_those_of_a_record():
    assert list(SCHEMA["properties"]) == [field.name for field in fields(Record)]
    needed = [
        field.name
        for field in fields(Record)
        if field.default is MISSING and field.default_factory is MISSING
    ]
    assert SCHEMA["required"] == ["schema", *needed]


@pytest.mark.parametrize("name", [name for name in HINTS if name != "scores"])
def test_a_field_has_the_type_of_the_record(name):
    assert declared(SCHEMA["properties"][name]) == kinds(HINTS[name])


@pytest.mark.parametrize("name", HINTS)
def test_a_field_is_described_with_its_unit(name):
    field = SCHEMA["properties"][name]
    assert len(field["description"]) > 10
    units = {"_s": "s", "_bytes": "bytes"}
    expected = next((unit for end, unit in units.items() if name.endswith(end)), None)
    if expected or "unit" in field:
        assert field["unit"] == (expected or "1")


def test_what_a_score_is_judged_by_is_what_an_answer_writes():
    (name, *_) = problems.names()
    made = next(iter(judged(problems.load(name), {}).values()))
    assert list(SCHEMA["$defs"]["judged"]["properties"]) == list(made)


def test_every_mode_and_backend_is_a_value():
    for backend in BACKENDS:
        for mode in modes_between(Side(backend)):
            assert wrong(json.loads(replace(RECORD, backend=backend, mode=mode).to_json())) == []


@pytest.mark.parametrize("file", PUBLISHED, ids=lambda file: file.parent.name)
def test_the_published_records_are_valid(file):
    lines = file.read_text().splitlines()
    assert lines
    for line in lines:
        assert wrong(json.loads(line)) == []


def test_what_failed_or_is_not_finite_is_valid():
    for one in (record(), failed(), replace(record(), train_loss=[float("nan")], build_s=None)):
        assert wrong(json.loads(one.to_json())) == []


@pytest.mark.parametrize(
    ("values", "path"),
    [
        ({"schema": 2}, "$.schema"),
        ({"status": "fine"}, "$.status"),
        ({"device": "tpu"}, "$.device"),
        ({"mode": "mixed"}, "$.mode"),
        ({"recipe": None}, "$.recipe"),
        ({"start": "spawn"}, "$.start"),
        ({"proof": "believed"}, "$.proof"),
        ({"seed": 1.5}, "$.seed"),
        ({"jobs": 0}, "$.jobs"),
        ({"total_s": "long"}, "$.total_s"),
        ({"total_s": -1}, "$.total_s"),
        ({"host_peak_bytes": 1.5}, "$.host_peak_bytes"),
        ({"epoch_s": [1.0, None]}, "$.epoch_s[1]"),
        ({"versions": {"torch": 2.1}}, "$.versions.torch"),
        ({"scores": {"accuracy": {"score": 1.0}}}, "$.scores.accuracy"),
        ({"dirty": "yes"}, "$.dirty"),
        ({"colour": "red"}, "$"),
    ],
)
def test_a_wrong_record_is_refused_where_it_is_wrong(values, path):
    assert path in wrong(asdict(record()) | values)


def test_a_record_that_lacks_a_field_is_refused():
    values = asdict(record())
    del values["status"]
    assert wrong(values) == ["$"]


def test_the_schema_is_part_of_the_package():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert "record.schema.json" in settings["tool"]["setuptools"]["package-data"]["compare.records"]
