"""Moving square in PyTorch; its twin is backends/keras/moving_square.py."""

import torch
from torch import nn


class MovingSquare(nn.Module):
    """A video in, the direction of its line out; time is folded into the batch for the frames."""

    def __init__(self, channels, filters, features, units):
        super().__init__()
        self.conv = nn.Conv2d(channels, filters, kernel_size=2)
        self.conv.to(memory_format=torch.channels_last)  # differs: default is channels first
        self.relu = nn.ReLU()
        self.pool = nn.MaxPool2d(2)
        self.lstm = nn.LSTM(features, units, batch_first=True)  # differs: default is time first
        self.dense = nn.Linear(units, 1)

    def forward(self, x):  # (n, t, 50, 50, 1)
        n, t, *_ = x.shape
        x = x.to(self.dense.weight.dtype)
        x = x.flatten(0, 1)  # (n*t, 50, 50, 1)
        x = x.permute(0, 3, 1, 2)  # (n*t, 1, 50, 50)  only here: channels come first
        x = self.conv(x)  # (n*t, 2, 49, 49)
        x = self.relu(x)
        x = self.pool(x)  # (n*t, 2, 24, 24)
        x = x.permute(0, 2, 3, 1)  # (n*t, 24, 24, 2)  only here: flatten as Keras does
        x = x.reshape(n, t, -1)  # (n, t, 1152)
        _, (x, _) = self.lstm(x)  # (1, n, 50)
        x = x[0]  # (n, 50)  only here: the state has an axis for layers and directions
        x = self.dense(x)  # (n, 1)
        return x


def build(problem):
    """Return the network, logits (n, 1) for an input (n, time, height, width, channel) of bytes."""
    sizes = problem.sizes
    features = (sizes["height"] - 1) // 2 * ((sizes["width"] - 1) // 2) * sizes["filter"]
    return MovingSquare(sizes["channel"], sizes["filter"], features, sizes["unit"])
