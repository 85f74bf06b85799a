"""Checks all right ports on every engine of Keras: `python tests/check_ports.py FOLDER [STEPS]`.

Leaves check.md and check.json in the folder. Further arguments go to `diptych check`, e.g.
`--python keras-jax=/other/bin/python`. It takes minutes, so it is no test.
"""

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from conftest import copied
from dropout_ports import MORE_DROPOUT, RIGHT_DROPOUT
from port_frame import files_of, module
from reported_ports import REPORTED_RIGHT

SIDES = ("pytorch", "keras-tensorflow", "keras-torch", "keras-jax")


def main(folder: str, steps: str = "200", *more: str) -> int:
    """Check them all; return the status of the command."""
    ports = RIGHT_DROPOUT | MORE_DROPOUT | REPORTED_RIGHT
    with TemporaryDirectory() as place:
        copy = copied(Path(place) / "copy")
        for what, port in ports.items():
            for path, text in files_of(what, port, int(steps)).items():
                (copy / path).write_text(text)
        names = [module(what) for what in ports]
        asked = ["check", *names, "--backends", *SIDES, "--out", str(Path(folder).resolve())]
        return subprocess.run(
            [sys.executable, "-m", "compare", *asked, *more], cwd=copy, check=False
        ).returncode


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
