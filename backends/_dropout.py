"""The random numbers of dropout, drawn once in NumPy: in the check both sides drop the same.

A training step draws in the order of its program: the first draw of a step has the same numbers on
every backend, then the second, and so on. Each reads on from a place of its own in one ring of
numbers, in Keras's layout, so that no size has to be known. Imports no framework.
"""

from typing import NamedTuple

import numpy as np

from backends._seeded import Array
from problems import stream

RING = 65_537  # numbers, a prime: no axis of an array falls in with it
STEPS = 4_096  # places of each draw; a training with more steps begins again
LEVELS = 2**24  # of a number: whole ones, for they are the same in every precision


class Draw(NamedTuple):
    """One draw of a training step: which layer asks for it, and for what."""

    layer: str
    rate: float
    shape: str  # of the mask, without the batch axis

    def __str__(self) -> str:
        """Return what a hint tells of it."""
        return f"{self.layer or 'the model itself'}, rate {self.rate:g} of ({self.shape})"


def ring(seed: int) -> Array:
    """Return RING whole numbers from 0 to LEVELS, int32."""
    return stream(seed, "dropout").integers(LEVELS, size=RING, dtype=np.int32)


def places(seed: int, draw: int) -> Array:
    """Return where in the ring a draw begins, in each of STEPS steps, int32."""
    return stream(seed, f"dropout {draw}").integers(RING, size=STEPS, dtype=np.int32)


def dropped(rate: float) -> int:
    """Return the number below which a place of the ring is dropped at this rate."""
    return round(rate * LEVELS)
