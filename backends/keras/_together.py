"""A formula written for one variable, done with all at once, as in Keras's own optimizers.

Keras does so on PyTorch, where nothing is compiled: one variable after the other takes five times
as long. TensorFlow and JAX compile the formula of each variable.
"""

import keras
from keras import ops

from backends.keras._device import ENGINE, engine


class Many:
    """Tensors of PyTorch taken for one: each operation is done with all of them at once.

    A number that is a tensor stands on the right: PyTorch is slow to find that it cannot multiply.
    """

    def __init__(self, tensors) -> None:
        self.tensors = tensors

    def done(self, name: str, *others, **settings):
        """Return what PyTorch's function of that name makes of them, with others or numbers."""
        found = (one.tensors if isinstance(one, Many) else one for one in others)
        return Many(getattr(engine, f"_foreach_{name}")(self.tensors, *found, **settings))

    def __abs__(self):
        return self.done("abs")

    def __add__(self, other):
        return self.done("add", other)

    def __sub__(self, other):
        return self.done("sub", other)

    def __mul__(self, other):
        return self.done("mul", other)

    __rmul__ = __mul__

    def __truediv__(self, other):
        return self.done("div", other)


class Variables(Many):
    """Variables of Keras taken for one."""

    def __init__(self, variables) -> None:
        super().__init__([one.value for one in variables])
        self.variables, self.dtype = variables, variables[0].dtype

    def assign(self, value: Many) -> None:
        """Replace all of them."""
        self.done("copy_", value)

    def assign_add(self, value: Many) -> None:
        """Add to all of them."""
        self.done("add_", value)

    def assign_sub(self, value: Many) -> None:
        """Subtract from all of them."""
        self.done("sub_", value)


class Together(keras.Optimizer):
    """An optimizer whose `update_step` may be given all variables at once.

    It comes after Keras's own in the bases of a class: it takes the place of Keras's loop.
    """

    if ENGINE == "torch":

        def _backend_update_step(self, gradients, variables, learning_rate):
            with engine.no_grad():
                self.update_step(Many(gradients), Variables(variables), learning_rate)

    def of(self, variable, kept: list):
        """Return what is kept of a variable, or of all."""
        if isinstance(variable, Variables):
            return Variables([kept[self._get_variable_index(one)] for one in variable.variables])
        return kept[self._get_variable_index(variable)]

    def approach(self, kept, value, share: float) -> None:
        """Move what is kept towards a value, by a share of the way."""
        if isinstance(kept, Variables):
            kept.done("lerp_", value, share)
        else:
            self.assign_add(kept, share * (value - kept))


def added(gradients: list, number: float, variables: list) -> list:
    """Return gradients with number * variable added to each."""
    pairs = zip(gradients, variables, strict=True)
    if ENGINE != "torch" or not gradients:
        return [gradient + number * variable for gradient, variable in pairs]
    with engine.no_grad():
        return Many(gradients).done("add", Variables(variables), alpha=number).tensors


def read(variable):
    """Return the value of a variable, or those of all."""
    return variable if isinstance(variable, Many) else ops.convert_to_tensor(variable)


def plus(x, number: float, y):
    """Return number * y + x."""
    return x.done("add", y, alpha=number) if isinstance(x, Many) else number * y + x


def maximum(x, y):
    """Return the larger of each two numbers."""
    return x.done("maximum", y) if isinstance(x, Many) else ops.maximum(x, y)


def sqrt(x):
    """Return the root of each number."""
    return x.done("sqrt") if isinstance(x, Many) else ops.sqrt(x)
