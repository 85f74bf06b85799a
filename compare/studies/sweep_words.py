"""What two sides of a sweep come to, in a sentence."""

import math
from collections.abc import Iterator, Sequence

from compare.studies.crossover import Stretch
from compare.studies.sweep_pairs import Pair

SWEPT = {"batch_size": "batch size", "unit": "units"}  # field of a Run: what a reader calls it


def at(sweep: str, size: str) -> str:
    """Return a size with what it is a size of."""
    return f"{size} units" if sweep == "unit" else f"{SWEPT[sweep]} {size}"


def readings(pairs: Sequence[Pair]) -> list[str]:
    """Return a sentence for every two sides."""
    return [" ".join(_parts(pair)) for pair in pairs]


def _parts(pair: Pair) -> Iterator[str]:
    first, last = (at(pair.sweep, str(pair.sizes[place])) for place in (0, -1))
    names = f"{pair.side.name} and {pair.reference.name}"
    if first == last:
        yield f"{names} were both timed at {first} alone: {_faster(pair, 0)}."
    elif not pair.crossings:
        yield f"No crossover of {names} between {first} and {pair.sizes[-1]}: {_faster(pair, 0)}"
        yield f"at the smallest, and {_faster(pair, -1)} at the largest{_undecided(pair)}."
    elif len(pair.crossings) == 1:
        (one,) = pair.crossings
        yield f"From {at(pair.sweep, number(one.size))} on{_interval(one.low, one.high)},"
        yield f"{pair.faster(side=one.rising)} is faster than {pair.faster(side=not one.rising)};"
        yield f"at {first}, {_faster(pair, 0)}, at {last}, {_faster(pair, -1)}."
    else:
        yield f"The order of {names} changes {len(pair.crossings)} times:"
        yield f"{pair.faster(side=not pair.crossings[0].rising)} is faster at {first},"
        changes = (
            f"{pair.faster(side=one.rising)} from {number(one.size)} on"
            f"{_interval(one.low, one.high)}"
            for one in pair.crossings
        )
        yield f"{', '.join(changes)}."


def rate(samples_per_s: float | None) -> str:
    """Return samples per second, with no more digits than are worth reading; empty if missing."""
    if samples_per_s is None:
        return ""
    return f"{samples_per_s:,.0f}" if samples_per_s >= 100 else f"{samples_per_s:.3g}"


def number(size: float) -> str:
    """Return a size that was not measured, but computed: three digits tell enough."""
    return f"{float(f'{size:.3g}'):g}"


def _faster(pair: Pair, place: int) -> str:
    ratio = float(pair.ratios[place])
    return f"{pair.faster(side=ratio > 1)} is {max(ratio, 1 / ratio):.3g} times as fast"


def _interval(low: float, high: float) -> str:
    return " (one repetition, no interval)" if math.isnan(low) else f" (95 %: {_within(low, high)})"


def _within(low: float, high: float) -> str:
    if low == 0 or math.isinf(high):
        below, above = f"up to {number(high)}", f"{number(low)} and above"
        return above if low else "anywhere" if math.isinf(high) else below
    return f"{number(low)} to {number(high)}"


def _undecided(pair: Pair) -> str:
    if len(pair.changes) == 1:
        return "; one repetition tells no more"
    stretches: Sequence[Stretch] = pair.undecided
    where = ", and ".join(_within(low, high) for low, high in stretches)
    return f"; not told apart by the test: {where}" if where else ""
