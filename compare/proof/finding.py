"""What the ladder finds on each of its rungs; see compare.proof.ladder."""

from dataclasses import dataclass

RUNGS = {
    "data": "inputs and targets are what the problem's spec says",
    "parameters": "as many trained tensors, of the same shapes, with the same initial numbers",
    "shapes": "the output of every named layer has the specified shape",
    "layers": "the same weights and a random input: the outputs of every named layer",
    "loss": "the loss of these outputs and random targets",
    "gradients": "its gradient, for every weight",
    "curve": "a short training by the problem's own recipe, 200 steps in 4 epochs with a partial "
    "last batch each: the loss of every step, the validation losses, the trained weights",
    "score": "the metrics of the network so trained",
}


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What was found on a rung: the first tensor that is wrong or else the one furthest off.

    `relative` is the difference by the largest magnitude in the tensor; of a loss in a curve, by
    its own magnitude, but no less than 1 % of the first; of a score, by 1.
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
    passed: bool
    unavailable: bool = False  # there is no such network in the tier, so nothing was found
    note: str = ""  # what was done to the engine first, where something was

    def __str__(self) -> str:
        """Say it in one sentence."""
        sides = " against ".join(filter(None, (self.backend, self.reference)))
        where = ", ".join(filter(None, (self.problem, sides, self.precision)))
        index = f"[{', '.join(map(str, self.index))}]" if self.index else ""
        text = f"{where}: {self.rung}: {self.tensor}{index}: "
        text += f"expected {self.expected}, came {self.came}"
        if self.bound is not None:
            text += f" (difference {self.absolute:.3g}, relative {self.relative:.3g}, "
            text += f"allowed {self.bound:.3g})"
        return text
