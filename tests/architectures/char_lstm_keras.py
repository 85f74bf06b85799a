import keras
from keras import layers

model = keras.Sequential(
    [
        keras.Input((20,), dtype="int32"),
        layers.Embedding(50, 16),
        layers.LSTM(24, return_sequences=True),
        layers.LSTM(24, return_sequences=True),
        layers.Dense(50),
    ]
)
