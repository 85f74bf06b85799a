"""Make the data files of problems/ from the packages that the data come from.

`python tests/make_data.py digits co2` writes problems/digits.npz and problems/co2.npz; without
names, all that can be made here. The same arrays give the same bytes, with the same zlib.
"""

import sys
from collections.abc import Callable, Mapping
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FOLDER = Path(__file__).parents[1] / "problems"
Arrays = dict[str, NDArray]
MICRO = 1e6  # of japanese_vowels, whose text has six decimals


def digits() -> Arrays:
    """Return what scikit-learn calls digits: image (1797, 8, 8), 0 to 16, and digit (1797,)."""
    from sklearn.datasets import load_digits

    found = load_digits()
    return {"image": found.images.astype(np.uint8), "digit": found.target.astype(np.uint8)}


def co2() -> Arrays:
    """Return what statsmodels calls co2: week (2284,), its Saturday, and ppm (2284,), some NaN."""
    from statsmodels.datasets.co2 import load_pandas

    found = load_pandas().data["co2"]
    return {"week": found.index.to_numpy().astype("datetime64[D]"), "ppm": found.to_numpy()}


def japanese_vowels() -> Arrays:
    """Return what sktime calls Japanese vowels, the 270 utterances for training first.

    That is coefficient (steps of all, 12) in millionths, length (640,) in steps, and speaker
    (640,), 0 to 8.
    """
    from sktime.datasets import load_japanese_vowels

    steps, lengths, speakers = [], [], []
    for part in ("train", "test"):
        panel, labels = load_japanese_vowels(split=part, return_type="nested_univ")
        for row, label in zip(panel.itertuples(index=False), labels, strict=True):
            steps.append(np.stack([np.asarray(one) for one in row], axis=1))
            lengths.append(len(steps[-1]))
            speakers.append(int(label) - 1)
    return {
        "coefficient": (np.concatenate(steps) * MICRO).round().astype(np.int32),
        "length": np.array(lengths, dtype=np.uint8),
        "speaker": np.array(speakers, dtype=np.uint8),
    }


def digest(arrays: Mapping[str, NDArray]) -> str:
    """Return the SHA-256 of arrays, with their names, types and shapes."""
    found = sha256()
    for name in sorted(arrays):
        one = arrays[name]
        found.update(f"{name} {one.dtype.str} {one.shape}\n".encode() + one.tobytes())
    return found.hexdigest()


# Data file: the package that it is made from, and how.
MADE: dict[str, tuple[str, Callable[[], Arrays]]] = {
    "digits": ("sklearn", digits),
    "co2": ("statsmodels", co2),
    "japanese_vowels": ("sktime", japanese_vowels),
}


def main(names: list[str]) -> None:
    """Write the data files of these names; without any, all whose package is installed."""
    for name in names or [name for name, (package, _) in MADE.items() if find_spec(package)]:
        file = FOLDER / f"{name}.npz"
        np.savez_compressed(file, **MADE[name][1]())
        print(f"{file}: {file.stat().st_size:,} bytes")


if __name__ == "__main__":
    main(sys.argv[1:])
