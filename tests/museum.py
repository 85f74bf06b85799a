"""What `diptych match` finds of some traps: `python tests/museum.py NAME ...`."""

import sys

from compare.lessons.traps import _found
from compare.lessons.traps._trap import traps


def main(names):
    """Print what is found of the traps named, or of all, and what is not as their files say."""
    every = {trap.name: trap for trap in traps()}
    for found in _found.find([every[name] for name in names or every]):
        trap = every[found.trap]
        faults = [
            *([] if found.at_its_rung(trap) else [f"rung {found.rung}, not {trap.rung}"]),
            *([] if found.named(trap) else ["cause not named"]),
            *(f"blames {layer}" for layer in found.falsely(trap)),
            *([] if found.mended else [f"mended: {found.refused}"]),
        ]
        print(f"{found.trap}: {found.seconds} s, {found.rung}: {found.tensor}; {faults or 'right'}")
        for one in found.said:
            print(f"    {one}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
