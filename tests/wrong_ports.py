"""Wrong ports of small networks, as people have met them: where each is found, and in which words.

The kinds come from public reports.
"""

from port_frame import Port

WRONG = {
    "a layer that is never called": Port(
        "features",
        "self.fc = nn.Linear(4, 5); self.old = nn.Linear(4, 5)", "x = self.fc(x).tanh()",
        "self.fc = layers.Dense(5); self.old = layers.Dense(5)", "x = ops.tanh(self.fc(x))",
        rung="parameters", tensor="old/kernel", hint="a layer that is never called has none",
    ),
    "an epsilon": Port(
        "features",
        "self.fc = nn.Linear(4, 5); self.norm = nn.BatchNorm1d(5, momentum=0.01)",
        "x = self.norm(self.fc(x))",
        "self.fc = layers.Dense(5); self.norm = layers.BatchNormalization()",
        "x = self.norm(self.fc(x))",
        shapes='"norm": "batch a=5"',
        rung="layers", tensor="norm", hint="eps=1e-05",
    ),
    "a momentum, with a bias before it": Port(
        "features",
        "self.fc = nn.Linear(4, 5); self.norm = nn.BatchNorm1d(5, 1e-3)",
        "x = self.norm(self.fc(x))",
        "self.fc = layers.Dense(5); self.norm = layers.BatchNormalization()",
        "x = self.norm(self.fc(x))",
        rung="statistics", tensor="norm/moving_mean", hint="momentum",
    ),
    "a normalization on inputs of two sizes": Port(  # right, but its average cannot be Keras's
        "series",
        "self.norm = nn.BatchNorm1d(4, 1e-3, 0.01)",
        "x = self.norm(x.transpose(1, 2))\nx = self.norm(x[:, :, :3]).mean(2)",
        "self.norm = layers.BatchNormalization()",
        "x = self.norm(x)\nx = ops.mean(self.norm(x[:, :3]), axis=1)",
        width=4,
        rung="loss", tensor="twin", hint="inputs of two sizes",
    ),
    "another form of gelu": Port(
        "features",
        'self.fc = nn.Linear(4, 5); self.act = nn.GELU(approximate="tanh")',
        "x = self.act(self.fc(x))",
        'self.fc = layers.Dense(5); self.act = layers.Activation("gelu")',
        "x = self.act(self.fc(x))",
        shapes='"act": "batch a=5"',
        rung="layers", tensor="act",
    ),
    "ReLU6 for ReLU": Port(
        "features",
        "self.fc = nn.Linear(4, 5); self.act = nn.ReLU6()", "x = self.act(self.fc(x))",
        "self.fc = layers.Dense(5); self.act = layers.ReLU()", "x = self.act(self.fc(x))",
        shapes='"act": "batch a=5"',
        rung="layers", tensor="act, far out of the range or near 0", hint="ReLU6",
    ),
    "a mask on one side": Port(
        "padded",
        "self.lstm = nn.LSTM(4, 5, batch_first=True)", "x, _ = self.lstm(x)\nx = x[:, -1]",
        "self.mask = layers.Masking(); self.lstm = layers.LSTM(5)", "x = self.lstm(self.mask(x))",
        shapes='"lstm.last": "batch u=5"',
        rung="layers", tensor="lstm.last",
    ),
    "an entry for padding on one side": Port(
        "words",
        "self.emb = nn.Embedding(1000, 5, padding_idx=0)", "x = self.emb(x).mean(1)",
        "self.emb = layers.Embedding(1000, 5)", "x = ops.mean(self.emb(x), axis=1)",
        rung="layers", tensor="dense",
    ),
    "a layer frozen on one side": Port(
        "features",
        "self.fc = nn.Linear(4, 5); self.fc.requires_grad_(False)", "x = self.fc(x).tanh()",
        "self.fc = layers.Dense(5)", "x = ops.tanh(self.fc(x))",
        rung="parameters", tensor="fc/kernel",
    ),
    "a regularizer on one side": Port(
        "features",
        "self.fc = nn.Linear(4, 5)", "x = self.fc(x).tanh()",
        'self.fc = layers.Dense(5, kernel_regularizer="l2")', "x = ops.tanh(self.fc(x))",
        rung="loss", tensor="evaluation loss", hint="regularizer",
    ),
    "squeeze": Port(
        "features",
        "self.fc = nn.Linear(4, 5)", "x = self.fc(x).relu().squeeze()",
        "self.fc = layers.Dense(5)", "x = ops.relu(self.fc(x))",
        rung="shapes", tensor="output of one example",
    ),
    "other names": Port(
        "features",
        "self.fc1 = nn.Linear(4, 5)", "x = self.fc1(x).tanh()",
        "self.dense1 = layers.Dense(5)", "x = ops.tanh(self.dense1(x))",
        rung="parameters", tensor="fc1/kernel", hint="same attribute names",
    ),
    "layers in a plain list": Port(
        "features",
        "self.body = [nn.Linear(4, 4)]", "x = self.body[0](x).tanh()",
        "self.body = [layers.Dense(4)]", "x = ops.tanh(self.body[0](x))",
        width=4,
        rung="parameters", tensor="body/0/kernel", hint="nn.ModuleList",
    ),
    "a state that is kept": Port(
        "features",
        "self.fc = nn.Linear(4, 5); self.kept = 0.0",
        "x = self.fc(x).tanh() + self.kept\nself.kept = self.kept + 0.01",
        "self.fc = layers.Dense(5)", "x = ops.tanh(self.fc(x))",
        rung="layers", tensor="output, asked again", hint="keeps a state",
    ),
    "a state that Keras keeps from batch to batch": Port(
        "series",
        "self.lstm = nn.LSTM(4, 5, batch_first=True)", "_, (x, _) = self.lstm(x)\nx = x[0]",
        "self.lstm = layers.LSTM(5, stateful=True)", "x = self.lstm(x)",
        rung="parameters", tensor="twin", hint="batch size",
    ),
    "two outputs": Port(
        "features",
        "self.fc = nn.Linear(4, 5)", "x = self.fc(x).tanh()\nreturn self.dense(x), x",
        "self.fc = layers.Dense(5)", "x = ops.tanh(self.fc(x))\nreturn self.dense(x), x",
        rung="shapes", tensor="twin", hint="expected one output, a tensor, came a tuple",
    ),
    "layers at other places": Port(
        "features",
        "self.net = nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 5))", "x = self.net(x)",
        "self.net = keras.Sequential([layers.Dense(5, activation='relu'), layers.Dense(5)])",
        "x = self.net(x)",
        rung="parameters", tensor="net/2/kernel", hint="an activation is a layer of its own",
    ),
    "noise of another generator in training": Port(
        "features",
        "self.fc = nn.Linear(4, 5)",
        "import numpy as np\n"
        "x = x + (torch.from_numpy(np.random.normal(0, 0.05, x.shape)) if self.training else 0)\n"
        "x = self.fc(x.to(self.fc.weight.dtype)).tanh()",
        "self.fc = layers.Dense(5)", "x = ops.tanh(self.fc(x))",
        rung="loss", tensor="loss", hint="training mode only",
    ),
    "dropout that is always on": Port(
        "features",
        "self.fc = nn.Linear(4, 5)", "x = nn.functional.dropout(self.fc(x).tanh(), 0.1)",
        "self.fc = layers.Dense(5)", "x = ops.tanh(self.fc(x))",
        rung="layers", tensor="output, asked again", hint="draws random numbers",
    ),
    "a constraint": Port(
        "features",
        "self.fc = nn.Linear(4, 5)", "x = self.fc(x).tanh()",
        'self.fc = layers.Dense(5, kernel_constraint="non_neg")', "x = ops.tanh(self.fc(x))",
        rung="steps", tensor="fc/kernel", hint="constraint",
    ),
    "an epsilon that matters near 0 alone": Port(
        "features",
        "self.fc = nn.Linear(4, 5)", "x = nn.functional.normalize(self.fc(x), eps=1e-3)",
        "self.fc = layers.Dense(5)", "x = ops.normalize(self.fc(x), epsilon=1e-12)",
        rung="layers", tensor="dense, far out of the range or near 0", hint="epsilon",
    ),
    "a training that diverges on both sides": Port(
        "features",
        "self.fc = nn.Linear(4, 5)", "x = self.fc(1e4 * x) ** 3",
        "self.fc = layers.Dense(5)", "x = self.fc(1e4 * x) ** 3",
        recipe="learning_rate=1e60",
        rung="steps", tensor="dense/bias v", hint="diverges",
    ),
    "the sigmoid before the logits' loss": Port(
        "features",
        "self.fc = nn.Linear(4, 5)", "x = self.fc(x).sigmoid()",
        "self.fc = layers.Dense(5)", "x = ops.tanh(self.fc(x))",
        rung="layers", tensor="dense",
    ),
}  # fmt: skip
