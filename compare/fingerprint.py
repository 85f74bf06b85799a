"""A hash of the code and versions that a result depends on, and the user's cache of results by it.

An edit to a twin, an engine or the problem, or another version of a framework, gives another hash:
what was kept under the old one is not found any more.
"""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from backends import FOLDER, Side, twin
from compare.files import write_whole
from compare.processes.interpreter import environment
from compare.processes.machine import ROOT


def basis(name: str, sides: Sequence[Side], modules: Sequence[str]) -> dict[str, Any]:
    """Return what decides how sides train a problem, and how `modules` of compare judge it.

    That is Python and the versions of the packages, where each of them runs, and the text of files.
    """
    folders = {side.definition.folder for side in sides}
    files = [
        *(ROOT / "problems").glob("_*.py"),
        ROOT / "problems" / f"{name}.py",
        *FOLDER.glob("_*.py"),
        *(file for folder in folders for file in (FOLDER / folder).glob("_*.py")),
        *(twin(folder, name) for folder in folders),
        *(ROOT / "compare" / module for module in modules),
    ]
    return {
        "environments": [asdict(environment(side)) for side in sides],
        "files": {str(file.relative_to(ROOT)): file.read_text() for file in sorted(files)},
    }


def digest(facts: Mapping[str, Any]) -> str:
    """Return a hash of facts that can be said in JSON."""
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def keep(name: str, value: Any) -> None:
    """Keep a value in the user's cache; a cache that cannot be written costs the work again."""
    with suppress(OSError):
        file = _file(name)
        file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(file, json.dumps(value))


def kept(name: str) -> Any:
    """Return a value from the user's cache; None if there is none, or none that can be read."""
    try:
        return json.loads(_file(name).read_text())
    except (OSError, ValueError, RecursionError):
        return None


def _file(name: str) -> Path:
    """Return the file of a name in the user's cache.

    Raises:
        OSError: the user has none.
    """
    try:
        cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    except RuntimeError as error:  # a user without an entry, and HOME is not set: a container's
        raise FileNotFoundError(str(error)) from None
    return Path(cache) / "diptych" / f"{name}.json"
