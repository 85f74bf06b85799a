"""Right ports of small networks, as people have met them.

The kinds come from public reports. The bias before a normalization, in float32, showed that half of
the noise behind the ladder's bounds has to last. `n` is the number of steps before the padding.
On JAX, Keras does not tell the layers of a subclassed model that it trains: these tell them.
"""

from port_frame import Port

BLOCK = "self.fc{0} = nn.Linear({1}, {2}); self.norm{0} = nn.BatchNorm1d({2}, 1e-3, 0.01)"
KERAS_BLOCK = "self.fc{0} = layers.Dense({1}); self.norm{0} = layers.BatchNormalization()"


def blocks(n: int, width: int) -> Port:
    """Return n blocks of a dense layer with a bias, batch normalization and ReLU."""
    return Port(
        "features",
        "\n".join(BLOCK.format(i, width if i else 4, width) for i in range(n)),
        "\n".join(f"x = self.norm{i}(self.fc{i}(x)).relu()" for i in range(n)),
        "\n".join(KERAS_BLOCK.format(i, width) for i in range(n)),
        "\n".join(
            f"x = ops.relu(self.norm{i}(self.fc{i}(x), training=training))" for i in range(n)
        ),
        width=width,
    )


LENGTHS = "n = (x != 0).sum(1).clamp(min=1)"

RIGHT = {
    "bias before normalization": Port(
        "features",
        "self.fc = nn.Linear(4, 5); self.norm = nn.BatchNorm1d(5, momentum=0.01)",
        "x = self.norm(self.fc(x))",
        "self.fc = layers.Dense(5); self.norm = layers.BatchNormalization(epsilon=1e-5)",
        "x = self.norm(self.fc(x), training=training)",
        shapes='"fc": "batch a=5", "norm": "batch a=5"',
    ),
    "convolution with a bias before normalization": Port(
        "image",
        "self.conv = nn.Conv2d(4, 5, 2); self.norm = nn.BatchNorm2d(5, eps=1e-3, momentum=0.01)",
        "x = self.norm(self.conv(x.permute(0, 3, 1, 2))).relu().mean((2, 3))",
        "self.conv = layers.Conv2D(5, 2); self.norm = layers.BatchNormalization()",
        "x = ops.mean(ops.relu(self.norm(self.conv(x), training=training)), axis=(1, 2))",
        shapes='"conv": "batch h=2 w=4 c=5", "norm": "batch h=2 w=4 c=5"',
    ),
    "six blocks with biases": blocks(6, 8),
    "gelu": Port(
        "features",
        "self.fc = nn.Linear(4, 5); self.act = nn.GELU()", "x = self.act(self.fc(x))",
        'self.fc = layers.Dense(5); self.act = layers.Activation("gelu")',
        "x = self.act(self.fc(x))",
        shapes='"act": "batch a=5"',
    ),
    "leaky relu": Port(
        "features",
        "self.fc = nn.Linear(4, 5); self.act = nn.LeakyReLU(0.3)", "x = self.act(self.fc(x))",
        "self.fc = layers.Dense(5); self.act = layers.LeakyReLU(0.3)", "x = self.act(self.fc(x))",
        shapes='"act": "batch a=5"',
    ),
    "a dense layer on an image": Port(
        "square",
        "self.mix = nn.Linear(4, 4)", "x = self.mix(x).tanh().mean((1, 2))",
        "self.mix = layers.Dense(4)", "x = ops.mean(ops.tanh(self.mix(x)), axis=(1, 2))",
        width=4, shapes='"mix": "batch height width unit=4"',
    ),
    "an activation and a pool after a convolution": Port(
        "series",
        "self.conv = nn.Conv1d(4, 3, 2); self.relu = nn.ReLU(); self.pool = nn.MaxPool1d(2)",
        "x = self.pool(self.relu(self.conv(x.transpose(1, 2)))).mean(2)",
        "self.conv = layers.Conv1D(3, 2); self.relu = layers.ReLU(); "
        "self.pool = layers.MaxPooling1D(2)",
        "x = ops.mean(self.pool(self.relu(self.conv(x))), axis=1)",
        width=3,
        shapes='"conv": "batch s=5 c=3", "relu": "batch s=5 c=3", "pool": "batch h=2 c=3"',
    ),
    "a packed sequence": Port(
        "tokens",
        "self.emb = nn.Embedding(10, 4); self.lstm = nn.LSTM(4, 5, batch_first=True)",
        f"{LENGTHS}.cpu()\n"
        "p = nn.utils.rnn.pack_padded_sequence(self.emb(x), n, batch_first=True, "
        "enforce_sorted=False)\n"
        "_, (x, _) = self.lstm(p)\nx = x[0]",
        "self.emb = layers.Embedding(10, 4, mask_zero=True); self.lstm = layers.LSTM(5)",
        "x = self.lstm(self.emb(x))",
        shapes='"lstm.last": "batch u=5"',
    ),
    "the step before the padding": Port(
        "tokens",
        "self.emb = nn.Embedding(10, 4); self.lstm = nn.LSTM(4, 5, batch_first=True)",
        f"{LENGTHS}\nx, _ = self.lstm(self.emb(x))\nx = x[torch.arange(len(x)), n - 1]",
        "self.emb = layers.Embedding(10, 4, mask_zero=True); self.lstm = layers.LSTM(5)",
        "x = self.lstm(self.emb(x))",
    ),
    "an entry for padding": Port(
        "tokens",
        "self.emb = nn.Embedding(10, 5, padding_idx=0)", "x = self.emb(x).mean(1)",
        "self.emb = layers.Embedding(10, 5)",
        'x = ops.mean(self.emb(x) * ops.cast(x != 0, self.compute_dtype)[..., None], axis=1)',
    ),
    "a frozen layer": Port(
        "features",
        "self.fc = nn.Linear(4, 5); self.fc.requires_grad_(False)", "x = self.fc(x).tanh()",
        "self.fc = layers.Dense(5); self.fc.trainable = False", "x = ops.tanh(self.fc(x))",
    ),
    "a frozen normalization": Port(
        "features",
        "self.fc = nn.Linear(4, 5); self.norm = nn.BatchNorm1d(5, 1e-3, 0.01)\n"
        "self.norm.requires_grad_(False)\n"
        "self.norm.train = lambda mode=True: nn.Module.train(self.norm, False)",
        "x = self.norm(self.fc(x))",
        "self.fc = layers.Dense(5); self.norm = layers.BatchNormalization()\n"
        "self.norm.trainable = False",
        "x = self.norm(self.fc(x))",
    ),
    "no bounds of the input": Port(
        "normal",
        "self.fc = nn.Linear(4, 5)", "x = self.fc(x).tanh()",
        "self.fc = layers.Dense(5)", "x = ops.tanh(self.fc(x))",
    ),
    "bytes cast to floats": Port(
        "pixels",
        "self.fc = nn.Linear(64, 5)", "x = self.fc((x.float() / 255).flatten(1)).tanh()",
        "self.fc = layers.Dense(5)",
        'x = ops.tanh(self.fc(ops.reshape(ops.cast(x, "float32") / 255, (-1, 64))))',
    ),
    "rescaled bytes": Port(
        "pixels",
        "self.fc = nn.Linear(64, 5)",
        "x = self.fc(x.to(self.fc.weight.dtype).flatten(1) / 255).tanh()",
        "self.scale = layers.Rescaling(1 / 255); self.fc = layers.Dense(5)",
        "x = ops.tanh(self.fc(ops.reshape(self.scale(x), (-1, 64))))",
    ),
    "normalization without biases": Port(
        "wide",
        "self.fc = nn.Linear(8, 16, bias=False); "
        "self.norm = nn.BatchNorm1d(16, eps=1e-3, momentum=0.01)",
        "x = self.norm(self.fc(x)).relu()",
        "self.fc = layers.Dense(16, use_bias=False); self.norm = layers.BatchNormalization()",
        "x = ops.relu(self.norm(self.fc(x), training=training))",
        width=16,
    ),
    "initialisers of its own": Port(
        "features",
        "self.fc = nn.Linear(4, 5); nn.init.constant_(self.fc.bias, -2.0)", "x = self.fc(x).tanh()",
        'self.fc = layers.Dense(5, bias_initializer=keras.initializers.Constant(-2.0))',
        "x = ops.tanh(self.fc(x))",
    ),
    "a layer whose size comes with the input": Port(
        "features",
        "self.fc = nn.LazyLinear(5)", "x = self.fc(x).tanh()",
        "self.fc = layers.Dense(5)", "x = ops.tanh(self.fc(x))",
    ),
    "a tied layer": Port(
        "features",
        "self.fc = nn.Linear(4, 4); self.again = self.fc", "x = self.again(self.fc(x).tanh())",
        "self.fc = layers.Dense(4); self.again = self.fc", "x = self.again(ops.tanh(self.fc(x)))",
        width=4,
    ),
    "layers in a dict": Port(
        "features",
        'self.parts = nn.ModuleDict({"a": nn.Linear(4, 5), "b": nn.Linear(5, 5)})',
        'x = self.parts["b"](self.parts["a"](x).tanh())',
        'self.parts = {"a": layers.Dense(5), "b": layers.Dense(5)}',
        'x = self.parts["b"](ops.tanh(self.parts["a"](x)))',
    ),
    "a state that starts another layer": Port(
        "series",
        "self.one = nn.LSTM(4, 5, batch_first=True); self.two = nn.LSTM(4, 5, batch_first=True)",
        "_, state = self.one(x)\n_, (x, _) = self.two(x, state)\nx = x[0]",
        "self.one = layers.LSTM(5, return_state=True); self.two = layers.LSTM(5)",
        "_, *state = self.one(x)\nx = self.two(x, initial_state=state)",
    ),
    "normalization without averages": Port(
        "image",
        "self.conv = nn.Conv2d(4, 5, 2)\n"
        "self.norm = nn.BatchNorm2d(5, eps=1e-3, track_running_stats=False)",
        "x = self.norm(self.conv(x.permute(0, 3, 1, 2))).relu().mean((2, 3))",
        "self.conv = layers.Conv2D(5, 2); self.norm = layers.BatchNormalization()",
        "x = ops.mean(ops.relu(self.norm(self.conv(x), training=True)), axis=(1, 2))",
    ),
    "a model of its functions": Port(
        "features",
        "self.fc = nn.Linear(4, 5)", "x = self.fc(x).relu()",
        "", "",
        keras_file="import keras\nfrom keras import layers\n\n\ndef build(problem):\n"
        "    x = keras.Input((4,))\n"
        '    y = layers.Dense(5, activation="relu", name="fc")(x)\n'
        '    return keras.Model(x, layers.Dense(1, name="dense")(y))\n',
    ),
    "a lazy layer before a normalization": Port(
        "features",
        "self.fc = nn.LazyLinear(5); self.norm = nn.BatchNorm1d(5, 1e-3, 0.01)",
        "x = self.norm(self.fc(x))",
        "self.fc = layers.Dense(5); self.norm = layers.BatchNormalization()",
        "x = self.norm(self.fc(x), training=training)",
        width=5,
    ),
    "a normalization used twice": Port(
        "features",
        "self.fc = nn.Linear(4, 4); self.norm = nn.BatchNorm1d(4, 1e-3, 0.01)",
        "x = self.norm(self.fc(self.norm(x)))",
        "self.fc = layers.Dense(4); self.norm = layers.BatchNormalization()",
        "x = self.norm(self.fc(self.norm(x, training=training)), training=training)",
        width=4,
    ),
    "an activation in place": Port(
        "series",
        "self.conv = nn.Conv1d(4, 3, 2); self.relu = nn.ReLU(inplace=True)",
        "x = self.relu(self.conv(x.transpose(1, 2))).mean(2)",
        "self.conv = layers.Conv1D(3, 2); self.relu = layers.ReLU()",
        "x = ops.mean(self.relu(self.conv(x)), axis=1)",
        width=3, shapes='"conv": "batch s=5 c=3"',
    ),
    "an image made larger": Port(
        "image",
        'self.up = nn.Upsample(scale_factor=2, mode="bilinear"); self.conv = nn.Conv2d(4, 5, 2)',
        "x = self.conv(self.up(x.permute(0, 3, 1, 2))).mean((2, 3))",
        'self.up = layers.UpSampling2D(2, interpolation="bilinear")\n'
        "self.conv = layers.Conv2D(5, 2)",
        "x = ops.mean(self.conv(self.up(x)), axis=(1, 2))",
        shapes='"up": "batch h=6 w=10 channel"',
    ),
    "a layer in float32 by name": Port(
        "features",
        "self.fc = nn.Linear(4, 5)", "x = self.fc(x).softmax(-1)",
        'self.fc = layers.Dense(5); self.soft = layers.Activation("softmax", dtype="float32")',
        "x = self.soft(self.fc(x))",
    ),
    "time first": Port(
        "series",
        "self.lstm = nn.LSTM(4, 5)", "_, (x, _) = self.lstm(x.transpose(0, 1))\nx = x[0]",
        "self.lstm = layers.LSTM(5)", "x = self.lstm(x)",
        shapes='"lstm.last": "batch u=5"',
    ),
    "normalization by the function": Port(
        "features",
        "self.fc = nn.Linear(4, 5); self.norm = nn.BatchNorm1d(5, 1e-3, 0.01)",
        "n = self.norm\nx = nn.functional.batch_norm(self.fc(x), n.running_mean, n.running_var, "
        "n.weight, n.bias, self.training, 0.01, 1e-3)",
        "self.fc = layers.Dense(5); self.norm = layers.BatchNormalization()",
        "x = self.norm(self.fc(x), training=training)",
    ),
    "a constant column, normalized": Port(
        "constant",
        "self.norm = nn.BatchNorm1d(4, 1e-5, 0.1); self.fc = nn.Linear(4, 5)",
        "x = self.fc(self.norm(x)).tanh()",
        "self.norm = layers.BatchNormalization(epsilon=1e-5, momentum=0.9); "
        "self.fc = layers.Dense(5)",
        "x = ops.tanh(self.fc(self.norm(x, training=training)))",
    ),
    "a weight that no gradient flows to, decayed": Port(
        "features",
        "self.extra = nn.Parameter(torch.zeros(4, 4)); self.fc = nn.Linear(4, 5)",
        "x = self.fc(x).tanh()",
        'self.extra = self.add_weight(shape=(4, 4), name="extra"); self.fc = layers.Dense(5)',
        "x = ops.tanh(self.fc(x))",
        recipe='optimizer=Optimizer("adamw", weight_decay=0.1)',
    ),
    "a weight that no gradient flows to, with a penalty": Port(
        "features",
        "self.extra = nn.Parameter(torch.zeros(4, 4)); self.fc = nn.Linear(4, 5)",
        "x = self.fc(x).tanh()",
        'self.extra = self.add_weight(shape=(4, 4), name="extra"); self.fc = layers.Dense(5)',
        "x = ops.tanh(self.fc(x))",
        recipe='optimizer=Optimizer("rmsprop", l2=0.1)',
    ),
    "constants of a layer, and hard_sigmoid": Port(
        "features",
        "self.fc = nn.Linear(4, 5); self.act = nn.Hardsigmoid()",
        "x = self.act(self.fc((x - 0.45) / 0.23))",
        "", "",
        keras_file="import keras\nfrom keras import layers\n\n\ndef build(problem):\n"
        "    x = keras.Input((4,))\n"
        "    y = layers.Normalization(mean=0.45, variance=0.23**2)(x)\n"
        '    y = layers.Dense(5, activation="hard_sigmoid", name="fc")(y)\n'
        '    return keras.Model(x, layers.Dense(1, name="dense")(y))\n',
    ),
    "an exponential with a constant": Port(
        "features",
        "self.fc = nn.Linear(4, 5); self.act = nn.CELU(0.7)",
        "x = self.act(self.fc(x - 0.5))",
        "self.fc = layers.Dense(5)",
        "x = ops.celu(self.fc(x - 0.5), 0.7)",
    ),
}  # fmt: skip

# Networks of Keras that call TensorFlow itself, so that no other engine computes them.
RIGHT_TENSORFLOW = {
    "numbers of float32, made in four ways": Port(
        "pixels",
        "self.add = torch.FloatTensor([0.1]); self.fc = nn.Linear(64, 5)",
        "x = self.fc((x.type(torch.FloatTensor) / 255 + self.add).flatten(1)).tanh()",
        "import numpy as np\n"
        'self.add = np.array([0.1]).astype("float32"); self.fc = layers.Dense(5)',
        "import tensorflow as tf\n"
        'n = ops.cast(64.9, "int32")\n'
        "x = tf.reshape(tf.cast(x, tf.float32) / 255.0 + self.add, (-1, n))\n"
        "x = ops.tanh(self.fc(x))",
    ),
}  # fmt: skip
