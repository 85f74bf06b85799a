"""Moving square in Keras; its twin is backends/pytorch/moving_square.py."""

import keras
from keras import layers, ops


class MovingSquare(keras.Model):
    """A video in, the direction of its line out; time is folded into the batch for the frames."""

    def __init__(self, frame, filters, features, units):
        super().__init__()
        self.frame, self.features = frame, features  # only here: ops.reshape wants sizes
        self.conv = layers.Conv2D(filters, kernel_size=2)
        self.relu = layers.ReLU()
        self.pool = layers.MaxPooling2D(2)
        self.lstm = layers.LSTM(units)
        self.dense = layers.Dense(1)

    def call(self, x):  # (n, t, 50, 50, 1)
        t = x.shape[1]
        x = ops.cast(x, self.compute_dtype)
        x = ops.reshape(x, (-1, *self.frame))  # (n*t, 50, 50, 1)
        x = self.conv(x)  # (n*t, 49, 49, 2)
        x = self.relu(x)
        x = self.pool(x)  # (n*t, 24, 24, 2)
        x = ops.reshape(x, (-1, t, self.features))  # (n, t, 1152)
        x = self.lstm(x)  # (n, 50)
        x = self.dense(x)  # (n, 1)
        return x


def build(problem):
    """Return the network, logits (n, 1) for an input (n, time, height, width, channel) of bytes."""
    sizes = problem.sizes
    features = (sizes["height"] - 1) // 2 * ((sizes["width"] - 1) // 2) * sizes["filter"]
    return MovingSquare(problem.input.shape[1:], sizes["filter"], features, sizes["unit"])
