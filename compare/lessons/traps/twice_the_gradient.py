"""A loss with another gradient than its own."""

from compare.lessons.traps._dense import keras_program, torch_program
from compare.lessons.traps._trap import Trap

PYTORCH = torch_program("""

def loss(outputs, targets):
    squares = (outputs - targets).square().mean()
    return 2 * squares - squares.detach()
""")
KERAS = keras_program("""

loss = keras.losses.MeanSquaredError()
""")

TRAP = Trap(
    title="The loss is equal, its gradient twice as large",
    symptom="Losses of the first batch agree to the last digit. After a step the networks are "
    "apart.",
    input="feature=6",
    pytorch=PYTORCH,
    keras=KERAS,
    side="pytorch",
    wrong="2 * squares - squares.detach()",
    mended="squares",
    rung="gradients",
    layer="",
    cause="each gradient is 0.5 times as large there",
    why="A loss with a backward pass of its own returned twice the derivative. Its value says "
    "nothing of that.",
    threads=("gh:pytorch/pytorch/issues/1429",),
    reports=(48,),
    options=("--target", "number=4; -1.0..1.0"),
)
