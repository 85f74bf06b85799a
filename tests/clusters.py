"""A cluster of simulated nodes on this machine, for tests: see simulated_nodes.py."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from select import select

DEADLINE_S = 120
# Loopback addresses stay what they are; nothing of the tests' own cluster is shown to others.
OURS = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0", "RAY_USAGE_STATS_ENABLED": "0"}


class Nodes:
    """Simulated nodes, in a process of their own."""

    def __init__(self, number: int) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("simulated_nodes.py")), str(number)],
            env=os.environ | OURS,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.address = self.line()
        assert self.address, "expected an address"

    def ask(self, what: str) -> None:
        """Have a node killed or added."""
        assert self.process.stdin
        print(what, file=self.process.stdin, flush=True)
        assert self.line() == "done"

    def line(self) -> str:
        """Return the next line that it prints."""
        assert self.process.stdout
        assert select([self.process.stdout], [], [], DEADLINE_S)[0]
        return self.process.stdout.readline().strip()


def until(happened: Callable[[], object]) -> None:
    """Wait for something that happens sooner or later."""
    deadline = time.monotonic() + DEADLINE_S
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.05)
