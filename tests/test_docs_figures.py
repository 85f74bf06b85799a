"""Every figure in README.md and docs/ is one of the published results."""

import json
import math
import re
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from statistics import median

import pytest
from bench_report import report
from documents import DOCUMENTS, README, RESULTS, prose, records, table
from right_ports import RIGHT
from wrong_ports import WRONG

import problems
from backends import BACKENDS
from compare.measures import BUSY, DRIFT, PARTS, WARNINGS
from compare.proof.bounds import FACTOR, FLOOR
from compare.proof.finding import Finding
from compare.proof.probe import DRAWS, NOISE
from compare.proof.publish import findings_markdown
from compare.records.journal import read
from compare.records.record import PROVEN
from compare.studies.explain import explain, explanation

PYTORCH, KERAS = "pytorch", "keras-tensorflow"
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


def findings(folder="check"):
    found = json.loads((RESULTS / folder / "check.json").read_text())
    return [Finding(**one) for one in found]


def worst(precision):
    """Return the largest difference of Keras on TensorFlow from PyTorch, its problem and rung."""
    found = [
        one
        for one in findings()
        if (one.backend, one.precision) == (KERAS, precision) and one.largest is not None
    ]
    return max(found, key=lambda one: one.largest)


def apart():
    """Yield a row per problem: by how much the losses of the two differ, first and last epoch."""
    pairs = {}
    for record in records("cpu"):
        key = record["problem"], record["seed"]
        pairs.setdefault(key, {})[record["backend"]] = record
    for problem in problems.names():
        sides = [pair for (name, _), pair in pairs.items() if name == problem]
        found = [
            median(abs(pair[KERAS][loss][i] / pair[PYTORCH][loss][i] - 1) for pair in sides)
            for loss in ("train_loss", "validation_loss")
            for i in (0, -1)
        ]
        yield f"| {problem} | {' | '.join(f'{change:.1e}' for change in found)} |"


def engine_ratios():
    """Yield a row per problem: an epoch on each engine of Keras over one of PyTorch."""
    sides = [verdicts("engines", name) for name in BACKENDS if name != PYTORCH]
    for problem in problems.names():
        cells = [f"{float(side[problem]['epoch_s']['effect']):.2f}" for side in sides]
        yield f"| {problem} | {' | '.join(cells)} |"


def engine_seconds():
    """Yield a row per problem: the mean epoch on each backend."""
    seconds = {
        (row["problem"], row["backend"]): float(row["epoch_s_geomean"])
        for row in table("engines/table.csv")
    }
    for problem in problems.names():
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


def farthest(folder, *backends):
    """Return the largest difference of a layer in float32 from the reference in float64."""
    return max(
        one.relative
        for one in findings(folder)
        if (one.rung, one.precision) == ("layers", "float32") and one.backend in backends
    )


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
    assert text.startswith("PyTorch is faster on 5 of 6 problems: an epoch takes Keras 0.8 to 3.3")
    assert text.endswith("Scores are equal on 5 of 6. Times are doubtful on 5 of 6.")


ROWS = {
    "README.md": answers,
    "docs/proof.md": apart,
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


def minutes():
    """Return the length of the published run, from its first training to the end of its last."""
    found = records("cpu")
    times = [datetime.fromisoformat(record["started"]).timestamp() for record in found]
    ends = [start + record["total_s"] for start, record in zip(times, found, strict=True)]
    return round((max(ends) - min(times)) / 60)


def sentences():
    """Yield sentences with figures in them, and the documents that say them."""
    here, before = (
        float(verdicts(folder)["moving_square"]["epoch_s"]["effect"])
        for folder in ("cpu", "engines")
    )
    told = f"{here:.1f} times as long in results/cpu, {before:.1f} times in results/engines"
    for name in ("README.md", "docs/measuring.md"):
        yield name, told

    plain = [
        1 / median(bench(f"test_an_epoch_in_the_harness_over_one_by_hand[{KERAS}-{problem}]", what))
        for problem in ("addition", "cumsum")
        for what in ["matched / by hand"]
    ]
    fed = f"takes {min(plain):.1f} to {max(plain):.1f} times as long"
    yield "README.md", f"Plain `fit(x, y)` {fed}"
    yield "docs/measuring.md", f"Plain `fit(x, y)` {fed}"

    warnings = [row["warnings"] for row in table("cpu/table.csv")]
    times = {(row["problem"], row["backend"]): row["warnings"] for row in table("cpu/table.csv")}
    assert len(warnings) > len(times)
    doubtful = f"{sum(map(bool, times.values()))} of {len(times)} rows"
    yield "README.md", f"{doubtful} of times carry a warning"
    yield "docs/measuring.md", f"{doubtful} of times carry a warning"

    for precision in ("float64", "float32"):
        found = worst(precision)
        text = f"{found.largest:.1e} in {precision} ({found.problem}, {found.rung})"
        yield "README.md", text
        yield "docs/proof.md", text

    said = (RESULTS / "bench" / "between_runs.md").read_text()
    held = re.search(r"(\d+ of \d+) intervals hold the mean ratio of the other 4 runs", said)[1]
    for name in ("README.md", "docs/measuring.md"):
        yield name, f"{held} held the mean ratio of the other four"

    yield "README.md", f"{len(records('cpu'))} trainings, {minutes()} minutes"
    slowed = bench("test_a_slow_down_of_a_tenth_is_seen", "epoch, slowed / not")
    seen = bench("test_a_slow_down_of_a_tenth_is_seen", "a difference claimed: epoch_s")
    yield (
        "docs/measuring.md",
        f"measured as {min(slowed):.2f} to {max(slowed):.2f} times (median {median(slowed):.2f}) "
        f"and reported as a difference in {sum(seen):.0f} of {len(seen)} runs",
    )
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
    speeds = {
        (row["device"], row["size"]): float(row["samples_per_s_geomean"])
        for row in table("h200_sweep/sweep.csv")
    }
    sizes = [size for device, size in speeds if device == "gpu"]
    times = [f"{speeds['gpu', size] / speeds['cpu', size]:.3g}" for size in sizes]
    told = ", ".join(f"{ratio} at {size}" for ratio, size in zip(times, sizes, strict=True))
    yield "docs/gpu.md", told.replace(" at ", " at batch size ", 1)
    yield (
        "docs/gpu.md",
        f"{farthest('h200_check', PYTORCH):.1e} for PyTorch and for Keras on PyTorch, "
        f"{farthest('h200_check', 'keras-jax'):.1e} for Keras on JAX. On a CPU, no backend is "
        f"further off than {farthest('check', *BACKENDS):.1e}.",
    )
    recipes = [problems.load(name).recipe for name in problems.names()]
    steps = [
        -(-recipe.examples["train"] // recipe.batch_size) * recipe.epochs for recipe in recipes
    ]
    yield "docs/proof.md", f"Whole trainings have {min(steps):,} to {max(steps):,} steps"
    compiled = [
        float(row["compile_s_geomean"])
        for row in table("engines/table.csv")
        if row["backend"] == "keras-jax"
    ]
    yield (
        "docs/engines.md",
        f"{math.floor(min(compiled))} to {math.ceil(max(compiled))} s",
    )


@pytest.mark.parametrize(("name", "sentence"), list(sentences()))
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


def test_the_ladder_is_the_published_one():
    published = (RESULTS / "check" / "check.md").read_text().splitlines()
    rows = [line.strip("| ").split(" | ") for line in published if f" | {KERAS} | " in line]
    assert {row[0] for row in rows} == set(problems.names())
    for problem, _, _, precision, *cells in rows:
        row = f"| {problem} | {precision} | {' | '.join(cells[-6:])} |"
        assert row in DOCUMENTS["docs/proof.md"], row


def test_the_power_of_the_proof_is_the_published_one_on_every_engine():
    found = json.loads((RESULTS / "check" / "power.json").read_text())
    assert found.keys() == set(BACKENDS) - {PYTORCH}
    for rows in found.values():
        rates = {precision: [] for precision in ("float64", "float32")}
        for row in rows:
            rates[row["precision"]].append(float(row["learning rate"]))
        told = (
            f"off by {max(rates['float64']):.0e} or less in float64 on every problem, by 1e-4 in "
            f"float32 on {'four' if rates['float32'].count(1e-4) == 4 else 'other than four'} of "
            "six."
        )
        assert told in prose(DOCUMENTS["docs/proof.md"])


def test_whole_trainings_in_float64_are_the_published_ones():
    published = (RESULTS / "whole" / "check.md").read_text().splitlines()
    rows = [line.strip("| ").split(" | ") for line in published if f" | {KERAS} | " in line]
    assert {row[0] for row in rows} == set(problems.names())
    for problem, *_, curve, state, score in rows:
        assert f"| {problem} | {curve} | {state} | {score} |" in DOCUMENTS["docs/proof.md"]
    most = {row[0]: max(map(float, row[-3:])) for row in rows}
    apart = {name: most.pop(name) for name in ("addition", "damped_sine")}
    assert f"four of six problems stay within {max(most.values()):.0e}" in prose(README)
    told = " and ".join(f"{number:.0e}" for number in apart.values())
    assert f"to {told}." in prose(README)


@pytest.mark.parametrize("folder", ["check", "h200_check", "whole"])
def test_the_published_ladder_reads_as_its_findings(folder):
    assert all(finding.passed for finding in findings(folder))
    assert findings_markdown(findings(folder)) == (RESULTS / folder / "check.md").read_text()


def test_the_bounds_are_those_of_the_ladder():
    text = prose(DOCUMENTS["docs/proof.md"])
    for precision, floor in FLOOR.items():
        assert f"| {precision} | {FACTOR:g} times the spread" in text
        assert f"roundings of {precision}, and {floor:g}" in text
    assert DRAWS == 3
    assert "six more times, three with noise" in text
    assert f"moved by {NOISE:g} roundings" in text


def test_as_many_ports_are_told_of_as_there_are():
    text = prose(DOCUMENTS["docs/proof.md"])
    assert f"{len(RIGHT)} right ports of small networks and {len(WRONG)} wrong ones" in text


def test_what_the_defaults_do_reads_as_the_published_runs():
    found, broken = read(RESULTS / "explain")
    assert broken == []
    frame = explain(found)
    assert set(frame["problem"]) == set(problems.names())
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
