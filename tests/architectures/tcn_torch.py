from torch import nn
from torch.nn import functional as F


class CausalConv(nn.Module):
    def __init__(self, channels, units, dilation):
        super().__init__()
        self.left = 2 * dilation
        self.conv = nn.Conv1d(channels, units, 3, dilation=dilation)

    def forward(self, x):
        return F.relu(self.conv(F.pad(x, (self.left, 0))))


class TCN(nn.Module):
    def __init__(self, channels=4, units=12):
        super().__init__()
        self.stack = nn.ModuleList(
            CausalConv(channels if i == 0 else units, units, 2**i) for i in range(3)
        )
        self.readout = nn.Linear(units, 2)

    def forward(self, x):  # (n, channel, time)
        for layer in self.stack:
            x = layer(x)
        return self.readout(x[:, :, -1])
