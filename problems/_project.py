"""A project of one's own: a folder with a diptych.toml, whose problems join those that are here.

As here, a problem is problems/NAME.py and backends/PANEL/NAME.py. These files become modules of our
packages and are looked for after our own, so that no name of theirs hides one of ours. What they
import beside, such as a package of the user's, is found in the project's folder, which comes last
on Python's path. A process is told of its project by an environment variable, and so are those that
it starts.
"""

import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

FILE, VARIABLE = "diptych.toml", "DIPTYCH_PROJECT"
HERE = Path(__file__).resolve().parents[1]
SHIPPED = HERE / "project"  # on a node of a cluster, whose environment does not name it
OTHERS = ("pyvenv.cfg", "runs.jsonl")  # of a virtual environment, and of results
PACKAGES = ("problems", "backends.pytorch", "backends.keras")


def root() -> Path | None:
    """Return the folder of this process's project; None if it has none."""
    named = os.environ.get(VARIABLE)
    if named:
        return Path(named)
    return SHIPPED if (SHIPPED / FILE).is_file() else None


def nearest(folder: Path) -> Path | None:
    """Return the folder that has a FILE: this one, or the first above it; None if none has."""
    return next((one for one in (folder, *folder.parents) if (one / FILE).is_file()), None)


def places(package: str, own: Iterable[str]) -> list[str]:
    """Return where the modules of one of PACKAGES are looked for: what has to be its `__path__`."""
    project = root()
    if project is None:
        return list(own)
    if str(project) not in sys.path:
        sys.path.append(str(project))
    return [*own, str(project.joinpath(*package.split(".")))]


def use(folder: Path) -> None:
    """Have this process, and all that it starts, be about a project.

    Raises:
        ValueError: one of its problems has the name of another; the message names both files.
    """
    folder = folder.resolve()
    if folder == HERE:  # whose problems are here
        return
    for file in folder.glob("problems/[!_]*.py"):
        own = HERE / "problems" / file.name
        if own.exists():
            raise ValueError(f"{file}: expected another name: {own} has this one")
    os.environ[VARIABLE] = str(folder)
    for package in PACKAGES:
        if found := sys.modules.get(package):
            # Without the project that was in use before.
            found.__path__ = places(package, [str(HERE.joinpath(*package.split(".")))])


def walked(folder: Path) -> Iterator[tuple[Path, list[str]]]:
    """Yield the folders of a project that may hold code, and the names of the files in each."""
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if is_code(Path(place, name))]
        yield Path(place), [name for name in files if name[0] != "."]


def is_code(folder: Path) -> bool:
    """Say whether a folder may hold what a training depends on.

    One that is hidden does not, nor one of what Python keeps; a virtual environment, or results.
    """
    other = folder.name[0] == "." or folder.name == "__pycache__" or folder == HERE
    return not other and not any((folder / one).exists() for one in OTHERS)
