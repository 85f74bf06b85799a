"""Records -> GPU against CPU: each backend against itself, paired by seed. Pure functions."""

from collections.abc import Iterable, Sequence

import pandas as pd

from backends import Side
from compare.records.record import UNTRIED, Record, of_side
from compare.tables.columns import mebibytes, number
from compare.tables.measures import doubts, least_proof
from compare.tables.statistics import COVERED, TIMES, BySeed, Row, decide, judge
from compare.tables.verdicts import effect

# Column of devices.csv: what it means. In this order.
DEVICE_COLUMNS = {
    "problem": "what is learned",
    "backend": "framework, and for Keras the engine under it",
    "mode": "matched or native",
    "recipe": "full or quick",
    "measure": "epoch_s: a training's median epoch after the first; wall_s: build to last answer; "
    "time_to_target_s: build and epochs until the target was seen in validation",
    "pairs": "seeds that were trained on both devices",
    "failed": "pairs in which a device has no finite value, and counts as infinitely slow",
    "gpu_value": "on the GPU, geometric mean over the pairs",
    "cpu_value": "the same on the CPU, with as many threads as the records say",
    "ratio": "gpu_value / cpu_value: below 1, the GPU is faster; empty where a pair failed",
    "low": "lower end of its 95 % t interval, paired by seed, on the log scale; from 6 pairs on. "
    f"{COVERED}",
    "high": "upper end of it",
    "verdict": "as in verdicts.csv, corrected over the problems",
    "warnings": "what makes the times on either device doubtful",
    "proof": "as in verdicts.csv, of both devices",
    "gpu_kernel": "what computed the recurrent layers on the GPU",
    "cpu_kernel": "the same on the CPU",
    "gpu_peak_bytes": "most GPU memory in tensors, largest over the seeds",
    "gpu_host_peak_bytes": "most resident memory of the process that trained on the GPU",
    "cpu_host_peak_bytes": "most resident memory of the process that trained on the CPU",
}
KEY = ("problem", "backend", "mode", "recipe")
FAMILY = ("backend", "mode", "recipe", "measure")
WHOLE = ("pairs", "failed", "gpu_peak_bytes", "gpu_host_peak_bytes", "cpu_host_peak_bytes")
HEADINGS = (
    *("problem", "backend", "mode", "measure", "GPU s", "CPU s", "GPU / CPU [95 %]", "verdict"),
    *("warnings", "proof", "GPU kernel", "CPU kernel", "GPU MiB", "host MiB, GPU", "host MiB, CPU"),
)
HEADINGS_TEXT = (*HEADINGS[:4], "verdict", "warnings", "proof", "GPU kernel", "CPU kernel")
TEXTS = ("verdict", "warnings", "proof", "gpu_kernel", "cpu_kernel")


def devices(records: Iterable[Record]) -> pd.DataFrame:
    """Return a row per problem, backend, mode, recipe and time that both devices were used for."""
    sides: dict[tuple[str, ...], dict[str, BySeed]] = {}
    for record in records:
        if record.status not in UNTRIED:
            key = of_side(record, KEY)
            sides.setdefault(key, {}).setdefault(record.device, {})[record.seed] = record
    rows: list[Row] = []
    for key in sorted(sides, key=lambda key: (key[0], Side.parse(key[1]).rank, *key[2:])):
        if sides[key].keys() >= {"gpu", "cpu"}:
            gpu, cpu = sides[key]["gpu"], sides[key]["cpu"]
            found = (judge(measure, gpu, cpu) for measure in TIMES)
            named = dict(zip(KEY, key, strict=True)) | _observed(gpu, cpu)
            rows += [row | named for row in found if row]
    decide(rows, FAMILY)
    renamed = {"value": "gpu_value", "reference_value": "cpu_value", "effect": "ratio"}
    frame = pd.DataFrame(
        [{renamed.get(name, name): value for name, value in row.items()} for row in rows],
        columns=list(DEVICE_COLUMNS),
    )
    return frame.astype(dict.fromkeys(WHOLE, "Int64"))


def device_cells(frame: pd.DataFrame) -> list[list[str]]:
    """Return the table for people: per row, a text for each of HEADINGS."""
    return [
        [
            *(str(row[name]) for name in ("problem", "backend", "mode", "measure")),
            *(number(row[name]) for name in ("gpu_value", "cpu_value")),
            effect(row.rename({"ratio": "effect"})),
            *("" if pd.isna(row[name]) else str(row[name]) for name in TEXTS),
            *(mebibytes(row[name]) for name in WHOLE[2:]),
        ]
        for _, row in frame.iterrows()
    ]


def _observed(gpu: BySeed, cpu: BySeed) -> Row:
    found = [*gpu.values()], [*cpu.values()]
    return {
        "warnings": doubts(*found),
        "proof": least_proof([*found[0], *found[1]]),
        "gpu_kernel": _distinct(one.kernel for one in gpu.values()),
        "cpu_kernel": _distinct(one.kernel for one in cpu.values()),
        "gpu_peak_bytes": _largest([one.gpu_peak_bytes for one in gpu.values()]),
        "gpu_host_peak_bytes": _largest([one.host_peak_bytes for one in gpu.values()]),
        "cpu_host_peak_bytes": _largest([one.host_peak_bytes for one in cpu.values()]),
    }


def _distinct(labels: Iterable[str | None]) -> str | None:
    return ", ".join(dict.fromkeys(filter(None, labels))) or None


def _largest(values: Sequence[int | None]) -> int | None:
    return max((value for value in values if value is not None), default=None)
