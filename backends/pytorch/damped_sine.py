"""Damped sine in PyTorch; its twin is backends/keras/damped_sine.py."""

from torch import nn


class DampedSine(nn.Module):
    """Fifty points of a wave in, the next five out."""

    def __init__(self, features, units, ahead):
        super().__init__()
        self.lstm1 = nn.LSTM(features, units, batch_first=True)  # differs: default is time first
        self.lstm2 = nn.LSTM(units, units, batch_first=True)  # differs: default is time first
        self.dense = nn.Linear(units, ahead)

    def forward(self, x):  # (n, t, 1)
        x, _ = self.lstm1(x)  # (n, t, 20)
        _, (x, _) = self.lstm2(x)  # (1, n, 20)
        x = x[0]  # (n, 20)  only here: the state has an axis for layers and directions
        x = self.dense(x)  # (n, 5)
        return x


def build(problem):
    """Return the network, a forecast (n, ahead) for an input (n, time, feature)."""
    return DampedSine(problem.sizes["feature"], problem.sizes["unit"], problem.sizes["ahead"])
