"""Processes with a framework imported and nothing computed: code of tests runs in forks of them.

What a fork does stays in it; starting it costs nothing, where each import takes seconds.
"""

import json
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from backends import BACKENDS, Side
from compare.processes.interpreter import variables
from compare.processes.machine import ROOT

# Reads [folder of the project, folder for output, code, arguments] and answers with a status.
SERVE = """
import json, os, sys, traceback

answers = os.dup(1)
os.dup2(2, 1)  # what a framework prints is no answer
for package in sys.argv[1:]:
    __import__(package)
for line in sys.stdin:
    folder, out, code, arguments = json.loads(line)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            for descriptor, name in ((1, "stdout"), (2, "stderr")):
                os.dup2(os.open(f"{out}/{name}", os.O_WRONLY | os.O_CREAT), descriptor)
            sys.path.insert(0, folder)
            sys.argv = ["-c", *arguments]
            exec(code, {"__name__": "__main__"})
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)
    _, status = os.waitpid(child, 0)
    os.write(answers, f"{os.waitstatus_to_exitcode(status)}\\n".encode())
"""


class Forks:
    """The processes, one for each backend, started when it is first asked for.

    No copy of the project is in their path but the one that a fork is told of.
    """

    def __init__(self) -> None:
        self.stack = ExitStack()
        self.folder = Path(self.stack.enter_context(TemporaryDirectory()))
        self.servers: dict[str, subprocess.Popen] = {}

    def run(
        self, backend: str, code: str, *arguments: str, cwd: Path = ROOT
    ) -> subprocess.CompletedProcess:
        """Run code with the project in `cwd`; return its status and what it printed."""
        server = self.servers.get(backend) or self._start(backend)
        with TemporaryDirectory(dir=self.folder) as out:
            server.stdin.write(json.dumps([str(cwd), out, code, arguments]) + "\n")
            server.stdin.flush()
            status = int(server.stdout.readline())
            said = [(Path(out) / name).read_text() for name in ("stdout", "stderr")]
        return subprocess.CompletedProcess(code, status, *said)

    def _start(self, backend: str) -> subprocess.Popen:
        environment = variables(Side(backend), device="cpu", threads=1)
        del environment["PYTHONPATH"]
        packages = ("numpy", *BACKENDS[backend].packages)
        self.servers[backend] = self.stack.enter_context(
            subprocess.Popen(
                [sys.executable, "-P", "-c", SERVE, *packages],
                cwd=self.folder,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        )
        return self.servers[backend]

    def close(self) -> None:
        """End the processes: their stdin does."""
        self.stack.close()
