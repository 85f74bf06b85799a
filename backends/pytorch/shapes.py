"""Shapes in PyTorch; its twin is backends/keras/shapes.py."""

from torch import nn


class Shapes(nn.Module):
    """Corners of a rectangle in; for each, the next corner."""

    def __init__(self, coordinates, units):
        super().__init__()
        self.lstm = nn.LSTM(coordinates, units, batch_first=True)  # differs: default is time first
        self.dense = nn.Linear(units, coordinates)

    def forward(self, x):  # (n, t, 2)
        x, _ = self.lstm(x)  # (n, t, 10)
        x = self.dense(x)  # (n, t, 2)
        return x


def build(problem):
    """Return the network, the next corners (n, time, xy) for an input (n, time, xy)."""
    return Shapes(problem.sizes["xy"], problem.sizes["unit"])
