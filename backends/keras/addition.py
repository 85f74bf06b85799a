"""Addition in Keras; its twin is backends/pytorch/addition.py."""

import keras
from keras import layers


class Addition(keras.Model):
    """A question in, character by character; the two characters of the sum out."""

    def __init__(self, symbols, encoding, units, places):
        super().__init__()
        self.encoder = layers.LSTM(encoding)
        self.repeat = layers.RepeatVector(places)  # only here: torch has no such layer
        self.decoder = layers.LSTM(units, return_sequences=True)
        self.dense = layers.Dense(symbols)

    def call(self, x):  # (n, t, 12)
        x = self.encoder(x)  # (n, 75)
        x = self.repeat(x)  # (n, 2, 75)
        x = self.decoder(x)  # (n, 2, 50)
        x = self.dense(x)  # (n, 2, 12)
        return x


def build(problem):
    """Return the network, logits (n, place, symbol) for an input (n, time, symbol)."""
    sizes = problem.sizes
    return Addition(sizes["symbol"], sizes["encoding"], sizes["unit"], sizes["place"])
