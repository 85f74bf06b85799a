import keras
from keras import layers, ops


class Encoder(keras.Model):
    def __init__(self, vocab=60, dim=32, heads=4, classes=5, length=12):
        super().__init__()
        self.embed, self.place = layers.Embedding(vocab, dim), layers.Embedding(length, dim)
        self.mha = layers.MultiHeadAttention(heads, dim // heads)
        self.ln_a, self.ln_b = (
            layers.LayerNormalization(epsilon=1e-5),
            layers.LayerNormalization(epsilon=1e-5),
        )
        self.d1, self.d2 = layers.Dense(64, activation="gelu"), layers.Dense(dim)
        self.out = layers.Dense(classes)

    def call(self, ids):
        x = self.embed(ids) + self.place(ops.arange(ids.shape[1]))
        x = self.ln_a(x + self.mha(x, x))
        x = self.ln_b(x + self.d2(self.d1(x)))
        return self.out(ops.mean(x, 1))
