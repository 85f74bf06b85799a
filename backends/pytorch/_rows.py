"""The rows of a batch as tensors on the device: of one array, or of several by name."""

import torch
from torch import Tensor

from backends.pytorch import _device
from problems import Arrays, Part, Problem, count, lengths, mapped


class Rows:
    """Inputs, targets and weights in host memory; by an index, a batch of them on the device.

    Lengths stay in host memory: there, packing a sequence asks for them.
    """

    def __init__(
        self, problem: Problem, x: Arrays, y: Arrays | None = None, weight: Arrays | None = None
    ) -> None:
        self.problem, self.n = problem, count(x)
        self.lengths = set(lengths(problem.input).values())
        self.x = mapped(torch.from_numpy, x)
        self.others = [
            None if one is None else mapped(torch.from_numpy, one) for one in (y, weight)
        ]

    @staticmethod
    def of(problem: Problem, part: Part) -> "Rows":
        """Return the rows of a part."""
        return Rows(problem, part.x, part.y, part.weight)

    def __len__(self) -> int:
        return self.n

    def __getitem__(self, batch: Tensor | slice):
        """Return inputs, targets and weights; None where there are none."""

        def taken(one: Tensor) -> Tensor:
            return one[batch].to(_device.device)

        y, weight = (None if one is None else mapped(taken, one) for one in self.others)
        if isinstance(self.x, Tensor):
            return taken(self.x), y, weight
        x = {
            name: one[batch] if name in self.lengths else taken(one) for name, one in self.x.items()
        }
        return x, y, weight

    def batches(self, size: int):
        """Yield all batches, in order."""
        for start in range(0, self.n, size):
            yield self[start : start + size]
