"""A hash of the code and versions that a result depends on, and the user's cache of results by it.

An edit to a twin, an engine or the problem, or to a file that one of them imports, gives another
hash, and so does another version of a framework: what was kept under the old one is not found any
more, and what was measured under it is not shown beside what is measured now.
"""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

import problems
from backends import Side
from compare.processes import gpu, machine, sources
from compare.processes.interpreter import deciding, environment
from compare.records.files import write_whole


@dataclass(frozen=True, kw_only=True)
class Code:
    """What a training is made of: a fingerprint of it, and the hashes of its files.

    The fingerprint is four hashes, joined by "-": of the problem's definition with its files, of a
    side's program with the files of its engine, of the machine and device, and of the versions
    and environment variables there. `compare.records.reading` says which records must share which.
    """

    fingerprint: str
    files: Mapping[str, str]


def code_of(name: str, side: Side, device: str) -> Code:
    """Return what the trainings of a problem on a side and a device are made of.

    What is drawn from the definition for a recipe or a size is told by those, which records have.

    Raises:
        OSError: a file cannot be read.
        UsageError: the interpreter that was named for the side does not work.
    """
    shared, alone = sources.of_problem(name), sources.of_side(name, side)
    here = {"processor": machine.cpu(), "device": device}
    if device == "gpu":
        here["gpu"] = " ".join(gpu.names()[:1])
    there = environment(side)
    parts = (
        {"definition": plain(problems.load(name)), "files": shared},
        {"files": alone},
        {"machine": here},
        {
            "versions": {"python": there.python} | there.versions,
            "settings": deciding(side, device=device, threads=1),
        },
    )
    hashes = (digest(part)[: sources.DIGITS] for part in parts)
    return Code(fingerprint="-".join(hashes), files=shared | alone)


def plain(value: Any) -> Any:
    """Return what of a value can be said in JSON: functions, say, cannot."""
    if is_dataclass(value):
        return plain({one.name: getattr(value, one.name) for one in fields(value)})
    if isinstance(value, Mapping):
        return {str(name): plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if hasattr(value, "tolist"):  # an array, or a number of NumPy's
        return plain(value.tolist())
    return value if isinstance(value, str | int | float | bool) else None


def basis(name: str, sides: Sequence[Side], modules: Sequence[str]) -> dict[str, Any]:
    """Return what decides how sides train a problem, and how `modules` of compare judge it.

    That is Python and the versions of the packages, where each of them runs, and their files.
    """
    files = sources.of_problem(name)
    for side in sides:
        files |= sources.of_side(name, side)
    files |= sources.hashes(machine.ROOT / "compare" / module for module in modules)
    return {
        "environments": [asdict(environment(side)) for side in sides],
        "files": dict(sorted(files.items())),
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


def forget(name: str) -> None:
    """Remove a value from the user's cache, if there is one."""
    with suppress(OSError):
        _file(name).unlink(missing_ok=True)


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
    cache = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if not cache.is_absolute():  # which its specification has ignored
        try:
            cache = Path.home() / ".cache"
        except RuntimeError as error:  # a user without an entry, HOME is not set: a container's
            raise FileNotFoundError(str(error)) from None
    return cache / "diptych" / f"{name}.json"
