"""The norm of each gradient, or of all."""

from compare.lessons.traps._dense import keras_program, torch_program
from compare.lessons.traps._trap import Trap

PYTORCH = torch_program("""

class Clipped(torch.optim.SGD):
    def step(self):
        nn.utils.clip_grad_norm_(self.param_groups[0]["params"], 0.1)
        super().step()


def optimizer(model):
    return Clipped(model.parameters(), lr=0.1)
""")
KERAS = keras_program("""

def optimizer():
    return keras.optimizers.SGD(0.1, clipnorm=0.1)
""")

TRAP = Trap(
    title="Each gradient is clipped by its own norm",
    symptom="Clipping by the norm 1 gives other updates, though both call it clipnorm.",
    input="feature=6",
    pytorch=PYTORCH,
    keras=KERAS,
    side="keras",
    wrong="clipnorm=0.1",
    mended="global_clipnorm=0.1",
    rung="steps",
    layer="",
    cause="gradients are clipped: all gradients by one norm here and each gradient by its norm "
    "there",
    why="Keras's `clipnorm` is of each variable. PyTorch's `clip_grad_norm_` is of all "
    "together, which is Keras's `global_clipnorm`.",
    threads=(
        "gh:tensorflow/tensorflow/issues/36001",
        "gh:tensorflow/tensorflow/issues/29108",
        "gh:keras-team/keras/issues/13575",
    ),
    reports=(14,),
)
