"""Shapes in Keras; its twin is backends/pytorch/shapes.py."""

import keras
from keras import layers


class Shapes(keras.Model):
    """Corners of a rectangle in; for each, the next corner."""

    def __init__(self, coordinates, units):
        super().__init__()
        self.lstm = layers.LSTM(units, return_sequences=True)
        self.dense = layers.Dense(coordinates)

    def call(self, x):  # (n, t, 2)
        x = self.lstm(x)  # (n, t, 10)
        x = self.dense(x)  # (n, t, 2)
        return x


def build(problem):
    """Return the network, the next corners (n, time, xy) for an input (n, time, xy)."""
    return Shapes(problem.sizes["xy"], problem.sizes["unit"])
