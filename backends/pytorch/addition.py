"""Addition in PyTorch; its twin is backends/keras/addition.py."""

from torch import nn


class Addition(nn.Module):
    """A question in, character by character; the two characters of the sum out."""

    def __init__(self, symbols, encoding, units, places):
        super().__init__()
        self.places = places  # only here: in Keras a layer repeats
        self.encoder = nn.LSTM(symbols, encoding, batch_first=True)  # differs: default time first
        self.decoder = nn.LSTM(encoding, units, batch_first=True)  # differs: default is time first
        self.dense = nn.Linear(units, symbols)

    def forward(self, x):  # (n, t, 12)
        _, (x, _) = self.encoder(x)  # (1, n, 75)
        x = x[0]  # (n, 75)  only here: the state has an axis for layers and directions
        x = x.unsqueeze(1).expand(-1, self.places, -1)  # (n, 2, 75)  what RepeatVector does
        x, _ = self.decoder(x)  # (n, 2, 50)
        x = self.dense(x)  # (n, 2, 12)
        return x


def build(problem):
    """Return the network, logits (n, place, symbol) for an input (n, time, symbol)."""
    sizes = problem.sizes
    return Addition(sizes["symbol"], sizes["encoding"], sizes["unit"], sizes["place"])
