"""The texts of the two programs: each model as it is, and what arranges axes around it."""

import json
from collections.abc import Mapping, Sequence
from string import Template

from backends._reference import calls
from compare.match.asked import Models
from compare.match.look import Look

TWIN = Template('''\
"""$title"""

$imports
# The layers by the names of the pair that each is of.
NAMES = $names
$wrapper$taught$training
def build(problem):
    $made
''')
# Where PyTorch's Flatten has channels first and Keras's last: the rows of the layer that follows.
TAUGHT = Template("""
# Layers after Flatten, and the channels before it, which come first here and last in Keras.
FLATTENED = {}


def weights(layer):
    if layer not in FLATTENED:
        return {}
    columns = layer.weight.unflatten(1, (FLATTENED[layer], -1))  # (unit, channel, place)
    return {"kernel": [[columns[:, :, i].T] for i in range(columns.shape[2])]}

""")
# What a user's own loss and optimizer are called with, who has each in his framework's way.
LOSS = Template("""
LOSS = $own
$same_dtype
def loss(outputs, targets):
    return LOSS($arguments)


loss.own = LOSS

""")
# A loss may hold numbers, such as weights of classes.
DTYPE = """
if isinstance(LOSS, torch.nn.Module):
    LOSS.to(torch.get_default_dtype())

"""
OPTIMIZER = Template("""
def optimizer(model):
    return $own

""")
ORDERS = {"pytorch": "outputs, targets", "keras": "targets, outputs"}
WRAPPER = {
    "pytorch": Template("""

class Twin(nn.Module):
    def __init__(self):
        super().__init__()
        self.model = $model

    def forward(self, x):
        $body
"""),
    "keras": Template("""

class Twin(keras.Model):
    def __init__(self):
        super().__init__()
        self.model = $model

    def call(self, x):
        $body
"""),
}
IMPORTS = {"pytorch": "import torch\nfrom torch import nn\n", "keras": "import keras\n"}
MOVED = {  # what moves channels to the second place, and back
    "pytorch": (
        "{}.movedim(-1, 1).clone(memory_format=torch.contiguous_format)",
        "{}.movedim(1, -1)",
    ),
    "keras": ("keras.ops.moveaxis({}, -1, 1)", "keras.ops.moveaxis({}, 1, -1)"),
}


def twin(
    panel: str,
    look: Look,
    inputs: Sequence[str],
    own: Mapping[str, str],
    flattened: Mapping[str, int],
    back: bool,
    ours: Models,
) -> str:
    """Return the text of a twin: the user's model, and what arranges axes around it.

    `own` has the names of layers by their paths, `flattened` the channels before those that follow
    a Flatten; `back` is whether the output's channels are moved to the end.
    """
    training = _training(panel, ours)
    to, fro = MOVED[panel]
    bare = not (look.moved or look.parts or back) and look.way == "alone"
    reference = ours.models[panel]
    model = f"model_of({json.dumps(reference)})"
    given = {name: f'x["{name}"]' if name else "x" for name in inputs}
    given |= {name: to.format(given[name]) for name in look.moved}
    call = calls(inputs)[look.way].format(**{name or "x": text for name, text in given.items()})
    if not bare:
        own = {"model": ""} | {f"model/{path}": name for path, name in own.items()}
        flattened = {f"model/{path}": n for path, n in flattened.items()}
    listed = "".join(f'\n    "{path}": "{name}",' for path, name in own.items())
    made, marks = model if bare else "Twin()", ""
    if panel == "pytorch":
        for path, channels in flattened.items():
            place = path.replace("/", ".")
            marks += f'FLATTENED[network.get_submodule("{place}")] = {channels}\n    '
    return TWIN.substitute(
        title=f"{reference}, as it is".replace("\\", "\\\\").replace('"', "'"),
        imports=("" if bare and not training else IMPORTS[panel])
        + f"from backends import model_of{', own_of' if training else ''}\n",
        names=f"{{{listed}\n}}" if listed else "{}",
        wrapper=""
        if bare
        else WRAPPER[panel].substitute(
            model=model, body=_returned(call, look, fro if back else "")
        ),
        training=training,
        taught=TAUGHT.substitute() if marks else "\n",
        made=f"network = {made}\n    {marks}return network" if marks else f"return {made}",
    )


def _returned(call: str, look: Look, fro: str) -> str:
    """Return the text that returns what a model leaves, several outputs by name.

    `fro` moves the channels of an output to the end; "" if they are there.
    """

    def last(output: str, name: str) -> str:
        return fro.format(output) if fro and len(look.outputs[name]) > 2 else output

    if "" in look.outputs:
        return f"return {last(call + look.parts.get('', ''), '')}"
    if not (look.parts or fro):
        return f"return {call}"
    parts = {name: look.parts.get(name, f"[{name!r}]") for name in look.outputs}
    listed = ", ".join(f"{name!r}: {last(f'found{part}', name)}" for name, part in parts.items())
    return f"found = {call}\n        return {{{listed}}}"


def _training(panel: str, ours: Models) -> str:
    """Return the text of a loss and an optimizer of the user's own, if there are any."""
    text = ""
    if reference := ours.losses.get(panel):
        own = f"own_of({json.dumps(reference)})"
        moved = DTYPE if panel == "pytorch" else ""
        text += LOSS.substitute(own=own, same_dtype=moved, arguments=ORDERS[panel])
    if reference := ours.optimizers.get(panel):
        named = json.dumps(reference)
        own = f"own_of({named})(model)" if panel == "pytorch" else f"model_of({named})"
        text += OPTIMIZER.substitute(own=own)
    return text
