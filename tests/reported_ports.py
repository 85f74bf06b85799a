"""Ports of networks that people have reported, for which no other table of ports has one."""

from dropout_ports import MORE_DROPOUT
from port_frame import Port
from right_ports import LENGTHS

SMALLER = Port(
    "pixels",
    "self.fc = nn.Linear(16, 5)",
    "x = x.permute(0, 3, 1, 2).to(self.fc.weight.dtype)\n"
    'x = nn.functional.interpolate(x, (4, 4), mode="bilinear")\n'
    "x = self.fc(x.flatten(1) / 255)",
    "self.small = layers.Resizing(4, 4); self.fc = layers.Dense(5)",
    "x = self.small(ops.cast(x, self.compute_dtype))\nx = self.fc(ops.reshape(x, (-1, 16)) / 255)",
    shapes='"fc": "batch unit=5"',
)
VOLUME = Port(
    "square",
    "self.conv = nn.Conv3d(1, 3, 2, bias=False)\n"
    "self.norm = nn.BatchNorm3d(3, eps=1e-3, momentum=0.01)\n"
    "self.drop = nn.Dropout(0.3); self.fc = nn.Linear(81, 5)",
    "x = self.drop(self.norm(self.conv(x.unsqueeze(1))).relu())\n"
    "x = self.fc(x.permute(0, 2, 3, 4, 1).flatten(1)).tanh()",
    "self.conv = layers.Conv3D(3, 2, use_bias=False); self.norm = layers.BatchNormalization()\n"
    "self.drop = layers.Dropout(0.3); self.fc = layers.Dense(5)",
    "x = ops.relu(self.norm(self.conv(x[..., None]), training=training))\n"
    "x = self.drop(x, training=training)\n"
    "x = ops.tanh(self.fc(ops.reshape(x, (-1, 81))))",
    shapes='"conv": "batch d=3 h=3 w=3 c=3", "norm": "batch d=3 h=3 w=3 c=3"',
)

REPORTED_RIGHT = {
    "an image made smaller": SMALLER,
    "a network of volumes, with dropout": VOLUME,
    "words read both ways, by Adamax": Port(
        "tokens",
        "self.emb = nn.Embedding(10, 4)\n"
        "self.gru = nn.GRU(4, 5, batch_first=True, bidirectional=True)",
        "_, x = self.gru(self.emb(x))\nx = torch.cat((x[0], x[1]), 1)",
        "self.emb = layers.Embedding(10, 4); self.gru = layers.Bidirectional(layers.GRU(5))",
        "x = self.gru(self.emb(x))",
        width=10,
        recipe='optimizer="adamax"',
    ),
    "recurrent dropout": MORE_DROPOUT["recurrent dropout"],
}

REPORTED_WRONG = {
    "padded steps that are 0 here and repeated there": Port(
        "tokens",
        "self.emb = nn.Embedding(10, 4); self.lstm = nn.LSTM(4, 5, batch_first=True)",
        f"{LENGTHS}.cpu()\n"
        "p = nn.utils.rnn.pack_padded_sequence(self.emb(x), n, batch_first=True, "
        "enforce_sorted=False)\n"
        "x, _ = self.lstm(p)\n"
        "x, _ = nn.utils.rnn.pad_packed_sequence(x, batch_first=True, total_length=6)\n"
        "x = x.mean(1)",
        "self.emb = layers.Embedding(10, 4, mask_zero=True)\n"
        "self.lstm = layers.LSTM(5, return_sequences=True)",
        "x = ops.mean(self.lstm(self.emb(x)), axis=1)",
        rung="layers",
        tensor="dense",
    ),
    "an image made smaller, smoothed on one side": SMALLER._replace(
        torch_steps=SMALLER.torch_steps.replace('"bilinear"', '"bilinear", antialias=True'),
        rung="layers",
        tensor="fc",
    ),
    "pixels scaled as for another network": Port(
        "pixels",
        "self.fc = nn.Linear(64, 5)",
        "x = (x.to(self.fc.weight.dtype) / 255 - 0.45) / 0.23\nx = self.fc(x.flatten(1))",
        "self.scale = layers.Rescaling(1 / 127.5, offset=-1); self.fc = layers.Dense(5)",
        "x = self.fc(ops.reshape(self.scale(x), (-1, 64)))",
        shapes='"fc": "batch unit=5"',
        rung="layers",
        tensor="fc",
    ),
    "a network of volumes, with PyTorch's normalization": VOLUME._replace(
        torch_layers=VOLUME.torch_layers.replace("(3, eps=1e-3, momentum=0.01)", "(3)"),
        rung="layers",
        tensor="norm",
        hint="eps=1e-05",
    ),
}
