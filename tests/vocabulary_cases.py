"""All that a problem can have, as small networks, for tests/vocabulary.py."""

from collections.abc import Iterator
from itertools import product
from pathlib import PurePosixPath
from typing import NamedTuple

import layer_ports
import loss_pairs
import pairs
import right_ports
import several
from dropout_ports import MORE_DROPOUT, RIGHT_DROPOUT
from loss_pairs import EXAMPLES, KERAS_OWN, TORCH_OWN, LossPair
from optimizers import NET, RECIPES
from port_frame import Port, files_of
from reported_ports import REPORTED_RIGHT

from problems import LOSSES, OPTIMIZERS, Loss, Optimizer, Schedule
from problems._loss import OWN, losses_of
from problems._optimizer import SHARED
from problems._schedule import SCHEDULES

STEPS = 200
TARGETS = {"cross_entropy": "classes", "binary_cross_entropy": "bits", "kl_divergence": "shares"}
WEIGHTS = {"None": "", EXAMPLES: "weights of examples", loss_pairs.STEPS: "weights of steps"}
KNOWN = {name: known for name, known in OPTIMIZERS.items() if name != OWN}
# A value of each option that is not its default, and what an option needs beside it.
OPTION = {
    **{"momentum": 0.9, "nesterov": True, "beta1": 0.8, "beta2": 0.99, "rho": 0.9},
    **{"epsilon": 1e-3, "centered": True, "initial_accumulator": 0.2},
    **{"l2": 0.1, "weight_decay": 0.1, "leave_alone": ("bias",)},
    **{"clip_value": 0.01, "clip_norm": 0.05, "clip_global_norm": 0.05},
    **{"factor": 0.9, "every": 10, "final": 0.1, "at": (3, 90), "factors": (0.5, 0.1)},
    **{"warm_up": 5},
}
BESIDE = {"nesterov": ("momentum",), "leave_alone": ("l2", "weight_decay")}


class Case(NamedTuple):
    """A network with its problem: the table that it stands in, what it shows, files by path."""

    subject: str
    what: str
    files: dict[str, str]

    @property
    def problem(self) -> str:
        """The name of the problem."""
        return next(PurePosixPath(path).stem for path in self.files if path.startswith("problems"))


def cases() -> dict[str, Case]:
    """Return all of them, by the name of the problem."""
    found = {}
    for subject, those in SUBJECTS.items():
        for what, files in those():
            case = Case(subject, what, files)
            found.setdefault(case.problem, case)
    return found


def with_optimizers() -> Iterator[tuple[str, dict[str, str]]]:
    """Yield each loss with each optimizer, as their names alone mean them."""
    for loss, optimizer in product(LOSSES, KNOWN):
        own = (TORCH_OWN, KERAS_OWN) if loss == OWN else ("", "")
        pair = LossPair(f'"{loss}"', TARGETS.get(loss, "values"), "None", *own, f'"{optimizer}"')
        files = loss_pairs.files_of(f"{loss}_with_{optimizer}", pair, STEPS)
        yield f"{loss}, {optimizer}", files


def losses() -> Iterator[tuple[str, dict[str, str]]]:
    """Yield losses with options and weights, and functions of the twins' own."""
    found: dict[str, dict[str, str]] = {}
    for name, pair in (loss_pairs.PAIRS | loss_pairs.MORE).items():
        loss = losses_of(eval(pair.loss, {"Loss": Loss}))
        text = f"own ({name})" if loss.name == OWN else loss.text
        if loss.name == OWN or pair.weight != "None" or pair.loss.strip('"') not in LOSSES:
            what = ", ".join(filter(None, (text, WEIGHTS[pair.weight])))
            found.setdefault(what, loss_pairs.files_of(name, pair, STEPS))
    yield from found.items()


def options(known: dict, option: str) -> dict:
    """Return an option with what must be given beside it."""
    needed = [name for name, default in known.items() if default is None]
    return {name: OPTION[name] for name in (*needed, *BESIDE.get(option, ()), option)}


def recipes() -> Iterator[dict]:
    """Yield each option of each optimizer, of each schedule, and some together."""
    for name, known in KNOWN.items():
        for option in (*known, *SHARED):
            yield {"optimizer": Optimizer(name, **options(known, option))}
    for name, known in SCHEDULES.items():
        for option in (*known, "warm_up"):
            yield {"schedule": Schedule(name, **options(known, option))}
    for recipe in RECIPES.values():
        yield eval(f"dict({recipe})", {"Optimizer": Optimizer, "Schedule": Schedule})


def optimizers() -> Iterator[tuple[str, dict[str, str]]]:
    """Yield them, by what they are in words."""
    for recipe in recipes():
        what = str(recipe.get("optimizer", "adam"))
        if recipe.keys() > {"optimizer"} or "schedule" in recipe:
            rate = f"rate {recipe.get('learning_rate', 0.01)} {recipe.get('schedule', '')}"
            what += f"; {rate.strip()}"
        text = ", ".join(f"{name}={value!r}" for name, value in recipe.items())
        yield what, files_of(what, NET._replace(recipe=text), STEPS)


def ports(found: dict[str, Port]) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield ports."""
    for what, port in found.items():
        yield what, files_of(what, port, STEPS)


def layers() -> Iterator[tuple[str, dict[str, str]]]:
    """Yield networks that together have every kind of layer."""
    for what in pairs.PAIRS:
        yield what, pairs.files(what, STEPS)
    yield from ports(right_ports.RIGHT | layer_ports.LAYERS_RIGHT | REPORTED_RIGHT)


def inputs() -> Iterator[tuple[str, dict[str, str]]]:
    """Yield networks with several inputs or outputs, or sequences with lengths."""
    for what in several.PAIRS:
        yield what.replace("_", " "), several.files(what, STEPS)
    weighted = {
        path.replace("two_outputs", "weighted_outputs"): text.replace(
            '"mean_absolute_error"', 'Loss("mean_absolute_error", weight=0.3)'
        ).replace("two_outputs", "weighted_outputs")
        for path, text in several.files("two_outputs", STEPS).items()
    }
    yield "two outputs, losses with weights", weighted


# Why rows are not within their bounds: by network, engine and precision.
REASONS = {
    ("a constant column, normalized", "keras-torch", "float32"): "On PyTorch, Keras computes a "
    "variance as the mean of squares less the square of the mean. In float32 that is far from 0 "
    "for a column of one large number.",
}
SUBJECTS = {
    "Losses and optimizers": with_optimizers,
    "Losses": losses,
    "Optimizers, clipping, decay and learning rates": optimizers,
    "Layers": layers,
    "Dropout": lambda: ports(RIGHT_DROPOUT | MORE_DROPOUT),
    "Several inputs and outputs, lengths and masks": inputs,
}
