import torch
from torch import nn


class Classifier(nn.Module):
    def __init__(self, vocab=60, dim=32, heads=4, classes=5, length=12):
        super().__init__()
        self.tok = nn.Embedding(vocab, dim)
        self.pos = nn.Embedding(length, dim)
        self.attn = nn.MultiheadAttention(dim, heads, batch_first=True)
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.ff = nn.Sequential(nn.Linear(dim, 64), nn.GELU(), nn.Linear(64, dim))
        self.head = nn.Linear(dim, classes)

    def forward(self, ids):
        x = self.tok(ids) + self.pos(torch.arange(ids.shape[1]))
        y, _ = self.attn(x, x, x, need_weights=False)
        x = self.norm1(x + y)
        x = self.norm2(x + self.ff(x))
        return self.head(x.mean(1))
