"""Cumulative sum in Keras; its twin is backends/pytorch/cumsum.py."""

import keras
from keras import layers


class CumulativeSum(keras.Model):
    """Ten numbers in; for each, whether the sum so far has reached the threshold."""

    def __init__(self, units):
        super().__init__()
        self.lstm = layers.Bidirectional(layers.LSTM(units, return_sequences=True))
        self.dense = layers.Dense(1)

    def call(self, x):  # (n, t, 1)
        x = self.lstm(x)  # (n, t, 100)
        x = self.dense(x)  # (n, t, 1)
        return x


def build(problem):
    """Return the network, logits (n, time, 1) for an input (n, time, feature)."""
    return CumulativeSum(problem.sizes["unit"])
