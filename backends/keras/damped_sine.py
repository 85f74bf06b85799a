"""Damped sine in Keras; its twin is backends/pytorch/damped_sine.py."""

import keras
from keras import layers


class DampedSine(keras.Model):
    """Fifty points of a wave in, the next five out."""

    def __init__(self, units, ahead):
        super().__init__()
        self.lstm1 = layers.LSTM(units, return_sequences=True)
        self.lstm2 = layers.LSTM(units)
        self.dense = layers.Dense(ahead)

    def call(self, x):  # (n, t, 1)
        x = self.lstm1(x)  # (n, t, 20)
        x = self.lstm2(x)  # (n, 20)
        x = self.dense(x)  # (n, 5)
        return x


def build(problem):
    """Return the network, a forecast (n, ahead) for an input (n, time, feature)."""
    return DampedSine(problem.sizes["unit"], problem.sizes["ahead"])
