"""How it is learned: the backends and their contract. Imports no framework.

A backend is a folder and an engine that runs it. The folder holds a twin for every problem, with
one public function, `build(problem)`, and an `_engine.py` with the functions that `Engine` names.
"""

from backends._contract import (
    NOTHING,
    OTHERWISE,
    UNWATCHED,
    Engine,
    Fit,
    Probe,
    Slopes,
    Step,
    Unavailable,
    Watch,
)
from backends._reference import model_of, own_of
from backends._registry import BACKENDS, FOLDER, PANELS, Backend, missing_twins, shown, twin
from backends._side import AGAIN, Side

__all__ = [
    "AGAIN",
    "BACKENDS",
    "FOLDER",
    "NOTHING",
    "OTHERWISE",
    "PANELS",
    "UNWATCHED",
    "Backend",
    "Engine",
    "Fit",
    "Probe",
    "Side",
    "Slopes",
    "Step",
    "Unavailable",
    "Watch",
    "missing_twins",
    "model_of",
    "own_of",
    "shown",
    "twin",
]
