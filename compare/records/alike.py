"""Which trainings must not share a row, and so no results folder."""

from compare.records.record import SWEEP, Record, Run

SETTINGS = ("jobs", "threads", "precision", "start", "score_epochs")  # of one device


def unlike(one: Run | Record, other: Run | Record) -> str | None:
    """Return the name of a field in which two differ that may not; None if there is none."""
    names: tuple[str, ...] = ("recipe",)
    if one.recipe == SWEEP:  # there is a picture of one problem
        names += ("problem",)
    if one.device == other.device:
        names += SETTINGS
    return next((name for name in names if getattr(one, name) != getattr(other, name)), None)
