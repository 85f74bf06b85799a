"""A sigmoid before a loss of logits."""

from compare.lessons.traps._dense import keras_program, torch_program
from compare.lessons.traps._trap import Trap

PYTORCH = torch_program(
    """

def loss(outputs, targets):
    return nn.functional.binary_cross_entropy_with_logits(outputs.sigmoid(), targets)
""",
    units=1,
)
KERAS = keras_program(
    """

loss = keras.losses.BinaryCrossentropy(from_logits=True)
""",
    units=1,
)

TRAP = Trap(
    title="A sigmoid before a loss that has one",
    symptom="The loss of a classifier of two classes stays near 0.69, or does not fall below 0.31.",
    input="feature=6",
    pytorch=PYTORCH,
    keras=KERAS,
    side="pytorch",
    wrong="outputs.sigmoid()",
    mended="outputs",
    rung="loss",
    layer="",
    cause="outputs are taken for logits, after a sigmoid here and logits there",
    why="The loss takes logits and applies the sigmoid itself. Twice, the largest probability "
    "is 0.73.",
    threads=("gh:keras-team/keras/issues/15271",),
    reports=(51,),
    options=("--target", "bit=1; 0.0..1.0"),
)
