"""The last step of an LSTM in both directions."""

from compare.lessons.traps._trap import Trap

PYTORCH = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(3, 4, batch_first=True, bidirectional=True)
        self.out = nn.Linear(8, 2)

    def forward(self, x):
        steps, _ = self.rnn(x)
        return self.out(steps[:, -1])
"""
KERAS = """
import keras
from keras import layers


def make():
    return keras.Sequential(
        [keras.Input((6, 3)), layers.Bidirectional(layers.LSTM(4)), layers.Dense(2)]
    )
"""

TRAP = Trap(
    title="The last step of an LSTM in both directions",
    symptom="A bidirectional LSTM reads a sentence, and a dense layer takes its last output. The "
    "port of the Keras model is a little worse, as if it read in one direction only.",
    input="time=6 feature=3",
    pytorch=PYTORCH,
    keras=KERAS,
    side="pytorch",
    wrong="""steps, _ = self.rnn(x)
        return self.out(steps[:, -1])""",
    mended="""_, (h, _) = self.rnn(x)
        return self.out(torch.cat((h[0], h[1]), -1))""",
    rung="layers",
    layer="out",
    cause="no gradient comes to rnn/backward/recurrent_kernel here",
    why="At the last place, the backward half has seen one step, so nothing recurs. Keras takes "
    "the last output of each direction, which for the backward one is at the first place.",
    threads=("disc:74933", "disc:114814", "https://openillumi.com/?p=95827"),
    reports=(17,),
)
