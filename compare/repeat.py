"""Is a training the same when it is done again? Its losses, against those under the second name."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from backends import AGAIN
from compare.records.record import Record


def repeat_differences(records: Sequence[Record]) -> dict[str, float]:
    """Return, by the key of a training that was done twice, by how much its losses differ.

    It is the largest relative difference of a loss, in any epoch, of training or validation: 0 for
    losses that are equal to the bit, infinity where one side has a loss and the other none.
    """
    by_key = {record.key: record for record in records}
    pairs = {record.key: by_key.get(_again(record)) for record in records}
    return {
        key: _difference(by_key[key], twice)
        for key, twice in pairs.items()
        if twice is not None and (by_key[key].train_loss or twice.train_loss)
    }


def _again(record: Record) -> str:
    """Return the key of the same training under the backend's second name."""
    return replace(record, backend=record.backend + AGAIN).key


def _difference(one: Record, twice: Record) -> float:
    losses, again = (
        np.array([*record.train_loss, *record.validation_loss], dtype=float)
        for record in (one, twice)
    )
    if losses.shape != again.shape or (np.isnan(losses) != np.isnan(again)).any():
        return float("inf")
    unequal = losses != again  # also where both are none
    with np.errstate(divide="ignore"):
        change = np.abs(losses - again)[unequal] / np.abs(losses)[unequal]
    return float(np.nanmax(change, initial=0.0))
