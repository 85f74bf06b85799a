"""What a convolution or a pool does otherwise: its windows, its padding, its rule."""

from collections.abc import Iterator, Sequence
from itertools import product
from math import prod

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from compare.proof.causes.case import Case, Runs, least, listed
from problems import Array

STRIDES, DILATIONS, WINDOWS = (1, 2, 3, 4), (1, 2), (2, 3, 4, 5)  # that are tried

FILLED = {"constant": "zeros", "reflect": "a reflection", "edge": "its edge", "wrap": "a circle"}

FILTERS, MANY = 4, 10**7  # of a convolution: the first ones are tried, up to so many products


def _of_convolution(case: Case) -> Iterator[str]:
    """A convolution that is padded or dilated otherwise, or whose kernel is turned."""
    kernel = case.weights.get("kernel")
    if kernel is None or not 3 <= kernel.ndim == case.x.ndim == case.one.ndim:
        return
    if kernel.shape[-2:] != (case.x.shape[-1], case.one.shape[-1]):  # transposed, or in groups
        return
    bias = case.weights.get("bias", np.zeros(kernel.shape[-1]))
    few = slice(None, FILTERS)
    part = Case(x=case.x[:1], one=case.one[:1, ..., few], other=case.other[:1, ..., few])
    if part.one.size * prod(kernel.shape[:-1]) < MANY:
        runs = _convolved(part.x, kernel[..., few], bias[few], part.one.shape)
        yield from least(part, runs)


def _convolved(x: Array, kernel: Array, bias: Array, shape: tuple[int, ...]) -> Runs:
    n = kernel.ndim - 2
    kernels = {"as it is": kernel, "turned by 180 degrees": np.flip(kernel, (*range(n),))}
    for filled, named in FILLED.items():
        for dilation in DILATIONS:
            for told, windows in _windows(x, shape, kernel.shape[:n], dilation, filled):
                for way, turned in kernels.items():
                    axes = ([*range(n + 1, 2 * n + 2)], [n, *range(n)])
                    y = np.tensordot(windows, turned, axes) + bias
                    yield told | {"padding is by": named, "the kernel is": way}, y


def _of_pooling(case: Case) -> Iterator[str]:
    """A pool over other windows, or by another rule."""
    if not case.weights and 3 <= case.x.ndim == case.one.ndim:
        part = Case(x=case.x[:1], one=case.one[:1], other=case.other[:1])
        yield from least(part, _pooled(part.x, part.one.shape))


def _pooled(x: Array, shape: tuple[int, ...]) -> Runs:
    n = x.ndim - 2
    axes = tuple(range(-n, 0))
    for size in WINDOWS:
        for told, windows in _windows(x, shape, (size,) * n, 1, "nan"):
            own = np.isfinite(windows)
            total, count = np.where(own, windows, 0.0).sum(axes), own.sum(axes)
            if not count.all():  # a window of padding alone
                continue
            for way, y in (
                ("the largest", np.where(own, windows, -np.inf).max(axes)),
                ("the mean with its padding", total / size**n),
                ("the mean without its padding", total / count),
            ):
                yield told | {"windows are of": str(size), "it takes": way}, y


def _windows(
    x: Array, shape: tuple[int, ...], sizes: Sequence[int], dilation: int, filled: str
) -> Iterator[tuple[dict[str, str], Array]]:
    """Yield the windows that make an output of this shape, and where the padding of each begins."""
    axes = tuple(range(1, x.ndim - 1))
    whole = [(size - 1) * dilation + 1 for size in sizes]
    where = f"axes {listed(axes)}" if axes[1:] else "axis 1"
    for stride in STRIDES:
        spans = [(shape[a] - 1) * stride + window for a, window in zip(axes, whole, strict=True)]
        lacking = [span - x.shape[a] for a, span in zip(axes, spans, strict=True)]
        befores = [
            [n for n in range(window) if -stride < lack - n < window]
            for lack, window in zip(lacking, whole, strict=True)
        ]
        for before in product(*befores):
            pads = [(n, max(lack - n, 0)) for n, lack in zip(before, lacking, strict=True)]
            around = [(0, 0), *pads, (0, 0)]
            padded = (
                np.pad(x, around, constant_values=np.nan)
                if filled == "nan"
                else np.pad(x, around, filled)  # type: ignore[call-overload]  # of FILLED
            )
            found = sliding_window_view(padded, whole, axes)
            steps = [slice(0, stride * (shape[a] - 1) + 1, stride) for a in axes]
            inside = [slice(None, None, dilation)] * len(axes)
            told = {
                "the stride is": str(stride),
                "the dilation is": str(dilation),
                f"the padding before {where} is": listed(before),
            }
            yield told, found[(slice(None), *steps, slice(None), *inside)]


HYPOTHESES = (_of_convolution, _of_pooling)
