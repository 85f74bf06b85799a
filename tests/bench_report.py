"""What `make bench` found, for people: `python tests/bench_report.py BENCH.json` writes BENCH.md.

A benchmark tells what it measured in pytest-benchmark's `extra_info`: by name, a unit ("ratio",
"s" or "share") and a value for each time it was measured. As a plugin of pytest, this file has the
stored JSON say what code and processor it comes from, in place of the machine's name.
"""

import json
import os
import sys
from pathlib import Path
from statistics import median

from compare import machine
from compare.publish import markdown_rows

# How often two sides are measured, in turn; fewer is a trial.
PAIRS = int(os.environ.get("PAIRS", "10"))
HEADINGS = ("benchmark", "what", "unit", "median", "least", "most", "values")


def pytest_benchmark_update_json(output_json):
    """Name processor and code."""
    output_json["machine_info"] = {"processors": len(machine.processors()), **machine.facts()}
    del output_json["commit_info"]


def report(found: dict) -> str:
    """Return the Markdown of what pytest-benchmark stored.

    Raises:
        ValueError: it is not that.
    """
    try:
        lines = [
            [
                benchmark["name"].removeprefix("test_").replace("_", " "),
                what,
                values["unit"],
                *(f"{of(values['values']):.3g}" for of in (median, min, max)),
                str(len(values["values"])),
            ]
            for benchmark in found["benchmarks"]
            for what, values in benchmark["extra_info"].items()
        ]
        where = [f"- {name}: {value}" for name, value in found["machine_info"].items()]
        when = f"- from {found['datetime']}"
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"expected what `make bench` stores, came {type(error).__name__}: {error}"
        ) from None
    table = markdown_rows(HEADINGS, HEADINGS[:3], lines)
    return "\n\n".join(["# Benchmarks of Diptych", table, "\n".join([*where, when])]) + "\n"


def tell(benchmark, what: str, unit: str, values: list[float]) -> None:
    """Have a benchmark tell what it measured."""
    benchmark.extra_info[what] = {"unit": unit, "values": values}


def main(path: str) -> None:
    """Write the report beside the JSON and print it; end with status 1 if there is none."""
    file = Path(path)
    try:
        text = report(json.loads(file.read_text()))
    except (OSError, ValueError) as error:
        sys.exit(f"{file}: {error}")
    file.with_suffix(".md").write_text(text)
    print(text)


if __name__ == "__main__":
    main(sys.argv[1])
