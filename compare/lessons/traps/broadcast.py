"""Outputs (n, 1) less targets (n,)."""

from compare.lessons.traps._dense import keras_program, torch_program
from compare.lessons.traps._trap import Trap

PYTORCH = torch_program(
    """

def loss(outputs, targets):
    return (outputs - targets).square().mean()
""",
    units=1,
)
KERAS = keras_program(
    """

def loss(targets, outputs):
    return ops.mean(ops.square(outputs - ops.expand_dims(targets, -1)))
""",
    units=1,
)

TRAP = Trap(
    title="Outputs (n, 1) less targets (n,) are (n, n)",
    symptom="A regression in PyTorch is far worse than the same network in Keras, by 400 % and "
    "more. The loss does not fall below the variance of the targets.",
    input="feature=6",
    pytorch=PYTORCH,
    keras=KERAS,
    side="pytorch",
    wrong="(outputs - targets)",
    mended="(outputs - targets[:, None])",
    rung="loss",
    layer="",
    cause="differences are (n, n)",
    why="An axis of size 1 is stretched: each output is compared with all targets. The best "
    "answer is then their mean.",
    threads=("disc:160720",),
    reports=(5,),
    options=("--target", "; -1.0..1.0"),
)
