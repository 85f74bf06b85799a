"""Steps after the end of a sequence."""

from compare.lessons.traps._trap import Trap

PYTORCH = """
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(10, 4)
        self.lstm = nn.LSTM(4, 5, batch_first=True)
        self.head = nn.Linear(5, 2)

    def forward(self, x):
        is_word = (x != 0).cumprod(1)
        lengths = is_word.sum(1).clamp(min=1).cpu()
        packed = nn.utils.rnn.pack_padded_sequence(
            self.words(x), lengths, batch_first=True, enforce_sorted=False
        )
        steps, _ = self.lstm(packed)
        steps, _ = nn.utils.rnn.pad_packed_sequence(steps, batch_first=True, total_length=6)
        return self.head(steps.mean(1))
"""
KERAS = """
import keras
from keras import layers, ops


def make():
    words = keras.Input((6,), dtype="int64")
    is_word = ops.cumprod(ops.cast(words != 0, "int32"), axis=1) > 0
    first = ops.arange(6) == 0
    x = layers.Embedding(10, 4)(words)
    x = layers.LSTM(5, return_sequences=True)(x, mask=ops.logical_or(is_word, first))
    x = layers.Dense(2)(ops.mean(x, axis=1))
    return keras.Model(words, x)
"""

TRAP = Trap(
    title="Steps after the end are 0 on one side and repeated on the other",
    symptom="The last states of the LSTM agree to rounding, with padding and all. But we average "
    "its outputs over time, and there short texts come out wrong.",
    input="time=6; 0..9",
    pytorch=PYTORCH,
    keras=KERAS,
    side="keras",
    wrong="layers.LSTM(5, return_sequences=True)",
    mended="layers.LSTM(5, return_sequences=True, zero_output_for_mask=True)",
    rung="layers",
    layer="head",
    cause="steps after the end are 0 here and the last output again there",
    why="PyTorch fills the steps after the end with 0. Keras repeats the last output under a "
    "mask, unless it is told not to, or runs on cuDNN.",
    threads=("gh:tensorflow/tensorflow/issues/49241",),
    reports=(28,),
)
