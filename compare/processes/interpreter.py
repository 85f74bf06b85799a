"""Which Python a backend runs in: that of this command, unless another is named for it.

One environment cannot hold the GPU libraries of two frameworks, nor one framework in two versions.
The processes of a backend share nothing with this one but files and pipes, and need NumPy and the
framework alone. `python -m compare.processes.interpreter BACKEND` prints what they find.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

from backends import AGAIN, BACKENDS, Side
from compare import settings
from compare.processes.machine import ROOT
from compare.records.record import UsageError

PATIENCE_S = 60.0  # for an interpreter to answer
LABELLED = re.compile(r"[^@:]+(@[\w.-]+)?")

PYTHONS: dict[str, str] = {}  # by backend, or by backend and label: "keras-tensorflow@old"


@dataclass(frozen=True, kw_only=True)
class Environment:
    """What a backend finds where it runs."""

    python: str
    missing: list[str]  # packages that it needs
    versions: dict[str, str]  # of those, and of NumPy


def use(asked: Iterable[str]) -> None:
    """Have backends run in the interpreters named as "BACKEND=PATH", or else in diptych.toml.

    Raises:
        UsageError: one is named for no backend, or diptych.toml cannot be read.
    """
    named = settings.table("python")
    for text in asked:
        backend, separator, path = text.partition("=")
        if not separator or not path:
            raise UsageError(f"--python: expected BACKEND=PATH, came {text!r}")
        named[backend] = path
    for backend, path in named.items():
        if not LABELLED.fullmatch(backend) or Side.parse(backend).backend not in BACKENDS:
            raise UsageError(
                f"an interpreter for {backend!r}: expected a backend, or a backend and a label "
                f"as in pytorch@old; backends are {', '.join(BACKENDS)}"
            )
        if Side.parse(backend).label == AGAIN:
            raise UsageError(f"an interpreter for {backend!r}: @{AGAIN} is no free label")
        if not isinstance(path, str):
            raise UsageError(f"{settings.FILE}: expected a path for {backend}, came {path!r}")
        try:
            # A link stays one: of a virtual environment, the link is what tells it from others.
            named[backend] = str(Path(path).expanduser().absolute())
        except RuntimeError as error:  # ~nobody
            raise UsageError(f"an interpreter for {backend!r}: {path}: {error}") from None
    PYTHONS.clear()
    PYTHONS.update(named)


def known() -> list[Side]:
    """Return the backends, and after them those with a label that an interpreter was named for."""
    return [Side.parse(name) for name in dict.fromkeys([*BACKENDS, *PYTHONS])]


def command(side: Side) -> tuple[str, ...]:
    """Return the command that starts the Python of a side's backend.

    -P: a process imports this very code, not what lies in the folder it was started from.
    """
    return _python(side) or sys.executable, "-P"


def variables(side: Side, *, device: str, threads: int) -> dict[str, str]:
    """Return the environment variables of a process of a backend, which runs this very code."""
    return _surroundings() | side.definition.variables(device=device, threads=threads)


def environment(side: Side) -> Environment:
    """Return what a backend finds where it runs; an interpreter named for it is asked, once.

    Raises:
        UsageError: that interpreter does not work.
    """
    python = _python(side)
    return _asked(python, side.first.in_default_tier) if python else _found(side.backend)


def missing(side: Side) -> list[str]:
    """Return the packages that a backend needs and does not find where it runs.

    Raises:
        UsageError: as for `environment`.
    """
    return environment(side).missing if _python(side) else side.definition.missing()


def _python(side: Side) -> str | None:
    return PYTHONS.get(side.first.program)


def _found(backend: str) -> Environment:
    packages = sorted({"numpy", *BACKENDS[backend].packages})
    return Environment(
        python=sys.version,
        missing=BACKENDS[backend].missing(),
        versions={package: _version(package) for package in packages},
    )


@cache
def _asked(python: str, side: Side) -> Environment:
    try:
        done = subprocess.run(
            [python, "-P", "-m", "compare.processes.interpreter", side.backend],
            env=_surroundings(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        return Environment(**json.loads(done.stdout))
    except subprocess.TimeoutExpired:
        why = f"no answer in {PATIENCE_S:g} s"
    except OSError as error:
        why = str(error.strerror)
    except (ValueError, TypeError):
        lines = done.stderr.strip().splitlines() or [f"no answer, but status {done.returncode}"]
        why = lines[-1] if lines[0].startswith("Traceback") else lines[0]
    raise UsageError(
        f"the interpreter of {side}, {python}: expected Python 3.11 or later with NumPy, "
        f"came: {why}"
    )


def _surroundings() -> dict[str, str]:
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    return dict(os.environ) | {"PYTHONPATH": path}


def _version(package: str) -> str:
    from importlib.metadata import PackageNotFoundError, version  # here, for `list` asks for none

    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"


if __name__ == "__main__":
    print(json.dumps(asdict(_found(sys.argv[1]))))
