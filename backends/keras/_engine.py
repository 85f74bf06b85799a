"""Training in Keras: `compile` and `fit`, where PyTorch has a loop."""

from collections.abc import Mapping, Set
from functools import cache, partial
from importlib import import_module

import keras
import numpy as np
from keras.src.backend import get_keras_mask
from keras.src.layers.convolutional.base_conv import BaseConv
from keras.src.layers.convolutional.base_conv_transpose import BaseConvTranspose
from keras.src.layers.convolutional.base_depthwise_conv import BaseDepthwiseConv
from keras.src.layers.convolutional.base_separable_conv import BaseSeparableConv
from keras.src.utils.naming import reset_uids

from backends import NOTHING, OTHERWISE, UNWATCHED, Fit, Probe, Slopes, Step, Unavailable, Watch
from backends._clock import Clock
from backends._outputs import outputs_of, tensors
from backends._places import place_of
from backends._seeded import Array, Noise, batch_order
from backends._tiers import COMPILED
from backends.keras import _defaults, _device, _dropout, _losses, _optimizers, _tier, _weights
from backends.keras._device import (
    gpu_peak_bytes,
    gpu_reserved_bytes,
    matrix,
    settings,
    synchronize,
    versions,
)
from backends.keras._kernel import kernel
from backends.keras._tier import prepare
from problems import Arrays, Data, Part, Predict, Problem, count, first_axis, lengths, mapped, named

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

RECURRENT = keras.layers.RNN | keras.layers.Bidirectional
FUSED = keras.layers.Dense | BaseConv | BaseConvTranspose | BaseDepthwiseConv | BaseSeparableConv
NORMALIZATION = keras.layers.BatchNormalization | keras.layers.GroupNormalization
COMMON = ("name", "trainable", "dtype", "build_config", "seed")  # settings that tell nothing


class InputAsWeight(keras.Model):
    """A layer whose input is a weight, so that `fit` finds its gradient on every engine."""

    def __init__(self, layer: keras.Layer, x: Array) -> None:
        super().__init__()
        self.layer = layer
        layer.trainable = False
        self.x = self.add_weight(shape=x.shape, initializer=lambda *_, **__: x)

    def call(self, _):
        """Make the loss the sum of the sines of the output, without what the layer adds itself."""
        first = self.layer(self.x + 0.0, training=False)
        while isinstance(first, tuple | list) and first:
            first = first[0]
        nothing = 0.0 * keras.ops.sum(self.x)  # PyTorch refuses what no gradient flows through
        self.add_loss(keras.ops.sum(keras.ops.sin(first)) + nothing - sum(self.layer.losses))
        return first


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


class Gradient(keras.optimizers.SGD):
    """An optimizer that leaves the gradient of every weight in the weight's place."""

    def apply(self, grads, trainable_variables=None):
        """Apply the gradients; where there is none, because nothing flows there, it is 0."""
        variables = trainable_variables or self._trainable_variables
        return super().apply(_optimizers.filled(grads, variables), trainable_variables)

    def update_step(self, gradient, variable, learning_rate):
        """Replace the variable by its gradient."""
        zeros = keras.ops.zeros(variable.shape, variable.dtype)  # JAX: none like a variable
        self.assign(variable, zeros)
        self.assign_add(variable, gradient)  # which sums an embedding's entries, seen repeatedly


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
    model = _build(problem, seed, kept, noise)
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


def probe(problem: Problem, *, seed: int, noise: Noise | None = None) -> Probe:
    """Return the problem's untrained twin."""
    model = _build(problem, seed, noise=noise)
    heard: dict[str, Array] = {}
    given: dict[str, list[Array]] = {}
    for name, layer in _weights.heard(model).items():
        layer.call = _recorded(layer, name, heard, given)

    @_tier.compiled()
    def ask(x: Arrays) -> dict[str, Array]:
        heard.clear()
        outputs = outputs_of(problem.output, model(x), keras.ops.is_tensor)
        _check_masks(problem, outputs)
        found = mapped(keras.ops.convert_to_numpy, outputs) | heard
        if _tier.chosen == COMPILED:  # which leaves nothing of the layers to be seen
            whole = _build(problem, seed, noise=noise)
            _tier.compile_model(whole)
            found |= named(whole.predict(x, verbose=0), "output")
        return found

    def inputs(x: Arrays) -> dict[str, Array]:
        given.clear()
        model(x)
        return {name: arrays[0] for name, arrays in given.items() if len(arrays) == 1}

    def alone(asked: Mapping[str, Array]) -> dict[str, Array]:
        heard.clear()
        for name, array in asked.items():
            layers[name](_as_it_takes(layers[name], array), training=False)
        return dict(heard)

    @cache
    def unheard() -> dict[str, keras.Layer]:
        return _weights.heard(_build(problem, seed, noise=noise))

    def backwards(name: str, array: Array) -> dict[str, Array]:
        layer = unheard()[name]
        found = {_key(layer, name): _gradient(layer, array)}
        if fused := _fused(layer):
            layer.activation = None
            found[f"{_key(layer, name)}{OTHERWISE}"] = _gradient(layer, array)
            layer.activation = fused
        return found

    layers = _weights.heard(model)
    kinds = {name: _kind(layer) for name, layer in layers.items()}
    places = {name: place_of(layer) for name, layer in layers.items()}
    weights, trained = _weights.read(model), _weights.trainable(model)
    return Probe(weights, trained, kinds, ask, places, inputs, alone, backwards)


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
    model = _build(problem, seed, noise=noise)
    loss = _losses.make(problem, NOTHING, weighted=part.weight is not None)
    # Its own terms, such as a weight decay, are in the loss in both modes.
    evaluation_loss = _losses.evaluated(problem, loss, part, model(part.x, training=False))
    evaluation_loss += sum(model.losses)
    trained = _weights.trainable(model)
    for variable in model.trainable_variables:
        variable.constraint = None  # it would be laid on the gradient in the weight's place
    _tier.compile_model(model, Gradient(), *loss)
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
    model = _build(problem, seed, noise=noise)
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


def _build(
    problem: Problem, seed: int, kept: Set[str] = NOTHING, noise: Noise | None = None
) -> keras.Model:
    _device.seed(seed)
    twin = import_module(f"backends.keras.{problem.name}")
    reset_uids()  # a model that is built again has layers of the same names
    model = twin.build(problem)
    if not isinstance(model, keras.Layer):
        raise TypeError(f"build: expected a Keras model, came {model!r:.60}")
    _weights.learn(model, twin)
    model(mapped(lambda spec: keras.Input(spec.shape, dtype=spec.dtype), problem.input))  # weights
    _defaults.begin(model, problem, seed, kept, noise)
    return model


def _check_masks(problem: Problem, outputs) -> None:
    """Raise ValueError where Keras leaves steps out of a loss, and no length says which.

    Keras 3.15 hands a mask on from layer to layer, as far as the loss; a network called with
    symbols does not show it.
    """
    for name, spec in named(problem.output, "output").items():
        masked = get_keras_mask(outputs[name]) is not None
        if masked and first_axis(spec) not in lengths(problem.input) and not problem.weighted:
            raise ValueError(
                f"{name}: carries a mask, by which Keras would leave steps out of the loss, and no "
                "input is the length that says which: expected a Spec with length_of, or weights"
            )


def _devices(model: keras.Model, x: Arrays) -> set[str]:
    tensors = (*(weight.value for weight in model.weights), *named(model(x)).values())
    return {_device.place(tensor) for tensor in tensors}


def _kind(layer: keras.Layer) -> str:
    """Return what a layer is, with its settings; without those that every layer has."""
    settings = {
        name: value
        for name, value in layer.get_config().items()
        if isinstance(value, bool | int | float | str | tuple | list) and name not in COMMON
    }
    told = ", ".join(f"{name}={value}" for name, value in settings.items())
    return f"{type(layer).__name__}({told})"


def _own(layer: keras.Layer) -> bool:
    """Say whether a layer's `call` is an author's."""
    return type(layer).call.__module__.partition(".")[0] != "keras"


def _fused(layer: keras.Layer):
    """Return the activation within a layer, which PyTorch has not; None if it has none.

    That of a layer with a `call` of the author's is not known.
    """
    within = isinstance(layer, FUSED) and not _own(layer)
    fused = getattr(layer, "activation", None) if within else None
    return None if fused is keras.activations.linear else fused


def _key(layer: keras.Layer, name: str) -> str:
    """Return the name of what a layer leaves: "x.last" is the last step."""
    last = isinstance(layer, RECURRENT) and not (_own(layer) or layer.return_sequences)
    return f"{name}.last" if last else name


def _channels_second(layer: keras.Layer) -> bool:
    axis = getattr(layer, "axis", None) if isinstance(layer, NORMALIZATION) else None
    return getattr(layer, "data_format", None) == "channels_first" or axis in (1, [1])


def _as_it_takes(layer: keras.Layer, x: Array) -> Array:
    """Return an input with channels last as a layer takes it."""
    return np.moveaxis(x, -1, 1) if _channels_second(layer) and x.ndim > 2 else x


def _gradient(layer: keras.Layer, x: Array) -> Array:
    """Return the gradient of a layer's input, channels last: see `Probe.backwards`."""
    model = InputAsWeight(layer, _as_it_takes(layer, x))
    _tier.compile_steps(model, Gradient())
    model.train_on_batch(np.zeros((1, 1)))
    found = keras.ops.convert_to_numpy(model.x)
    return np.moveaxis(found, 1, -1) if _channels_second(layer) and found.ndim > 2 else found


def _recorded(
    layer: keras.Layer, name: str, outputs: dict[str, Array], inputs: dict[str, list[Array]]
):
    """Return the layer's `call`, noting inputs and output by name; "x.last" is the last step.

    Of several outputs the first is noted, of a convolution with channels first the usual layout. A
    `call` of the author's may leave another layout, or the last step alone: both are noted. Of one
    with an activation of its own, which PyTorch has not, what comes before that is noted, too.
    """
    call, fused = layer.call, _fused(layer)
    recurrent = isinstance(layer, RECURRENT)
    own, key, channels_second = _own(layer), _key(layer, name), _channels_second(layer)

    def recorded(*args, **kwargs):
        came = tensors([args, kwargs], keras.ops.is_tensor)
        if name not in inputs:
            inputs[name] = [
                np.moveaxis(array, 1, -1) if channels_second and array.ndim > 2 else array
                for array in map(keras.ops.convert_to_numpy, came)
            ]
        if fused:
            layer.activation = None
            before = keras.ops.convert_to_numpy(call(*args, **kwargs))
            layer.activation = fused
            outputs[f"{key}{OTHERWISE}"] = np.moveaxis(before, 1, -1) if channels_second else before
        output = first = call(*args, **kwargs)
        while isinstance(first, tuple | list) and first:
            first = first[0]
        if keras.ops.is_tensor(first):
            array = keras.ops.convert_to_numpy(first)
            moved = np.moveaxis(array, 1, -1) if array.ndim > 2 else array
            outputs[key] = moved if channels_second and not own else array
            if own and array.ndim > 2:
                outputs[f"{key}{OTHERWISE}"] = moved
            if own and recurrent and (array.ndim == 2 or not layer.return_sequences):
                outputs[f"{key}.last"] = array
        return output

    return recorded
