"""The defaults of RMSprop."""

from compare.lessons.traps._dense import keras_program, torch_program
from compare.lessons.traps._trap import Trap

PYTORCH = torch_program("""

def optimizer(model):
    return torch.optim.RMSprop(model.parameters(), lr=0.01, eps=1e-14)
""")
KERAS = keras_program("""

def optimizer():
    return keras.optimizers.RMSprop(0.01, epsilon=1e-14)
""")

TRAP = Trap(
    title="RMSprop's rho is another one",
    symptom="A paper's RMSprop settings do not train in the other framework.",
    input="feature=6",
    pytorch=PYTORCH,
    keras=KERAS,
    side="pytorch",
    wrong="eps=1e-14",
    mended="alpha=0.9, eps=1e-14",
    rung="steps",
    layer="",
    cause="rho 0.99 here and 0.9 there",
    why="Keras's default is 0.9, PyTorch's `alpha` is 0.99.",
    threads=("gh:DLR-RM/stable-baselines3/pull/110",),
    reports=(13,),
)
