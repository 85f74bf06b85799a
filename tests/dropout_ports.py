"""Ports of small networks with dropout: right ones, and wrong ones as people have met them.

In the check both sides drop the same numbers, if they draw them in the same order. On JAX, Keras
does not tell the layers of a subclassed model that it trains: these tell them.
"""

from port_frame import Port

ON = "training=training"
FC = "self.fc = nn.Linear(4, 5)"
KERAS_FC = "self.fc = layers.Dense(5)"
DROP, KERAS_DROP = (
    f"{FC}; self.drop = nn.Dropout(0.5)",
    f"{KERAS_FC}; self.drop = layers.Dropout(0.5)",
)
DROPPED, KERAS_DROPPED = "x = self.drop(self.fc(x))", f"x = self.drop(self.fc(x), {ON})"
# An LSTM by hand, with a mask of its own for the input and the state of each gate.
LSTM = "self.lstm = nn.LSTM(4, 5); self.drop = nn.Dropout({}); self.state_drop = nn.Dropout({})"
GATES = """h = c = x.new_zeros(len(x), 5)
d = [self.drop(torch.ones_like(x[:, 0])) for _ in range(4)]
r = [self.state_drop(torch.ones_like(h)) for _ in range(4)]
w, u, b = (one.chunk(4) for one in (self.lstm.weight_ih_l0, self.lstm.weight_hh_l0,
                                    self.lstm.bias_ih_l0))
for step in x.unbind(1):
    gates = [(step * d[k]) @ w[k].T + (h * r[k]) @ u[k].T + b[k] for k in range(4)]
    i, f, g, o = gates[0].sigmoid(), gates[1].sigmoid(), gates[2].tanh(), gates[3].sigmoid()
    c = f * c + i * g
    h = o * c.tanh()
x = h"""

RIGHT_DROPOUT = {
    "one dropout used twice, for two": Port(
        "features",
        "self.fc = nn.Linear(4, 8); self.mid = nn.Linear(8, 5); self.drop = nn.Dropout(0.25)",
        "x = self.drop(self.fc(x).relu())\nx = self.drop(self.mid(x))",
        "self.fc = layers.Dense(8); self.mid = layers.Dense(5)\n"
        "self.drop1 = layers.Dropout(0.25); self.drop2 = layers.Dropout(0.25)",
        f"x = self.drop1(ops.relu(self.fc(x)), {ON})\nx = self.drop2(self.mid(x), {ON})",
    ),
    "dropout by the function, and in nested layers": Port(
        "features",
        "self.net = nn.Sequential(nn.Linear(4, 5), nn.Sequential(nn.Dropout(0.2), nn.ReLU()))",
        "x = self.net(x)\nx = nn.functional.dropout(x, 0.3, self.training)",
        "inner = keras.Sequential([layers.Dropout(0.2), layers.ReLU()])\n"
        "self.net = keras.Sequential([layers.Dense(5), inner]); self.drop = layers.Dropout(0.3)",
        f"x = self.drop(self.net(x, {ON}), {ON})",
    ),
    "dropout in place, of a sequence": Port(
        "series",
        "self.fc = nn.Linear(4, 5); self.drop = nn.Dropout(0.3, inplace=True)",
        "x = self.fc(x)\nself.drop(x)\nx = x.tanh().mean(1)",
        f"{KERAS_FC}; self.drop = layers.Dropout(0.3)",
        f"x = ops.mean(ops.tanh(self.drop(self.fc(x), {ON})), axis=1)",
    ),
    "dropout of channels and of pixels": Port(
        "image",
        "self.conv = nn.Conv2d(4, 3, 2); self.spatial = nn.Dropout2d(0.3)\n"
        "self.next = nn.Conv2d(3, 5, 2); self.drop = nn.Dropout(0.3)",
        "x = self.spatial(self.conv(x.permute(0, 3, 1, 2)))\n"
        "x = self.drop(self.next(x).relu()).mean((2, 3))",
        "self.conv = layers.Conv2D(3, 2); self.spatial = layers.SpatialDropout2D(0.3)\n"
        "self.next = layers.Conv2D(5, 2); self.drop = layers.Dropout(0.3)",
        f"x = self.spatial(self.conv(x), {ON})\n"
        f"x = ops.mean(self.drop(ops.relu(self.next(x)), {ON}), axis=(1, 2))",
    ),
    "dropout of channels of a series": Port(
        "series",
        "self.conv = nn.Conv1d(4, 3, 2); self.spatial = nn.Dropout1d(0.3)\n"
        "self.next = nn.Conv1d(3, 5, 2); self.drop = nn.Dropout(0.3)",
        "x = self.spatial(self.conv(x.transpose(1, 2)))\n"
        "x = self.drop(self.next(x).relu()).mean(2)",
        "self.conv = layers.Conv1D(3, 2); self.spatial = layers.SpatialDropout1D(0.3)\n"
        "self.next = layers.Conv1D(5, 2); self.drop = layers.Dropout(0.3)",
        f"x = self.spatial(self.conv(x), {ON})\n"
        f"x = ops.mean(self.drop(ops.relu(self.next(x)), {ON}), axis=1)",
    ),
    "dropout of one mask for all steps, by a shape": Port(
        "series",
        "self.fc = nn.Linear(4, 5)",
        "x = self.fc(x)\nmask = nn.functional.dropout(torch.ones_like(x[:, :1]), 0.3, "
        "self.training)\nx = (x * mask).tanh().mean(1)",
        f"{KERAS_FC}; self.drop = layers.Dropout(0.3, noise_shape=(None, 1, None))",
        f"x = ops.mean(ops.tanh(self.drop(self.fc(x), {ON})), axis=1)",
    ),
    "dropout between stacked layers": Port(
        "series",
        "self.rnns = nn.RNN(4, 5, num_layers=2, dropout=0.4, batch_first=True)",
        "x, _ = self.rnns(x)\nx = x.mean(1)",
        "self.rnns = [layers.SimpleRNN(5, return_sequences=True) for _ in range(2)]\n"
        "self.drop = layers.Dropout(0.4)",
        f"x = ops.mean(self.rnns[1](self.drop(self.rnns[0](x), {ON})), axis=1)",
    ),
    "dropout with time first": Port(
        "series",
        "self.rnn = nn.RNN(4, 5); self.drop = nn.Dropout(0.3)",
        "x, _ = self.rnn(x.transpose(0, 1))\nx = self.drop(x).mean(0)",
        "self.rnn = layers.SimpleRNN(5, return_sequences=True); self.drop = layers.Dropout(0.3)",
        f"x = ops.mean(self.drop(self.rnn(x), {ON}), axis=1)",
    ),
    "the dropout of a recurrent layer": Port(
        "series",
        "self.gru = nn.GRU(4, 5, batch_first=True); self.drop = nn.Dropout(0.3)",
        "x = x * self.drop(torch.ones_like(x[:, :1]))\n_, x = self.gru(x)\nx = x[0]",
        "self.gru = layers.GRU(5, dropout=0.3)", f"x = self.gru(x, {ON})",
    ),
    "a normalization that only averages, with a momentum of its own": Port(
        "features",
        "self.fc = nn.Linear(4, 5, bias=False); self.drop = nn.Dropout(0.2)\n"
        "self.norm = nn.BatchNorm1d(5, 1e-4, 0.2, affine=False)",
        "x = self.drop(self.norm(self.fc(x))).tanh()",
        "self.fc = layers.Dense(5, use_bias=False); self.drop = layers.Dropout(0.2)\n"
        "self.norm = layers.BatchNormalization(momentum=0.8, epsilon=1e-4, center=False, "
        "scale=False)",
        f"x = ops.tanh(self.drop(self.norm(self.fc(x), {ON}), {ON}))",
    ),
    "dropout in a model of its functions, with a normalization": Port(
        "features",
        "self.fc = nn.Linear(4, 5, bias=False); self.drop = nn.Dropout(0.5)\n"
        "self.norm = nn.BatchNorm1d(5, 1e-3, 0.01)",
        "x = self.drop(self.norm(self.fc(x)).relu())",
        "", "",
        keras_file="import keras\nfrom keras import layers\n\n\ndef build(problem):\n"
        "    x = keras.Input((4,))\n"
        '    y = layers.Dense(5, use_bias=False, name="fc")(x)\n'
        '    y = layers.BatchNormalization(name="norm")(y)\n'
        '    y = layers.Dropout(0.5, name="drop")(layers.ReLU()(y))\n'
        '    return keras.Model(x, layers.Dense(1, name="dense")(y))\n',
    ),
    "dropout after axes that a forward of the author's has moved": Port(
        "series",
        "self.batch = BatchNormLast(4, eps=1e-3, momentum=0.01)\n"
        "self.norm = LayerNormSecond(4, eps=1e-3); self.drop = nn.Dropout(0.3)",
        "x = self.drop(self.batch(x)).tanh()\nx = self.drop(self.norm(x.mT)).mean(2)",
        "self.batch = layers.BatchNormalization(); self.norm = layers.LayerNormalization()\n"
        "self.drop = layers.Dropout(0.3); self.last = layers.Dropout(0.3)",
        f"x = ops.tanh(self.drop(self.batch(x, {ON}), {ON}))\n"
        f"x = ops.mean(self.last(self.norm(x), {ON}), axis=1)",
        width=4,
        torch_more="""

class BatchNormLast(nn.BatchNorm1d):
    def forward(self, x):
        return super().forward(x.mT).mT


class LayerNormSecond(nn.LayerNorm):
    def forward(self, x):
        return super().forward(x.mT).mT
""",
    ),
}  # fmt: skip

# More of the same, which takes longer: for tests/vocabulary.py.
MORE_DROPOUT = {
    "dropout": Port("features", DROP, DROPPED, KERAS_DROP, KERAS_DROPPED),
    "dropout between stacked layers of both directions": Port(
        "series",
        "self.lstms = nn.LSTM(4, 5, num_layers=2, dropout=0.4, batch_first=True)\n"
        "self.grus = nn.GRU(5, 5, num_layers=2, dropout=0.3, bidirectional=True)",
        "x, _ = self.lstms(x)\nx, _ = self.grus(x.transpose(0, 1))\nx = x.mean(0)",
        "self.lstms = [layers.LSTM(5, return_sequences=True) for _ in range(2)]\n"
        "gru = lambda: layers.Bidirectional(layers.GRU(5, return_sequences=True))\n"
        "self.grus = [gru(), gru()]\n"
        "self.drop = layers.Dropout(0.4); self.other = layers.Dropout(0.3)",
        f"x = self.lstms[1](self.drop(self.lstms[0](x), {ON}))\n"
        f"x = self.grus[1](self.other(self.grus[0](x), {ON}))\n"
        "x = ops.mean(x, axis=1)",
        width=10,
    ),
    "dropout of a deeper stack": Port(
        "series",
        "self.rnns = nn.RNN(4, 5, num_layers=3, dropout=0.2)",
        "_, x = self.rnns(x.transpose(0, 1))\nx = x[-1]",
        "self.rnns = [layers.SimpleRNN(5, return_sequences=k < 2) for k in range(3)]\n"
        "self.drops = [layers.Dropout(0.2), layers.Dropout(0.2)]",
        f"x = self.drops[0](self.rnns[0](x), {ON})\n"
        f"x = self.rnns[2](self.drops[1](self.rnns[1](x), {ON}))",
    ),
    "the recurrent dropout of a simple layer": Port(
        "series",
        "self.rnn = nn.RNN(4, 5); self.drop = nn.Dropout(0.3)",
        "h, w = x.new_zeros(len(x), 5), self.rnn\nmask = self.drop(torch.ones_like(h))\n"
        "for step in x.unbind(1):\n"
        "    h = step @ w.weight_ih_l0.T + (h * mask) @ w.weight_hh_l0.T + w.bias_ih_l0\n"
        "    h = h.tanh()\nx = h",
        "self.rnn = layers.SimpleRNN(5, recurrent_dropout=0.3)", f"x = self.rnn(x, {ON})",
    ),
    "recurrent dropout": Port(
        "series",
        LSTM.format(0.2, 0.4), GATES,
        "self.lstm = layers.LSTM(5, dropout=0.2, recurrent_dropout=0.4)",
        f"x = self.lstm(x, {ON})",
    ),
}  # fmt: skip

WRONG_DROPOUT = {
    "another rate": Port(
        "features", DROP, DROPPED, KERAS_DROP.replace("0.5", "0.4"), KERAS_DROPPED,
        rung="loss", tensor="loss", hint="drop, rate 0.4 of (5)",
    ),
    "dropout on one side": Port(
        "features", FC, "x = self.fc(x)", KERAS_DROP, KERAS_DROPPED,
        rung="loss", tensor="loss", hint="number 1 is none on pytorch",
    ),
    "dropout of pixels for channels": Port(
        "image",
        "self.conv = nn.Conv2d(4, 5, 2); self.drop = nn.Dropout(0.3)",
        "x = self.drop(self.conv(x.permute(0, 3, 1, 2))).mean((2, 3))",
        "self.conv = layers.Conv2D(5, 2); self.drop = layers.SpatialDropout2D(0.3)",
        f"x = ops.mean(self.drop(self.conv(x), {ON}), axis=(1, 2))",
        rung="loss", tensor="loss", hint="drop, rate 0.3 of (2, 4, 5)",
    ),
    "a mask for each step for one mask": Port(
        "series",
        "self.rnn = nn.RNN(4, 5, batch_first=True); self.drop = nn.Dropout(0.3)",
        "_, x = self.rnn(self.drop(x))\nx = x[0]",
        "self.rnn = layers.SimpleRNN(5, dropout=0.3)", f"x = self.rnn(x, {ON})",
        rung="loss", tensor="loss", hint="drop, rate 0.3 of (6, 4)",
    ),
    "dropout before the activation for after it": Port(
        "features", DROP, "x = self.drop(self.fc(x)).sigmoid()",
        KERAS_DROP, f"x = self.drop(ops.sigmoid(self.fc(x)), {ON})",
        rung="loss", tensor="loss", hint="the same numbers are dropped",
    ),
    "what is kept is not scaled": Port(
        "features", DROP, "x = self.drop(self.fc(x)) * (0.5 if self.training else 1)",
        KERAS_DROP, KERAS_DROPPED,
        rung="loss", tensor="loss", hint="training mode only",
    ),
    "a momentum off by a hundredth": Port(
        "features",
        f"{FC}; self.norm = nn.BatchNorm1d(5, 1e-3, 0.0101)", "x = self.norm(self.fc(x))",
        f"{KERAS_FC}; self.norm = layers.BatchNormalization()", f"x = self.norm(self.fc(x), {ON})",
        rung="statistics", tensor="norm/moving_mean", hint="BatchNormalization(",
    ),
    "a normalization frozen on one side": Port(
        "features",
        f"{FC}; self.norm = nn.BatchNorm1d(5, 1e-3, 0.01, affine=False)",
        "x = self.norm(self.fc(x))",
        f"{KERAS_FC}; self.norm = layers.BatchNormalization(center=False, scale=False)\n"
        "self.norm.trainable = False",
        f"x = self.norm(self.fc(x), {ON})",
        rung="loss", tensor="loss", hint="training mode only",
    ),
    "an average of the layer's own making": Port(
        "features",
        f"{FC}; self.norm = nn.BatchNorm1d(5, 1e-3, 0.01)",
        "x = self.norm(self.fc(x))\n"
        "if self.training:\n"
        "    self.norm.running_var.data.mul_(1.001)",
        f"{KERAS_FC}; self.norm = layers.BatchNormalization()", f"x = self.norm(self.fc(x), {ON})",
        rung="statistics", tensor="norm/moving_variance", hint="n or n - 1",
    ),
    "dropout left on": Port(
        "features", FC, "x = nn.functional.dropout(self.fc(x), 0.5)", KERAS_DROP, KERAS_DROPPED,
        rung="layers", tensor="output, asked again", hint="draws random numbers",
    ),
    "dropout after the last stacked layer, too": Port(
        "series",
        "self.rnns = nn.RNN(4, 5, num_layers=2, dropout=0.4, batch_first=True)",
        "x, _ = self.rnns(x)\nx = x.mean(1)",
        "self.rnns = [layers.SimpleRNN(5, return_sequences=True) for _ in range(2)]\n"
        "self.drop = layers.Dropout(0.4)",
        f"x = self.drop(self.rnns[0](x), {ON})\n"
        f"x = ops.mean(self.drop(self.rnns[1](x), {ON}), axis=1)",
        rung="loss", tensor="loss", hint="number 2 is none on pytorch",
    ),
    "the dropout of a single layer, which has none": Port(
        "series",
        "self.rnn = nn.RNN(4, 5, batch_first=True, dropout=0.4)", "_, x = self.rnn(x)\nx = x[0]",
        "self.rnn = layers.SimpleRNN(5, dropout=0.4)", f"x = self.rnn(x, {ON})",
        rung="loss", tensor="loss", hint="rnn, rate 0.4 of (4)",
    ),
    "the rates of a recurrent layer exchanged": Port(
        "series",
        LSTM.format(0.4, 0.2), GATES,
        "self.lstm = layers.LSTM(5, dropout=0.2, recurrent_dropout=0.4)",
        f"x = self.lstm(x, {ON})",
        rung="loss", tensor="loss", hint="drop, rate 0.4 of (4)",
    ),
    "one mask for all gates": Port(
        "series",
        LSTM.format(0.2, 0.4), GATES.replace(" for _ in range(4)]", "] * 4"),
        "self.lstm = layers.LSTM(5, dropout=0.2, recurrent_dropout=0.4)",
        f"x = self.lstm(x, {ON})",
        rung="loss", tensor="loss", hint="state_drop, rate 0.4 of (5)",
    ),
    "a dropout that keeps mean and variance": Port(  # right, but each framework draws its own
        "features", f"{FC}; self.drop = nn.AlphaDropout(0.3)", DROPPED,
        f"{KERAS_FC}; self.drop = layers.AlphaDropout(0.3)", KERAS_DROPPED,
        rung="loss", tensor="loss", hint="each framework draws itself",
    ),
}  # fmt: skip
