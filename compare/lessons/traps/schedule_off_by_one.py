"""A schedule that is a step early."""

from compare.lessons.traps._dense import keras_program, torch_program
from compare.lessons.traps._trap import Trap

PYTORCH = torch_program("""

def optimizer(model):
    made = torch.optim.SGD(model.parameters(), lr=0.1)
    return made, torch.optim.lr_scheduler.LambdaLR(made, lambda step: 0.9 ** (step + 1))
""")
KERAS = keras_program("""

def optimizer():
    return keras.optimizers.SGD(keras.optimizers.schedules.ExponentialDecay(0.1, 1, 0.9))
""")

TRAP = Trap(
    title="The schedule is one step early",
    symptom="The learning rate of a warm-up or a decay is never what the other framework has at "
    "the same step.",
    input="feature=6",
    pytorch=PYTORCH,
    keras=KERAS,
    side="pytorch",
    wrong="0.9 ** (step + 1)",
    mended="0.9**step",
    rung="steps",
    layer="",
    cause="the learning rates are 0.09, 0.081",
    why="Both count from 0: the first step has the rate as it is.",
    threads=(
        "gh:mindee/doctr/pull/374",
        "gh:crowsonkb/k-diffusion/issues/50",
        "gh:goodfire-ai/spd/issues/642",
    ),
    reports=(38,),
)
