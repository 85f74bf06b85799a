"""Where Adagrad's sum begins."""

from compare.lessons.traps._dense import keras_program, torch_program
from compare.lessons.traps._trap import Trap

PYTORCH = torch_program("""

def optimizer(model):
    return torch.optim.Adagrad(model.parameters(), lr=0.01, eps=1e-12)
""")
KERAS = keras_program("""

def optimizer():
    return keras.optimizers.Adagrad(0.01, epsilon=1e-12)
""")

TRAP = Trap(
    title="Adagrad's sum of squares begins at another number",
    symptom="Adagrad's first steps are ten times as large in PyTorch.",
    input="feature=6",
    pytorch=PYTORCH,
    keras=KERAS,
    side="pytorch",
    wrong="eps=1e-12",
    mended="initial_accumulator_value=0.1, eps=1e-12",
    rung="steps",
    layer="",
    cause="initial accumulator 0 here and 0.1 there",
    why="Keras begins at 0.1, PyTorch at 0.",
    threads=("gh:pytorch/pytorch/issues/1099",),
)
