"""Where two sides are equally fast: found where it is, and within its interval as often as said."""

import math

import numpy as np
import pytest

from compare.studies.crossover import crossings, undecided

SIZES = (16, 32, 64, 128, 256)
TRIALS = 600


def trials(seeds, *, crossover, slope, noise=0.05, common=0.1):
    """Yield changes (seeds, sizes) about a line that is zero at the crossover.

    Each seed is off by noise of its own at every size, and by some common to all of its sizes.
    """
    rng = np.random.default_rng(7)
    truth = slope * np.log(np.array(SIZES) / crossover)
    for _ in range(TRIALS):
        shared = rng.normal(0, common, (seeds, 1))
        yield truth + shared + rng.normal(0, noise, (seeds, len(SIZES)))


def test_a_crossover_is_found_between_two_sizes_on_the_scale_of_logarithms():
    changes = np.log([[0.25, 0.5, 2.0, 4.0, 8.0]] * 3)
    (one,) = crossings(SIZES, changes)
    assert one.size == pytest.approx(math.sqrt(32 * 64))
    assert one.rising
    assert (one.low, one.high) == pytest.approx((one.size, one.size)), "without noise, no doubt"
    (other,) = crossings(SIZES, -changes)
    assert not other.rising
    assert other.size == one.size


def test_a_side_that_is_faster_throughout_crosses_nowhere():
    assert crossings(SIZES, np.log([[1.5, 1.4, 1.3, 1.2, 1.1]] * 3)) == []
    assert undecided(SIZES, np.log([[1.5, 1.4, 1.3, 1.2, 1.1]] * 3)) == []


def test_several_crossovers_are_all_found_in_order():
    changes = np.log([[0.5, 2.0, 0.5, 0.5, 2.0]] * 2)
    found = crossings(SIZES, changes)
    assert [one.rising for one in found] == [True, False, True]
    assert [one.size for one in found] == pytest.approx([16 * 2**0.5, 32 * 2**0.5, 128 * 2**0.5])


def test_equality_at_a_measured_size_is_one_crossover_and_a_touch_is_none():
    (one,) = crossings(SIZES, np.array([[-1.0, -1.0, 0.0, 1.0, 1.0]]))
    assert one.size == pytest.approx(64)
    assert crossings(SIZES, np.array([[1.0, 1.0, 0.0, 1.0, 1.0]])) == []
    assert crossings(SIZES, np.zeros((3, 5))) == []
    assert crossings((32,), np.array([[1.0], [2.0]])) == []


def test_one_repetition_has_a_crossover_and_no_interval():
    (one,) = crossings(SIZES, np.log([[0.25, 0.5, 2.0, 4.0, 8.0]]))
    assert math.isnan(one.low)
    assert math.isnan(one.high)
    assert undecided(SIZES, np.log([[0.25, 0.5, 2.0, 4.0, 8.0]])) == []


def test_an_interval_that_reaches_beyond_what_was_measured_is_open():
    rising = np.array([-0.1, 0.2, 0.4, 0.6, 0.8]) + np.array([[0.9], [-0.9], [0.0]])
    (one,) = crossings(SIZES, rising)
    assert one.low == 0
    assert math.isinf(one.high), "three repetitions so far apart tell nothing"
    steep = np.array([-2.0, 0.2, 2.0, 4.0, 6.0]) + np.array([[0.3], [-0.3], [0.0]])
    (one,) = crossings(SIZES, steep)
    assert 16 < one.low < one.size < one.high < 64


@pytest.mark.parametrize("seeds", [2, 3, 5])
def test_the_interval_covers_a_known_crossover_in_95_percent_of_all_trials(seeds):
    crossover = 70.0  # between two sizes
    covered = [
        any(low <= crossover <= high for low, high in undecided(SIZES, changes))
        for changes in trials(seeds, crossover=crossover, slope=0.5)
    ]
    error = math.sqrt(0.95 * 0.05 / TRIALS)
    assert np.mean(covered) == pytest.approx(0.95, abs=4 * error)


def test_the_interval_of_a_crossover_that_was_found_covers_it_as_often():
    found = [
        crossings(SIZES, changes) for changes in trials(3, crossover=70.0, slope=0.5, common=0.03)
    ]
    (lengths,) = {len(ones) for ones in found}
    assert lengths == 1, "so steep that no trial misses it or finds another"
    covered = [one.low <= 70.0 <= one.high for (one,) in found]
    assert np.mean(covered) == pytest.approx(0.95, abs=4 * math.sqrt(0.95 * 0.05 / TRIALS))


def test_an_interval_too_narrow_would_be_seen():
    """The same test with intervals of half the width fails: it can fail."""
    covered = []
    for changes in trials(3, crossover=70.0, slope=0.5, common=0.03):
        (one,) = crossings(SIZES, changes)
        low, high = math.sqrt(one.low * one.size), math.sqrt(one.high * one.size)
        covered.append(low <= 70.0 <= high)
    assert np.mean(covered) < 0.95 - 4 * math.sqrt(0.95 * 0.05 / TRIALS)
