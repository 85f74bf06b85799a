"""The contract between the comparison and a backend: what an engine is asked, and what it answers.

Imports no framework, and NumPy only for types.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from backends._dropout import Draw
    from backends._seeded import Noise
    from problems import Array, Arrays, Data, Part, Predict, Problem


# After the name of a layer: its output in the other layout, if its channels are second. It is there
# where a layer, such as an activation, works on either, or where an author's own may leave either.
# Of a layer with an activation of its own, which no layer of PyTorch has: what comes before that.
OTHERWISE = "~"


class Unavailable(Exception):
    """What was asked for cannot be had here: a GPU on a machine without one, a compiler."""


@dataclass(frozen=True, kw_only=True)
class Fit:
    """A trained network and what training it took. All times end with the device idle."""

    predict: Predict  # inputs (n, ...) -> outputs (n, ...), in evaluation mode
    weights: Callable[[], dict[str, Array]]  # as trained, by Keras's names and in its layout
    state: Callable[[], dict[str, Array]]  # moments "KERNEL m", averages "LAYER/moving_mean", ...
    devices: Callable[[Arrays], set[str]]  # where weights, and outputs for x, are: "cpu", "gpu"
    parameters: int  # trainable numbers
    steps: int  # of the optimizer, by its own count
    rates: list[float]  # the learning rate of each step
    train_loss: list[float]  # per epoch: mean over the examples, each before its update
    validation_loss: list[float]  # per epoch, after it
    build_s: float  # batch orders, model, its weights, optimizer made
    first_step_s: float  # from there to the end of the first step: tracing, compilation; an epoch's
    epoch_s: list[float]  # per epoch: batches gathered, copied, trained on; without validation
    validation_s: float  # all validation together
    own_draws: bool = False  # whether random numbers of the framework were drawn, as by dropout


@dataclass(frozen=True)
class Probe:
    """What a network with the seed's initial weights is, and does with an input.

    `ask` returns, for inputs (n, ...) and in evaluation mode, the output of every named layer,
    channels last, and of the whole as "output", or of several each as "output/NAME". A layer that
    may have its channels second or last is there in both layouts, the second as "NAME~". What is no
    output, after the end of a packed sequence, is NaN, as is an entry of `weights` that is none.
    """

    weights: Mapping[str, Array]  # initial
    trainable: Mapping[str, tuple[int, ...]]  # the shape of all that is trained
    kinds: Mapping[str, str]  # of every named layer, with its settings
    ask: Callable[[Arrays], dict[str, Array]]
    # Where each of them is made, if that is noted: FILE:LINE.
    places: Mapping[str, str] = field(default_factory=dict)
    # Of the same x, what each named layer gets, channels last; of one that gets several, nothing.
    inputs: Callable[[Arrays], dict[str, Array]] = lambda _: {}
    # Given such inputs by layer: what each leaves, called alone, by the names that `ask` has.
    alone: Callable[[Mapping[str, Array]], dict[str, Array]] = lambda _: {}
    # Given such an input of one layer: its gradient, of the sum of the sines of each output, by the
    # names that `ask` has for these.
    backwards: Callable[[str, Array], dict[str, Array]] = lambda *_: {}


@dataclass(frozen=True)
class Slopes:
    """What an untrained network does on a batch: its loss, and in training mode its gradient."""

    loss: float
    evaluation_loss: float  # of the same batch
    gradients: Mapping[str, Array]  # by Keras's names and in its layout
    draws: Sequence[Draw] = ()  # what dropout drew in training mode, in order
    # Running averages of batch normalizations after it, "LAYER/moving_mean", by Keras's names.
    averages: Mapping[str, Array] = field(default_factory=dict)


@dataclass(frozen=True)
class Step:
    """What one step of a training leaves; all by Keras's names and in its layout."""

    loss: float  # before the update
    rate: float  # the learning rate
    weights: Mapping[str, Array]  # after it, as `state`
    state: Mapping[str, Array]  # moments "KERNEL m", averages "LAYER/moving_mean", ...


@dataclass(frozen=True)
class Watch:
    """Who is told what during a training. Watching takes time: what is timed is not watched."""

    step: Callable[[float], None] | None = None  # the loss of each step, before its update
    epoch: Callable[[Predict], object] | None = None  # the network, after each epoch


NOTHING: frozenset[str] = frozenset()
UNWATCHED = Watch()


class Engine(Protocol):
    """The functions of a backend's `_engine.py`."""

    def prepare(
        self, *, device: str, threads: int, precision: str = "float32", tier: str = ""
    ) -> None:
        """Set device ("cpu" or "gpu"), threads, the precision that networks are made in, the tier.

        "" is the default tier. A network that cannot be had in another raises Unavailable where it
        is first run; no other tier takes its place.

        That is "float64", "float32", or "tf32": float32, but on a GPU products of matrices and
        convolutions may round their factors to TF32, where all frameworks otherwise must not.

        Raises:
            Unavailable: there is no such device.
        """

    def train(
        self,
        problem: Problem,
        data: Data,
        *,
        seed: int,
        kept: Set[str] = NOTHING,
        watch: Watch = UNWATCHED,
        noise: Noise | None = None,
        seeded_dropout: bool = False,
    ) -> Fit:
        """Train the problem's twin by the problem's recipe.

        `kept` names the defaults of the framework that are left as they are: see
        `Backend.defaults`. All others give way to what is the same on every backend. Noise is added
        to the initial weights, and to each gradient before its step. With `seeded_dropout`,
        dropout takes the numbers of backends/_dropout.py, the same on every backend; else the
        framework's own.
        """

    def probe(self, problem: Problem, *, seed: int, noise: Noise | None = None) -> Probe:
        """Return the problem's untrained twin.

        Its output is what the tier makes of it, the layers are seen one by one.
        """

    def loss_at(self, problem: Problem, outputs: Arrays, part: Part) -> float:
        """Return the loss of outputs (n, ...) for the targets and the weights of a part.

        Raises:
            Unavailable: the device is a GPU.
        """

    def slopes(
        self, problem: Problem, part: Part, *, seed: int, noise: Noise | None = None
    ) -> Slopes:
        """Return the untrained twin's loss on a batch and its gradient, with seeded dropout."""

    def first_steps(
        self, problem: Problem, part: Part, *, seed: int, n: int, noise: Noise | None = None
    ) -> list[Step]:
        """Return what the first n steps of a training on `part` leave, one by one.

        The network is a new one, and may be run uncompiled: what is timed is not listened to.
        """

    def kernel(self, problem: Problem, part: Part, *, seed: int) -> str:
        """Return what computes the twin's recurrent layers, as seen in a step on half of `part`."""

    def synchronize(self) -> None:
        """Wait until the device has done all that was asked of it."""

    def matrix(self, n: int) -> Any:
        """Return n x n ones in the memory of the device."""

    def settings(self) -> dict[str, object]:
        """Return what is set for all networks of this process: threads, precision."""

    def gpu_peak_bytes(self) -> int | None:
        """Return the most GPU memory tensors took so far; None without a GPU."""

    def gpu_reserved_bytes(self) -> int | None:
        """Return the most GPU memory the allocator held so far; None where it does not tell."""

    def versions(self) -> dict[str, str]:
        """Return the versions of the packages that decide the numbers and the speed."""
