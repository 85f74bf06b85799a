"""What makes a float64 network one throughout: for the ladder, never where it is timed."""

import sys
from collections.abc import Callable
from functools import wraps
from importlib import import_module
from types import ModuleType

import keras
import numpy as np
from keras.src import ops
from keras.src.backend.common import dtypes

from backends._float64 import widen_gradients, widen_twins

SPECIAL = ("antialias", "crop_to_aspect_ratio", "pad_to_aspect_ratio")  # ways to resize


def widen(name: str, engine: ModuleType) -> None:
    """Have nothing of a float64 network computed in float32, but for an optimizer's constants.

    A twin that asks for float32 by name gets float64. On JAX and PyTorch, Keras computes parts of
    it in float32, by a table of types; on JAX and a GPU, cuDNN's recurrent layers, which have
    float32 only, give way to XLA's. On TensorFlow and PyTorch, some operations keep their
    constants in float32. On TensorFlow, Keras also rounds the numbers of Python that an optimizer
    casts, such as Adam's betas, in any network: so it does here on all engines.
    """
    widen_twins()
    _exact_layers()
    if name == "tensorflow":
        _widen_tensorflow(engine)
        return
    if name == "jax":
        # JAX's form of cuDNN's recurrent layers reads any numbers as float32, and does not say so.
        import_module("keras.src.backend.jax.rnn").cudnn_ok = lambda *_, **__: False
        # Its attention has a softmax of float32.
        nn = import_module("keras.src.backend.jax.nn")
        nn.dot_product_attention = _attention(nn.dot_product_attention)
    else:
        widen_gradients(engine)
    dtypes.BIT64_TO_BIT32_DTYPE["float64"] = "float64"
    cast = ops.cast

    def rounded(x, dtype):
        return cast(float(np.float32(x)) if isinstance(x, float) else x, dtype)

    ops.cast = rounded


class _Ops(ModuleType):
    """Keras's operations for its layers, whose constants are numbers, not an optimizer's."""

    def __getattr__(self, name: str):
        return getattr(ops, name)

    @staticmethod
    def cast(x, dtype):
        """Return a number of Python as it is: to cast it would round it to float32."""
        return ops.convert_to_tensor(x, dtype) if isinstance(x, float) else ops.cast(x, dtype)


def _exact_layers() -> None:
    """Have no layer round its constants, such as the scale of an attention."""
    exact = _Ops(ops.__name__)
    for name, module in list(sys.modules.items()):
        if name.startswith("keras.src.layers.") and getattr(module, "ops", None) is ops:
            module.ops = exact  # type: ignore[attr-defined]


def _widen_tensorflow(engine: ModuleType) -> None:
    backend = import_module("keras.src.backend.tensorflow")
    math_ops = import_module(f"{engine.__name__}.python.ops.math_ops")
    # What preprocessing layers of Keras, and TensorFlow's own functions, cast their constants with.
    backend.cast = _exact(backend.cast, engine)
    math_ops.cast = _exact(math_ops.cast, engine)
    backend.core.convert_to_tensor = _own_type(backend.core.convert_to_tensor, engine)
    backend.nn.dot_product_attention = _scaled(backend.nn.dot_product_attention, engine)
    # These have no form in float64.
    backend.nn.leaky_relu = _leaky_relu
    backend.image.resize = _resized(backend.image.resize)


def _exact(cast: Callable, engine: ModuleType) -> Callable:
    """Return a cast that takes a number of Python as it is: TensorFlow rounds it to float32."""

    @wraps(cast)
    def called(x, dtype, *args, **settings):
        if isinstance(x, float) and engine.as_dtype(dtype).is_floating:
            return engine.constant(x, dtype)
        return cast(x, dtype, *args, **settings)

    return called


def _own_type(convert: Callable, engine: ModuleType) -> Callable:
    """Return a function that makes numbers of Python a tensor of float64, not of float32."""

    @wraps(convert)
    def converted(x, dtype=None, *args, **settings):
        numbers = engine.nest.flatten(x)
        if dtype is None and all(isinstance(one, int | float) for one in numbers):
            dtype = "float64" if any(isinstance(one, float) for one in numbers) else None
        return convert(x, dtype, *args, **settings)

    return converted


def _scaled(attend: Callable, engine: ModuleType) -> Callable:
    """Return an attention whose scale is a tensor of the type of what it attends to."""

    @wraps(attend)
    def called(query, key, value, *args, scale=None, **settings):
        scale = engine.constant(query.shape[-1] ** -0.5 if scale is None else scale, query.dtype)
        return attend(query, key, value, *args, scale=scale, **settings)

    return called


def _attention(attend: Callable) -> Callable:
    """Return an attention written out: queries (n, t, head, unit), mask (n, head, t, s) or None."""

    @wraps(attend)
    def called(query, key, value, bias=None, mask=None, scale=None, is_causal=False, **settings):
        if bias is not None or settings.pop("attn_logits_soft_cap", None) is not None:
            return attend(query, key, value, bias, mask, scale, is_causal, **settings)
        logits = keras.ops.einsum("btnh,bsnh->bnts", query, key)
        logits = logits * (query.shape[-1] ** -0.5 if scale is None else scale)
        kept = keras.ops.tri(*logits.shape[2:], dtype="bool") if is_causal else True
        kept = kept if mask is None else keras.ops.logical_and(kept, mask)
        logits = logits if kept is True else keras.ops.where(kept, logits, -1e30)
        return keras.ops.einsum("bnts,bsnh->btnh", keras.ops.softmax(logits), value)

    return called


def _leaky_relu(x, negative_slope=0.2):
    return keras.ops.where(x > 0, x, negative_slope * x)


def _resized(resize: Callable) -> Callable:
    """Return a function that resizes images without rounding, where it interpolates linearly."""

    @wraps(resize)
    def called(images, size, *args, interpolation="bilinear", data_format=None, **settings):
        usual = {"interpolation": interpolation, "data_format": data_format}
        special = any(settings.get(name) for name in SPECIAL)
        if interpolation != "bilinear" or args or special or len(images.shape) != 4:
            return resize(images, size, *args, **usual, **settings)
        first = (data_format or keras.config.image_data_format()) == "channels_first"
        rows, columns = images.shape[2:] if first else images.shape[1:3]
        text = "bchw,oh,pw->bcop" if first else "bhwc,oh,pw->bopc"
        weights = (_linear(n, m) for n, m in zip((rows, columns), size, strict=True))
        return keras.ops.einsum(text, keras.ops.cast(images, "float64"), *weights)

    return called


def _linear(n: int, m: int) -> np.ndarray:
    """Return the weights (m, n) of n pixels in each of m, whose centers lie evenly among them."""
    centers = (np.arange(m) + 0.5) * n / m - 0.5
    low = np.floor(centers).astype(int)
    weights = np.zeros((m, n))
    for step, share in ((0, 1 - (centers - low)), (1, centers - low)):
        np.add.at(weights, (np.arange(m), np.clip(low + step, 0, n - 1)), share)
    return weights
