"""Adamax's epsilon."""

from compare.lessons.traps._dense import keras_program, torch_program
from compare.lessons.traps._trap import Trap

PYTORCH = torch_program("""

def optimizer(model):
    return torch.optim.Adamax(model.parameters(), lr=0.01, eps=1e-2)
""")
KERAS = keras_program("""

def optimizer():
    return keras.optimizers.Adamax(0.01)
""")

TRAP = Trap(
    title="Adamax has another epsilon",
    symptom="Two almost equal scores: the ranking of two ports changes with the seed.",
    input="feature=6",
    pytorch=PYTORCH,
    keras=KERAS,
    side="pytorch",
    wrong="eps=1e-2",
    mended="eps=1e-7",
    rung="steps",
    layer="",
    cause="epsilon 0.01 here and 1e-07 there",
    why="It is added to the largest gradient so far. Where gradients are small, it decides "
    "the step.",
    threads=("disc:36268",),
    reports=(64,),
)
