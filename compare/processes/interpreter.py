"""Which Python a backend runs in: that of this command, unless another is named for it.

One environment cannot hold the GPU libraries of two frameworks, nor one framework in two versions.
The processes of a backend share nothing with this one but files and pipes, and need NumPy and the
framework alone. Every one is started by `command`: with our packages (start.py), and all others
of its own. `python -m compare.processes.interpreter BACKEND` prints what it finds there.
"""

import json
import os
import re
import sys
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from backends import AGAIN, BACKENDS, Side
from compare.processes import settings
from compare.processes.question import NoAnswer, ask
from compare.records.record import UsageError
from problems import _project

START = Path(__file__).with_name("start.py")
PATIENCE_S = 60.0  # for an interpreter to answer
LABELLED = re.compile(r"[^@:]+(@[\w.-]+)?")
# Environment variables that can make a framework, or a library under it, compute by other means.
SETTINGS = {
    *("ATEN", "CUDA", "CUDNN", "DNNL", "JAX", "KERAS", "MKL"),
    *("NVIDIA", "ONEDNN", "PYTORCH", "TF", "TORCH", "TORCHDYNAMO", "TORCHINDUCTOR", "XLA"),
}  # the first part of their names

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
    folder = _project.root() or Path()
    for name, path in named.items():  # where the file is
        if isinstance(path, str) and path and path[0] != "~" and "\0" not in path:
            named[name] = str(folder / path)
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
        if not isinstance(path, str) or not path or "\0" in path:
            raise UsageError(f"an interpreter for {backend!r}: expected a path, came {path!r}")
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


def command(side: Side, module: str, *arguments: str) -> list[str]:
    """Return the command that runs one of our modules in the Python of a side's backend."""
    return command_in(_python(side), module, *arguments)


def command_in(python: str, module: str, *arguments: str) -> list[str]:
    """Return the command that runs one of our modules in a Python.

    -P: the folder of start.py is not on the path of what it runs.
    """
    return [python, "-P", str(START), module, *arguments]


def variables(side: Side, *, device: str, threads: int) -> dict[str, str]:
    """Return the environment variables of a process of a backend."""
    given = side.definition.variables(device=device, threads=threads)
    return surroundings(_python(side)) | given


def deciding(side: Side, *, device: str, threads: int) -> list[tuple[str, str]]:
    """Return those of them that can make it compute by other means: not by which of like GPUs."""
    given = variables(side, device=device, threads=threads)
    if device == "gpu":
        given.pop("CUDA_VISIBLE_DEVICES", None)
    return sorted((name, value) for name, value in given.items() if name.split("_")[0] in SETTINGS)


def surroundings(python: str = sys.executable) -> dict[str, str]:
    """Return the environment variables of a process in a Python.

    PYTHONPATH and PYTHONHOME are for this Python: by them, another would import its packages. An
    empty entry of PYTHONPATH, as a colon too many makes it, is the folder of the command: dropped.
    """
    names = ("PYTHONPATH", "PYTHONHOME")
    own = {name: os.environ.get(name, "") if python == sys.executable else "" for name in names}
    own["PYTHONPATH"] = os.pathsep.join(filter(None, own["PYTHONPATH"].split(os.pathsep)))
    return dict(os.environ) | own


def environment(side: Side) -> Environment:
    """Return what a backend finds where it runs; an interpreter named for it is asked, once.

    Raises:
        UsageError: that interpreter does not work.
    """
    if side.first.program in PYTHONS:
        return _asked(_python(side), side.first.in_default_tier)
    return _found(side.backend)


def missing(side: Side) -> list[str]:
    """Return the packages that a backend needs and does not find where it runs.

    Raises:
        UsageError: as for `environment`.
    """
    named = side.first.program in PYTHONS
    return environment(side).missing if named else side.definition.missing()


def _python(side: Side) -> str:
    return PYTHONS.get(side.first.program, sys.executable)


def _found(backend: str) -> Environment:
    packages = {"numpy", *BACKENDS[backend].packages}
    if "jax" in packages:
        packages.add("jaxlib")  # which computes what jax asks for
    return Environment(
        python=sys.version,
        missing=BACKENDS[backend].missing(),
        versions={package: _version(package) for package in sorted(packages)},
    )


@cache
def _asked(python: str, side: Side) -> Environment:
    asked = command_in(python, "compare.processes.interpreter", side.backend)
    said = ""
    try:
        said = ask(asked, variables=surroundings(python), timeout_s=PATIENCE_S)
        return Environment(**json.loads(said))
    except NoAnswer as error:
        why = str(error)
    except (ValueError, TypeError):
        why = f"an answer that is none: {said}" if said else "no answer, but status 0"
    raise UsageError(
        f"the interpreter of {side}, {python}: expected Python 3.11 or later with NumPy, "
        f"came: {why}"
    )


def _version(package: str) -> str:
    """Return the version of what a package was installed by: tensorflow may be tensorflow-cpu's."""
    from importlib import metadata  # here, for `list` asks for none

    with suppress(metadata.PackageNotFoundError):
        return metadata.version(package)
    if find_spec(package) is None:  # to look through all that is installed takes long
        return "unknown"
    names = metadata.packages_distributions().get(package, [])
    return ", ".join(sorted({metadata.version(name) for name in names})) or "unknown"


if __name__ == "__main__":
    print(json.dumps(asdict(_found(sys.argv[1]))))
