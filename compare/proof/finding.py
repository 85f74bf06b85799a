"""What is found on a rung of the ladder, and what the rungs are."""

from dataclasses import dataclass

RUNGS = {
    "data": "inputs and targets are what the problem's spec says",
    "parameters": "as many trained tensors, of the same shapes, with the same initial numbers",
    "shapes": "the output of every named layer has the specified shape",
    "layers": "the outputs of every named layer in evaluation mode, for examples of the problem "
    "and random ones, for one example alone, and in float64 far out of the range",
    "loss": "the loss of the same examples, in evaluation and in training mode",
    "gradients": "its gradient in training mode, for every weight",
    "statistics": "the running averages of batch normalizations after that one step",
    "steps": "the first steps of a training by the problem's own recipe, one by one, in float64: "
    "learning rate, loss, moments of the optimizer, averages of normalizations, weights",
    "curve": "a training by the problem's own recipe, a short one in 4 epochs with a partial last "
    "batch each, or with --whole the whole one: the loss of every epoch, the validation losses, "
    "the trained weights",
    "state": "what else that training leaves: moments of the optimizer, averages of normalizations",
    "score": "the metrics of the network so trained",
}


NETWORK = "twin"  # what is wrong, where there is no network or no training to compare


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What was found on a rung: the first tensor that is wrong or else the one nearest its bound.

    A rung tells nothing of a tensor whose bound lets everything pass.

    `relative` is the difference by the largest magnitude in the tensor; of a gradient, in all
    gradients; of a loss in a curve, by its own magnitude, but no less than 1 % of the first; of a
    score, by 1. What a side computes in float32 is compared with the reference in float64.
    """

    problem: str
    backend: str  # the one that is judged; empty for the data, which are the same for all
    reference: str = ""  # the one that it is compared with; empty where that is the specification
    precision: str = ""
    rung: str
    tensor: str
    index: tuple[int, ...] = ()
    expected: str | float
    came: str | float
    absolute: float | None = None
    relative: float | None = None
    bound: float | None = None  # on `relative`
    largest: float | None = None  # relative difference on the rung, of tensors that it tells of
    passed: bool
    unavailable: bool = False  # there is no such network in the tier, so nothing was found
    unfinished: bool = False  # a process did not get to its end, so nothing was found
    hint: str = ""  # where to look for the cause
    note: str = ""  # what a reader has to know, also where all is well

    def __str__(self) -> str:
        """Say it in one sentence, and a second one where there is a hint."""
        sides = " against ".join(dict.fromkeys(filter(None, (self.backend, self.reference))))
        where = ", ".join(filter(None, (self.problem, sides, self.precision)))
        index = f"[{', '.join(map(str, self.index))}]" if self.index else ""
        text = f"{where}: {self.rung}: {self.tensor}{index}: "
        text += f"expected {self.expected}, came {self.came}"
        if self.bound is not None:
            text += f" (difference {self.absolute:.3g}, relative {self.relative:.3g}, "
            text += f"allowed {self.bound:.3g})"
        return f"{text}. {self.hint}" if self.hint else text
