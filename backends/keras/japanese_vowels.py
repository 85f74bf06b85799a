"""Japanese vowels in Keras; its twin is backends/pytorch/japanese_vowels.py."""

import keras
from keras import layers, ops


class JapaneseVowels(keras.Model):
    """Utterances and their lengths in, speakers out."""

    def __init__(self, units, speakers):
        super().__init__()
        self.lstm = layers.LSTM(units)
        self.dense = layers.Dense(speakers)

    def call(self, inputs):  # (n, t, 12), (n,)
        x, length = inputs["steps"], inputs["length"]  # (n, t, 12)
        # only here: what comes after the end of a sequence is masked
        mask = ops.less(ops.arange(x.shape[1]), length[:, None])  # (n, t)
        x = self.lstm(x, mask=mask)  # (n, 64)
        x = self.dense(x)  # (n, 9)
        return x


def build(problem):
    """Return the network, logits (n, speaker) for steps (n, time, coefficient) and lengths (n,)."""
    return JapaneseVowels(problem.sizes["unit"], problem.sizes["speaker"])
