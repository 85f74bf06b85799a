"""Run the trainings, keep their records, make the tables. Imports no framework.

`compare.load(folder)` and `compare.load_epochs(folder)` return records as pandas data frames.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from compare.records.frames import load, load_epochs

__all__ = ["load", "load_epochs"]


def __getattr__(name: str) -> Any:
    """Import pandas when a data frame is asked for, not before."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from compare.records import frames

    return getattr(frames, name)
