import keras
from keras import layers


class Autoencoder(keras.Model):
    def __init__(self, size=64, code=6):
        super().__init__()
        self.encoder = keras.Sequential([layers.Dense(32, activation="relu"), layers.Dense(code)])
        self.decoder = keras.Sequential(
            [layers.Dense(32, activation="relu"), layers.Dense(size, activation="sigmoid")]
        )

    def call(self, x):
        return self.decoder(self.encoder(x))
