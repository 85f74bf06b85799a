"""A backend in NumPy, for tests of what is no framework's doing: it starts as quickly as NumPy.

A twin has `weights`, the shape of each by its name, and is linear in their `values`, which it is
given here; `forward`, `layers`, and `backward`, its gradient in closed form. Initial weights,
losses, Adam and the order of the batches are those of every backend. What else a recipe may ask
for, it refuses.
"""

from importlib import import_module

import numpy as np

from backends import NOTHING, UNWATCHED, Fit, Probe, Slopes, Step, Unavailable
from backends._clock import Clock
from backends._seeded import batch_order, initial_weights
from problems import Loss, count, mapped, named

DTYPES = {"float64": np.float64, "float32": np.float32, "tf32": np.float32}
BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-7
set_up = {"threads": 1, "precision": "float32"}


def prepare(*, device, threads, precision="float32", tier=""):
    if device != "cpu":
        raise Unavailable("NumPy sees no GPU")
    set_up.update(threads=threads, precision=precision)


def cross_entropy(logits, classes):
    """Return the mean loss and its gradient: logits (n, ..., class), classes (n, ...)."""
    likely = np.exp(logits - logits.max(-1, keepdims=True))
    likely /= likely.sum(-1, keepdims=True)
    right = np.eye(logits.shape[-1], dtype=logits.dtype)[classes]
    return -np.log((likely * right).sum(-1)).mean(), (likely - right) / classes.size


def binary_cross_entropy(logits, y):
    likely = 1 / (1 + np.exp(-logits))
    return (np.logaddexp(0, logits) - y * logits).mean(), (likely - y) / y.size


def mean_absolute_error(outputs, y):
    return np.abs(outputs - y).mean(), np.sign(outputs - y) / y.size


LOSSES = {
    "cross_entropy": cross_entropy,
    "binary_cross_entropy": binary_cross_entropy,
    "mean_absolute_error": mean_absolute_error,
}


def train(
    problem,
    data,
    *,
    seed,
    kept=NOTHING,
    watch=UNWATCHED,
    noise=None,
    seeded_dropout=False,
    steps=None,
):
    clock = Clock(synchronize)
    recipe, loss_of = problem.recipe, _loss(problem)
    if str(recipe.optimizer) != "adam" or any(part.weight is not None for part in data.values()):
        raise ValueError(f"expected adam and no weights, came {recipe.optimizer} or weights")
    training, validation = data["train"], data["validation"]
    n = count(training.x)
    orders = batch_order(n, epochs=recipe.epochs, seed=seed + 1000 * ("shuffling" in kept))
    model = _build(problem, seed, noise)
    moments = {name: np.zeros((2, *weight.shape)) for name, weight in model.values.items()}
    build_s, first_step_s, step = clock.lap(), None, 0

    def predict(x):
        starts = range(0, count(x), recipe.batch_size)
        batches = [_rows(x, slice(start, start + recipe.batch_size)) for start in starts]
        outputs = [model.forward(batch) for batch in batches]
        return mapped(lambda *each: np.concatenate(each), *outputs)

    train_loss, validation_loss, epoch_s, validation_s = [], [], [], 0.0
    rates = recipe.rates(-(-n // recipe.batch_size))
    for order in orders:
        total = 0.0
        for start in range(0, n, recipe.batch_size):
            batch = order[start : start + recipe.batch_size]
            loss, gradients = _step(
                model, loss_of, _rows(training.x, batch), _rows(training.y, batch)
            )
            rate, step = rates[step], step + 1
            if noise:
                size = noise.size * max(np.abs(one).max() for one in gradients.values())
                for name, one in gradients.items():
                    gradients[name] = one + size * noise.of(f"{name} {step}", one.shape)
            for name, gradient in gradients.items():
                m, v = moments[name]
                m += (1 - BETA1) * (gradient - m)
                v += (1 - BETA2) * (gradient**2 - v)
                size = rate * np.sqrt(1 - BETA2**step) / (1 - BETA1**step)
                model.values[name] -= _cast(size * m / (np.sqrt(v) + EPSILON))
            total += float(loss) * len(batch)
            first_step_s = first_step_s or clock.split()
            if watch.step:
                watch.step(float(loss))
            if steps is not None:
                state = {f"{name} m": m.copy() for name, (m, _) in moments.items()}
                weights = {name: value.copy() for name, value in model.values.items()}
                steps.append(Step(float(loss), rate, weights, state))
        train_loss.append(total / n)
        epoch_s.append(clock.lap())
        validation_loss.append(float(loss_of(predict(validation.x), validation.y)[0]))
        validation_s += clock.lap()
        if watch.epoch:
            watch.epoch(predict)
            clock.lap()

    return Fit(
        predict=predict,
        weights=lambda: dict(model.values),
        state=lambda: {f"{name} m": m for name, (m, _) in moments.items()},
        devices=lambda x: {"cpu"},
        parameters=sum(weight.size for weight in model.values.values()),
        steps=step,
        rates=rates[:step].tolist(),
        train_loss=train_loss,
        validation_loss=validation_loss,
        build_s=build_s,
        first_step_s=first_step_s,
        epoch_s=epoch_s,
        validation_s=validation_s,
    )


def probe(problem, *, seed, noise=None):
    model = _build(problem, seed, noise)
    trainable = {name: weight.shape for name, weight in model.values.items()}

    def ask(x):
        x = mapped(_cast, x)
        return {**model.layers(x), **named(model.forward(x), "output")}

    return Probe(dict(model.values), trainable, {}, ask)


def loss_at(problem, outputs, part):
    return float(_loss(problem)(outputs, part.y)[0])


def slopes(problem, part, *, seed, noise=None):
    model, loss_of = _build(problem, seed, noise), _loss(problem)
    loss, found = _step(model, loss_of, part.x, part.y)
    return Slopes(float(loss), float(loss), found)


def first_steps(problem, part, *, seed, n, noise=None):
    found = []
    train(problem, {"train": part, "validation": part}, seed=seed, noise=noise, steps=found)
    return found[:n]


def kernel(problem, part, *, seed):
    return "nothing recurrent"


def synchronize():
    """NumPy is done when it returns."""


def matrix(n):
    return np.ones((n, n), np.float32)


def settings():
    return dict(set_up)


def gpu_peak_bytes():
    return None


def gpu_reserved_bytes():
    return None


def versions():
    return {"numpy": np.__version__}


def _build(problem, seed, noise=None):
    model = import_module(f"{__package__}.{problem.name}").build(problem)
    model.values = {
        name: _cast(value) for name, value in initial_weights(model.weights, seed, noise).items()
    }
    return model


def _step(model, loss_of, x, y):
    """Return the loss of a batch and its gradient, by weight."""
    x = mapped(_cast, x)
    loss, slope = loss_of(model.forward(x), y)
    return loss, model.backward(x, mapped(_cast, slope))


def _loss(problem):
    """Return the loss of outputs and targets with its gradient; of several, their sum, by name."""

    def loss_of(outputs, targets):
        losses = mapped(lambda loss, *of: LOSSES[loss.name](*of), recipe.loss, outputs, targets)
        total = sum(loss for loss, _ in named(losses).values())
        return total, mapped(lambda found: found[1], losses)

    recipe = problem.recipe
    for one in named(recipe.losses).values():
        if one != Loss(one.name) or one.name not in LOSSES:
            raise ValueError(f"expected one of {', '.join(LOSSES)}, as it is, came {one.text}")
    return loss_of


def _rows(arrays, batch):
    return mapped(lambda array: _cast(array[batch]), arrays)


def _cast(array):
    return array.astype(DTYPES[set_up["precision"]]) if array.dtype.kind == "f" else array
