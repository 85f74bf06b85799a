"""Echo in PyTorch; its twin is backends/keras/echo.py."""

from torch import nn


class Echo(nn.Module):
    """Five digits in, the third one out."""

    def __init__(self, symbols, units):
        super().__init__()
        self.lstm = nn.LSTM(symbols, units, batch_first=True)  # differs: default is time first
        self.dense = nn.Linear(units, symbols)

    def forward(self, x):  # (n, t, 10)
        _, (x, _) = self.lstm(x)  # (1, n, 25)
        x = x[0]  # (n, 25)  only here: the state has an axis for layers and directions
        x = self.dense(x)  # (n, 10)
        return x


def build(problem):
    """Return the network, logits (n, symbol) for an input (n, time, symbol)."""
    return Echo(problem.sizes["symbol"], problem.sizes["unit"])
