import keras
from keras import layers


def seq2seq(vocab=30, units=16):
    question = keras.Input((9,), dtype="int64", name="question")
    answer = keras.Input((7,), dtype="int64", name="answer")
    memory, h, c = layers.LSTM(units, return_sequences=True, return_state=True)(
        layers.Embedding(vocab, units)(question)
    )
    steps = layers.LSTM(units, return_sequences=True)(
        layers.Embedding(vocab, units)(answer), initial_state=[h, c]
    )
    context = layers.Attention()([steps, memory])
    x = layers.Concatenate()([context, steps])
    return keras.Model([question, answer], layers.Dense(vocab)(x))
