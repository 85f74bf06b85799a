import torch
from torch import nn


def double_conv(channels, units):
    return nn.Sequential(
        nn.Conv2d(channels, units, 3, padding=1),
        nn.BatchNorm2d(units),
        nn.ReLU(inplace=True),
        nn.Conv2d(units, units, 3, padding=1),
        nn.BatchNorm2d(units),
        nn.ReLU(inplace=True),
    )


class UNet(nn.Module):
    def __init__(self, classes=3):
        super().__init__()
        self.down1 = double_conv(1, 8)
        self.down2 = double_conv(8, 16)
        self.pool = nn.MaxPool2d(2)
        self.middle = double_conv(16, 32)
        self.up2 = nn.ConvTranspose2d(32, 16, 2, stride=2)
        self.decode2 = double_conv(32, 16)
        self.up1 = nn.ConvTranspose2d(16, 8, 2, stride=2)
        self.decode1 = double_conv(16, 8)
        self.out = nn.Conv2d(8, classes, 1)

    def forward(self, x):
        first = self.down1(x)
        second = self.down2(self.pool(first))
        y = self.middle(self.pool(second))
        y = self.decode2(torch.cat([second, self.up2(y)], 1))
        y = self.decode1(torch.cat([first, self.up1(y)], 1))
        return self.out(y)
