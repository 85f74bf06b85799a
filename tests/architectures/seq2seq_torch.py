import torch
from torch import nn


class Seq2Seq(nn.Module):
    """An encoder, and a decoder that attends to all its steps (dot product)."""

    def __init__(self, vocab=30, units=16):
        super().__init__()
        self.source = nn.Embedding(vocab, units)
        self.target = nn.Embedding(vocab, units)
        self.encoder = nn.LSTM(units, units, batch_first=True)
        self.decoder = nn.LSTM(units, units, batch_first=True)
        self.out = nn.Linear(2 * units, vocab)

    def forward(self, question, answer):
        memory, state = self.encoder(self.source(question))
        steps, _ = self.decoder(self.target(answer), state)
        scores = torch.softmax(steps @ memory.transpose(1, 2), -1)
        return self.out(torch.cat([scores @ memory, steps], -1))
