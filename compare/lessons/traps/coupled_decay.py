"""A decay taken over as a penalty."""

from compare.lessons.traps._dense import keras_program, torch_program
from compare.lessons.traps._trap import Trap

PYTORCH = torch_program("""

def optimizer(model):
    return torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=0.05)
""")
KERAS = keras_program("""

def optimizer():
    return keras.optimizers.SGD(0.1, momentum=0.9, weight_decay=0.05)
""")

TRAP = Trap(
    title="A decoupled weight decay is taken over as a penalty",
    symptom="The same weight_decay regularizes far more in one framework, the more so with "
    "momentum.",
    input="feature=6",
    pytorch=PYTORCH,
    keras=KERAS,
    side="pytorch",
    wrong="""    return torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=0.05)
""",
    mended="""    class Decoupled(torch.optim.SGD):
        @torch.no_grad()
        def step(self):
            for weight in self.param_groups[0]["params"]:
                weight.mul_(1 - 0.1 * 0.05)
            super().step()

    return Decoupled(model.parameters(), lr=0.1, momentum=0.9)
""",
    rung="steps",
    layer="",
    cause="the decay is coupled, added to the gradient here and decoupled there",
    why="PyTorch's `weight_decay` is added to the gradient, but in AdamW. Keras's "
    "`weight_decay` shrinks the weights beside the step, in every optimizer.",
    threads=("https://bbabenko.github.io/weight-decay",),
    reports=(11,),
)
