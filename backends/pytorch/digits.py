"""Digits in PyTorch; its twin is backends/keras/digits.py."""

from torch import nn


class Digits(nn.Module):
    """The rows of an image in, one after the other; the digit out."""

    def __init__(self, columns, units, digits):
        super().__init__()
        self.lstm = nn.LSTM(columns, units, batch_first=True)  # differs: default is time first
        self.dense = nn.Linear(units, digits)

    def forward(self, x):  # (n, 8, 8)
        _, (x, _) = self.lstm(x)  # (1, n, 64)
        x = x[0]  # (n, 64)  only here: the state has an axis for layers and directions
        x = self.dense(x)  # (n, 10)
        return x


def build(problem):
    """Return the network, logits (n, digit) for an input (n, row, column)."""
    return Digits(problem.sizes["column"], problem.sizes["unit"], problem.sizes["digit"])
