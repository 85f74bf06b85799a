"""A small problem with its twins, as text: what tests add to a copy of the project.

A twin is for PyTorch, for Keras, or for the toy of tests/toy, which has no recurrent layer.
"""

from compare.project.command import TEMPLATE

# What `diptych init` writes.
PARITY_PROBLEM, PARITY_PYTORCH, PARITY_KERAS = (
    (TEMPLATE / f"{source}.txt").read_text() for source in ("problem", "pytorch", "keras")
)
# What it says of a metric by which a constant answer is right half of the time.
ACCURACY = "    metrics=(" + PARITY_PROBLEM.partition("    metrics=(")[2].partition("    draw=")[0]

PARITY_TOY_PROBLEM = PARITY_PROBLEM.replace('"lstm.last": "batch unit", ', "")

PARITY_TOY = '''"""Parity in NumPy."""


class Parity:
    """Bits in, their parity out, as far as a weighted sum can tell."""

    def __init__(self, inputs):
        self.weights = {"dense/kernel": (inputs, 1), "dense/bias": (1,)}

    def forward(self, x):  # (n, t, 1)
        x = x.reshape(len(x), -1)  # (n, t)
        x = x @ self.values["dense/kernel"] + self.values["dense/bias"]  # (n, 1)
        return x

    def layers(self, x):
        return {"dense": self.forward(x)}

    def backward(self, x, slope):
        return {"dense/kernel": x.reshape(len(x), -1).T @ slope, "dense/bias": slope.sum(0)}


def build(problem):
    """Return the network."""
    return Parity(problem.sizes["time"])
'''


def parity(name: str, *, pytorch: str | None = PARITY_PYTORCH, keras: str | None = PARITY_KERAS):
    """Return the files of a problem and its twins for the frameworks, by path; None is no file."""
    files = {"problems": PARITY_PROBLEM, "backends/pytorch": pytorch, "backends/keras": keras}
    return {
        f"{folder}/{name}.py": text.replace("NAME", name) for folder, text in files.items() if text
    }


def toy(name: str, *, numpy: str = PARITY_TOY, numpy2: str = PARITY_TOY):
    """Return the files of a problem and its twins for the backends in NumPy, by path."""
    files = {"problems": PARITY_TOY_PROBLEM, "backends/numpy": numpy, "backends/numpy2": numpy2}
    return {f"{folder}/{name}.py": text.replace("NAME", name) for folder, text in files.items()}
