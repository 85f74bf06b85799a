"""Whether intervals hold between runs is counted from the records of some runs."""

from dataclasses import replace

import pytest
from between_runs import alike, report
from synthetic import record

from compare.records.record import UsageError


def run(ratio, *, day=1, fingerprint="same-code"):
    """Return a run of six seeds; Keras takes `ratio` times as long, give or take a hundredth."""
    made = []
    for seed in range(6):
        for backend, slower in (("pytorch", 1.0), ("keras-tensorflow", ratio)):
            epoch = slower * (1 + 0.01 * (-1) ** seed * (slower > 1))
            timed = {"epoch_s": [epoch] * 3, "first_epoch_s": epoch, "total_s": 10 * epoch}
            one = record("echo", backend, seed, fingerprint=fingerprint, **timed)
            made.append(replace(one, started=f"2026-01-{day:02}T03:04:05+00:00"))
    return made


def test_an_interval_that_does_not_hold_the_mean_of_the_other_runs_is_counted_and_marked():
    text = report([run(2.0), run(2.001, day=2), run(2.1, day=3)])
    assert "**0 of 6 intervals hold the mean ratio of the other 2 runs (0%).**" in text
    text = report([run(2.0), run(2.001, day=2), run(2.002, day=3)])
    assert "**6 of 6 intervals hold the mean ratio of the other 2 runs (100%).**" in text
    text = report([run(2.0), run(2.001, day=2), run(2.002, day=3), run(2.1, day=4)])
    (row,) = [line for line in text.splitlines() if "an epoch" in line]
    assert row.count("**no**") == 4
    assert row.startswith("| echo | keras-tensorflow | an epoch | 2.000 [1.977, 2.023]")
    assert "run of 2026-01-04 03:04" in text


def test_runs_of_another_code_are_no_runs_of_the_same():
    with pytest.raises(UsageError, match="expected runs of the same trainings and code, "):
        alike([run(2.0), run(2.0, fingerprint="other-code")])
    with pytest.raises(UsageError, match="expected runs of the same trainings and code, "):
        alike([run(2.0), run(2.0)[:-1]])
    with pytest.raises(UsageError, match="expected two runs or more, came 1"):
        alike([run(2.0)])
    alike([run(2.0), run(2.1)])


def test_what_has_no_interval_is_not_counted():
    few = [[one for one in made if one.seed < 5] for made in (run(2.0), run(2.1, day=2))]
    with pytest.raises(UsageError, match="expected times with intervals"):
        report(few)
    other = [[replace(one, problem="shapes") for one in made] for made in few]
    text = report([run(2.0) + other[0], run(2.001, day=2) + other[1]])
    assert "**4 of 4 intervals" in text
    assert "shapes" not in text
