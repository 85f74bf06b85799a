"""Code of tests in forks of a backend's server, the one that trainings are forks of.

What a fork does stays in it; starting it costs nothing, where each import takes seconds.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from unittest.mock import patch

from backends import Side
from compare.processes.launcher import ASKED, Kind, Launcher
from compare.processes.machine import ROOT
from compare.records.record import FORK

TIMEOUT_S = 600
OURS = ("problems", "backends", "compare")


class Forks:
    """The servers, one for each backend, started when it is first asked for."""

    def __init__(self) -> None:
        self.folder = TemporaryDirectory()
        self.launcher = Launcher(Path(self.folder.name))

    def run(
        self, backend: str, code: str, *arguments: str, cwd: Path = ROOT
    ) -> subprocess.CompletedProcess:
        """Run code with the project in `cwd`; return its status and what it printed."""
        cell = Path(mkdtemp(dir=self.folder.name))
        asked = {"folder": str(cwd), "code": code, "arguments": arguments}
        kind = Kind(Side(backend), "cpu", 1)
        paths = (str(Path(__file__).parent), os.environ.get("PYTHONPATH"))
        with patch.dict(os.environ, PYTHONPATH=os.pathsep.join(filter(None, paths))):
            ended = self.launcher.work(__name__, cell, asked, kind, FORK, TIMEOUT_S)
        stdout, log = (cell / name for name in ("stdout", "log.txt"))
        said = stdout.read_text() if stdout.exists() else ""
        errors = log.read_text() if log.exists() else " ".join(ended)
        status = 0 if (cell / "done").exists() else 1
        return subprocess.CompletedProcess(code, status, said, errors)

    def close(self) -> None:
        """End the servers."""
        self.launcher.stop()
        self.folder.cleanup()


def main(cell: Path) -> None:
    """Run the code that a folder holds, in a fork of the server."""
    asked = json.loads((cell / ASKED).read_text())
    os.dup2(os.open(cell / "stdout", os.O_WRONLY | os.O_CREAT), 1)
    if asked["folder"] != str(ROOT):  # whose code the server has imported
        for name in [name for name in sys.modules if name.partition(".")[0] in OURS]:
            del sys.modules[name]
        # The server was started so that it finds our packages in its own folder: see start.py.
        sys.meta_path[:] = [
            one for one in sys.meta_path if getattr(one, "__name__", "") != "Finder"
        ]
        sys.path.insert(0, asked["folder"])
    sys.argv = ["-c", *asked["arguments"]]
    exec(asked["code"], {"__name__": "__main__"})
    (cell / "done").touch()
