"""Ports of every kind of layer as people write them.

They combine several kinds each; `tests/vocabulary.py` goes through all of them on every engine.
"""

from port_frame import Port

# A GRU with another order of products, and what tells of its weights: Keras's names and layout.
HAND_GRU = '''
class HandGRU(nn.Module):
    """A GRU that resets the state before the product with it, as Keras's reset_after=False."""

    def __init__(self, features, units):
        super().__init__()
        self.inputs = nn.Linear(features, 3 * units)
        self.state = nn.Linear(units, 3 * units, bias=False)

    def forward(self, x):
        units = self.state.in_features
        h = x.new_zeros(len(x), units)
        for step in x.unbind(1):
            r, z, n = self.inputs(step).chunk(3, 1)
            w_r, w_z, w_n = self.state.weight.chunk(3)
            r, z = (r + h @ w_r.T).sigmoid(), (z + h @ w_z.T).sigmoid()
            n = (n + (r * h) @ w_n.T).tanh()
            h = z * h + (1 - z) * n
        return h
'''
TAUGHT_GRU = """

def weights(layer):
    if isinstance(layer, HandGRU):
        (r, z, n), bias = layer.inputs.weight.chunk(3), layer.inputs.bias.chunk(3)
        w_r, w_z, w_n = layer.state.weight.chunk(3)
        return {
            "kernel": [z.T, r.T, n.T],
            "recurrent_kernel": [w_z.T, w_r.T, w_n.T],
            "bias": [bias[1], bias[0], bias[2]],
        }
    return None
"""
# A layer of a user's with another name and layout of its weight than its twin's.
ODD = """

class Odd(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.zeros(4, 4))

    def forward(self, x):
        return x @ self.w.T
"""
KERAS_ODD = """

class Odd(layers.Layer):
    def build(self, shape):
        self.w = self.add_weight(shape=(4, 4))

    def call(self, x):
        return ops.matmul(x, self.w)
"""
TAUGHT_ODD = """

def weights(layer):
    return {"w": layer.w.T} if isinstance(layer, Odd) else None
"""

CROPPED = "x = self.up(x)[:, :, :-1, :-1]"  # what Keras's "same" leaves of it
IMAGES = Port(
    "square",
    "self.depth = nn.Conv2d(4, 8, 3, padding=1, groups=4)\n"
    "self.norm = nn.GroupNorm(2, 8, eps=1e-3); self.slope = nn.PReLU(8)\n"
    "self.up = nn.ConvTranspose2d(8, 3, 3, stride=2)\n"
    "self.grouped = nn.Conv2d(3, 3, 2, groups=3)",
    "x = self.slope(self.norm(self.depth(x.permute(0, 3, 1, 2))))\n"
    f"{CROPPED}\n"
    "x = self.grouped(x).mean((2, 3))",
    'self.depth = layers.DepthwiseConv2D(3, padding="same", depth_multiplier=2)\n'
    "self.norm = layers.GroupNormalization(2); self.slope = layers.PReLU(shared_axes=[1, 2])\n"
    'self.up = layers.Conv2DTranspose(3, 3, strides=2, padding="same")\n'
    "self.grouped = layers.Conv2D(3, 2, groups=3)",
    "x = self.slope(self.norm(self.depth(x)))\nx = self.up(x)\n"
    "x = ops.mean(self.grouped(x), axis=(1, 2))",
    width=3,
    shapes='"depth": "batch height width c=8", "norm": "batch height width c=8", '
    '"slope": "batch height width c=8", "grouped": "batch h=7 w=7 c=3"',
)
SERIES = Port(
    "series",
    "class Separable(nn.Module):\n"
    "    def __init__(self, inputs, outputs, size):\n"
    "        super().__init__()\n"
    "        self.depthwise = nn.Conv1d(inputs, inputs, size, groups=inputs, bias=False)\n"
    "        self.pointwise = nn.Conv1d(inputs, outputs, 1)\n"
    "    def forward(self, x):\n"
    "        return self.pointwise(self.depthwise(x))\n"
    "self.sep = Separable(4, 5, 2); self.norm = nn.InstanceNorm1d(5, eps=1e-3, affine=True)\n"
    "self.up = nn.ConvTranspose1d(5, 6, 2, stride=2); self.rms = nn.RMSNorm(6, eps=1e-6)\n"
    "self.slope = nn.PReLU(init=0.0)",
    "x = self.norm(self.sep(x.transpose(1, 2)))\n"
    "x = self.slope(self.rms(self.up(x).transpose(1, 2))).mean(1)",
    "self.sep = layers.SeparableConv1D(5, 2); self.norm = layers.GroupNormalization(-1)\n"
    "self.up = layers.Conv1DTranspose(6, 2, strides=2); self.rms = layers.RMSNormalization()\n"
    "self.slope = layers.PReLU(shared_axes=[1, 2])",
    "x = self.norm(self.sep(x))\nx = ops.mean(self.slope(self.rms(self.up(x))), axis=1)",
    width=6,
    shapes='"sep": "batch s=5 c=5", "norm": "batch s=5 c=5", "up": "batch s=10 c=6", '
    '"rms": "batch s=10 c=6", "slope": "batch s=10 c=6"',
)
VOLUMES = Port(
    "square",
    "self.conv = nn.Conv3d(1, 3, 2); self.up = nn.ConvTranspose3d(3, 2, 2)\n"
    "self.norm = nn.BatchNorm3d(2, eps=1e-3, momentum=0.01); self.fc = nn.Linear(128, 5)",
    "x = self.norm(self.up(self.conv(x.unsqueeze(1))).tanh())\n"
    "x = self.fc(x.permute(0, 2, 3, 4, 1).flatten(1)).tanh()",
    "self.conv = layers.Conv3D(3, 2); self.up = layers.Conv3DTranspose(2, 2)\n"
    "self.norm = layers.BatchNormalization(); self.fc = layers.Dense(5)",
    "x = self.norm(ops.tanh(self.up(self.conv(x[..., None]))), training=training)\n"
    "x = ops.tanh(self.fc(ops.reshape(x, (-1, 128))))",
    shapes='"conv": "batch d=3 h=3 w=3 c=3", "up": "batch d=4 h=4 w=4 c=2", '
    '"norm": "batch d=4 h=4 w=4 c=2", "fc": "batch u=5"',
)
# Keras masks where there is to be no attention with False, PyTorch with True.
ATTENTION = Port(
    "series",
    "self.attn = nn.MultiheadAttention(4, 2, batch_first=True)\n"
    "self.norm = nn.RMSNorm(4, eps=1e-6)\n"
    "self.cross = nn.MultiheadAttention(4, 2, kdim=5, vdim=5, batch_first=True)\n"
    "self.memory = nn.Linear(4, 5)",
    "mask = torch.ones(6, 6, dtype=torch.bool).triu(1)\n"
    "y, _ = self.attn(x, x, x, attn_mask=mask, need_weights=False)\n"
    "m, x = self.memory(x), self.norm(x + y)\n"
    "x, _ = self.cross(x, m, m)\nx = x.mean(1)",
    "self.attn = layers.MultiHeadAttention(2, key_dim=2)\n"
    "self.norm = layers.RMSNormalization()\n"
    "self.cross = layers.MultiHeadAttention(2, key_dim=2)\n"
    "self.memory = layers.Dense(5)",
    "y = self.attn(x, x, use_causal_mask=True)\n"
    "m, x = self.memory(x), self.norm(x + y)\n"
    "x = self.cross(x, m)\nx = ops.mean(x, axis=1)",
    width=4,
    shapes='"attn": "batch time feature", "norm": "batch time feature", '
    '"cross": "batch time feature"',
    recipe='optimizer=Optimizer("adam", clip_norm=0.05)',  # of variables packed in one tensor
)
STATES = Port(
    "series",
    "self.front = nn.GRU(4, 3, batch_first=True, bidirectional=True)\n"
    "self.one = nn.LSTM(6, 5, batch_first=True, bidirectional=True)\n"
    "self.two = nn.LSTM(4, 10, batch_first=True); self.cell = nn.GRUCell(10, 10)",
    "y, h = self.front(x)\n"
    "_, (h, c) = self.one(y)\n"
    "state = torch.cat((h[0], h[1]), 1)[None], torch.cat((c[0], c[1]), 1)[None]\n"
    "x, (h, _) = self.two(x, state)\n"
    "x = self.cell(x[:, 0], h[0])",
    "self.front = layers.Bidirectional(layers.GRU(3, return_sequences=True))\n"
    "self.one = layers.Bidirectional(layers.LSTM(5, return_state=True))\n"
    "self.two = layers.LSTM(10, return_sequences=True, return_state=True)\n"
    "self.cell = layers.GRUCell(10)",
    "y = self.front(x)\n"
    "_, h, c, h2, c2 = self.one(y)\n"
    "state = [ops.concatenate([h, h2], -1), ops.concatenate([c, c2], -1)]\n"
    "x, h, _ = self.two(x, initial_state=state)\n"
    "x, _ = self.cell(x[:, 0], h)",
    width=10,
    shapes='"front": "batch time u=6", "one.last": "batch u=10", "two": "batch time u=10", '
    '"cell": "batch u=10"',
)
STEPS = """
class Steps(nn.Module):
    def __init__(self, cell):
        super().__init__()
        self.cell = cell

    def forward(self, x):
        state = None
        outputs = []
        for step in x.unbind(1):
            state = self.cell(step, state)
            outputs.append(state[0] if isinstance(state, tuple) else state)
        return torch.stack(outputs, 1)
"""
CELLS = Port(
    "series",
    "self.lstm = Steps(nn.LSTMCell(4, 5)); self.rnn = Steps(nn.RNNCell(5, 5))\n"
    "self.stack = nn.ModuleList([Steps(nn.GRUCell(5, 3)), Steps(nn.LSTMCell(3, 4))])\n"
    "self.gru = HandGRU(4, 5)",
    "x = self.rnn(self.lstm(x))\nx = self.stack[1](self.stack[0](x))\nx = self.gru(x)",
    "self.lstm = layers.LSTM(5, return_sequences=True)\n"
    "self.rnn = layers.RNN(layers.SimpleRNNCell(5), return_sequences=True)\n"
    "cells = [layers.GRUCell(3), layers.LSTMCell(4)]\n"
    "self.stack = layers.RNN(cells, return_sequences=True)\n"
    "self.gru = layers.GRU(5, reset_after=False)",
    "x = self.rnn(self.lstm(x))\nx = self.stack(x)\nx = self.gru(x)",
    shapes='"lstm": "batch time u=5", "rnn": "batch time u=5"',
    torch_more=f"{STEPS}\n{HAND_GRU}\n{TAUGHT_GRU}",
)
BARE = Port(
    "features",
    "self.scale = nn.Parameter(torch.ones(4)); self.mix = Mix()\n"
    "self.parts = nn.ParameterList([nn.Parameter(torch.zeros(4, 4)) for _ in range(2)])\n"
    "self.pairs = nn.Bilinear(4, 4, 5)\n"
    "self.table = nn.Parameter(torch.ones(4) / 4, requires_grad=False); self.odd = Odd()",
    "x = self.odd(self.mix(x * self.scale) + self.table)\n"
    "for part in self.parts:\n    x = (x @ part).tanh()\n"
    "x = self.pairs(x, x).tanh()",
    "self.mix = Mix(); self.pairs = Pairs(5); self.odd = Odd()\n"
    "self.scale = self.add_weight(shape=(4,))\n"
    "self.parts = [self.add_weight(shape=(4, 4)) for _ in range(2)]\n"
    "self.table = self.add_weight(shape=(4,), initializer=lambda shape, dtype: "
    "ops.ones(shape, dtype) / 4, trainable=False)",
    "x = self.odd(self.mix(x * self.scale) + self.table)\n"
    "for part in self.parts:\n    x = ops.tanh(ops.matmul(x, part))\n"
    "x = ops.tanh(self.pairs(x))",
    shapes='"mix": "batch feature", "pairs": "batch u=5"',
    torch_more="""
class Mix(nn.Linear):
    def __init__(self):
        super().__init__(4, 4)
        self.gate = nn.Parameter(torch.zeros(4))

    def forward(self, x):
        return super().forward(x) * self.gate.sigmoid()
"""
    + ODD
    + TAUGHT_ODD,
    keras_more="""
class Mix(layers.Dense):
    def __init__(self):
        super().__init__(4)

    def build(self, shape):
        super().build(shape)
        self.gate = self.add_weight(shape=(4,))

    def call(self, x, training=None):
        return super().call(x, training) * ops.sigmoid(self.gate)


class Pairs(layers.Layer):
    def __init__(self, units):
        super().__init__()
        self.units = units

    def build(self, shape):
        self.kernel = self.add_weight(shape=(shape[-1], shape[-1], self.units))
        self.bias = self.add_weight(shape=(self.units,))

    def call(self, x):
        return ops.einsum("na,nb,abc->nc", x, x, self.kernel) + self.bias
"""
    + KERAS_ODD,
)
# One layer on two inputs, layers in a list, models in a model, a layer on every step of a film.
SHARED = Port(
    "square",
    "self.conv = nn.Conv2d(4, 3, 3, stride=2); self.pool = nn.MaxPool2d(2)\n"
    "self.body = nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 5))\n"
    "self.both = nn.ModuleList([nn.Linear(5, 5), self.body])",
    "x = x.permute(0, 3, 1, 2)\n"
    "x = torch.stack((x, x.flip(2)), 1)\n"
    "y = nn.functional.pad(x.flatten(0, 1), (0, 1, 0, 1))\n"
    "y = self.pool(self.conv(y)).flatten(1).unflatten(0, (-1, 2))\n"
    "y = self.body(y[:, 0]) - self.body(y[:, 1])\n"
    "x = self.both[0](y).tanh()",
    'conv = layers.Conv2D(3, 3, strides=2, padding="same")\n'
    "self.conv = layers.TimeDistributed(conv)\n"
    "self.pool = layers.TimeDistributed(layers.MaxPooling2D(2))\n"
    "inputs = keras.Input((3,)); outputs = layers.Dense(5, name='0')(inputs)\n"
    "outputs = layers.Dense(5, name='2')(ops.tanh(outputs))\n"
    "self.body = keras.Model(inputs, outputs); self.both = [layers.Dense(5), self.body]",
    "x = ops.stack((x, ops.flip(x, 1)), 1)\n"
    "y = ops.reshape(self.pool(self.conv(x)), (-1, 2, 3))\n"
    "y = self.body(y[:, 0]) - self.body(y[:, 1])\n"
    "x = ops.tanh(self.both[0](y))",
)

# Layers with a `forward` or a `call` of the author's, which leave something else than their base.
RECURRENT = Port(
    "series",
    "self.first = First(4, 4); self.fold = Fold(4, 2, batch_first=True)\n"
    "self.state = State(4, 3, batch_first=True)",
    "x = self.first(x.transpose(0, 1)).transpose(0, 1)\n"
    "x = torch.cat((self.fold(x), self.state(x)), 1)",
    "self.first = layers.SimpleRNN(4, return_sequences=True)\n"
    "self.fold = Fold(2, return_sequences=True); self.state = State(3)",
    "x = self.first(x)\nx = ops.concatenate((self.fold(x), self.state(x)[0]), 1)",
    shapes='"first": "batch time u=4", "fold.last": "batch u=2", "state.last": "batch u=3"',
    torch_more="""

class First(nn.RNN):
    def forward(self, x):
        return super().forward(x)[0]


class Fold(nn.LSTM):
    def forward(self, x):
        return super().forward(x)[0][:, -1]


class State(nn.GRU):
    def forward(self, x):
        return super().forward(x)[1][-1]
""",
    keras_more="""

class Fold(layers.LSTM):
    def call(self, sequences, initial_state=None):
        return super().call(sequences)[:, -1]


class State(layers.GRU):
    def call(self, sequences, initial_state=None):
        return (super().call(sequences),)
""",
)
AXES = Port(
    "image",
    "self.conv = ConvLast(4, 6, 2); self.norm = LayerNorm2d(6, eps=1e-3)\n"
    "self.batch = BatchNormLast(6, eps=1e-3, momentum=0.01); self.fc = LinearSecond(6, 3)",
    "x = self.norm(self.conv(x).permute(0, 3, 1, 2))\n"
    "x = self.batch(x.permute(0, 2, 3, 1).flatten(1, 2)).tanh()\nx = self.fc(x.mT).mean(2)",
    "self.conv = layers.Conv2D(6, 2); self.norm = layers.LayerNormalization()\n"
    "self.batch = NormSecond(); self.fc = layers.Dense(3)",
    "x = ops.reshape(self.norm(self.conv(x)), (-1, 8, 6))\n"
    "x = ops.tanh(ops.swapaxes(self.batch(x, training=training), 1, 2))\n"
    "x = ops.mean(self.fc(x), axis=1)",
    width=3,
    shapes='"conv": "batch h=2 w=4 c=6", "norm": "batch h=2 w=4 c=6", "batch": "batch p=8 c=6", '
    '"fc": "batch p=8 c=3"',
    torch_more="""

class ConvLast(nn.Conv2d):
    def forward(self, x):
        return super().forward(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)


class LayerNorm2d(nn.LayerNorm):
    def forward(self, x):
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class BatchNormLast(nn.BatchNorm1d):
    def forward(self, x):
        return super().forward(x.mT).mT


class LinearSecond(nn.Linear):
    def forward(self, x):
        return super().forward(x.mT).mT
""",
    keras_more="""

class NormSecond(layers.BatchNormalization):
    def call(self, x, training=None):
        return ops.swapaxes(super().call(x, training=training), 1, 2)
""",
)
SPARSE = Port(
    "tokens",
    "self.emb = nn.Embedding(10, 5, padding_idx=0, sparse=True)",
    "x = self.emb(x).mean(1).tanh()",
    "self.emb = layers.Embedding(10, 5)",
    "x = self.emb(x) * ops.cast(x != 0, self.compute_dtype)[..., None]\n"
    "x = ops.tanh(ops.mean(x, axis=1))",
    recipe='optimizer=Optimizer("sgd", momentum=0.9, weight_decay=0.01)',
)

# The kinds, combined: what the tests go through.
LAYERS_RIGHT = {
    "layers of images": IMAGES,
    "layers of series": SERIES,
    "layers of volumes": VOLUMES,
    "attention": ATTENTION,
    "states handed over": STATES,
    "cells, and a GRU by hand": CELLS,
    "weights of a user's own": BARE,
    "shared and nested layers": SHARED,
    "recurrent layers with a forward of the author's": RECURRENT,
    "axes moved in a forward of the author's": AXES,
    "sparse gradients": SPARSE,
    "sparse gradients of bags, by Adagrad": SPARSE._replace(
        torch_layers="self.emb = nn.EmbeddingBag(10, 5, sparse=True)",
        torch_steps="x = self.emb(x).tanh()",
        keras_steps="x = ops.tanh(ops.mean(self.emb(x), axis=1))",
        recipe='optimizer=Optimizer("adagrad")',
    ),
}
