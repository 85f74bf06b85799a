import keras
from keras import layers


def tcn(units=12):
    model = keras.Sequential([keras.Input((20, 4))])
    for i in range(3):
        model.add(layers.Conv1D(units, 3, padding="causal", dilation_rate=2**i, activation="relu"))
    model.add(layers.Lambda(lambda x: x[:, -1]))
    model.add(layers.Dense(2))
    return model
