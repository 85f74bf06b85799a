"""What observing a kernel takes in both panels; imports no framework.

PyTorch runs under either of them, so how its profiler's events are read is said here.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Protocol

from backends import Watch
from backends._seeded import Array
from problems import Data, Part, Problem, count

LOOP, NOTHING = "Python loop", "nothing recurrent"


class Event(Protocol):
    """What PyTorch's profiler tells of an operation that ran."""

    name: str  # "aten::lstm"
    cpu_children: "list[Event]"  # the operations that it ran in turn


COMPILED = "Torch-Compiled Region"  # runs once for every graph of a torch.compile
LAYER = re.compile(r"aten::(lstm|gru|rnn_tanh|rnn_relu)")
PRODUCT = re.compile(r"aten::(add|b|badd)?mm")
# By what a layer's operation ran, directly or not.
LABELS = {
    "aten::mkldnn_rnn_layer": "oneDNN {}",
    "aten::_cudnn_rnn": "cuDNN {}",
    "aten::_thnn_fused_lstm_cell": "{} of fused cells",
    "aten::_thnn_fused_gru_cell": "{} of fused cells",
}


def two_steps(
    problem: Problem, part: Part, *, begin: Callable[[], object], end: Callable[[], object]
) -> tuple[Problem, Data, Watch]:
    """Return what `train` needs for two steps, one on each half of `part`.

    `begin` is called after the first, which builds and compiles, and `end` after the second: in
    between is one step and nothing else, no initial weights, no compiler, no validation.
    """
    recipe = replace(problem.recipe, epochs=1, batch_size=-(-count(part.x) // 2))
    calls = iter((begin, end))

    def step(loss: float) -> None:
        next(calls)()

    data = {"train": part, "validation": part}
    return replace(problem, recipe=recipe), data, Watch(step=step)


def repeated(products: int, weights: Mapping[str, Array]) -> bool:
    """Say whether so many matrix products in a step mean that weights are used again and again.

    Used once, a matrix of weights is in one product forward and in two backward.
    """
    return products > 3 * sum(weight.ndim > 1 for weight in weights.values())


def joined(labels: Iterable[str]) -> str:
    """Return labels as one, each once."""
    return " + ".join(dict.fromkeys(labels))


def read(events: Iterable[Event], weights: Mapping[str, Array]) -> str:
    """Say what computed the recurrent layers, from all that PyTorch's profiler saw in a step."""
    events = list(events)
    if labels := [label(event) for event in events if LAYER.fullmatch(event.name)]:
        return joined(labels)
    products = sum(bool(PRODUCT.fullmatch(event.name)) for event in events)
    again = repeated(products, weights)
    if graphs := sum(event.name.startswith(COMPILED) for event in events):
        by = "Inductor" if graphs == 1 else f"Inductor in {graphs} graphs"
        return f"{by}, {'unrolled' if again else NOTHING}"
    return LOOP if again else NOTHING


def label(layer: Event) -> str:
    """Say what the operation of a recurrent layer came down to."""
    kind = layer.name.removeprefix("aten::").upper()
    ran = {event.name for event in within(layer)}
    found = (text for name, text in LABELS.items() if name in ran)
    return next(found, "{} of single operations").format(kind)


def within(event: Event) -> Iterator[Event]:
    """Yield all operations that an operation ran."""
    for child in event.cpu_children:
        yield child
        yield from within(child)
