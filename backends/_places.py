"""Where in a user's program a layer is made: file and line. Imports no framework."""

import sys
from functools import wraps
from inspect import signature
from pathlib import Path
from types import FrameType
from typing import Any
from weakref import WeakKeyDictionary

FRAMEWORKS = ("torch", "keras", "tensorflow", "jax")

_made: WeakKeyDictionary[Any, str] = WeakKeyDictionary()
_remembered: set[type] = set()


def remember(kind: type) -> None:
    """From now on, note where each object of a class is made.

    This looks at the stack for each: it is not for what is timed.
    """
    if kind in _remembered:
        return
    _remembered.add(kind)
    begin = kind.__init__  # type: ignore[misc]  # of the class itself

    @wraps(begin)
    def noting(self: Any, *args: Any, **options: Any) -> None:
        if self not in _made:
            _made[self] = _caller(self)
        begin(self, *args, **options)

    noting.__signature__ = signature(begin)  # type: ignore[attr-defined]  # which Keras reads
    kind.__init__ = noting  # type: ignore[misc]


def place_of(layer: object) -> str:
    """Return FILE:LINE, the file by its whole path; empty where it was not noted."""
    return _made.get(layer, "")


def _caller(made: object) -> str:
    """Return the line that makes an object: outside of the frameworks, and of its own class."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        file = Path(frame.f_code.co_filename)
        own = frame.f_code.co_name == "__init__" and frame.f_locals.get("self") is made
        if not own and file.suffix == ".py" and not _of_a_framework(file):
            return f"{file}:{frame.f_lineno}"
        frame = frame.f_back
    return ""


def _of_a_framework(file: Path) -> bool:
    folders = file.parts
    places = [i for i, name in enumerate(folders) if name in ("site-packages", "dist-packages")]
    return any(folders[i + 1] in FRAMEWORKS for i in places) or file == Path(__file__)
