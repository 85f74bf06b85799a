"""Every score and time in README.md and docs/ is one of the published results.

Figures of the proof are in test_docs_proof.py.
"""

import json
import math
import re
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from statistics import median

import pytest
from bench_report import report
from conftest import COMPARED
from documents import DOCUMENTS, README, RESULTS, prose, published_problems, records, table

import problems
from backends import BACKENDS
from compare.options import DEFAULT_SEEDS
from compare.records.journal import read
from compare.records.record import PROVEN
from compare.studies.explain import explain, explanation
from compare.tables.measures import BUSY, DRIFT, PARTS, WARNINGS

PYTORCH, KERAS = COMPARED
DRIFTED = "drift"
EQUAL = ("identical", "equivalent")


def verdicts(folder, backend=KERAS):
    """Return the verdicts of a backend against PyTorch: by problem, then by measure."""
    found = {}
    for row in table(f"{folder}/verdicts.csv"):
        if (row["backend"], row["reference"]) == (backend, PYTORCH):
            found.setdefault(row["problem"], {})[row["measure"]] = row
    return found


def headline(judged):
    """Return the one-sentence answer, and the one about the scores."""
    epoch, training = (
        [float(rows[measure]["effect"]) for rows in judged.values()]
        for measure in ("epoch_s", "wall_s")
    )
    faster = sum(
        all(rows[measure]["verdict"] == "different" for measure in ("epoch_s", "wall_s"))
        and min(float(rows[measure]["effect"]) for measure in ("epoch_s", "wall_s")) > 1
        for rows in judged.values()
    )
    equal = sum(rows["score"]["verdict"] in EQUAL for rows in judged.values())
    n, doubtful = len(judged), sum(bool(rows["wall_s"]["warnings"]) for rows in judged.values())
    return (
        f"PyTorch is faster on {faster} of {n} problems: an epoch takes Keras {min(epoch):.1f} to "
        f"{max(epoch):.1f} times as long, a whole training {min(training):.1f} to "
        f"{max(training):.1f} times. Scores are equal on {equal} of {n}. Times are doubtful on "
        f"{doubtful} of {n}."
    )


def ratio(row):
    """Return a ratio of times with its interval."""
    return f"{float(row['effect']):.2f} [{float(row['low']):.2f}, {float(row['high']):.2f}]"


def rounded(text):
    """Return a score with four decimals, as `diptych table` rounds it: 0.99905 is 0.9991."""
    return str(Decimal(text).quantize(Decimal("0.0001"), ROUND_HALF_UP))


def answers():
    """Yield the rows of the README's table, a problem each."""
    times = table("cpu/table.csv")
    for problem, rows in verdicts("cpu").items():
        (metric, *_) = problems.load(problem).metrics
        doubtful = any(row["warnings"] for row in times if row["problem"] == problem)
        cells = (
            problem,
            metric.name + " ↓" * (metric.better == "lower"),
            *(rounded(rows["score"][name]) for name in ("reference_value", "value")),
            "equal" if rows["score"]["verdict"] in EQUAL else "not equal",
            ratio(rows["epoch_s"]),
            ratio(rows["wall_s"]),
        )
        yield f"| {' | '.join(cells)} | {'! ' * doubtful}|"


def bench(name, what):
    """Return the values of a benchmark."""
    stored = [json.loads(file.read_text()) for file in (RESULTS / "bench").glob("*.json")]
    (found,) = (
        one["extra_info"][what]["values"]
        for run in stored
        for one in run["benchmarks"]
        if one["name"] == name
    )
    return found


def engine_ratios():
    """Yield a row per problem: an epoch on each engine of Keras over one of PyTorch."""
    sides = [verdicts("engines", name) for name in BACKENDS if name != PYTORCH]
    for problem in published_problems("engines"):
        cells = [f"{float(side[problem]['epoch_s']['effect']):.2f}" for side in sides]
        yield f"| {problem} | {' | '.join(cells)} |"


def engine_seconds():
    """Yield a row per problem: the mean epoch on each backend."""
    seconds = {
        (row["problem"], row["backend"]): float(row["epoch_s_geomean"])
        for row in table("engines/table.csv")
    }
    for problem in published_problems("engines"):
        cells = [f"{seconds[problem, name]:.3f}" for name in BACKENDS]
        yield f"| {problem} | {' | '.join(cells)} |"


def on_a_gpu():
    """Yield a row per problem: seconds of an epoch on both devices of the machine with a GPU."""
    found = {
        (row["problem"], row["backend"]): row
        for row in table("h200/devices.csv")
        if row["measure"] == "epoch_s"
    }
    for problem in dict.fromkeys(problem for problem, _ in found):
        cells = [problem]
        for backend in (PYTORCH, "keras-jax"):
            row = found[problem, backend]
            cells += (f"{float(row[name]):.3f}" for name in ("cpu_value", "gpu_value"))
            cells.append(f"{float(row['ratio']):.2f}")
        yield f"| {' | '.join(cells)} |"


def clear_of_zero():
    """Yield a row per default whose interval excludes zero."""
    for row in table("explain/explain.csv"):
        low, high = float(row["change_low"]), float(row["change_high"])
        if low * high > 0:
            (metric, *_) = problems.load(row["problem"]).metrics
            better = (low > 0) == (metric.better == "higher")
            cells = (
                *(row[name] for name in ("problem", "backend", "defaults", "metric", "seeds")),
                *(f"{float(row[name]):.4f}" for name in ("matched_mean", "score_mean")),
                f"{float(row['change']):+.5f} [{low:+.5f}, {high:+.5f}]",
                "better" if better else "worse",
            )
            yield f"| {' | '.join(cells)} |"


def folders():
    """Yield a row per results folder: what it was measured at."""
    for folder in ("cpu", "engines", "explain", "sweep_cumsum"):
        found = records(folder)
        commits = dict.fromkeys(record["commit"][:12] for record in found)
        started = sorted(record["started"] for record in found)
        yield (
            f"| [{folder}](../results/{folder}) | {len(found)} | "
            f"{max(record['seed'] for record in found) + 1} | {found[0]['jobs']} | "
            f"{', '.join(commits)} | {started[0][:10]} |"
        )


def test_the_answer_is_that_of_the_published_run():
    assert f"**{headline(verdicts('cpu'))}**" in prose(README)


def test_another_result_would_be_another_answer():
    judged = verdicts("cpu")
    judged["echo"]["epoch_s"] |= {"effect": "0.8", "verdict": "different"}
    judged["shapes"]["score"]["verdict"] = "inconclusive"
    text = headline(judged)
    assert text.startswith("PyTorch is faster on 8 of 9 problems: an epoch takes Keras 0.8 to 4.3")
    assert text.endswith("Scores are equal on 8 of 9. Times are doubtful on 5 of 9.")


ROWS = {
    "README.md": answers,
    "docs/gpu.md": on_a_gpu,
    "docs/engines.md": lambda: [*engine_ratios(), *engine_seconds()],
    "docs/defaults.md": clear_of_zero,
    "docs/measuring.md": folders,
}


@pytest.mark.parametrize("name", ROWS)
def test_rows_are_those_of_the_published_results(name):
    found = list(ROWS[name]())
    assert found
    for row in found:
        assert row in DOCUMENTS[name], row


def test_no_other_default_is_said_to_be_clear_of_zero():
    assert DOCUMENTS["docs/defaults.md"].count("] | better |") + DOCUMENTS[
        "docs/defaults.md"
    ].count("] | worse |") == len(list(clear_of_zero()))


def minutes(seeds=10):
    """Return the length of the published run, from its first training to the end of its last.

    It goes seed by seed, so that its first seeds are a run of so many.
    """
    found = [record for record in records("cpu") if record["seed"] < seeds]
    times = [datetime.fromisoformat(record["started"]).timestamp() for record in found]
    ends = [start + record["total_s"] for start, record in zip(times, found, strict=True)]
    return round((max(ends) - min(times)) / 60)


def of_the_run():
    """Yield sentences with figures of the published run, and the documents that say them."""
    here = float(verdicts("cpu")["moving_square"]["epoch_s"]["effect"])
    told = f"An epoch of moving_square takes Keras {here:.1f} times as long"
    warnings = [row["warnings"] for row in table("cpu/table.csv")]
    times = {(row["problem"], row["backend"]): row["warnings"] for row in table("cpu/table.csv")}
    assert len(warnings) > len(times)
    doubtful = f"{sum(map(bool, times.values()))} of {len(times)} rows"
    for name in ("README.md", "docs/measuring.md"):
        yield name, told
        yield name, f"{doubtful} of times carry a warning"
    yield "README.md", f"{len(records('cpu'))} trainings, {minutes()} minutes"
    yield "README.md", f"It takes some {minutes(DEFAULT_SEEDS)} minutes on 2 cores."
    kernels = {(row["problem"], row["backend"]): row["kernel"] for row in table("cpu/table.csv")}
    for name, kernel in kernels.items():
        packed = name == ("japanese_vowels", PYTORCH)
        usual = "oneDNN LSTM" if name[1] == PYTORCH else "graph while loop"
        assert kernel == ("LSTM of single operations" if packed else usual)
        yield "docs/measuring.md", f"`{kernel}`"
    problem_count = len({problem for problem, _ in kernels})
    seeds = next(n for n in range(1, 20) if problem_count * 2 / 2**n < 0.05)  # Holm's first step
    told = {9: "nine"}[problem_count]
    yield "docs/measuring.md", f"Among {told} problems, it takes {seeds} to show a difference."


def of_benchmarks():
    """Yield those with figures of benchmarks."""
    plain = [
        1 / median(bench(f"test_an_epoch_in_the_harness_over_one_by_hand[{KERAS}-{problem}]", what))
        for problem in ("addition", "cumsum")
        for what in ["matched / by hand"]
    ]
    said = (RESULTS / "bench" / "between_runs.md").read_text()
    held = re.search(r"(\d+ of \d+) intervals hold the mean ratio of the other 4 runs", said)[1]
    for name in ("README.md", "docs/measuring.md"):
        yield (
            name,
            f"Plain `fit(x, y)` takes {min(plain):.1f} to {max(plain):.1f} times as long "
            "(addition, cumsum",
        )
        yield name, f"{held} held the mean ratio of the other four"

    slowed = bench("test_a_slow_down_of_a_tenth_is_seen", "epoch, slowed / not")
    seen = bench("test_a_slow_down_of_a_tenth_is_seen", "a difference claimed: epoch_s")
    yield (
        "docs/measuring.md",
        f"measured as {min(slowed):.2f} to {max(slowed):.2f} times (median {median(slowed):.2f}) "
        f"and reported as a difference in {sum(seen):.0f} of {len(seen)} runs",
    )


def of_studies():
    """Yield those with figures of sweep, explain and engines."""
    said = (RESULTS / "sweep_cumsum" / "sweep.md").read_text().splitlines()
    yield "docs/sweep.md", next(line for line in said if " faster than " in line)
    everything = table("explain/explain.csv")
    clear = len(list(clear_of_zero()))
    yield "docs/defaults.md", f"{clear} of {len(everything)} intervals exclude zero"
    seen = {
        row["problem"]: row
        for row in everything
        if (row["backend"], row["defaults"]) == (PYTORCH, "weights")
    }["moving_square"]
    yield (
        "docs/defaults.md",
        f"the target is seen in validation on {seen['target_seen']} of {seen['seeds']} seeds; with "
        f"Keras's, on {seen['matched_target_seen']} of {seen['seeds']}.",
    )
    compiled = [
        float(row["compile_s_geomean"])
        for row in table("engines/table.csv")
        if row["backend"] == "keras-jax"
    ]
    yield "docs/engines.md", f"{math.floor(min(compiled))} to {math.ceil(max(compiled))} s"


def of_a_gpu():
    """Yield those with figures of the machine with a GPU."""
    speeds = {
        (row["device"], row["size"]): float(row["samples_per_s_geomean"])
        for row in table("h200_sweep/sweep.csv")
    }
    sizes = [size for device, size in speeds if device == "gpu"]
    times = [f"{speeds['gpu', size] / speeds['cpu', size]:.3g}" for size in sizes]
    told = ", ".join(f"{ratio} at {size}" for ratio, size in zip(times, sizes, strict=True))
    yield "docs/gpu.md", told.replace(" at ", " at batch size ", 1)
    rows = {
        (row["problem"], row["backend"]): row["warnings"]
        for row in table("h200/table.csv")
        if row["device"] == "gpu"
    }
    drifted = sum(DRIFTED in warnings for warnings in rows.values())
    yield "docs/gpu.md", f"{drifted} of {len(rows)} rows of the GPU carry the warning `{DRIFTED}`"
    (echo,) = (
        float(row["ratio"])
        for row in table("h200/devices.csv")
        if (row["problem"], row["backend"], row["measure"]) == ("echo", PYTORCH, "epoch_s")
    )
    yield "docs/gpu.md", f"Of echo, an epoch takes PyTorch {echo:.2f} times as long on the GPU."


SENTENCES = [*of_the_run(), *of_benchmarks(), *of_studies(), *of_a_gpu()]


@pytest.mark.parametrize(("name", "sentence"), SENTENCES)
def test_sentences_say_what_was_measured(name, sentence):
    assert sentence in prose(DOCUMENTS[name])


def test_the_versions_are_those_of_the_published_run():
    for record in records("cpu"):
        for package, version in record["versions"].items():
            if package != "numpy":
                assert f"{package} {version.partition('+')[0]}" in README.replace(
                    "Python", "python"
                )


def test_the_engines_were_proven_and_are_all_there():
    found = records("engines")
    assert {record["backend"] for record in found} == set(BACKENDS)
    assert {record["proof"] for record in found} == {PROVEN}


def test_what_the_defaults_do_reads_as_the_published_runs():
    found, broken = read(RESULTS / "explain")
    assert broken == []
    frame = explain(found)
    assert set(frame["problem"]) == set(published_problems("explain"))
    assert explanation(frame, found) == (RESULTS / "explain" / "explain.md").read_text()
    assert (frame[frame["problem"] == "damped_sine"]["seeds"] == 10).all()


def test_every_warning_is_explained():
    for name in WARNINGS:
        assert f"| `{name}` | " in DOCUMENTS["docs/measuring.md"], name
    for said in (
        f"differ from its total by more than {100 * PARTS:g} %",
        f"took over {100 * BUSY:g} % of the training's processors",
        f"the slowest seed took over {DRIFT:g} times as long as the fastest",
    ):
        assert said in DOCUMENTS["docs/measuring.md"], said


def test_the_benchmarks_are_the_published_ones():
    section = DOCUMENTS["docs/measuring.md"].partition("## What the comparison itself costs")[2]
    published = (RESULTS / "bench" / "bench.md").read_text().splitlines()
    rows = [line for line in section.partition("\n## ")[0].splitlines() if line.startswith("|")]
    assert len(rows) > 2
    for row in rows:
        assert row in published, row
    files = sorted((RESULTS / "bench").glob("*.json"))
    assert report(*(json.loads(file.read_text()) for file in files)).splitlines() == published


def test_what_very_many_trainings_cost_is_told():
    lines = (RESULTS / "bench" / "many.jsonl").read_text().splitlines()
    tenths = [json.loads(line) for line in lines]
    cpu_s = [one["cpu_s_per_thousand"] for one in tenths]
    resident = [one["resident_bytes"] / 1e6 for one in tenths]
    sentence = (
        f"In a run of {tenths[-1]['trainings']:,} that do nothing, the command takes "
        f"{min(cpu_s):.1f} to {max(cpu_s):.1f} s of processor time for a thousand, and "
        f"{min(resident):.0f} to {max(resident):.0f} MB"
    )
    assert sentence in prose(DOCUMENTS["docs/machines.md"])
