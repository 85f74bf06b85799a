"""Runs one of our modules in any Python: `python -P start.py MODULE ARGUMENT ...`.

Of the folder that our packages are in, that Python finds nothing else. Installed from a wheel, the
folder is the site-packages of one environment: on the path of another, its frameworks would come
before that one's own, or in place of one that is missing there.
"""

import runpy
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OURS = ("problems", "backends", "compare")


class Finder:
    """Finds our packages, before any of the same names on the path."""

    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None = None, target: object = None
    ) -> ModuleSpec | None:
        """Return where one of our packages is; None for all else."""
        return PathFinder.find_spec(name, [str(ROOT)]) if name in OURS else None


if __name__ == "__main__":
    sys.meta_path.insert(0, Finder)
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
