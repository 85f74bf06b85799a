"""What the layers of a network leave, named and laid out as Keras has it."""

import torch
from torch import Tensor, nn
from torch.nn.modules import activation, batchnorm, conv, instancenorm, normalization, pooling
from torch.nn.modules.upsampling import Upsample
from torch.nn.utils.rnn import PackedSequence, pad_packed_sequence

from backends import OTHERWISE

# Layers whose outputs have their channels second, and those that have them last. All others, such
# as an activation, work on either: their outputs are given in both layouts.
SECOND = (
    conv._ConvNd,
    batchnorm._NormBase,
    instancenorm._InstanceNorm,
    nn.GroupNorm,
    pooling._MaxPoolNd,
    pooling._AvgPoolNd,
    pooling._AdaptiveMaxPoolNd,
    pooling._AdaptiveAvgPoolNd,
    pooling._LPPoolNd,
    Upsample,
    nn.PixelShuffle,
)
LAST = (nn.Linear, nn.Bilinear, nn.Embedding, normalization.LayerNorm, nn.RMSNorm)
LAST += (activation.MultiheadAttention, nn.RNNBase, nn.RNNCellBase, nn.EmbeddingBag)
TIMED = (activation.MultiheadAttention, nn.RNNBase)  # whose steps are first, unless batch_first
# What tells how many channels such layers have.
COUNTS = ("out_channels", "num_features", "num_channels", "normalized_shape")
COUNTS += ("out_features", "embedding_dim", "embed_dim", "hidden_size")


def outputs(name: str, layer: nn.Module, output, steps: int) -> dict[str, Tensor]:
    """Name a layer's outputs: of a recurrent layer the sequence, and its last step "NAME.last".

    Of several outputs the first is taken. A packed sequence gets so many steps, those after its end
    NaN. What a layer with a `forward` of the author's leaves is given in both layouts.
    """
    last = {}
    if isinstance(layer, nn.RNNBase) and (hidden := _hidden(layer, output)) is not None:
        hidden = hidden if layer.num_layers == 1 else hidden[-1 - layer.bidirectional :]
        last = {f"{name}.last": torch.cat(tuple(hidden), dim=-1)}
    if isinstance(layer, nn.RNNBase) and not last and isinstance(output, tuple | list):
        second = output[1] if len(output) > 1 else None  # of an author's: the last step, say
        if isinstance(second, Tensor) and second.ndim == 2:
            last = {f"{name}.last": second}
    while isinstance(output, tuple | list) and output and not isinstance(output, PackedSequence):
        output = output[0]
    if isinstance(output, PackedSequence):
        return {name: _padded(output, steps)} | last
    if not isinstance(output, Tensor):
        return {}
    by_hand = isinstance(getattr(layer, "cell", None), nn.RNNCellBase)  # a recurrent layer
    if output.ndim < 3:
        if isinstance(layer, nn.RNNBase) or by_hand:
            last = last or {f"{name}.last": output}
        return {name: output} | last
    time_first = isinstance(layer, TIMED) and not layer.batch_first
    moved = output.movedim(0, 1) if time_first else output.movedim(1, -1)
    if by_hand:
        return {name: output}
    if not _overrides(layer):
        if time_first or _is_second(layer):
            return {name: moved} | last
        if _is_last(layer):
            return {name: output} | last
    return {name: output, f"{name}{OTHERWISE}": moved} | last


def channels_last(layer: nn.Module, x: Tensor) -> Tensor:
    """Return a layer's input as Keras has it: batch first, channels last."""
    if isinstance(layer, TIMED) and not layer.batch_first and x.ndim > 2:
        return x.movedim(0, 1)
    return x.movedim(1, -1) if _is_second(layer) and x.ndim > 2 else x


def as_it_takes(layer: nn.Module, x: Tensor) -> Tensor:
    """Return an input that Keras has as a layer takes it; the inverse of `channels_last`."""
    if isinstance(layer, TIMED) and not layer.batch_first and x.ndim > 2:
        return x.movedim(0, 1)
    return x.movedim(-1, 1) if _is_second(layer) and x.ndim > 2 else x


def leaves_second(layer: nn.Module, output: Tensor) -> bool:
    """Say whether a layer leaves its channels second: by their number, where it is an author's."""
    usual = isinstance(layer, SECOND)
    if not isinstance(layer, SECOND + LAST) or not _overrides(layer):
        return usual
    n = next((getattr(layer, name) for name in COUNTS if hasattr(layer, name)), None)
    n = n[-1] if isinstance(n, tuple) else n
    second, last = (output.shape[axis] == n for axis in (1, -1))
    return second if second != last else usual


def _overrides(layer: nn.Module) -> bool:
    """Say whether a layer's `forward` is an author's, which may move axes around PyTorch's."""
    return not (getattr(layer.forward, "__module__", None) or "").startswith("torch.")


def _is_second(layer: nn.Module) -> bool:
    """Say whether channels are second; one slope of a PReLU is for channels in any place."""
    return isinstance(layer, SECOND) or (isinstance(layer, nn.PReLU) and layer.num_parameters > 1)


def _is_last(layer: nn.Module) -> bool:
    """Say whether channels are last; a normalization over several axes has them in any order."""
    several = isinstance(layer, normalization.LayerNorm) and len(layer.normalized_shape) > 1
    return isinstance(layer, LAST) and not several


def _hidden(layer: nn.RNNBase, output) -> Tensor | None:
    """Return the hidden state (layer, n, unit) of PyTorch's own pair, or the state alone.

    None if there is none: an author's `forward` may leave anything.
    """
    lstm = isinstance(layer, nn.LSTM)  # whose state is itself a pair
    pair = isinstance(output, tuple) and len(output) == 2
    state = output[1] if pair and isinstance(output[1], tuple) == lstm else output
    hidden = state[0] if lstm and isinstance(state, tuple) and state else state
    if not isinstance(hidden, Tensor) or hidden.ndim != 3:
        return None
    return hidden if len(hidden) == layer.num_layers * (1 + layer.bidirectional) else None


def kind(layer: nn.Module) -> str:
    """Return what a layer is, with the settings that it tells of itself."""
    return f"{type(layer).__name__}({layer.extra_repr()})"


def _padded(sequence: PackedSequence, steps: int) -> Tensor:
    steps = max(steps, len(sequence.batch_sizes))
    return pad_packed_sequence(
        sequence, batch_first=True, padding_value=torch.nan, total_length=steps
    )[0]
