"""Digits in Keras; its twin is backends/pytorch/digits.py."""

import keras
from keras import layers


class Digits(keras.Model):
    """The rows of an image in, one after the other; the digit out."""

    def __init__(self, units, digits):
        super().__init__()
        self.lstm = layers.LSTM(units)
        self.dense = layers.Dense(digits)

    def call(self, x):  # (n, 8, 8)
        x = self.lstm(x)  # (n, 64)
        x = self.dense(x)  # (n, 10)
        return x


def build(problem):
    """Return the network, logits (n, digit) for an input (n, row, column)."""
    return Digits(problem.sizes["unit"], problem.sizes["digit"])
