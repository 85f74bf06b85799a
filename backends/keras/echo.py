"""Echo in Keras; its twin is backends/pytorch/echo.py."""

import keras
from keras import layers


class Echo(keras.Model):
    """Five digits in, the third one out."""

    def __init__(self, symbols, units):
        super().__init__()
        self.lstm = layers.LSTM(units)
        self.dense = layers.Dense(symbols)

    def call(self, x):  # (n, t, 10)
        x = self.lstm(x)  # (n, 25)
        x = self.dense(x)  # (n, 10)
        return x


def build(problem):
    """Return the network, logits (n, symbol) for an input (n, time, symbol)."""
    return Echo(problem.sizes["symbol"], problem.sizes["unit"])
