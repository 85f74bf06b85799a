"""What `make bench` found: `python tests/bench_report.py BENCH.json ...` writes BENCH.md.

A benchmark tells what it measured in pytest-benchmark's `extra_info`: by name, a unit ("ratio",
"s" or "share") and a value for each time it was measured. As a plugin of pytest, this file has the
stored JSON say what code and processor it comes from, in place of the machine's name.
"""

import json
import os
import sys
from pathlib import Path
from statistics import median

from compare.console import markdown_table
from compare.processes import machine

# How often two sides are measured, in turn; fewer is a trial.
PAIRS = int(os.environ.get("PAIRS", "10"))
YES_OR_NO = "yes 1, no 0"
HEADINGS = ("benchmark", "what", "unit", "median", "least", "most", "values")


def pytest_benchmark_update_json(output_json):
    """Name processor and code."""
    output_json["machine_info"] = {"processors": len(machine.processors()), **machine.facts()}
    del output_json["commit_info"]


def summary(values: list[float], unit: str) -> list[str]:
    """Return median, least and most; of what was so or not, how often it was."""
    if unit == YES_OR_NO:
        return [f"{sum(values):g} of {len(values)}", "", ""]
    return [f"{of(values):.3g}" for of in (median, min, max)]


def report(*found: dict) -> str:
    """Return the Markdown of what pytest-benchmark stored, in one run or several.

    Raises:
        ValueError: it is not that.
    """
    try:
        lines = [
            [
                benchmark["name"].removeprefix("test_").replace("_", " "),
                what,
                values["unit"],
                *summary(values["values"], values["unit"]),
                str(len(values["values"])),
            ]
            for run in found
            for benchmark in run["benchmarks"]
            for what, values in benchmark["extra_info"].items()
        ]
        where = [
            f"- {name}: {value}"
            for run in found
            for name, value in [*run["machine_info"].items(), ("from", run["datetime"])]
        ]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"expected what `make bench` stores, came {type(error).__name__}: {error}"
        ) from None
    table = markdown_table(HEADINGS, HEADINGS[:3], lines)
    return "\n\n".join(["# Benchmarks of Diptych", table, "\n".join(where)]) + "\n"


def tell(benchmark, what: str, unit: str, values: list[float]) -> None:
    """Have a benchmark tell what it measured."""
    benchmark.extra_info[what] = {"unit": unit, "values": values}


def main(path: str, *more: str) -> None:
    """Write the report beside the first JSON and print it; end with status 1 if there is none."""
    file = Path(path)
    try:
        text = report(*(json.loads(Path(one).read_text()) for one in (path, *more)))
    except (OSError, ValueError) as error:
        sys.exit(f"{file}: {error}")
    file.with_suffix(".md").write_text(text)
    print(text)


if __name__ == "__main__":
    main(*sys.argv[1:])
