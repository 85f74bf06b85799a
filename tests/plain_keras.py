"""What one writes by hand in Keras, and nothing of ours but the data and the network.

`python tests/plain_keras.py PROBLEM EPOCHS SEED EXAMPLES` prints, as a line of JSON, the seconds of
each epoch after the first and the last training loss. An epoch's seconds are those of
`backends.Fit.epoch_s`: from the end of the epoch before to the beginning of the validation; the
last epoch has what `fit` takes down at its end.
"""

import json
import sys
from functools import partial
from importlib import import_module
from time import perf_counter

import keras
import tensorflow as tf

import problems

LOSSES = {
    "cross_entropy": partial(keras.losses.SparseCategoricalCrossentropy, from_logits=True),
    "binary_cross_entropy": partial(keras.losses.BinaryCrossentropy, from_logits=True),
}


class Timer(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.epoch_s = []

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 0:
            self.last = perf_counter()

    def on_test_begin(self, logs=None):
        self.epoch_s.append(perf_counter() - self.last)

    def on_epoch_end(self, epoch, logs=None):
        self.last = perf_counter()


def main(name: str, epochs: int, seed: int, examples: int) -> None:
    keras.utils.set_random_seed(seed)
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    problem = problems.load(name)
    recipe = problem.recipe
    data = problem.draw(seed, {**recipe.examples, "train": examples})
    training, validation = data["train"], data["validation"]

    model = import_module(f"backends.keras.{name}").build(problem)
    model.compile(keras.optimizers.Adam(recipe.learning_rate), LOSSES[recipe.loss.name]())
    timer = Timer()
    history = model.fit(
        training.x,
        training.y,
        batch_size=recipe.batch_size,
        epochs=epochs,
        validation_data=(validation.x, validation.y),
        shuffle=True,
        callbacks=[
            keras.callbacks.LearningRateScheduler(
                lambda epoch: recipe.learning_rate * (recipe.schedule.factor or 1.0) ** epoch
            ),
            timer,
        ],
        verbose=0,
    ).history
    timer.epoch_s[-1] += perf_counter() - timer.last

    print(json.dumps({"epoch_s": timer.epoch_s[1:], "train_loss": history["loss"][-1]}))


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
