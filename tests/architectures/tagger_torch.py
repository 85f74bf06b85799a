from torch import nn


class BiGRU(nn.Module):
    def __init__(self, vocab=40, tags=6):
        super().__init__()
        self.embedding = nn.Embedding(vocab, 10)
        self.gru = nn.GRU(10, 8, batch_first=True, bidirectional=True)
        self.classifier = nn.Linear(16, tags)

    def forward(self, words):
        states, _ = self.gru(self.embedding(words))
        return self.classifier(states)
