"""Cumulative sum in PyTorch; its twin is backends/keras/cumsum.py."""

from torch import nn


class CumulativeSum(nn.Module):
    """Ten numbers in; for each, whether the sum so far has reached the threshold."""

    def __init__(self, features, units):
        super().__init__()
        self.lstm = nn.LSTM(
            features,
            units,
            batch_first=True,  # differs: default is time first
            bidirectional=True,
        )
        self.dense = nn.Linear(2 * units, 1)

    def forward(self, x):  # (n, t, 1)
        x, _ = self.lstm(x)  # (n, t, 100)
        x = self.dense(x)  # (n, t, 1)
        return x


def build(problem):
    """Return the network, logits (n, time, 1) for an input (n, time, feature)."""
    return CumulativeSum(problem.sizes["feature"], problem.sizes["unit"])
