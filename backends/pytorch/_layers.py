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
LAST += (activation.MultiheadAttention, nn.RNNCellBase, nn.EmbeddingBag)


def outputs(name: str, layer: nn.Module, output, steps: int) -> dict[str, Tensor]:
    """Name a layer's outputs: of a recurrent layer the sequence, and its last step "NAME.last".

    Of several outputs the first is taken. A packed sequence gets so many steps, those after its end
    NaN.
    """
    if isinstance(layer, nn.RNNBase):
        sequence, state = output
        hidden = state[0] if isinstance(state, tuple) else state
        hidden = hidden if layer.num_layers == 1 else hidden[-1 - layer.bidirectional :]
        return {
            name: _padded(sequence, layer, steps),
            f"{name}.last": torch.cat(tuple(hidden), dim=-1),
        }
    while isinstance(output, tuple | list):
        output = output[0]
    if not isinstance(output, Tensor):
        return {}
    if isinstance(layer, activation.MultiheadAttention) and not layer.batch_first:
        output = output.movedim(0, 1) if output.ndim > 2 else output
    if isinstance(getattr(layer, "cell", None), nn.RNNCellBase):  # a recurrent layer by hand
        return {name: output} if output.ndim > 2 else {name: output, f"{name}.last": output}
    if _is_second(layer):
        return {name: output.movedim(1, -1)} if output.ndim > 2 else {name: output}
    if _is_last(layer) or output.ndim < 3:
        return {name: output}
    return {name: output, f"{name}{OTHERWISE}": output.movedim(1, -1)}


def _is_second(layer: nn.Module) -> bool:
    """Say whether channels are second; one slope of a PReLU is for channels in any place."""
    return isinstance(layer, SECOND) or (isinstance(layer, nn.PReLU) and layer.num_parameters > 1)


def _is_last(layer: nn.Module) -> bool:
    """Say whether channels are last; a normalization over several axes has them in any order."""
    several = isinstance(layer, normalization.LayerNorm) and len(layer.normalized_shape) > 1
    return isinstance(layer, LAST) and not several


def kind(layer: nn.Module) -> str:
    """Return what a layer is, with the settings that it tells of itself."""
    return f"{type(layer).__name__}({layer.extra_repr()})"


def _padded(sequence: Tensor | PackedSequence, layer: nn.RNNBase, steps: int) -> Tensor:
    if isinstance(sequence, Tensor):
        return sequence if layer.batch_first or sequence.ndim < 3 else sequence.movedim(0, 1)
    steps = max(steps, len(sequence.batch_sizes))
    return pad_packed_sequence(
        sequence, batch_first=True, padding_value=torch.nan, total_length=steps
    )[0]
