"""Numbers in the values that define a problem: Python's own, whatever they were computed with."""

import math
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np

LONGEST = 80  # of what is told of a value


def is_number(value: object) -> bool:
    """Say whether a value is a finite number of Python's or NumPy's; True and False are none."""
    value = simple(value)
    try:
        return isinstance(value, int | float) and type(value) is not bool and math.isfinite(value)
    except OverflowError:  # a whole number that no float can hold
        return False


def told(value: object) -> str:
    """Return how a value is written, in one line that is not too long."""
    text = " ".join(repr(value).split())
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def check_whole(what: str, value: object, *, least: int = 1) -> None:
    """Raise ValueError, naming `what`, unless a value is a whole number, `least` or more."""
    if type(simple(value)) is not int or value < least:  # type: ignore[operator]
        expected = "above 0" if least == 1 else f"of {least} or more"
        raise ValueError(f"{what}: expected a whole number {expected}, came {told(value)}")


def simplify(made: Any) -> None:
    """Have a frozen value hold Python's numbers where it was given NumPy's scalars.

    They are what records can be written from, and what error messages show as a user wrote them.
    """
    for field in fields(made):
        given = getattr(made, field.name)
        if (plain := simple(given)) is not given:
            object.__setattr__(made, field.name, plain)


def simple(value: Any) -> Any:
    """Return a value, or one like it without NumPy's scalars if it has any."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, tuple) and any(isinstance(one, np.generic) for one in value):
        return tuple(map(simple, value))
    if isinstance(value, Mapping) and any(isinstance(one, np.generic) for one in value.values()):
        return {name: simple(one) for name, one in value.items()}
    return value
