"""The seventh lesson: channels come first."""

from compare.lessons._lesson import IN_PART, Every, Lesson, Pair, Panel, Rows

TORCH = """
import torch
from torch import nn


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.out = nn.Linear(8 * 6 * 6, 4)

    def forward(self, x):  # (n, 3, 8, 8): channels first
        x = self.conv(x).relu()  # (n, 8, 6, 6)
        # With weights from Keras: x.permute(0, 2, 3, 1).flatten(1), pixel by pixel
        x = x.flatten(1)  # (n, 288), channel by channel
        return self.out(x)


first = Network()
last = Network().to(memory_format=torch.channels_last)  # the same shape, in another order in memory
last.load_state_dict(first.state_dict())
x = torch.rand(64, 3, 8, 8)
as_last = x.contiguous(memory_format=torch.channels_last)
"""

TORCH_MEASURED = """
figures["apart"] = float((first(x) - last(as_last)).detach().abs().max())


def step(network, rows):
    def once():
        network.zero_grad()
        network(rows).square().mean().backward()

    return once


figures["ratios"] = ratios(step(last, as_last), step(first, x))


# Which quarter of an image is bright? By a network that flattens as Keras does: pixel by pixel.
numbers = torch.Generator().manual_seed(0)
goal = torch.randint(4, (1280,), generator=numbers)
images = torch.rand(1280, 3, 8, 8, generator=numbers)
for i, quarter in enumerate(goal.tolist()):
    row, column = 4 * (quarter // 2), 4 * (quarter % 2)
    images[i, :, row : row + 4, column : column + 4] += 0.5


class Ported(Network):
    def forward(self, x, forgotten=False):
        x = self.conv(x).relu()
        return self.out(x.flatten(1) if forgotten else x.permute(0, 2, 3, 1).flatten(1))


torch.manual_seed(0)
ported = Ported()
optimizer = torch.optim.Adam(ported.parameters(), 1e-2)
loss_of = nn.functional.cross_entropy
figures["first_loss"] = {
    name: loss_of(ported(images[:32], forgotten), goal[:32]).item()
    for name, forgotten in (("right", False), ("forgotten", True))
}
for _ in range(5):
    for rows, quarters in zip(images[:1024].split(32), goal[:1024].split(32)):
        loss = loss_of(ported(rows), quarters)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
figures["accuracy"] = {
    name: (ported(images[1024:], forgotten).argmax(1) == goal[1024:]).float().mean().item()
    for name, forgotten in (("right", False), ("forgotten", True))
}
"""

KERAS = """
import keras
from keras import layers

x = keras.Input((8, 8, 3))  # channels last
y = layers.Conv2D(8, 3, activation="relu")(x)  # (n, 6, 6, 8)
y = layers.Flatten()(y)  # (n, 288), pixel by pixel
network = keras.Model(x, layers.Dense(4)(y))
"""

KERAS_MEASURED = """
figures["flat"] = list(network.layers[-2].output.shape)
"""


def _ratio(figures: Every) -> str:
    low, middle, high = figures["pytorch"]["ratios"]
    return f"{middle:.2f} (half of all turns: {low:.2f} to {high:.2f})"


def table(figures: Every) -> Rows:
    """Return what a forgotten order in Flatten does."""
    torch = figures["pytorch"]
    return [
        ["weights for the order of Keras", "right order", "order forgotten"],
        ["first loss", *(f"{torch['first_loss'][name]:.4f}" for name in ("right", "forgotten"))],
        [
            "accuracy, trained weights",
            *(f"{torch['accuracy'][name]:.3f}" for name in ("right", "forgotten")),
        ],
    ]


def reading(figures: Every) -> str:
    """Say what the order in memory changes, and what a forgotten order in Flatten."""
    torch = figures["pytorch"]
    return (
        "Keras's Flatten goes pixel by pixel, PyTorch's channel by channel. If weights are copied "
        "and this is forgotten, no shape is wrong and nothing raises an error. Here there are four "
        "classes, so chance is 0.25. The cure: `x.permute(0, 2, 3, 1).flatten(1)`. The order in "
        f"memory is another matter: both give the same outputs (difference: {torch['apart']:.1e}). "
        "The time of a training step with channels last in memory, over that with channels first: "
        f"{_ratio(figures)}. This network is small; larger ones may gain."
    )


LESSON = Lesson(
    number=7,
    name="channels",
    title="Channels come first, also when images are flattened",
    claim="PyTorch has images with their channels before height and width; Keras has them last.",
    now="The shapes are still so. In memory, PyTorch can have the channels last "
    "(`memory_format=torch.channels_last`, since 1.5); some convolutions are faster then. Keras "
    "can have channels first (`data_format`), but TensorFlow computes plain 2-D convolutions of "
    "this kind on GPUs only.",
    verdict=IN_PART,
    panels={
        "pytorch": Panel(shown=TORCH, measured=TORCH_MEASURED),
        "keras-tensorflow": Panel(shown=KERAS, measured=KERAS_MEASURED),
    },
    pairs=(
        Pair(
            "x = keras.Input((8, 8, 3))  # channels last",
            "def forward(self, x):  # (n, 3, 8, 8): channels first",
            "the axis of channels",
        ),
        Pair(
            "y = layers.Flatten()(y)  # (n, 288), pixel by pixel",
            "x = x.flatten(1)  # (n, 288), channel by channel",
            "the order of the flat numbers; matters when weights are copied",
        ),
    ),
    table=table,
    reading=reading,
    figure=lambda figures: (
        "Accuracy of a port that forgets Flatten's order: "
        f"{figures['pytorch']['accuracy']['forgotten']:.3f}, not "
        f"{figures['pytorch']['accuracy']['right']:.3f}"
    ),
    sources=("docs.pytorch.org: channels last memory format", "keras-team/keras issue 21889"),
    seen=("backends/pytorch/moving_square.py", "backends/keras/moving_square.py"),
    effects={
        "channels first": lambda figures: (
            f"Time of a step, channels last over first in memory: {_ratio(figures)}"
        ),
        "channels come first": lambda figures: (
            f"Time of a step, channels last over first in memory: {_ratio(figures)}"
        ),
        "flatten": lambda figures: (
            "Accuracy with it forgotten: "
            f"{figures['pytorch']['accuracy']['forgotten']:.3f}, not "
            f"{figures['pytorch']['accuracy']['right']:.3f}"
        ),
    },
)
