"""`decay` of old Keras, which is one of the rate."""

from compare.lessons.traps._dense import keras_program, torch_program
from compare.lessons.traps._trap import Trap

PYTORCH = torch_program("""

def optimizer(model):
    return torch.optim.SGD(model.parameters(), lr=0.1, weight_decay=0.05)
""")
KERAS = keras_program("""

def optimizer():
    return keras.optimizers.SGD(keras.optimizers.schedules.InverseTimeDecay(0.1, 1, 0.05))
""")

TRAP = Trap(
    title="`decay=` is no weight decay",
    symptom="A Keras optimizer with `decay=1e-2` is ported with weight_decay=1e-2 and overfits "
    "less, or learns on for ever.",
    input="feature=6",
    pytorch=PYTORCH,
    keras=KERAS,
    side="pytorch",
    wrong="""    return torch.optim.SGD(model.parameters(), lr=0.1, weight_decay=0.05)
""",
    mended="""    made = torch.optim.SGD(model.parameters(), lr=0.1)
    return made, torch.optim.lr_scheduler.LambdaLR(made, lambda step: 1 / (1 + 0.05 * step))
""",
    rung="steps",
    layer="",
    cause="the learning rates are 0.1, 0.1",
    why="Old Keras divides the rate by 1 + decay x step, and leaves the weights alone.",
    threads=("https://coderapp.vercel.app/answer/77040428",),
    reports=(39,),
)
