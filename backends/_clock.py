"""The one stopwatch: both engines cut their time into the same parts with it."""

from collections.abc import Callable
from time import perf_counter


class Clock:
    """A stopwatch that waits for the device before each reading.

    Work on a GPU is queued: without the wait, a reading says when work was asked for, not when it
    was done.
    """

    def __init__(self, synchronize: Callable[[], None]) -> None:
        self.synchronize = synchronize
        self.last = perf_counter()

    def lap(self) -> float:
        """Return the seconds since the last lap, or since the start."""
        self.synchronize()
        before, self.last = self.last, perf_counter()
        return self.last - before

    def split(self) -> float:
        """Return the seconds since the last lap, which goes on."""
        self.synchronize()
        return perf_counter() - self.last
