"""The report of `make bench`, read from what pytest-benchmark stores."""

import json

import pytest
from bench_report import main, report

FOUND = {
    "machine_info": {"cpu": "a processor"},
    "datetime": "2026-01-01T00:00:00",
    "benchmarks": [
        {
            "name": "test_one_thing[pytorch]",
            "extra_info": {"a / b": {"unit": "ratio", "values": [1.0, 1.5, 1.25]}},
        }
    ],
}


def without(name):
    return {key: value for key, value in FOUND.items() if key != name}


def with_values(values):
    told = {"a / b": {"unit": "ratio", "values": values}}
    return FOUND | {"benchmarks": [{"name": "test_one_thing", "extra_info": told}]}


def test_a_benchmark_is_a_row_with_its_median_and_spread(tmp_path, capsys):
    (tmp_path / "bench.json").write_text(json.dumps(FOUND))
    main(str(tmp_path / "bench.json"))
    text = (tmp_path / "bench.md").read_text()
    assert "| one thing[pytorch] | a / b | ratio | 1.25 | 1 | 1.5 | 3 |" in text
    assert "- cpu: a processor" in text
    assert capsys.readouterr().out == text + "\n"


@pytest.mark.parametrize(
    ("found", "named"),
    [
        ([], "TypeError"),
        (without("benchmarks"), "KeyError: 'benchmarks'"),
        (without("machine_info"), "KeyError: 'machine_info'"),
        (with_values([]), "no median"),
        (with_values(["fast"]), "format code"),
    ],
)
def test_json_of_another_kind_is_refused_with_what_is_wrong(found, named):
    with pytest.raises(ValueError, match=f"expected what `make bench` stores, came .*{named}"):
        report(found)


@pytest.mark.parametrize("text", [None, "", "{", "{}"])
def test_a_file_that_holds_no_benchmarks_is_named_and_nothing_is_written(tmp_path, text):
    file = tmp_path / "bench.json"
    if text is not None:
        file.write_text(text)
    with pytest.raises(SystemExit, match=r"bench\.json: "):
        main(str(file))
    assert not (tmp_path / "bench.md").exists()
