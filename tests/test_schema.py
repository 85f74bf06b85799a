"""The schema is made from the dataclass: what the reader refuses and what the schema says agree."""

import json
import re
from dataclasses import asdict, fields, replace

import pytest
from conftest import ROOT, run_python
from jsonschema import Draft202012Validator
from test_records import RECORD
from test_verdict import failed, record

from backends import BACKENDS, Side
from compare.records.record import FIELDS, SCORE_FIELDS, Record, Score, modes_between
from compare.records.schema import schema

SCHEMA = schema()
VALIDATOR = Draft202012Validator(SCHEMA)
PUBLISHED = sorted((ROOT / "results").glob("*/runs.jsonl"))


def wrong(values):
    """Return the JSON paths at which values break the schema."""
    return [error.json_path for error in VALIDATOR.iter_errors(values)]


def refused(values):
    """Return why the reader refuses values; empty if it does not."""
    try:
        Record.from_json(json.dumps(values))
    except ValueError as error:
        return str(error)
    return ""


def test_the_schema_is_one():
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize(("kind", "meanings"), [(Record, FIELDS), (Score, SCORE_FIELDS)])
def test_every_field_is_described_where_the_schema_shows_it(kind, meanings):
    assert list(meanings) == [field.name for field in fields(kind)]
    shown = SCHEMA["$defs"][kind.__name__]["properties"]
    assert {name: field["description"] for name, field in shown.items()} == meanings


def test_seconds_and_bytes_are_told_as_the_names_say():
    for name, field in SCHEMA["$defs"]["Record"]["properties"].items():
        inner = field.get("items", field)
        unit = next((one["unit"] for one in inner.get("anyOf", [inner]) if "unit" in one), None)
        expected = {"_s": "s", "_bytes": "bytes"}
        assert unit == next((unit for end, unit in expected.items() if name.endswith(end)), None)


def test_what_is_needed_is_what_has_no_default():
    needed = "schema problem backend device mode recipe seed threads jobs status started"
    assert SCHEMA["$defs"]["Record"]["required"] == needed.split()
    for name in needed.split():
        values = asdict(record())
        del values[name]
        assert wrong(values) == ["$"]
        assert f"`{name}`" in refused(values)


@pytest.mark.parametrize("file", PUBLISHED, ids=lambda file: file.parent.name)
def test_the_published_records_are_valid_and_read(file):
    lines = file.read_text().splitlines()
    assert lines
    for line in lines:
        values = json.loads(line)
        assert wrong(values) == []
        read = asdict(Record.from_json(line))
        for metric, score in values.pop("scores").items():
            assert score.items() <= read["scores"][metric].items()
        assert values.items() <= read.items()


def test_every_mode_and_backend_is_a_value():
    for backend in BACKENDS:
        for mode in modes_between(Side(backend)):
            values = asdict(replace(RECORD, backend=backend, mode=mode))
            assert (wrong(values), refused(values)) == ([], "")


def test_what_failed_or_is_not_finite_is_valid():
    for one in (record(), failed(), replace(record(), train_loss=[float("nan")], build_s=None)):
        values = json.loads(one.to_json())
        assert (wrong(values), refused(values)) == ([], "")


@pytest.mark.parametrize(
    ("values", "path"),
    [
        ({"status": "fine"}, "$.status"),
        ({"device": "tpu"}, "$.device"),
        ({"mode": "mixed"}, "$.mode"),
        ({"recipe": None}, "$.recipe"),
        ({"start": "spawn"}, "$.start"),
        ({"precision": "<b>"}, "$.precision"),
        ({"proof": "believed"}, "$.proof"),
        ({"seed": 1.5}, "$.seed"),
        ({"seed": -1}, "$.seed"),
        ({"seed": "0"}, "$.seed"),
        ({"seed": True}, "$.seed"),
        ({"seed": [0]}, "$.seed"),
        ({"seed": 2**63}, "$.seed"),
        ({"jobs": 0}, "$.jobs"),
        ({"kernel": 1}, "$.kernel"),
        ({"examples": []}, "$.examples"),
        ({"total_s": "long"}, "$.total_s"),
        ({"total_s": -1}, "$.total_s"),
        ({"total_s": 1e300}, "$.total_s"),
        ({"host_peak_bytes": 1.5}, "$.host_peak_bytes"),
        ({"epoch_s": True}, "$.epoch_s"),
        ({"epoch_s": [1.0, None]}, "$.epoch_s[1]"),
        ({"epoch_s": [0.0]}, "$.epoch_s[0]"),
        ({"epoch_scores": [[0.5]]}, "$.epoch_scores[0]"),
        ({"validation_loss": None}, "$.validation_loss"),
        ({"versions": []}, "$.versions"),
        ({"versions": {"torch": 2.1}}, "$.versions.torch"),
        ({"scores": None}, "$.scores"),
        ({"scores": {"accuracy": 0.5}}, "$.scores.accuracy"),
        ({"scores": {"accuracy": {"score": 1.0}}}, "$.scores.accuracy"),
        ({"dirty": "yes"}, "$.dirty"),
        ({"processors": [-1]}, "$.processors[0]"),
        ({"schema": True}, "$.schema"),
    ],
)
def test_a_wrong_value_is_refused_where_it_is_wrong(values, path):
    values = asdict(record()) | values
    by_reader = re.sub(r"(versions|scores)\.\w+", r"\1[...]", path)
    assert f"`{by_reader}`" in refused(values)
    assert path in wrong(values)


@pytest.mark.parametrize("values", [{"schema": 2}, {"colour": "red"}])
def test_another_schema_is_refused_as_such(values):
    values = asdict(record()) | values
    assert refused(values).startswith(("expected records of schema 1", "schema 1 has no colour"))
    assert wrong(values)


def test_a_whole_number_is_read_as_what_the_field_is():
    values = asdict(record()) | {"train_loss": [2, 10**60], "total_s": 3}
    values["scores"]["accuracy"]["score"] = 2**70
    found = Record.from_json(json.dumps(values))
    read = [*found.train_loss, found.total_s, found.scores["accuracy"].score]
    assert [type(one) for one in read] == [float] * 4


@pytest.mark.parametrize(
    ("name", "value"),
    [("total_s", 5e-324), ("epoch_s", [5e-324]), ("train_loss", [1e308]), ("parity", 1e308)],
)
def test_what_no_sum_or_ratio_can_bear_is_refused(name, value):
    values = asdict(record()) | {name: value}
    assert f"`$.{name}" in refused(values)
    assert wrong(values)


def test_a_number_that_no_computer_holds_is_refused():
    """A JSON schema cannot say so of a number that may be of any size."""
    for name, value in (("parity", 10**400), ("train_loss", [10**400])):
        assert f"`$.{name}" in refused(asdict(record()) | {name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("score", "high"),
        ("better", "up"),
        ("target", ""),
        ("reached", 1),
        ("baseline", None),
        ("best", []),
        ("margin", ""),
        ("unit", 1),
        ("colour", "red"),
    ],
)
def test_a_wrong_part_of_a_score_is_refused(name, value):
    values = asdict(record())
    values["scores"]["accuracy"][name] = value
    assert "$.scores[...]" in refused(values)
    assert wrong(values)[0].startswith("$.scores.accuracy")


@pytest.mark.parametrize(
    "started",
    [
        "yesterday",
        "",
        "2026-01-01",
        "2026-01-01T00:00:00",
        "2026-01-01t00:00:00z",
        "2026-02-30T00:00:00+00:00",
        "2026-13-01T00:00:00+00:00",
        "0001-01-01T00:00:00+23:59",
        "2026-01-01T00:00:00+25:00",
        "2026-01-01T00:00:00+00:00\n",
    ],
)
def test_a_time_that_is_none_is_refused(started):
    assert "$.started" in refused(asdict(record()) | {"started": started})


def test_it_is_printed():
    assert json.loads(run_python("-m", "compare.records.schema").stdout) == SCHEMA
