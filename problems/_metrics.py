"""Metrics in NumPy, one meaning for every backend. Each takes (answers, targets), both (n, ...)."""

import numpy as np

from problems._data import Array


def accuracy(logits: Array, classes: Array) -> float:
    """Return the fraction of classes (n, ...) that have the largest logit (n, ..., class)."""
    return float(np.mean(logits.argmax(-1) == classes))


def sequence_accuracy(logits: Array, classes: Array) -> float:
    """Return the fraction of sequences (n, time) wholly right; logits are (n, time, class)."""
    return float(np.mean(np.all(logits.argmax(-1) == classes, axis=1)))


def binary_accuracy(logits: Array, bits: Array) -> float:
    """Return the fraction of 0/1 targets (n, ...) on whose side the logit (n, ...) is."""
    return float(np.mean((logits > 0) == (bits > 0.5)))


def binary_sequence_accuracy(logits: Array, bits: Array) -> float:
    """Return the fraction of examples (n, ...) with every bit right."""
    right = (logits > 0) == (bits > 0.5)
    return float(np.mean(right.reshape(len(right), -1).all(axis=1)))


def mean_absolute_error(outputs: Array, targets: Array) -> float:
    """Return the mean of |output - target| over everything, in the targets' unit."""
    return float(np.mean(np.abs(outputs - targets), dtype=np.float64))
