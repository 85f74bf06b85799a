"""Every figure of the proof in README.md and docs/ is one of the published checks."""

import json
from statistics import median

import pytest
from conftest import COMPARED
from documents import DOCUMENTS, README, RESULTS, prose, published_problems, records
from dropout_ports import MORE_DROPOUT, RIGHT_DROPOUT, WRONG_DROPOUT
from right_ports import RIGHT
from wrong_ports import WRONG

import problems
from backends import BACKENDS
from compare.proof.bounds import FACTOR, FLOOR
from compare.proof.finding import Finding
from compare.proof.probe import DRAWS, NOISE
from compare.proof.publish import findings_markdown

PYTORCH, KERAS = COMPARED


def findings(folder):
    """Return the published findings of a check."""
    found = json.loads((RESULTS / folder / "check.json").read_text())
    return [Finding(**one) for one in found]


def rows(folder):
    """Return the cells of Keras on TensorFlow in the table of a published check."""
    published = (RESULTS / folder / "check.md").read_text().splitlines()
    found = [line.strip("| ").split(" | ") for line in published if f" | {KERAS} | " in line]
    assert {row[0] for row in found} == set(published_problems(folder))
    return found


def worst(precision):
    """Return the largest difference of Keras on TensorFlow from PyTorch, its problem and rung."""
    found = [
        one
        for one in findings("check")
        if (one.backend, one.precision) == (KERAS, precision) and one.largest is not None
    ]
    return max(found, key=lambda one: one.largest)


def farthest(folder, *backends):
    """Return the largest difference of a layer in float32 from the reference in float64."""
    return max(
        one.relative
        for one in findings(folder)
        if (one.rung, one.precision) == ("layers", "float32") and one.backend in backends
    )


def apart():
    """Yield a row per problem: by how much the losses of the two differ, first and last epoch."""
    pairs = {}
    for record in records("cpu"):
        key = record["problem"], record["seed"]
        pairs.setdefault(key, {})[record["backend"]] = record
    for problem in published_problems("cpu"):
        sides = [pair for (name, _), pair in pairs.items() if name == problem]
        found = [
            median(abs(pair[KERAS][loss][i] / pair[PYTORCH][loss][i] - 1) for pair in sides)
            for loss in ("train_loss", "validation_loss")
            for i in (0, -1)
        ]
        yield f"| {problem} | {' | '.join(f'{change:.1e}' for change in found)} |"


@pytest.mark.parametrize("precision", ["float64", "float32"])
@pytest.mark.parametrize("name", ["README.md", "docs/proof.md"])
def test_the_largest_difference_is_the_published_one(name, precision):
    found = worst(precision)
    told = f"{found.largest:.1e} in {precision} ({found.problem}, {found.rung})"
    assert told in prose(DOCUMENTS[name])


def test_layers_on_a_gpu_are_as_exact_as_published():
    assert (
        f"{farthest('h200_check', PYTORCH):.1e} for PyTorch and for Keras on PyTorch, "
        f"{farthest('h200_check', 'keras-jax'):.1e} for Keras on JAX. On a CPU, no backend is "
        f"further off than {farthest('check', *BACKENDS):.1e}."
    ) in prose(DOCUMENTS["docs/gpu.md"])


def test_whole_trainings_of_the_published_run_are_as_far_apart():
    found = list(apart())
    names = published_problems("cpu")
    assert len(found) == len(names)
    for row in found:
        assert row in DOCUMENTS["docs/proof.md"], row
    recipes = [problems.load(name).recipe for name in names]
    steps = [
        -(-recipe.examples["train"] // recipe.batch_size) * recipe.epochs for recipe in recipes
    ]
    told = f"Whole trainings have {min(steps):,} to {max(steps):,} steps"
    assert told in prose(DOCUMENTS["docs/proof.md"])


def test_the_ladder_is_the_published_one():
    for problem, _, _, precision, *cells in rows("check"):
        told = [*cells[3:6], *cells[7:]]  # without `statistics`: none of them has any
        row = f"| {problem} | {precision} | {' | '.join(told)} |"
        assert row in DOCUMENTS["docs/proof.md"], row


def test_the_power_of_the_proof_is_the_published_one_on_every_engine():
    found = json.loads((RESULTS / "check" / "power.json").read_text())
    assert found.keys() == set(BACKENDS) - {PYTORCH}
    for rows in found.values():
        drawn = {name for name in problems.names() if not problems.load(name).fixed}
        assert {row["problem"] for row in rows} == drawn
        assert len(drawn) == 6
        rates = {precision: [] for precision in ("float64", "float32")}
        for row in rows:
            rates[row["precision"]].append(float(row["learning rate"]))
        told = (
            f"off by {max(rates['float64']):.0e} or less in float64 on all six problems "
            "without real data, by 1e-4 in float32 on "
            f"{'four' if rates['float32'].count(1e-4) == 4 else 'other than four'} of them."
        )
        assert told in prose(DOCUMENTS["docs/proof.md"])


def test_whole_trainings_in_float64_are_the_published_ones():
    found = rows("whole")
    for problem, *_, curve, state, score in found:
        assert f"| {problem} | {curve} | {state} | {score} |" in DOCUMENTS["docs/proof.md"]
    most = {row[0]: max(map(float, row[-3:])) for row in found}
    chaotic = {name: most.pop(name) for name in ("addition", "co2", "damped_sine")}
    assert f"six of nine problems stay within {max(most.values()):.0e}" in prose(README)
    addition, co2, sine = (f"{number:.0e}" for number in chaotic.values())
    assert f"to {addition}, {co2} and {sine}." in prose(README)


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
    dropping = len(RIGHT_DROPOUT | MORE_DROPOUT)
    assert f"{dropping} right ports and {len(WRONG_DROPOUT)} wrong ones more" in text
    assert f"{dropping} networks with dropout" in prose(DOCUMENTS["docs/dropout.md"])
