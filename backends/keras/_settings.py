"""What layers are set to, in words that both frameworks share: for the rung `configuration`.

A setting is named as in backends/_settings.py. What a layer cannot be set to is left out.
"""

from collections.abc import Callable
from typing import Any

import keras
from keras import layers
from keras.src.layers.convolutional.base_conv import BaseConv
from keras.src.layers.convolutional.base_conv_transpose import BaseConvTranspose
from keras.src.layers.convolutional.base_depthwise_conv import BaseDepthwiseConv
from keras.src.layers.pooling.base_pooling import BasePooling

from backends._settings import Settings, every, padded

Shape = tuple[int, ...]  # of an input, in Keras's layout


def settings(layer: keras.Layer, shape: Shape = ()) -> Settings:
    """Return what a layer is set to; `shape` is that of its input, where it is known."""
    found: Settings = {}
    for kind, told in KINDS.items():
        if isinstance(layer, kind):
            found = told(layer, shape)
            break
    fused = getattr(layer, "activation", None)  # of a layer that is not itself an activation
    if callable(fused) and "activation" not in found:
        found |= {"activation": _function(fused)}
    return found


def family(layer: keras.Layer) -> str:
    """Return what a layer is in both frameworks, such as "dense" or "relu"; "" if not known."""
    told = next((told for kind, told in KINDS.items() if isinstance(layer, kind)), None)
    return FAMILIES.get(told) or str(settings(layer).get("activation", ""))


def _function(activation: Callable[..., Any]) -> str:
    """Return an activation's name; no activation is "linear"."""
    return getattr(activation, "__name__", type(activation).__name__)


def _space(layer: Any, shape: Shape) -> Shape:
    """Return the sizes of the axes of space."""
    return shape[2:] if getattr(layer, "data_format", "") == "channels_first" else shape[1:-1]


def _dense(layer: Any, shape: Shape) -> Settings:
    return {"units": layer.units, "bias": layer.use_bias}


def _convolution(layer: Any, shape: Shape) -> Settings:
    n = layer.rank
    kernel, strides, dilation = (
        every(one, n) for one in (layer.kernel_size, layer.strides, layer.dilation_rate)
    )
    depthwise = isinstance(layer, BaseDepthwiseConv)
    channels = shape[1 if getattr(layer, "data_format", "") == "channels_first" else -1]
    found: Settings = {
        "filters": channels * layer.depth_multiplier if depthwise else layer.filters,
        "kernel size": kernel,
        "strides": strides,
        "dilation": dilation,
        "groups": channels if depthwise else getattr(layer, "groups", 1),
        "bias": layer.use_bias,
    }
    none = ((0, 0),) * n
    if layer.padding == "causal":
        windows = zip(kernel, dilation, strict=True)
        found["padding"] = tuple(((k - 1) * apart, 0) for k, apart in windows)
    else:
        same = layer.padding == "same"
        sizes = _space(layer, shape)
        found["padding"] = padded(kernel, strides, dilation, sizes, late=True) if same else none
    return found | {"padding with": "zeros"}


def _transposed(layer: Any, shape: Shape) -> Settings:
    n = layer.rank
    kernel, strides = every(layer.kernel_size, n), every(layer.strides, n)
    more = getattr(layer, "output_padding", None)
    cropping = []
    for i, (k, stride) in enumerate(zip(kernel, strides, strict=True)):
        if layer.padding == "same" and more is None:
            total = max(k - stride, 0)
            cropping.append((total // 2, total - total // 2 - max(stride - k, 0)))
        else:
            start = k // 2 if layer.padding == "same" else 0
            cropping.append((start, start - (0 if more is None else every(more, n)[i])))
    return {
        "filters": layer.filters,
        "kernel size": kernel,
        "strides": strides,
        "dilation": every(layer.dilation_rate, n),
        "groups": 1,
        "bias": layer.use_bias,
        "cropping": tuple(cropping),
    }


def _pool(layer: Any, shape: Shape) -> Settings:
    n = len(_space(layer, shape)) or 1
    size, strides = every(layer.pool_size, n), every(layer.strides, n)
    same = layer.padding == "same"
    sizes = _space(layer, shape)
    padding = padded(size, strides, (1,) * n, sizes, late=True) if same else ((0, 0),) * n
    found: Settings = {
        "pool size": size,
        "strides": strides,
        "padding": padding,
        "rounded up": False,
    }
    if "Average" in type(layer).__name__:
        found["border counted"] = False
    return found


def _batch_norm(layer: Any, shape: Shape) -> Settings:
    return {
        "epsilon": layer.epsilon,
        "momentum": layer.momentum,
        "scale": layer.scale,
        "center": layer.center,
        "running averages": True,
    }


def _norm(layer: Any, shape: Shape) -> Settings:
    found: Settings = {"epsilon": layer.epsilon, "scale": getattr(layer, "scale", True)}
    if hasattr(layer, "center"):
        found["center"] = layer.center
    if isinstance(layer, layers.GroupNormalization):
        found["groups"] = layer.groups
    return found


def _recurrent(layer: Any, shape: Shape) -> Settings:
    found: Settings = {
        "units": layer.units,
        "bias": layer.use_bias,
        "directions": 1,
        "dropout between layers": 0.0,
        "activation": _function(layer.activation),
    }
    if isinstance(layer, layers.GRU):
        found["reset"] = "after the matrix" if layer.reset_after else "before the matrix"
    if hasattr(layer, "recurrent_activation"):
        found["recurrent activation"] = _function(layer.recurrent_activation)
    return found


def _both(layer: Any, shape: Shape) -> Settings:
    inner = settings(layer.forward_layer, shape)
    return inner | {"directions": 2, "merge": layer.merge_mode}


def _embedding(layer: Any, shape: Shape) -> Settings:
    return {"entries": layer.input_dim, "units": layer.output_dim}


def _attention(layer: Any, shape: Shape) -> Settings:
    return {
        "heads": layer.num_heads,
        "units of a head": layer.key_dim,
        "dropout": layer.dropout,
        "bias": layer._use_bias,
    }


def _dropout(layer: Any, shape: Shape) -> Settings:
    return {"rate": layer.rate}


def _activation(layer: Any, shape: Shape) -> Settings:
    found: Settings = {"activation": _function(layer.activation)}
    if found["activation"] == "gelu":
        found["form"] = "erf"
    return found


def _named(name: str, **attributes: str) -> Callable[[Any, Shape], Settings]:
    def told(layer: Any, shape: Shape) -> Settings:
        values = {setting: getattr(layer, held) for setting, held in attributes.items()}
        return {"activation": name} | values

    return told


KINDS: dict[Any, Callable[[Any, Shape], Settings]] = {
    layers.Dense: _dense,
    BaseConvTranspose: _transposed,
    BaseConv | BaseDepthwiseConv: _convolution,
    BasePooling: _pool,
    layers.BatchNormalization: _batch_norm,
    layers.LayerNormalization | layers.GroupNormalization | layers.RMSNormalization: _norm,
    layers.Bidirectional: _both,
    layers.LSTM | layers.GRU | layers.SimpleRNN: _recurrent,
    layers.Embedding: _embedding,
    layers.MultiHeadAttention: _attention,
    layers.Dropout: _dropout,
    layers.LeakyReLU: _named("leaky_relu", slope="negative_slope"),
    layers.ReLU: _named("relu"),
    layers.ELU: _named("elu", alpha="alpha"),
    layers.Softmax: _named("softmax", axis="axis"),
    layers.Activation: _activation,
}

FAMILIES = {
    _dense: "dense",
    _convolution: "convolution",
    _transposed: "transposed convolution",
    _pool: "pooling",
    _batch_norm: "batch normalization",
    _norm: "normalization",
    _recurrent: "recurrent",
    _both: "recurrent",
    _embedding: "embedding",
    _attention: "attention",
    _dropout: "dropout",
}
