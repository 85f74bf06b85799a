"""What makes a float64 network one throughout: for the ladder, never where it is timed."""

import torch
from torch.overrides import TorchFunctionMode


class Widened(TorchFunctionMode):
    """Has a twin that asks for float32, by name or by `float()`, get float64."""

    def __torch_function__(self, function, types, args=(), kwargs=None):
        """Call a function of PyTorch with float64 in place of float32."""
        if function is torch.Tensor.float:
            return args[0].double()
        wide = {name: _wide(value) for name, value in (kwargs or {}).items()}
        return function(*map(_wide, args), **wide)


def _wide(value):
    return torch.float64 if value is torch.float32 else value
