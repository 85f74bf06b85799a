"""What tests need of the machine besides Python: found there, or installed from Debian's packages.

`python tests/needs.py` is the set-up that `make test` runs before the tests. A test that is run by
hand asks for what it needs itself.
"""

import fcntl
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Need:
    """A program, found by any of its names on PATH, or a file, found by its path."""

    what: str
    names: tuple[str, ...]
    package: str  # Debian's

    def path(self) -> str | None:
        """Return where it is, None if it is not on this machine."""
        places = (shutil.which(name, os.F_OK) for name in self.names)
        return next(filter(None, places), None)


CHROMIUM = Need(
    "Chromium",
    ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"),
    "chromium",
)
COMPILER = Need("a C++ compiler", ("g++",), "g++")
HEADERS = Need(
    "Python's headers",
    (str(Path(sysconfig.get_path("include"), "Python.h")),),
    "python{}.{}-dev".format(*sys.version_info),
)
OPENSSL = Need("openssl", ("openssl",), "openssl")  # the program, which makes a checksum
TORCH_COMPILE = (COMPILER, HEADERS, OPENSSL)  # what torch.compile calls or includes on a CPU
NEEDS = (CHROMIUM, *TORCH_COMPILE)

# apt-get waits for others who use dpkg. It does not wait for others who update its lists.
APT_GET = ("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-o", "DPkg::Lock::Timeout=600")


def ensure(*needs: Need) -> list[str]:
    """Return where each need is. What is missing is installed, by one process at a time.

    Raises:
        RuntimeError: something is missing and could not be installed. Its text is one line.
    """
    with _lock():  # even to look: what another process installs is in sight before it is whole
        if missing := [need for need in needs if not need.path()]:
            _install(missing)
    return [str(need.path()) for need in needs]


@contextmanager
def _lock() -> Iterator[None]:
    """Hold a lock among this user's processes: no user may write another's file."""
    path = Path(tempfile.gettempdir(), f"diptych-tests-{os.getuid()}.lock")
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _install(needs: Sequence[Need]) -> None:
    packages = " ".join(need.package for need in needs)
    print(f"installing for the tests, with apt-get: {packages}", flush=True)
    reason = _apt_get(packages.split())
    if missing := [need for need in needs if not need.path()]:
        whats = " and ".join(f"{need.what} ({', '.join(need.names)})" for need in missing)
        raise RuntimeError(
            f"missing for the tests: {whats}; {reason}; install it by hand, then try again "
            f"(Debian: apt-get install {packages}; "
            "macOS: brew install chromium, xcode-select --install)"
        )


def _apt_get(packages: Sequence[str]) -> str:
    """Install packages; return the last that was said. Whether they are there is for others to see.

    An update that fails may have failed for another source, or because another process updates.
    """
    sudo = [] if os.geteuid() == 0 else ["sudo"]
    for program in (*sudo, "apt-get"):
        if not shutil.which(program):
            return f"there is no {program} to install it with"
    said = ["apt-get said nothing"]
    for command in (["update"], ["install", "-y", "--no-install-recommends", *packages]):
        done = subprocess.run(
            [*sudo, *APT_GET, *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        said = [line for line in done.stdout.splitlines() if line.strip()] or said
    return said[-1].strip()


def main() -> None:
    """Install what the tests need and is not here."""
    try:
        ensure(*NEEDS)
    except RuntimeError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
