"""Ctrl-C, or the SIGTERM of a scheduler: once, what is under way ends; twice, all at once."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)
ONCE = (
    "{name}: what is under way is being finished, nothing else is begun; once more ends all at once"
)


class Stop:
    """Whether the comparison was asked to stop, so that nothing more is begun."""

    def __init__(self) -> None:
        self.asked = False


@contextmanager
def stopping(tell: Callable[[str], None]) -> Iterator[Stop]:
    """Yield what hears these signals; one that this process ignores stays ignored.

    Raises:
        KeyboardInterrupt: a second one came.
    """
    stop = Stop()

    def hear(number: int, _: FrameType | None) -> None:
        if stop.asked:
            raise KeyboardInterrupt
        stop.asked = True
        tell(ONCE.format(name=signal.Signals(number).name))

    if threading.current_thread() is not threading.main_thread():  # which alone hears signals
        yield stop
        return
    before = {one: signal.getsignal(one) for one in SIGNALS}
    for one, handler in before.items():
        if handler != signal.SIG_IGN:
            signal.signal(one, hear)
    try:
        yield stop
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
