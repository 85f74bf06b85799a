"""What layers are set to, in words that both frameworks share: for the rung `configuration`.

A setting is named as in backends/_settings.py. What a layer cannot be set to is left out.
"""

from collections.abc import Callable
from typing import Any

from torch import nn
from torch.nn.modules import batchnorm, conv, instancenorm, pooling

from backends._settings import Settings, every, padded

Shape = tuple[int, ...]  # of an input, in PyTorch's layout


def settings(layer: nn.Module, shape: Shape = ()) -> Settings:
    """Return what a layer is set to; `shape` is that of its input, where it is known."""
    for kind, told in KINDS.items():
        if isinstance(layer, kind):
            return told(layer, shape)
    return {}


def family(layer: nn.Module) -> str:
    """Return what a layer is in both frameworks, such as "dense" or "relu"; "" if not known."""
    if getattr(layer, "transposed", False):
        return "transposed convolution"
    told = next((told for kind, told in KINDS.items() if isinstance(layer, kind)), None)
    return FAMILIES.get(told) or str(settings(layer).get("activation", ""))


def _dense(layer: Any, shape: Shape) -> Settings:
    return {"units": layer.out_features, "bias": layer.bias is not None}


def _convolution(layer: Any, shape: Shape) -> Settings:
    n = len(layer.kernel_size)
    found: Settings = {
        "filters": layer.out_channels,
        "kernel size": layer.kernel_size,
        "strides": layer.stride,
        "dilation": layer.dilation,
        "groups": layer.groups,
        "bias": layer.bias is not None,
    }
    if layer.transposed:
        # What it crops from the full output, and then adds at the end.
        pairs = zip(layer.padding, layer.output_padding, strict=True)
        return found | {"cropping": tuple((p, p - more) for p, more in pairs)}
    if layer.padding == "same":
        found["padding"] = padded(layer.kernel_size, (1,) * n, layer.dilation, shape[2:], late=True)
    elif layer.padding == "valid":
        found["padding"] = ((0, 0),) * n
    else:
        found["padding"] = tuple((p, p) for p in layer.padding)
    return found | {"padding with": layer.padding_mode}


def _pool(layer: Any, shape: Shape) -> Settings:
    n = max(len(shape) - 2, 1)
    size = every(layer.kernel_size, n)
    found: Settings = {
        "pool size": size,
        "strides": every(layer.stride if layer.stride is not None else size, n),
        "padding": tuple((p, p) for p in every(layer.padding, n)),
        "rounded up": layer.ceil_mode,
    }
    if hasattr(layer, "count_include_pad"):
        found["border counted"] = layer.count_include_pad if any(every(layer.padding, n)) else False
    return found


def _batch_norm(layer: Any, shape: Shape) -> Settings:
    momentum = None if layer.momentum is None else 1 - layer.momentum
    return {
        "epsilon": layer.eps,
        "momentum": momentum,  # of the old value, as Keras counts
        "scale": layer.affine,
        "center": layer.affine,
        "running averages": layer.track_running_stats,
    }


def _norm(layer: Any, shape: Shape) -> Settings:
    affine = getattr(layer, "affine", getattr(layer, "elementwise_affine", False))
    found: Settings = {"epsilon": layer.eps, "scale": affine}
    if not isinstance(layer, nn.RMSNorm):
        found["center"] = getattr(layer, "bias", None) is not None
    if isinstance(layer, nn.GroupNorm):
        found["groups"] = layer.num_groups
    return found


def _recurrent(layer: Any, shape: Shape) -> Settings:
    found: Settings = {
        "units": layer.hidden_size,
        "bias": layer.bias,
        "directions": 1 + layer.bidirectional,
        "dropout between layers": layer.dropout if layer.num_layers > 1 else 0.0,
    }
    if isinstance(layer, nn.GRU):
        return found | {"reset": "after the matrix"}
    if isinstance(layer, nn.LSTM):
        return found | {"activation": "tanh", "recurrent activation": "sigmoid"}
    return found | {"activation": layer.nonlinearity}


def _embedding(layer: Any, shape: Shape) -> Settings:
    return {"entries": layer.num_embeddings, "units": layer.embedding_dim}


def _attention(layer: Any, shape: Shape) -> Settings:
    return {
        "heads": layer.num_heads,
        "units of a head": layer.embed_dim // layer.num_heads,
        "dropout": layer.dropout,
        "bias": layer.in_proj_bias is not None,
    }


def _activation(name: str, **attributes: str) -> Callable[[Any, Shape], Settings]:
    def told(layer: Any, shape: Shape) -> Settings:
        values = {setting: getattr(layer, held) for setting, held in attributes.items()}
        return {"activation": name} | values

    return told


def _gelu(layer: Any, shape: Shape) -> Settings:
    return {"activation": "gelu", "form": "erf" if layer.approximate == "none" else "tanh"}


def _softmax(layer: Any, shape: Shape) -> Settings:
    return {"activation": "softmax", "axis": layer.dim}


def _dropout(layer: Any, shape: Shape) -> Settings:
    return {"rate": layer.p}


KINDS: dict[Any, Callable[[Any, Shape], Settings]] = {
    nn.Linear: _dense,
    conv._ConvNd: _convolution,
    pooling._MaxPoolNd: _pool,
    pooling._AvgPoolNd: _pool,
    batchnorm._BatchNorm: _batch_norm,
    instancenorm._InstanceNorm: _norm,
    nn.LayerNorm | nn.GroupNorm | nn.RMSNorm: _norm,
    nn.RNNBase: _recurrent,
    nn.Embedding: _embedding,
    nn.MultiheadAttention: _attention,
    nn.modules.dropout._DropoutNd: _dropout,
    nn.ReLU: _activation("relu"),
    nn.ReLU6: _activation("relu6"),
    nn.LeakyReLU: _activation("leaky_relu", slope="negative_slope"),
    nn.ELU: _activation("elu", alpha="alpha"),
    nn.CELU: _activation("celu", alpha="alpha"),
    nn.SELU: _activation("selu"),
    nn.GELU: _gelu,
    nn.SiLU: _activation("silu"),
    nn.Mish: _activation("mish"),
    nn.Tanh: _activation("tanh"),
    nn.Sigmoid: _activation("sigmoid"),
    nn.Hardsigmoid: _activation("hard_sigmoid"),
    nn.Hardswish: _activation("hard_silu"),
    nn.Softplus: _activation("softplus"),
    nn.Softsign: _activation("softsign"),
    nn.LogSigmoid: _activation("log_sigmoid"),
    nn.Softmax: _softmax,
    nn.LogSoftmax: _activation("log_softmax", axis="dim"),
}

FAMILIES = {
    _dense: "dense",
    _convolution: "convolution",
    _pool: "pooling",
    _batch_norm: "batch normalization",
    _norm: "normalization",
    _recurrent: "recurrent",
    _embedding: "embedding",
    _attention: "attention",
    _dropout: "dropout",
}
