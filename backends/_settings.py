"""What layers are set to, as both panels tell it.

Sizes of windows, strides and the like are tuples with an entry for each axis of space; padding has
a pair for each, of how much is added before and after. `momentum` is the share of the old value.
"""

from collections.abc import Mapping, Sequence

Settings = dict[str, object]  # by name


def every(value: int | Sequence[int], n: int) -> tuple[int, ...]:
    """Return a value for each of n axes, which may be one for all."""
    return (value,) * n if isinstance(value, int) else tuple(value)


def padded(
    kernel: Sequence[int],
    strides: Sequence[int],
    dilation: Sequence[int],
    sizes: Sequence[int],
    *,
    late: bool,
) -> tuple[tuple[int, int], ...]:
    """Return the padding that is called "same", before and after on each axis.

    The output then has a step for each stride. With `late`, an odd one is added after, as both
    frameworks do. Where the sizes are not known, those are taken that are multiples of the strides.
    """
    found = []
    for i, (k, stride, apart) in enumerate(zip(kernel, strides, dilation, strict=True)):
        size = sizes[i] if i < len(sizes) else stride
        window = (k - 1) * apart + 1
        total = max((-(-size // stride) - 1) * stride + window - size, 0)
        half = total // 2
        found.append((half, total - half) if late else (total - half, half))
    return tuple(found)


def told(value: object) -> str:
    """Return a setting as text: one number where all axes have the same."""
    if isinstance(value, tuple) and value and len({*value}) == 1:
        return told(value[0])
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {told(one)}" for name, one in value.items())
    return str(value)
