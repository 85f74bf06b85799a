"""Training in Keras: `compile` and `fit`, where PyTorch has a loop."""

from collections.abc import Set
from functools import partial

import keras
import numpy as np

from backends import NOTHING, UNWATCHED, Fit, Slopes, Step, Unavailable, Watch
from backends._clock import Clock
from backends._seeded import Noise, batch_order
from backends.keras import (
    _defaults,
    _device,
    _dropout,
    _losses,
    _network,
    _optimizers,
    _tier,
    _weights,
)
from backends.keras._device import (
    gpu_peak_bytes,
    gpu_reserved_bytes,
    matrix,
    settings,
    synchronize,
    versions,
)
from backends.keras._kernel import kernel
from backends.keras._probe import probe
from backends.keras._tier import prepare
from problems import Arrays, Data, Part, Predict, Problem, count, mapped, named

__all__ = [
    "first_steps",
    "gpu_peak_bytes",
    "gpu_reserved_bytes",
    "kernel",
    "loss_at",
    "matrix",
    "prepare",
    "probe",
    "settings",
    "slopes",
    "synchronize",
    "train",
    "versions",
]


class Timer(keras.callbacks.Callback):
    """Tells training from validation; batches are not listened to, which would slow them down."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.clock, self.epoch_s, self.validation_s, self.first_step_s = clock, [], 0.0, 0.0

    def on_test_begin(self, logs=None):
        """The epoch is trained, its validation begins."""
        self.epoch_s.append(self.clock.lap())

    def on_epoch_end(self, epoch, logs=None):
        """Validation is over, its input pipeline taken down."""
        self.validation_s += self.clock.lap()


def time_first_step(model: keras.Model, timer: Timer) -> None:
    """Have the first step timed, and that one alone: a callback would be asked after each."""
    step = model.make_train_function() or model.train_function

    def first(*args):
        model.train_function = step
        result = step(*args)
        timer.first_step_s = timer.clock.split()
        return result

    model.train_function = first


class StepWatcher(keras.callbacks.Callback):
    """Tells the loss of every step, where `fit` only has the mean over the epoch so far."""

    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self.watch = watch

    def on_train_batch_begin(self, batch, logs=None):
        """Begin the mean anew."""
        _device.reset_metrics(self.model)

    def on_train_batch_end(self, batch, logs=None):
        """Tell the mean over one step."""
        self.watch.step(float(logs["loss"]))


@_tier.compiled()
def train(
    problem: Problem,
    data: Data,
    *,
    seed: int,
    kept: Set[str] = NOTHING,
    watch: Watch = UNWATCHED,
    noise: Noise | None = None,
    seeded_dropout: bool = False,
) -> Fit:
    """Train the problem's twin by the problem's recipe."""
    clock = Clock(_device.synchronize)
    recipe, training, validation = problem.recipe, data["train"], data["validation"]
    orders = _defaults.orders(count(training.x), recipe, seed, kept)
    model = _network.build(problem, seed, kept, noise)
    if seeded_dropout:
        _dropout.seed_dropout(model, seed)
    loss = _losses.make(problem, kept, weighted=_losses.weighted(data))
    steps_per_epoch = -(-count(training.x) // recipe.batch_size)
    optimizer = _defaults.optimizer(model, problem, steps_per_epoch, kept, noise)
    _tier.compile_model(model, optimizer, *loss)
    randomness = _device.randomness()
    build_s = clock.lap()

    def predict(x: Arrays) -> Arrays:
        return model.predict(x, batch_size=recipe.batch_size, verbose=0)

    timer = Timer(clock)
    time_first_step(model, timer)
    by_epoch = _optimizers.epoch_rates(recipe, steps_per_epoch)
    changes = [keras.callbacks.LearningRateScheduler(by_epoch.__getitem__)] if by_epoch else []
    history = model.fit(
        **_defaults.feed(training, orders, recipe.batch_size),
        epochs=recipe.epochs,
        validation_data=validation.arrays,
        validation_batch_size=recipe.batch_size,
        callbacks=[*changes, timer, *_watchers(watch, predict, clock)],
        verbose=0,
    ).history
    timer.epoch_s[-1] += clock.lap()  # `fit` takes down the input pipeline of the training
    taken = int(model.optimizer.iterations)

    return Fit(
        predict=predict,
        weights=lambda: _weights.read(model),
        state=lambda: _weights.state(model),
        devices=partial(_devices, model),
        parameters=_weights.parameters(model),
        steps=taken,
        rates=_optimizers.rates(optimizer, history, taken),
        train_loss=[float(loss) for loss in history["loss"]],
        validation_loss=[float(loss) for loss in history["val_loss"]],
        build_s=build_s,
        first_step_s=timer.first_step_s,
        epoch_s=timer.epoch_s,
        validation_s=timer.validation_s,
        own_draws=_dropout.draws(model) or _device.randomness() != randomness,
    )


def loss_at(problem: Problem, outputs: Arrays, part: Part) -> float:
    """Return the loss of outputs for the targets and the weights of a part."""
    if _device.on_gpu:  # where an error of a kernel would end the process
        raise Unavailable("a loss of outputs that no network has is asked for on a CPU")
    made = _losses.make(problem, NOTHING, weighted=part.weight is not None)
    found = mapped(keras.ops.convert_to_tensor, outputs)
    return float(keras.ops.convert_to_numpy(_losses.evaluated(problem, made, part, found)))


@_tier.compiled()
def slopes(problem: Problem, part: Part, *, seed: int, noise: Noise | None = None) -> Slopes:
    """Return the untrained twin's loss on a batch and its gradient."""
    model = _network.build(problem, seed, noise=noise)
    loss = _losses.make(problem, NOTHING, weighted=part.weight is not None)
    # Its own terms, such as a weight decay, are in the loss in both modes.
    evaluation_loss = _losses.evaluated(problem, loss, part, model(part.x, training=False))
    evaluation_loss += sum(model.losses)
    trained = _weights.trainable(model)
    for variable in model.trainable_variables:
        variable.constraint = None  # it would be laid on the gradient in the weight's place
    _tier.compile_model(model, _optimizers.Gradient(), *loss)
    dropout = _dropout.seed_dropout(model, seed)
    logs = model.train_on_batch(*part.arrays, return_dict=True)
    evaluation_loss = float(keras.ops.convert_to_numpy(evaluation_loss))
    gradients = {
        name: array if name in trained else np.zeros_like(array)
        for name, array in _weights.read(model).items()
    }
    return Slopes(
        float(logs["loss"]), evaluation_loss, gradients, dropout.draws, _weights.averages(model)
    )


def first_steps(
    problem: Problem, part: Part, *, seed: int, n: int, noise: Noise | None = None
) -> list[Step]:
    """Return what the first n steps of a training leave, one by one."""
    recipe = problem.recipe
    orders = batch_order(count(part.x), seed=seed, epochs=recipe.epochs)
    steps_per_epoch = -(-count(part.x) // recipe.batch_size)
    model = _network.build(problem, seed, noise=noise)
    _dropout.seed_dropout(model, seed)
    loss = _losses.make(problem, NOTHING, weighted=part.weight is not None)
    optimizer = _defaults.optimizer(model, problem, steps_per_epoch, noise=noise)
    _tier.compile_steps(model, optimizer, *loss)
    rates = _optimizers.epoch_rates(recipe, steps_per_epoch)
    found = []
    for k in range(min(n, recipe.epochs * steps_per_epoch)):
        epoch, i = divmod(k, steps_per_epoch)
        if rates:
            optimizer.learning_rate = rates[epoch]
        rate = float(keras.ops.convert_to_numpy(optimizer.learning_rate))
        batch = orders[epoch][i * recipe.batch_size :][: recipe.batch_size]
        rows = part.changed(lambda array, batch=batch: array[batch])
        told = model.train_on_batch(*rows.arrays, return_dict=True)["loss"]
        found.append(Step(float(told), rate, _weights.read(model), _weights.state(model)))
    return found


def _watchers(watch: Watch, predict: Predict, clock: Clock) -> list[keras.callbacks.Callback]:
    def tell(*_) -> None:
        watch.epoch(predict)
        clock.lap()  # nobody's time

    steps = [StepWatcher(watch)] if watch.step else []
    return steps + ([keras.callbacks.LambdaCallback(on_epoch_end=tell)] if watch.epoch else [])


def _devices(model: keras.Model, x: Arrays) -> set[str]:
    tensors = (*(weight.value for weight in model.weights), *named(model(x)).values())
    return {_device.place(tensor) for tensor in tensors}
