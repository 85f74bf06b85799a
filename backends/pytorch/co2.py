"""CO2 in PyTorch; its twin is backends/keras/co2.py."""

from torch import nn


class Co2(nn.Module):
    """Fifty-two weeks in, the next four out."""

    def __init__(self, values, units, ahead):
        super().__init__()
        self.lstm = nn.LSTM(values, units, batch_first=True)  # differs: default is time first
        self.dense = nn.Linear(units, ahead)

    def forward(self, x):  # (n, t, 1)
        _, (x, _) = self.lstm(x)  # (1, n, 16)
        x = x[0]  # (n, 16)  only here: the state has an axis for layers and directions
        x = self.dense(x)  # (n, 4)
        return x


def build(problem):
    """Return the network, a forecast (n, ahead) for an input (n, time, value)."""
    return Co2(problem.sizes["value"], problem.sizes["unit"], problem.sizes["ahead"])
