"""The sixth lesson: CPU and GPU are not transparent."""

from compare.lessons._lesson import IN_PART, Every, Lesson, Pair, Panel, Rows, duration

TORCH = """
import torch
from torch import nn

device = torch.accelerator.current_accelerator() or torch.device("cpu")
network = nn.Linear(8, 4).to(device)  # the weights are moved
x = torch.rand(64, 8).to(device)  # so is every batch
y = network(x)
"""

# "meta" stands for a device that the tensor is not on, on machines without a GPU as well.
TORCH_MEASURED = """
from compare.processes.machine import ROOT

words = "device|accelerator|cuda"
figures["lines"] = naming(shown, words)
figures["engine"] = sum(
    naming((ROOT / "backends" / "pytorch" / name).read_text(), words)
    for name in ("_network.py", "_engine.py", "_device.py")
)
figures["twins"] = sum(naming(text, words) for text in twins.values())
elsewhere = torch.device("meta")
try:
    nn.Linear(8, 4).to(elsewhere)(torch.rand(64, 8))
    figures["error"] = ""
except RuntimeError as error:
    figures["error"] = str(error)
small = torch.zeros(3)
figures["s"] = {"as it is": seconds(lambda: [torch.zeros(3) for _ in range(1000)]) / 1000}
with torch.device("cpu"):
    figures["s"]["with a default device"] = (
        seconds(lambda: [torch.zeros(3) for _ in range(1000)]) / 1000
    )
"""

KERAS = """
import keras
import numpy as np

network = keras.Sequential([keras.layers.Dense(4)])
x = np.zeros((64, 8), "float32")
y = network(x)  # on the GPU, if there is one: weights and batch are moved unasked
"""

KERAS_MEASURED = """
from compare.processes.machine import ROOT

words = "device|accelerator|cuda"
figures["lines"] = naming(shown, words)
figures["twins"] = sum(naming(text, words) for text in twins.values())
figures["engine"] = sum(
    naming((ROOT / "backends" / "keras" / name).read_text(), words)
    for name in ("_network.py", "_engine.py", "_device.py")
)
"""


def table(figures: Every) -> Rows:
    """Return how many lines name a device, and what it costs to name one for all."""
    torch, keras = figures["pytorch"], figures["keras-tensorflow"]
    return [
        ["what", "PyTorch", "Keras"],
        *(
            [what, str(torch[name]), str(keras[name])]
            for name, what in (
                ("lines", "lines above that name a device"),
                ("twins", "lines of all models that do"),
                ("engine", "lines of the engine that do"),
            )
        ),
        ["making a small tensor", duration(torch["s"]["as it is"]), ""],
        ["the same `with torch.device`", duration(torch["s"]["with a default device"]), ""],
    ]


def reading(figures: Every) -> str:
    """Say where devices are named, and what is said if one is forgotten."""
    torch = figures["pytorch"]
    error, taken = torch["error"], torch["s"]
    said = f'PyTorch says: "{error}".' if error else "PyTorch says nothing."
    return (
        "Models name no device where the second row is 0: the engine does. Here the engine is "
        "`_network.py`, `_engine.py` and `_device.py`, which also measure the device's memory. If "
        f'a batch is not moved, {said} The device "meta" stands for a GPU here; the message for a '
        "GPU has other words. Inside `with torch.device(...)`, new tensors are on that device. "
        "Making one takes "
        f"{taken['with a default device'] / taken['as it is']:.1f} times as long."
    )


LESSON = Lesson(
    number=6,
    name="devices",
    title="CPU and GPU are not transparent",
    claim="In PyTorch you move networks and batches to the GPU; Keras does it by itself.",
    now="This is still so, but one line can do it: after `torch.set_default_device` (since 2.0), "
    "new tensors are on that device. Every call of PyTorch then takes a little longer, and what "
    "`torch.from_numpy` returns stays on the CPU.",
    verdict=IN_PART,
    panels={
        "pytorch": Panel(shown=TORCH, measured=TORCH_MEASURED),
        "keras-tensorflow": Panel(shown=KERAS, measured=KERAS_MEASURED),
    },
    pairs=(
        Pair(
            "y = network(x)  # on the GPU, if there is one: weights and batch are moved unasked",
            "network = nn.Linear(8, 4).to(device)  # the weights are moved\n"
            "x = torch.rand(64, 8).to(device)  # so is every batch",
            "in PyTorch you move the network and every batch",
        ),
    ),
    table=table,
    reading=reading,
    figure=lambda figures: (
        f"Lines that name a device: {figures['pytorch']['lines']} in PyTorch, "
        f"{figures['keras-tensorflow']['lines']} in Keras"
    ),
    sources=("docs.pytorch.org: set_default_device, torch.accelerator",),
    seen=(
        "backends/pytorch/_network.py",
        "backends/pytorch/_engine.py",
        "backends/pytorch/_device.py",
        "backends/keras/_device.py",
    ),
)
