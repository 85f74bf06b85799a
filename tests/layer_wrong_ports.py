"""Wrong ports of all kinds of layers: where each is found.

Most of the kinds come from public reports.
"""

from layer_ports import (
    ATTENTION,
    BARE,
    CELLS,
    IMAGES,
    KERAS_ODD,
    ODD,
    RECURRENT,
    SERIES,
    SPARSE,
    STATES,
    TAUGHT_ODD,
    VOLUMES,
)
from port_frame import Port


def wrong(of: Port, old: str, new: str, rung: str, tensor: str, hint: str = "") -> Port:
    """Return a port in which something on PyTorch's side is another thing, and where that shows."""
    layers, steps, more = of.torch_layers, of.torch_steps, of.torch_more
    assert (layers + steps + more).count(old) >= 1, old
    return of._replace(
        torch_layers=layers.replace(old, new),
        torch_steps=steps.replace(old, new),
        torch_more=more.replace(old, new),
        rung=rung,
        tensor=tensor,
        hint=hint,
    )


SELF_ATTENTION = Port(
    "series",
    "self.attn = nn.MultiheadAttention(4, 2, batch_first=True)",
    "x, _ = self.attn(x, x, x)\nx = x.mean(1)",
    "self.attn = layers.MultiHeadAttention(2, key_dim=2)",
    "x = ops.mean(self.attn(x, x), axis=1)",
    width=4,
    shapes='"attn": "batch time feature"',
)
TWO_STEPS = Port(
    "series",
    "self.one = nn.LSTM(4, 5, batch_first=True); self.two = nn.LSTM(4, 5, batch_first=True)",
    "_, (h, c) = self.one(x)\n_, (x, _) = self.two(x, (h, c))\nx = x[0]",
    "self.one = layers.LSTM(5, return_state=True); self.two = layers.LSTM(5)",
    "_, *state = self.one(x)\nx = self.two(x, initial_state=state)",
    shapes='"two.last": "batch u=5"',
)
STACK = Port(
    "series",
    "self.lstms = nn.LSTM(4, 5, num_layers=2, batch_first=True)",
    "_, (x, _) = self.lstms(x)\nx = x[-1]",
    "self.lstms = [layers.LSTM(5, return_sequences=True), layers.LSTM(5)]",
    "x = self.lstms[1](self.lstms[0](x))",
)
GATED = Port(
    "series",
    "self.gru = nn.GRU(4, 5, batch_first=True)",
    "_, x = self.gru(x)\nx = x[0]",
    "self.gru = layers.GRU(5, reset_after=False)",
    "x = self.gru(x)",
)
SAME = Port(
    "square",
    "self.conv = nn.Conv2d(4, 5, 3, stride=2, padding=1)",
    "x = self.conv(x.permute(0, 3, 1, 2)).tanh().mean((2, 3))",
    'self.conv = layers.Conv2D(5, 3, strides=2, padding="same")',
    "x = ops.mean(ops.tanh(self.conv(x)), axis=(1, 2))",
    shapes='"conv": "batch h=2 w=2 c=5"',
)
FILM = Port(
    "square",
    "self.fc = nn.Linear(16, 5); self.lstm = nn.LSTM(5, 5, batch_first=True)",
    "x = self.fc(x.flatten(0, 1).flatten(1)).unflatten(0, (-1, 4))\n"
    "_, (x, _) = self.lstm(x)\nx = x[0]",
    "self.flat = layers.TimeDistributed(layers.Flatten())\n"
    "self.fc = layers.TimeDistributed(layers.Dense(5)); self.lstm = layers.LSTM(5)",
    "x = self.lstm(self.fc(self.flat(x)))",
    shapes='"lstm.last": "batch u=5"',
)
TWICE = Port(
    "features",
    "self.fc = nn.Linear(4, 4)",
    "x = self.fc(self.fc(x).tanh())",
    "self.fc = layers.Dense(4)",
    "x = self.fc(ops.tanh(self.fc(x)))",
    width=4,
)
TAUGHT = Port(
    "features",
    "self.odd = Odd()",
    "x = self.odd(x).tanh()",
    "self.odd = Odd()",
    "x = ops.tanh(self.odd(x))",
    width=4,
    shapes='"odd": "batch feature"',
    torch_more=ODD + TAUGHT_ODD,
    keras_more=KERAS_ODD,
)
PACKED = """

def weights(layer):
    if not isinstance(layer, nn.MultiheadAttention):
        return None
    v, k, q = (one.T.unflatten(1, (2, -1)) for one in layer.in_proj_weight.chunk(3))
    return {"query/kernel": q, "key/kernel": k, "value/kernel": v}
"""
WHERE = "made in pytorch/port_a_layer_that_nobody_knows.py, line 8; "
# As many steps as channels: only their numbers tell which axis is normalized.
MOVED = Port(
    "square",
    "self.norm = Norm(4, eps=1e-3, momentum=0.01)",
    "x = self.norm(x.mean(1)).mean(1).tanh()",
    "self.norm = layers.BatchNormalization()",
    "x = ops.tanh(ops.mean(self.norm(ops.mean(x, axis=1), training=training), axis=1))",
    width=4,
    shapes='"norm": "batch w=4 c=4"',
    torch_more="""

class Norm(nn.BatchNorm1d):
    def forward(self, x):
        return super().forward(x)
""",
)

LAYERS_WRONG = {
    "key_dim for the whole of it": SELF_ATTENTION._replace(
        keras_layers="self.attn = layers.MultiHeadAttention(2, key_dim=4)",
        rung="parameters", tensor="attn/query/kernel",
    ),
    "one head for two": wrong(
        SELF_ATTENTION, "(4, 2,", "(4, 1,", "parameters", "attn/query/kernel",
    ),
    "a mask upside down": wrong(ATTENTION, ".triu(1)", ".tril()", "layers", "attn"),
    "a mask of an attention on one side": wrong(
        ATTENTION, ", attn_mask=mask", "", "layers", "attn",
    ),
    "time first in an attention": wrong(
        SELF_ATTENTION, ", batch_first=True", "", "shapes", "attn"
    ),
    "packed projections in another order": SELF_ATTENTION._replace(
        torch_more=PACKED, rung="layers", tensor="attn"
    ),
    "the wrong side of a transposed convolution": wrong(
        IMAGES, "[:, :, :-1, :-1]", "[:, :, 1:, 1:]", "layers", "grouped",
    ),
    "padding and output_padding of a transposed convolution": wrong(
        IMAGES._replace(torch_steps=IMAGES.torch_steps.replace("[:, :, :-1, :-1]", "")),
        "stride=2)", "stride=2, padding=1, output_padding=1)", "layers", "grouped",
    ),
    "channels of a depthwise convolution in another order": wrong(
        IMAGES, "self.norm(self.depth(x.permute(0, 3, 1, 2)))",
        "self.norm(self.depth(x.permute(0, 3, 1, 2)).unflatten(1, (4, 2)).mT.flatten(1, 2))"
        .replace(".mT", ".transpose(1, 2)"),
        "layers", "norm",
    ),
    "an epsilon of groups": wrong(
        IMAGES, "GroupNorm(2, 8, eps=1e-3)", "GroupNorm(2, 8)", "layers", "norm", "eps=1e-05",
    ),
    "groups of other channels": wrong(
        IMAGES, "GroupNorm(2, 8,", "GroupNorm(4, 8,", "layers", "norm"
    ),
    "a slope for all channels": wrong(
        IMAGES, "nn.PReLU(8)", "nn.PReLU()", "parameters", "slope/alpha",
    ),
    "an epsilon of a root mean square": wrong(
        SERIES, "nn.RMSNorm(6, eps=1e-6)", "nn.RMSNorm(6)", "layers", "rms",
    ),
    "two biases in a separable convolution": wrong(
        SERIES, "groups=inputs, bias=False", "groups=inputs", "parameters", "sep/depthwise/bias",
    ),
    "channels of a volume flattened first": wrong(
        VOLUMES, "x.permute(0, 2, 3, 4, 1).flatten(1)", "x.flatten(1)", "layers", "fc",
    ),
    "states in another order": wrong(
        TWO_STEPS, "(x, (h, c))", "(x, (c, h))", "layers", "two.last",
    ),
    "directions of a state in another order": wrong(
        STATES, "torch.cat((h[0], h[1]), 1)", "torch.cat((h[1], h[0]), 1)", "layers", "two",
    ),
    "the first layer of a stack for its last": wrong(STACK, "x[-1]", "x[0]", "layers", "dense"),
    "a GRU that resets after the product": GATED._replace(rung="parameters", tensor="gru/bias"),
    "gates of a GRU by hand in another order": wrong(
        CELLS, "h = z * h + (1 - z) * n", "h = (1 - z) * h + z * n", "layers", "dense",
    ),
    "k // 2 for the padding of a strided convolution": SAME._replace(rung="layers", tensor="conv"),
    "steps and examples of a film mixed up": wrong(
        FILM, "unflatten(0, (-1, 4))", "unflatten(0, (4, -1)).transpose(0, 1)",
        "layers", "lstm.last",
    ),
    "two layers for one that is called twice": wrong(
        TWICE._replace(torch_layers="self.fc = nn.Linear(4, 4); self.fc2 = nn.Linear(4, 4)"),
        "self.fc(self.fc(x)", "self.fc2(self.fc(x)", "parameters", "fc2/kernel",
    ),
    "a weight of a subclass on one side": wrong(
        BARE, "self.gate = nn.Parameter(torch.zeros(4))", "self.gate = torch.zeros(4)",
        "parameters", "mix/gate",
    ),
    "a weight of one's own, wrongly taught": wrong(
        TAUGHT, '{"w": layer.w.T}', '{"w": layer.w}', "layers", "odd",
    ),
    "a weight of one's own, taught by a copy": wrong(
        TAUGHT, '{"w": layer.w.T}', '{"w": layer.w.T.clone()}',
        "parameters", "twin", "expected views of its parameters",
    ),
    "the wrong axis in a batch normalization of the author's": MOVED._replace(
        rung="loss", tensor="loss", hint="training mode only",
    ),
    "the wrong axis in a layer normalization of the author's": MOVED._replace(
        torch_layers="self.norm = Norm(4, eps=1e-3)",
        torch_more=MOVED.torch_more.replace("BatchNorm1d", "LayerNorm")
        .replace("super().forward(x)", "super().forward(x.mT).mT"),
        keras_layers="self.norm = layers.LayerNormalization()",
        keras_steps="x = ops.tanh(ops.mean(self.norm(ops.mean(x, axis=1)), axis=1))",
        rung="layers", tensor="norm",
    ),
    "the first step for the last, in a forward of the author's": wrong(
        RECURRENT, "[:, -1]", "[:, 0]", "layers", "fold.last",
    ),
    "sparse gradients for Adam": SPARSE._replace(
        recipe="", rung="steps", tensor="twin",
        hint="emb/embeddings: PyTorch's adam takes no sparse gradients: expected sparse=False",
    ),
    "sparse gradients, clipped": SPARSE._replace(
        recipe='optimizer=Optimizer("sgd", clip_norm=0.1)', rung="steps", tensor="twin",
        hint="emb/embeddings: PyTorch's clip_norm takes no sparse gradients",
    ),
    "a layer that nobody knows": wrong(
        TWICE, "nn.Linear(4, 4)", "nn.MultiheadAttention(4, 2, add_bias_kv=True)",
        "parameters", "twin", WHERE,
    ),
}  # fmt: skip
