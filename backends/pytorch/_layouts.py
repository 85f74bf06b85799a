"""Where the weights of each layer lie, by Keras's names and in its layout.

A weight of Keras's is made of views of PyTorch's parameters: transposed, permuted, sliced. Views
that lie side by side are in a list, and lists in lists, as numpy.block takes them.
"""

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

Views = Any  # a view, or a list of Views
Named = dict[str, Views]  # of one layer, by Keras's names


def _dense(layer: Any) -> Named:
    return {"kernel": layer.weight.T, "bias": layer.bias}


def _convolution(layer: Any) -> Named:
    """Return (..., inputs, outputs), of a transposed one (..., outputs, inputs)."""
    weight, space = layer.weight, range(2, layer.weight.ndim)
    if 1 < layer.groups == layer.in_channels and not layer.transposed:  # depthwise
        weight = weight.unflatten(0, (layer.groups, -1))[:, :, 0]
        return {"kernel": weight.permute(*space, 0, 1), "bias": layer.bias}
    return {"kernel": weight.permute(*space, 1, 0), "bias": layer.bias}


def _embedding(layer: Any) -> Named:
    return {"embeddings": layer.weight}


def _norm(layer: Any) -> Named:
    return {"gamma": layer.weight, "beta": layer.bias}


def _gates(weight: Tensor) -> list[Tensor]:
    """Return a GRU's gates in Keras's order, z, r, h, where PyTorch has r, z, n."""
    r, z, n = weight.chunk(3)
    return [gate.transpose(0, -1) for gate in (z, r, n)]


def _steps(layer: Any, end: str = "") -> Named:
    """Return the weights of a recurrent layer or cell; of two biases the one that is trained."""
    kernel, recurrent = (getattr(layer, f"weight_{kind}{end}") for kind in ("ih", "hh"))
    biases = (
        [getattr(layer, f"bias_{kind}{end}") for kind in ("ih", "hh")] if layer.bias else [None]
    )
    if not isinstance(layer, nn.GRU | nn.GRUCell):
        return {"kernel": kernel.T, "recurrent_kernel": recurrent.T, "bias": biases[0]}
    bias = [_gates(one) for one in biases] if layer.bias else None
    return {"kernel": _gates(kernel), "recurrent_kernel": _gates(recurrent), "bias": bias}


def _recurrent(layer: Any) -> Named:
    """Name the layers of a stack 0, 1, ..., as Keras has them in a list."""
    directions = {"": ""} if not layer.bidirectional else {"forward/": "", "backward/": "_reverse"}
    return {
        f"{f'{k}/' if layer.num_layers > 1 else ''}{direction}{name}": views
        for k in range(layer.num_layers)
        for direction, suffix in directions.items()
        for name, views in _steps(layer, f"_l{k}{suffix}").items()
    }


def _attention(layer: Any) -> Named:
    """Return kernels (inputs, heads, units of a head), and biases likewise."""
    kinds, heads = ("query", "key", "value"), (layer.num_heads, -1)
    packed = layer.in_proj_weight
    weights = [getattr(layer, f"{kind[0]}_proj_weight") for kind in kinds]
    weights = weights if packed is None else packed.chunk(3)
    found = {
        f"{kind}/kernel": weight.T.unflatten(1, heads)
        for kind, weight in zip(kinds, weights, strict=True)
    }
    if layer.in_proj_bias is not None:
        biases = zip(kinds, layer.in_proj_bias.chunk(3), strict=True)
        found |= {f"{kind}/bias": bias.unflatten(0, heads) for kind, bias in biases}
    out = layer.out_proj
    found["attention_output/kernel"] = out.weight.T.unflatten(0, heads)
    return found | {"attention_output/bias": out.bias}


# What has its weights here, as a twin's own `weights` returns them.
LAYERS: dict[type, Callable[[Any], Named]] = {
    nn.Linear: _dense,
    nn.Bilinear: lambda layer: {"kernel": layer.weight.permute(1, 2, 0), "bias": layer.bias},
    nn.Conv1d: _convolution,
    nn.Conv2d: _convolution,
    nn.Conv3d: _convolution,
    nn.ConvTranspose1d: _convolution,
    nn.ConvTranspose2d: _convolution,
    nn.ConvTranspose3d: _convolution,
    nn.Embedding: _embedding,
    nn.EmbeddingBag: _embedding,
    nn.BatchNorm1d: _norm,
    nn.BatchNorm2d: _norm,
    nn.BatchNorm3d: _norm,
    nn.LayerNorm: _norm,
    nn.GroupNorm: _norm,
    nn.InstanceNorm1d: _norm,
    nn.InstanceNorm2d: _norm,
    nn.InstanceNorm3d: _norm,
    nn.RMSNorm: lambda layer: {"scale": layer.weight},
    nn.PReLU: lambda layer: {"alpha": layer.weight},
    nn.MultiheadAttention: _attention,
    nn.LSTM: _recurrent,
    nn.GRU: _recurrent,
    nn.RNN: _recurrent,
    nn.LSTMCell: _steps,
    nn.GRUCell: _steps,
    nn.RNNCell: _steps,
}
