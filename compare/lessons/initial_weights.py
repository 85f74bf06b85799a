"""A lesson which 2017 had not: each framework draws other initial weights."""

from compare.lessons._lesson import NEW, Every, Lesson, Pair, Panel, Rows

TORCH = '''
from torch import nn


def begin_as_keras(network):
    """Draw initial weights by the rules of Keras."""
    for layer in network.modules():
        if isinstance(layer, (nn.Linear, nn.Conv1d, nn.Conv2d)):
            nn.init.xavier_uniform_(layer.weight)  # Keras calls it glorot_uniform
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
        elif isinstance(layer, nn.Embedding):
            nn.init.uniform_(layer.weight, -0.05, 0.05)
        elif isinstance(layer, (nn.LSTM, nn.GRU)):
            for name, tensor in layer.named_parameters():
                if name.startswith("weight_ih"):
                    nn.init.xavier_uniform_(tensor)
                elif name.startswith("weight_hh"):  # from one step of time to the next
                    nn.init.orthogonal_(tensor)
                else:
                    nn.init.zeros_(tensor)
                if name.startswith("bias_ih") and isinstance(layer, nn.LSTM):
                    tensor.data.chunk(4)[1].fill_(1)  # gates i, f, g, o: the forget gate


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(50, 8)
        self.lstm = nn.LSTM(8, 64, batch_first=True, bidirectional=True)
        self.norm = nn.LayerNorm(128)  # begins with 1 and 0 in both frameworks
        self.dense = nn.Linear(128, 8)


network = Network()
begin_as_keras(network)
'''

TORCH_MEASURED = """
def drawn(network):
    lstm = network.lstm
    biases = [lstm.bias_ih_l0 + lstm.bias_hh_l0, lstm.bias_ih_l0_reverse + lstm.bias_hh_l0_reverse]
    return {
        "embedding": network.embedding.weight.std().item(),
        "lstm, from inputs": lstm.weight_ih_l0.std().item(),
        "lstm, from step to step": lstm.weight_hh_l0.std().item(),
        "lstm, biases of the forget gate": sum(one[64:128].mean().item() for one in biases) / 2,
        "dense": network.dense.weight.std().item(),
        "dense, bias": network.dense.bias.std().item(),
    }


figures["own"] = drawn(Network())
figures["as Keras"] = drawn(network)
"""

KERAS = """
import keras
from keras import layers

x = keras.Input((5,))
y = layers.Embedding(50, 8)(x)
y = layers.Bidirectional(layers.LSTM(64))(y)  # Keras draws as begin_as_keras does
y = layers.LayerNormalization()(y)
network = keras.Model(x, layers.Dense(8)(y))
"""

KERAS_MEASURED = """
embedding, inputs, steps, bias, _, _, backward, _, _, dense, last = network.get_weights()
figures["own"] = {
    "embedding": float(embedding.std()),
    "lstm, from inputs": float(inputs.std()),
    "lstm, from step to step": float(steps.std()),
    "lstm, biases of the forget gate": float((bias + backward)[64:128].mean() / 2),
    "dense": float(dense.std()),
    "dense, bias": float(last.std()),
}
"""


def table(figures: Every) -> Rows:
    """Return how widely each framework draws each tensor."""
    torch, keras = figures["pytorch"], figures["keras-tensorflow"]["own"]
    return [
        ["standard deviation", "PyTorch", "PyTorch, begin_as_keras", "Keras"],
        *(
            [
                f"{name} (mean)" if "forget" in name else name,
                *(f"{one[name]:.3f}" for one in (torch["own"], torch["as Keras"], keras)),
            ]
            for name in keras
        ),
    ]


def reading(figures: Every) -> str:
    """Say what the rules are."""
    return (
        "PyTorch draws the tensors of these layers, biases too, from uniform distributions, whose "
        "width depends on the number of inputs or units, and embeddings from a normal one. Keras "
        "draws weights by Glorot's rule, "
        "recurrent weights as an orthogonal matrix, and sets biases to 0. The forget gate's bias "
        "is 1: an LSTM of Keras begins by remembering. `diptych explain` measures what "
        "this does to scores; the answer stands at the top of the page of a run."
    )


def figure(figures: Every) -> str:
    """Return the widths of one tensor."""
    torch, keras = figures["pytorch"], figures["keras-tensorflow"]
    name = "lstm, from inputs"
    return (
        f"Standard deviation of an LSTM's input weights: {torch['own'][name]:.3f} in PyTorch, "
        f"{keras['own'][name]:.3f} in Keras, {torch['as Keras'][name]:.3f} in PyTorch by Keras's "
        "rules"
    )


LESSON = Lesson(
    number=11,
    name="initial_weights",
    title="Initial weights differ",
    claim="",
    now="Each framework has its own rules. The lines below give a network of PyTorch initial "
    "weights by the rules of Keras. If a port learns worse, try this first.",
    verdict=NEW,
    panels={
        "pytorch": Panel(shown=TORCH, measured=TORCH_MEASURED),
        "keras-tensorflow": Panel(shown=KERAS, measured=KERAS_MEASURED),
    },
    pairs=(
        Pair(
            "y = layers.Bidirectional(layers.LSTM(64))(y)  # Keras draws as begin_as_keras does",
            "nn.init.xavier_uniform_(tensor)\nnn.init.orthogonal_(tensor)\n"
            "tensor.data.chunk(4)[1].fill_(1)  # gates i, f, g, o: the forget gate",
            "to begin as Keras does: input weights, recurrent weights, the forget gate's bias",
        ),
    ),
    table=table,
    reading=reading,
    figure=figure,
    sources=(
        "docs.pytorch.org: LSTM, Linear",
        "keras.io: LSTM, Dense (kernel_initializer, recurrent_initializer, unit_forget_bias)",
    ),
    seen=("backends/_seeded.py", "backends/pytorch/_weights.py"),
)
