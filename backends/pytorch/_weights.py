"""Weights under the names, in the layout and with the initial rules that Keras has for them.

A PyTorch matrix is the transpose of a Keras one; gates come in the same order (i, f, g, o).
"""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn

from backends._seeded import Array, Weight, glorot_uniform, open_forget_gate, orthogonal, zeros


class Slot(NamedTuple):
    """One trainable tensor, the initial rule for it, and its view in Keras's layout."""

    name: str
    draw: Callable[..., Array]
    view: Tensor


def write(model: nn.Module, weights: Mapping[str, Array]) -> None:
    """Write weights, in Keras's layout, into the model; freeze every second recurrent bias at 0.

    Raises:
        ValueError: names or shapes are not those of the model.
    """
    slots = {slot.name: slot.view for slot in _slots(model)}
    if slots.keys() != weights.keys():
        raise ValueError(f"expected weights {sorted(slots)}, came {sorted(weights)}")
    with torch.no_grad():
        for name, view in slots.items():
            if view.shape != weights[name].shape:
                raise ValueError(
                    f"{name}: expected {tuple(view.shape)}, came {weights[name].shape}"
                )
            view.copy_(torch.from_numpy(weights[name]))
        for name, bias in model.named_parameters():
            if "bias_hh" in name:
                # differs: a recurrent layer trains two biases, which only ever act as their sum
                bias.zero_()
                bias.requires_grad_(False)


def describe(model: nn.Module) -> dict[str, Weight]:
    """Return the model's weights: Keras's names, shapes and initial rules.

    Raises:
        ValueError: the model has a trainable tensor whose layout is not known here.
    """
    known = {slot.view.data_ptr() for slot in _slots(model)}
    for name, tensor in model.named_parameters():
        if tensor.data_ptr() not in known and "bias_hh" not in name:
            raise ValueError(f"no weight layout known for {name} of {type(model).__name__}")
    return {slot.name: Weight(tuple(slot.view.shape), slot.draw) for slot in _slots(model)}


def parameters(model: nn.Module) -> int:
    """Return how many numbers of the model are trained."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


def _slots(model: nn.Module) -> Iterator[Slot]:
    for layer_name, layer in model.named_children():
        if isinstance(layer, nn.Linear):
            yield Slot(f"{layer_name}/kernel", glorot_uniform, layer.weight.detach().T)
            yield Slot(f"{layer_name}/bias", zeros, layer.bias.detach())
        elif isinstance(layer, nn.Conv2d):
            kernel = layer.weight.detach().permute(2, 3, 1, 0)
            yield Slot(f"{layer_name}/kernel", glorot_uniform, kernel)
            yield Slot(f"{layer_name}/bias", zeros, layer.bias.detach())
        elif isinstance(layer, nn.LSTM):
            yield from _lstm_slots(layer_name, layer)


def _lstm_slots(name: str, layer: nn.LSTM) -> Iterator[Slot]:
    directions = [("", "")]
    if layer.bidirectional:
        directions = [("/forward", ""), ("/backward", "_reverse")]
    for direction, suffix in directions:
        tensor = {
            kind: getattr(layer, f"{kind}_l0{suffix}").detach()
            for kind in ("weight_ih", "weight_hh", "bias_ih")
        }
        yield Slot(f"{name}{direction}/kernel", glorot_uniform, tensor["weight_ih"].T)
        yield Slot(f"{name}{direction}/recurrent_kernel", orthogonal, tensor["weight_hh"].T)
        yield Slot(f"{name}{direction}/bias", open_forget_gate, tensor["bias_ih"])
