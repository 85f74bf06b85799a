"""How a problem is trained, and how long the short training of its proof is. All frozen."""

from collections.abc import Mapping
from dataclasses import dataclass

from problems._data import Array
from problems._loss import Loss, Losses, losses_of
from problems._names import check_by_name
from problems._numbers import check_whole, is_number, simplify, told
from problems._optimizer import Optimizer
from problems._schedule import Schedule


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a problem is trained, the same on every backend.

    `loss` is a `Loss` or its name, which means its usual form; of several outputs, a mapping with
    one for each by its name. `optimizer` and `schedule` are the values of
    these names, or the name of one alone.

    Raises:
        ValueError: there is no such loss, optimizer or schedule, or a number is too small or too
            large.
    """

    loss: str | Loss | Mapping[str, str | Loss]
    optimizer: str | Optimizer = "adam"
    learning_rate: float
    schedule: str | Schedule = "constant"  # what becomes of the learning rate, step by step
    batch_size: int
    epochs: int
    examples: Mapping[str, int]  # how many in each part of the data

    def __post_init__(self) -> None:
        simplify(self)
        check_by_name("examples", self.examples)
        object.__setattr__(self, "loss", losses_of(self.loss))
        for what, kind in (("optimizer", Optimizer), ("schedule", Schedule)):
            if not isinstance(value := getattr(self, what), kind):
                object.__setattr__(self, what, kind(value))
        rate = self.learning_rate
        if not (is_number(rate) and rate > 0):
            raise ValueError(f"learning_rate: expected a number above 0, came {told(rate)}")
        counts = {"batch_size": self.batch_size, "epochs": self.epochs}
        for what, n in (
            counts | {f"examples of {part}": n for part, n in self.examples.items()}
        ).items():
            check_whole(what, n)
        if "train" in self.examples and self.schedule != Schedule():
            self.rates(-(-self.examples["train"] // self.batch_size))

    @property
    def losses(self) -> Losses:
        """The loss of the one output, or of each by its name."""
        return losses_of(self.loss)

    def rates(self, steps_per_epoch: int) -> Array:
        """Return the learning rate of each step, float64 (epochs * steps_per_epoch,)."""
        assert isinstance(self.schedule, Schedule)
        return self.schedule.rates(
            self.learning_rate, epochs=self.epochs, steps_per_epoch=steps_per_epoch
        )


@dataclass(frozen=True, kw_only=True)
class Proof:
    """How long the short training is by which two programs are proven to be one model.

    It has the loss, the optimizer and the learning rates of the recipe.

    Raises:
        ValueError: there is nothing to train on, or nothing to ask.
    """

    steps: int = 120  # in 4 epochs
    batch_size: int | None = None  # None: that of the recipe
    held_out: int = 100  # examples in each part that is not trained on

    def __post_init__(self) -> None:
        simplify(self)
        check_whole("proof: steps", self.steps, least=4)
        check_whole("proof: held_out", self.held_out)
        if self.batch_size is not None:
            check_whole("proof: batch_size", self.batch_size)


PROOF = Proof()  # of a problem that says nothing else
