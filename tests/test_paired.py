"""Statistics of paired changes, against statsmodels and scipy.stats as oracles."""

import itertools
import math

import numpy as np
import pytest
from scipy.stats import permutation_test
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import TTestPower
from statsmodels.stats.weightstats import DescrStatsW, ttost_paired

from compare.tables import statistics as paired
from compare.tables.statistics import (
    LEVEL,
    geometric_mean,
    holm,
    interval,
    sign_flip_p,
    smallest,
    within_p,
)


def drawn(n, seed=0, shift=0.3):
    return np.random.default_rng([n, seed]).normal(shift, 1.0, n)


@pytest.mark.parametrize("n", [2, 3, 6, 10, 30, 200])
@pytest.mark.parametrize("confidence", [0.90, 0.95])
def test_the_interval_is_the_t_interval(n, confidence):
    expected = DescrStatsW(drawn(n)).tconfint_mean(alpha=1 - confidence)
    assert interval(drawn(n), confidence) == pytest.approx(expected, rel=1e-10)


def test_an_interval_needs_two():
    assert all(map(math.isnan, interval([1.0])))
    assert interval([1.0, 1.0]) == (1.0, 1.0)


def permuted(changes):
    """Return the p of scipy's exact test."""
    return permutation_test(
        (changes,), np.sum, permutation_type="samples", n_resamples=math.inf, vectorized=True
    ).pvalue


CHANGES = [
    *(drawn(n) for n in (2, 5, 6, 7, 10)),
    *(np.round(drawn(n, shift=0.2), 1) for n in (6, 8, 10)),  # many sums are the same
    np.array([0.1, 0.2, 0.3, -0.6, 0.1, 0.0]),  # sum zero, but for rounding
    np.array([0.1, 0.2, 0.3, -0.4, 0.1, 0.0, 0.2]),
    np.sign(drawn(9)),
    np.abs(drawn(8)),
    np.array([0.0, 0.0, 0.5, 0.1, 1.0, 0.2, 0.3]),
    np.zeros(6),
]


@pytest.mark.parametrize("changes", CHANGES, ids=lambda changes: f"{len(changes)}")
def test_the_p_of_sign_flips_is_exact(changes):
    assert sign_flip_p(changes) == pytest.approx(permuted(changes), rel=1e-10)
    assert sign_flip_p(-changes) == sign_flip_p(changes)


def test_the_p_of_many_changes_is_that_of_counting_signs():
    for n in (24, 39, 40):
        positive = 3 * n // 4
        changes = [1.0] * positive + [-1.0] * (n - positive)
        expected = 2 * sum(math.comb(n, k) for k in range(positive, n + 1)) / 2**n
        assert sign_flip_p(changes) == pytest.approx(expected, rel=1e-12)


def test_beyond_what_is_counted_the_limit_is_near_the_exact_p(monkeypatch):
    changes = drawn(36, shift=0.35)
    exact = sign_flip_p(changes)
    monkeypatch.setattr(paired, "EXACT", 35)
    limit = sign_flip_p(changes)
    assert limit != exact
    assert limit == pytest.approx(exact, rel=0.1)


@pytest.mark.parametrize("n", [1, 2, 6, 12])
def test_holm_is_that_of_statsmodels(n):
    for seed in range(3):
        ps = np.random.default_rng([n, seed]).uniform(size=n) ** 3
        ps[seed % n] = ps[0]  # a tie
        assert holm(list(ps)) == pytest.approx(multipletests(ps, method="holm")[1], rel=1e-10)
    assert holm([]) == []


@pytest.mark.parametrize("n", [6, 10, 40])
def test_the_p_of_equivalence_is_that_of_two_one_sided_tests(n):
    a, b = drawn(n), drawn(n, seed=1)
    said = []
    for margin in np.linspace(0.02, 4.0, 200):
        p = within_p(a - b, margin)
        assert p == pytest.approx(ttost_paired(a, b, -margin, margin)[0], rel=1e-9), margin
        low, high = interval(a - b, 1 - 2 * LEVEL)
        said.append(p < LEVEL)
        assert said[-1] == (-margin < low and high < margin), margin
    assert len(set(said)) == 2, "some margins are wide enough, others not"


def test_changes_that_are_all_alike_are_within_a_margin_or_not():
    assert [within_p([0.5] * 6, margin) for margin in (0.4, 0.5, 0.6)] == [1.0, 1.0, 0.0]


def test_the_centre_of_times_is_geometric():
    a, b = np.exp(drawn(7)), np.exp(drawn(7, seed=1))
    assert geometric_mean(a) == pytest.approx(math.prod(a) ** (1 / 7))
    ratio = geometric_mean(a) / geometric_mean(b)
    assert ratio == pytest.approx(geometric_mean(a / b)), "the ratio of means is that of the pairs"
    assert np.median(a) / np.median(b) != pytest.approx(np.median(a / b)), "as no median has it"
    assert geometric_mean([1.0, 0.0]) == 0
    assert geometric_mean([1.0, math.inf]) == math.inf
    assert geometric_mean([]) is None


@pytest.mark.parametrize("n", [6, 7, 10, 30, 200])
def test_the_smallest_difference_is_found_four_times_in_five(n):
    changes = drawn(n)
    effect = smallest(changes) / changes.std(ddof=1)
    assert TTestPower().power(effect, n, 0.05) == pytest.approx(0.8, abs=1e-10)
    solved = TTestPower().solve_power(nobs=n, alpha=0.05, power=0.8)
    assert effect == pytest.approx(solved, rel=1e-5)  # as near as its own search goes


def test_every_choice_of_signs_counts_once():
    changes = drawn(6)
    sums = [np.dot(signs, changes) for signs in itertools.product((-1, 1), repeat=6)]
    assert sign_flip_p(changes) == np.mean(np.abs(sums) >= abs(changes.sum()) - 1e-12)
