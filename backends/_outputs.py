"""What a network returns: one tensor, or several by name. Imports no framework."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from problems import Specs, named


def outputs_of(specs: Specs, found: Any, is_tensor: Callable[[Any], bool]) -> dict[str, Any]:
    """Return a network's tensors as "output", or of several each as "output/NAME".

    Raises:
        TypeError: they are not what is specified.
    """
    if not isinstance(specs, Mapping):
        if not is_tensor(found):
            raise TypeError(f"expected one output, a tensor, came a {type(found).__name__}")
        return {"output": found}
    names = ", ".join(specs)
    if not isinstance(found, Mapping):
        raise TypeError(f"expected a dict of outputs, {names}, came a {type(found).__name__}")
    if found.keys() != specs.keys() or not all(map(is_tensor, found.values())):
        came = ", ".join(found)
        raise TypeError(f"expected a dict of outputs, tensors called {names}, came {came}")
    return named({name: found[name] for name in specs}, "output")


def tensors(value: Any, is_tensor: Callable[[Any], bool]) -> Iterator[Any]:
    """Yield the tensors in a value: itself, or what is in tuples, lists and dicts."""
    if is_tensor(value):
        yield value
    elif isinstance(value, Mapping):
        yield from tensors(list(value.values()), is_tensor)
    elif isinstance(value, tuple | list):
        for one in value:
            yield from tensors(one, is_tensor)
