"""What is learned: one file per problem, NumPy only.

Every file here without a leading underscore is a problem and holds one constant, `PROBLEM`.
"""

from dataclasses import replace
from importlib import import_module
from pathlib import Path

from problems._problem import Problem

FOLDER = Path(__file__).parent


def names() -> tuple[str, ...]:
    """Return the names of all problems: the file names of this folder, sorted."""
    return tuple(sorted(file.stem for file in FOLDER.glob("[!_]*.py")))


def load(name: str, *, quick: bool = False) -> Problem:
    """Return the problem called `name`; with `quick`, the one whose recipe is its quick recipe.

    Raises:
        ValueError: there is no such problem, or its file does not define it.
    """
    if name not in names():
        raise ValueError(f"no problem {name!r}; problems are {', '.join(names())}")
    try:
        problem = getattr(import_module(f"problems.{name}"), "PROBLEM", None)
    except Exception as error:
        message = f"problems/{name}.py cannot be read: {type(error).__name__}: {error}"
        raise ValueError(message) from error
    if not isinstance(problem, Problem) or problem.name != name:
        raise ValueError(
            f"problems/{name}.py must define PROBLEM, a Problem named {name!r}, came {problem!r}"
        )
    return replace(problem, recipe=problem.quick) if quick else problem
