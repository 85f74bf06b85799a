"""Japanese vowels in PyTorch; its twin is backends/keras/japanese_vowels.py."""

from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence


class JapaneseVowels(nn.Module):
    """Utterances and their lengths in, speakers out."""

    def __init__(self, coefficients, units, speakers):
        super().__init__()
        self.lstm = nn.LSTM(coefficients, units, batch_first=True)  # differs: default is time first
        self.dense = nn.Linear(units, speakers)

    def forward(self, inputs):  # (n, t, 12), (n,)
        x, length = inputs["steps"], inputs["length"]  # (n, t, 12)
        # only here: what comes after the end of a sequence is taken out
        x = pack_padded_sequence(x, length, batch_first=True, enforce_sorted=False)
        _, (x, _) = self.lstm(x)  # (1, n, 64)
        x = x[0]  # (n, 64)  only here: the state has an axis for layers and directions
        x = self.dense(x)  # (n, 9)
        return x


def build(problem):
    """Return the network, logits (n, speaker) for steps (n, time, coefficient) and lengths (n,)."""
    sizes = problem.sizes
    return JapaneseVowels(sizes["coefficient"], sizes["unit"], sizes["speaker"])
