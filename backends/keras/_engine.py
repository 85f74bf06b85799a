"""Training in Keras: `compile` and `fit`, where PyTorch has a loop."""

from importlib import import_module

import keras

from backends import Fit, Probe
from backends._clock import Clock
from backends._seeded import Array, batch_order, initial_weights
from backends.keras import _device, _weights
from backends.keras._device import batches, gpu_peak_bytes, prepare, versions
from problems._data import Data
from problems._problem import Problem

__all__ = ["gpu_peak_bytes", "prepare", "probe", "train", "versions"]

LOSSES = {
    # differs: Keras expects probabilities by default; logits are safer, and all that torch takes
    "cross_entropy": keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    "binary_cross_entropy": keras.losses.BinaryCrossentropy(from_logits=True),
    "mean_absolute_error": keras.losses.MeanAbsoluteError(),
}
OPTIMIZERS = {"adam": keras.optimizers.Adam}


class Timer(keras.callbacks.Callback):
    """Tells training from validation; batches are not listened to, which would slow them down."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.clock, self.epoch_s, self.validation_s = clock, [], 0.0

    def on_test_begin(self, logs=None):
        """The epoch is trained, its validation begins."""
        self.epoch_s.append(self.clock.lap())

    def on_epoch_end(self, epoch, logs=None):
        """Validation is over, its input pipeline taken down."""
        self.validation_s += self.clock.lap()


def train(problem: Problem, data: Data, *, seed: int) -> Fit:
    """Train the problem's twin by the problem's recipe."""
    recipe, training, validation = problem.recipe, data["train"], data["validation"]
    orders = batch_order(len(training.x), epochs=recipe.epochs, seed=seed)
    clock = Clock(_device.synchronize)

    model = _build(problem, seed)
    optimizer = OPTIMIZERS[recipe.optimizer](recipe.learning_rate)
    model.compile(optimizer, LOSSES[recipe.loss])
    build_s = clock.lap()

    timer = Timer(clock)
    rates = keras.callbacks.LearningRateScheduler(recipe.learning_rates.__getitem__)
    history = model.fit(
        batches(training.x, training.y, orders, recipe.batch_size),
        epochs=recipe.epochs,
        steps_per_epoch=-(-len(training.x) // recipe.batch_size),
        validation_data=(validation.x, validation.y),
        validation_batch_size=recipe.batch_size,
        callbacks=[rates, timer],
        shuffle=False,
        verbose=0,
    ).history
    timer.epoch_s[-1] += clock.lap()  # `fit` takes down the input pipeline of the training

    def predict(x: Array) -> Array:
        return model.predict(x, batch_size=recipe.batch_size, verbose=0)

    return Fit(
        predict=predict,
        parameters=_weights.parameters(model),
        train_loss=[float(loss) for loss in history["loss"]],
        validation_loss=[float(loss) for loss in history["val_loss"]],
        build_s=build_s,
        epoch_s=timer.epoch_s,
        validation_s=timer.validation_s,
        clock=clock,
    )


def probe(problem: Problem, x: Array, *, seed: int) -> Probe:
    """Run the problem's untrained twin on x (n, ...)."""
    model, layers = _build(problem, seed), {}
    for name, layer in _weights.children(model).items():
        layer.call = _recorded(layer, name, layers)
    output = keras.ops.convert_to_numpy(model(x))
    return Probe(output, layers, _weights.parameters(model))


def _build(problem: Problem, seed: int) -> keras.Model:
    model = import_module(f"backends.keras.{problem.name}").build(problem)
    model(keras.Input(problem.input.shape, dtype=problem.input.dtype))  # makes the weights
    _weights.write(model, initial_weights(_weights.describe(model), seed))
    return model


def _recorded(layer: keras.Layer, name: str, outputs: dict[str, Array]):
    """Return the layer's `call`, noting its output by name; "x.last" is an LSTM's last step."""
    call = layer.call
    recurrent = isinstance(layer, keras.layers.RNN | keras.layers.Bidirectional)
    key = f"{name}.last" if recurrent and not layer.return_sequences else name

    def recorded(*args, **kwargs):
        output = call(*args, **kwargs)
        outputs[key] = keras.ops.convert_to_numpy(output)
        return output

    return recorded
