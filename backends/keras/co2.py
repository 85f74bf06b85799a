"""CO2 in Keras; its twin is backends/pytorch/co2.py."""

import keras
from keras import layers


class Co2(keras.Model):
    """Fifty-two weeks in, the next four out."""

    def __init__(self, units, ahead):
        super().__init__()
        self.lstm = layers.LSTM(units)
        self.dense = layers.Dense(ahead)

    def call(self, x):  # (n, t, 1)
        x = self.lstm(x)  # (n, 16)
        x = self.dense(x)  # (n, 4)
        return x


def build(problem):
    """Return the network, a forecast (n, ahead) for an input (n, time, value)."""
    return Co2(problem.sizes["unit"], problem.sizes["ahead"])
