"""The losses in NumPy, written out by their definition, and the cases that backends are asked for.

A case is a loss, outputs, targets and weights, in float64. Runs where no framework is.
"""

import numpy as np

from problems import Loss

RNG = np.random.default_rng(5)
N, TIME, CLASSES = 6, 4, 3
LOGITS = 2 * RNG.standard_normal((N, TIME, CLASSES))
CLASS = RNG.integers(CLASSES, size=(N, TIME))
SHARES = np.float64(RNG.dirichlet([0.5] * CLASSES, (N, TIME)))
SHARES[0, 0] = [0, 1, 0]
VALUES = 2 * RNG.standard_normal((N, TIME, CLASSES))
BITS = RNG.integers(2, size=(N, TIME, CLASSES)).astype(float)
WEIGHTS = {
    "": None,
    "example": RNG.random(N),
    "step": RNG.random((N, TIME)) * (RNG.random((N, TIME)) < 0.7),
    "none": np.zeros(N),
}
LOSSES = {
    Loss("mean_squared_error"): VALUES,
    Loss("mean_absolute_error"): VALUES,
    Loss("huber"): VALUES,
    Loss("huber", delta=0.3): VALUES,
    Loss("cross_entropy"): CLASS,
    Loss("cross_entropy", label_smoothing=0.1): CLASS,
    Loss("cross_entropy", class_weights=(0.2, 1.0, 3.0)): CLASS,
    Loss("cross_entropy", class_weights=(0.2, 1.0, 3.0), label_smoothing=0.1): CLASS,
    Loss("binary_cross_entropy"): BITS,
    Loss("binary_cross_entropy", label_smoothing=0.1): BITS,
    Loss("binary_cross_entropy", class_weights=(0.2, 3.0)): BITS,
    Loss("binary_cross_entropy", class_weights=(0.2, 3.0), label_smoothing=0.1): BITS,
    Loss("kl_divergence"): SHARES,
}
CASES = {
    f"{loss.text}, {which or 'no'} weights": (loss, LOGITS, targets, weights)
    for loss, targets in LOSSES.items()
    for which, weights in WEIGHTS.items()
}

# Losses of two outputs, which are the same here, and what both are given.
SEVERAL = (
    {"a": Loss("mean_squared_error"), "b": Loss("huber", weight=0.3)},
    (LOGITS, VALUES, WEIGHTS["step"]),
)


def log_softmax(logits):
    """Return log softmax over the last axis."""
    logits = logits - logits.max(-1, keepdims=True)
    return logits - np.log(np.exp(logits).sum(-1, keepdims=True))


def elements(loss, o, y):
    """Return the loss of each element."""
    if loss.name == "mean_squared_error":
        return (o - y) ** 2
    if loss.name == "mean_absolute_error":
        return np.abs(o - y)
    if loss.name == "huber":
        far, delta = np.abs(o - y), loss.delta
        return np.where(far <= delta, far**2 / 2, delta * (far - delta / 2))
    s = loss.label_smoothing
    if loss.name == "cross_entropy":
        q = (1 - s) * np.eye(o.shape[-1])[y] + s / o.shape[-1]
        return -(q * log_softmax(o)).sum(-1)
    if loss.name == "binary_cross_entropy":
        q = (1 - s) * y + s / 2
        return q * np.logaddexp(0, -o) + (1 - q) * np.logaddexp(0, o)
    return (y * (np.log(np.where(y > 0, y, 1)) - log_softmax(o))).sum(-1)


def loss_of(loss, o, y, weights=None, *, by_number=False):
    """Return the loss of a batch; its divisor is the sum of the weights, or the number."""
    losses = elements(loss, o, y)
    w = np.ones(losses.shape)
    if loss.class_weights is not None:
        by_class = np.array(loss.class_weights)
        of_bits = (1 - y) * by_class[0] + y * by_class[-1]
        w = w * (by_class[y] if loss.name == "cross_entropy" else of_bits)
    if weights is not None:
        w = w * weights.reshape(weights.shape + (1,) * (w.ndim - weights.ndim))
    total = w.size if by_number else w.sum()
    return (w * losses).sum() / total if total else 0.0


def slope(loss, o, y, weights=None, step=1e-5):
    """Return the gradient with respect to the outputs, by central differences."""
    found = np.zeros_like(o)
    for i in np.ndindex(o.shape):
        moved = [np.array(o), np.array(o)]
        moved[0][i] += step
        moved[1][i] -= step
        more, less = (loss_of(loss, one, y, weights) for one in moved)
        found[i] = (more - less) / (2 * step)
    return found
