"""A decay that is not multiplied by the rate."""

from compare.lessons.traps._dense import keras_program, torch_program
from compare.lessons.traps._trap import Trap

PYTORCH = torch_program("""

class Decoupled(torch.optim.SGD):
    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for weight in group["params"]:
                weight.mul_(1 - 0.004)
        super().step()


def optimizer(model):
    return Decoupled(model.parameters(), lr=0.1)
""")
KERAS = keras_program("""

def optimizer():
    return keras.optimizers.SGD(0.1, weight_decay=0.004)
""")

TRAP = Trap(
    title="The weight decay is not multiplied by the learning rate",
    symptom="AdamW of one library decays weights far more than that of another, with the same "
    "settings.",
    input="feature=6",
    pytorch=PYTORCH,
    keras=KERAS,
    side="pytorch",
    wrong="1 - 0.004",
    mended="1 - 0.1 * 0.004",
    rung="steps",
    layer="",
    cause="decoupled, without the learning rate here and decoupled there",
    why="Both frameworks multiply the decay by the learning rate. Some libraries and the "
    "first formula of the paper do not.",
    threads=(
        "gh:tensorflow/addons/issues/2282",
        "gh:FluxML/Optimisers.jl/issues/182",
        "gh:keras-team/keras/issues/19051",
    ),
    reports=(12,),
)
