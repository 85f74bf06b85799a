"""Weights under the names, in the layout and with the initial rules that Keras has for them."""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from backends._seeded import RULES, Array, Draw, Weight, open_forget_gate


class Layout(NamedTuple):
    """How one Keras weight lies in the tensors of PyTorch, to and fro."""

    to_keras: Callable[..., Tensor]
    to_torch: Callable[[Tensor], tuple[Tensor, ...]]


def _gates(weight: Tensor) -> Tensor:
    """Swap the first two gates on the last axis: Keras's GRU has z, r, h, PyTorch's r, z, n."""
    z, r, h = weight.chunk(3, dim=-1)
    return torch.cat((r, z, h), dim=-1)


SAME = Layout(lambda tensor: tensor, lambda weight: (weight,))
TRANSPOSED = Layout(lambda tensor: tensor.T, lambda weight: (weight.T,))
CONV1D = Layout(lambda tensor: tensor.permute(2, 1, 0), lambda weight: (weight.permute(2, 1, 0),))
CONV2D = Layout(
    lambda tensor: tensor.permute(2, 3, 1, 0), lambda weight: (weight.permute(3, 2, 0, 1),)
)
GRU = Layout(lambda tensor: _gates(tensor.T), lambda weight: (_gates(weight).T,))
GRU_BIASES = Layout(
    lambda *biases: _gates(torch.stack(biases)), lambda weight: tuple(_gates(weight))
)

# Layer: for each of its weights Keras's name, PyTorch's, and the layout.
LAYERS = {
    nn.Linear: (("kernel", "weight", TRANSPOSED), ("bias", "bias", SAME)),
    nn.Conv1d: (("kernel", "weight", CONV1D), ("bias", "bias", SAME)),
    nn.Conv2d: (("kernel", "weight", CONV2D), ("bias", "bias", SAME)),
    nn.Embedding: (("embeddings", "weight", SAME),),
    nn.BatchNorm1d: (("gamma", "weight", SAME), ("beta", "bias", SAME)),
    nn.BatchNorm2d: (("gamma", "weight", SAME), ("beta", "bias", SAME)),
    nn.LayerNorm: (("gamma", "weight", SAME), ("beta", "bias", SAME)),
}


class Slot(NamedTuple):
    """One Keras weight: its name, initial rule, and the tensors that hold it here."""

    name: str
    draw: Draw
    parameters: tuple[nn.Parameter, ...]
    layout: Layout
    padding: int | None = None  # the entry of an embedding that is no weight

    def read(self, of: Callable[[nn.Parameter], Tensor] = lambda p: p) -> Tensor:
        """Return the weight, or what `of` makes of its tensors, in Keras's layout; NaN for none."""
        found = self.layout.to_keras(*(of(parameter) for parameter in self.parameters))
        if self.padding is not None:
            found = found.detach().clone()
            found[self.padding] = torch.nan
        return found

    def array(self, of: Callable[[nn.Parameter], Tensor] = lambda p: p) -> Array:
        """Return a copy of what `read` returns."""
        return self.read(of).detach().cpu().numpy().copy()


def write(model: nn.Module, weights: Mapping[str, Array]) -> None:
    """Write weights, in Keras's layout, into the model.

    Raises:
        ValueError: names or shapes are not those of the model.
    """
    slots = {slot.name: slot for slot in _slots(model)}
    if slots.keys() != weights.keys():
        raise ValueError(f"expected weights {sorted(slots)}, came {sorted(weights)}")
    with torch.no_grad():
        for name, slot in slots.items():
            if slot.read().shape != weights[name].shape:
                raise ValueError(
                    f"{name}: expected {tuple(slot.read().shape)}, came {weights[name].shape}"
                )
            values = slot.layout.to_torch(torch.from_numpy(weights[name]))
            for parameter, value in zip(slot.parameters, values, strict=True):
                parameter.copy_(value)
            if slot.padding is not None:  # nobody's weights: they stay zero in training
                slot.parameters[0][slot.padding] = 0


def freeze_second_bias(model: nn.Module) -> None:
    """Leave the second bias of each LSTM and simple RNN at zero, untrained.

    A GRU needs both of its own: its candidate has a bias inside the reset gate and one outside.
    """
    for layer in model.modules():
        if isinstance(layer, nn.LSTM | nn.RNN):
            for name, bias in layer.named_parameters():
                if name.startswith("bias_hh"):
                    # differs: PyTorch trains two biases, which only ever act as their sum
                    nn.init.zeros_(bias).requires_grad_(False)


def describe(model: nn.Module) -> dict[str, Weight]:
    """Return the model's weights: Keras's names, shapes and initial rules.

    Raises:
        ValueError: the model has a layer whose weights are not known here.
    """
    slots = list(_slots(model))
    known = {id(parameter) for slot in slots for parameter in slot.parameters}
    for name, parameter in model.named_parameters():
        second_bias = "bias_hh" in name.rpartition(".")[2]
        if id(parameter) not in known and not second_bias:
            path, _, tensor = name.rpartition(".")
            layer = type(model.get_submodule(path)).__name__
            raise ValueError(
                f"no weight layout known for {tensor} of {path or 'the model itself'}, a {layer}; "
                f"known are {', '.join(kind.__name__ for kind in LAYERS)}, LSTM, GRU, RNN"
            )
    return {slot.name: Weight(tuple(slot.read().shape), slot.draw) for slot in slots}


def read(model: nn.Module) -> dict[str, Array]:
    """Return copies of the model's weights, in Keras's layout."""
    return {slot.name: slot.array() for slot in _slots(model)}


def gradients(model: nn.Module) -> dict[str, Array]:
    """Return the gradient of every weight after a `backward()`, in Keras's layout."""
    return {slot.name: slot.array(_gradient) for slot in _slots(model)}


def state(model: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, Array]:
    """Return what else a training leaves: moments of the optimizer, averages of normalizations."""
    return _moments(model, optimizer) | averages(model)


def _moments(model: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, Array]:
    found = {}
    for name, own in (("m", "exp_avg"), ("v", "exp_avg_sq")):
        for slot in _slots(model):
            moments = [optimizer.state.get(parameter, {}).get(own) for parameter in slot.parameters]
            if all(moment is not None for moment in moments):
                by_parameter = dict(zip(slot.parameters, moments, strict=True))
                found[f"{slot.name} {name}"] = slot.array(by_parameter.__getitem__)
    return found


def averages(model: nn.Module) -> dict[str, Array]:
    """Return the running averages of batch normalizations, by Keras's names."""
    found = {}
    for path, layer in model.named_modules():
        if isinstance(layer, _BatchNorm) and layer.running_var is not None:
            for name, average in (("mean", layer.running_mean), ("variance", layer.running_var)):
                found[f"{path.replace('.', '/')}/moving_{name}"] = average.cpu().numpy().copy()
    return found


def trainable(model: nn.Module) -> dict[str, tuple[int, ...]]:
    """Return the shapes of all that is trained, by Keras's name, or PyTorch's if it has none."""
    shapes, named = {}, set()
    for slot in _slots(model):
        named |= {id(parameter) for parameter in slot.parameters}
        if all(parameter.requires_grad for parameter in slot.parameters):
            shapes[slot.name] = tuple(slot.read().shape)
    return shapes | {
        name: tuple(parameter.shape)
        for name, parameter in model.named_parameters()
        if id(parameter) not in named and parameter.requires_grad
    }


def steps(optimizer: torch.optim.Optimizer) -> int:
    """Return how many steps an optimizer has taken."""
    return max((int(found["step"]) for found in optimizer.state.values()), default=0)


def parameters(model: nn.Module) -> int:
    """Return how many numbers of the model are trained."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


def _gradient(parameter: nn.Parameter) -> Tensor:
    return torch.zeros_like(parameter) if parameter.grad is None else parameter.grad


def _slots(model: nn.Module) -> Iterator[Slot]:
    """Yield the weights in the order of the layers; one that two layers share, once."""
    seen: set[int] = set()
    for slot in _all_slots(model):
        if id(slot.parameters[0]) not in seen:
            yield slot
        seen |= {id(parameter) for parameter in slot.parameters}


def _all_slots(model: nn.Module, prefix: str = "") -> Iterator[Slot]:
    for name, layer in model.named_children():
        path = f"{prefix}{name}"
        if isinstance(layer, nn.RNNBase):
            yield from _recurrent_slots(path, layer)
        elif kind := next((kind for kind in LAYERS if isinstance(layer, kind)), None):
            for keras_name, own_name, layout in LAYERS[kind]:
                if (parameter := getattr(layer, own_name)) is not None:
                    padding = getattr(layer, "padding_idx", None)
                    rule = RULES[keras_name]
                    yield Slot(f"{path}/{keras_name}", rule, (parameter,), layout, padding)
        else:
            yield from _all_slots(layer, f"{path}/")


def _recurrent_slots(name: str, layer: nn.RNNBase) -> Iterator[Slot]:
    """Name the layers of a stack name/0, name/1, ..., as Keras has them in a list."""
    directions = {"": ""} if not layer.bidirectional else {"/forward": "", "/backward": "_reverse"}
    matrix = GRU if isinstance(layer, nn.GRU) else TRANSPOSED
    bias = open_forget_gate if isinstance(layer, nn.LSTM) else RULES["bias"]
    for k in range(layer.num_layers):
        for direction, suffix in directions.items():
            path = f"{name}/{k}{direction}" if layer.num_layers > 1 else f"{name}{direction}"

            def own(kind: str, end: str = f"_l{k}{suffix}") -> nn.Parameter:
                return getattr(layer, kind + end)

            kernel, recurrent = (own("weight_ih"),), (own("weight_hh"),)
            yield Slot(f"{path}/kernel", RULES["kernel"], kernel, matrix)
            yield Slot(f"{path}/recurrent_kernel", RULES["recurrent_kernel"], recurrent, matrix)
            if not layer.bias:
                continue
            if isinstance(layer, nn.GRU):
                biases = (own("bias_ih"), own("bias_hh"))
                yield Slot(f"{path}/bias", bias, biases, GRU_BIASES)
            else:
                yield Slot(f"{path}/bias", bias, (own("bias_ih"),), SAME)
