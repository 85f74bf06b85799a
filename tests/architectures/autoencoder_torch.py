from torch import nn

net = nn.Sequential(
    nn.Linear(64, 32),
    nn.ReLU(),
    nn.Linear(32, 6),
    nn.Linear(6, 32),
    nn.ReLU(),
    nn.Linear(32, 64),
    nn.Sigmoid(),
)
