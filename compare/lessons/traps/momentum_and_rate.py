"""A rate that is kept in the momentum."""

from compare.lessons.traps._dense import keras_program, torch_program
from compare.lessons.traps._trap import Trap

PYTORCH = torch_program("""

def optimizer(model):
    made = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    return made, torch.optim.lr_scheduler.StepLR(made, 4, gamma=0.1)
""")
KERAS = keras_program("""

def optimizer():
    rates = keras.optimizers.schedules.PiecewiseConstantDecay(
        [3, 7, 11, 15, 19, 23, 27, 31, 35, 39, 43], [0.1**i for i in range(1, 13)]
    )
    return keras.optimizers.SGD(rates, momentum=0.9)
""")

TRAP = Trap(
    title="After a drop of the rate, momentum is another thing",
    symptom="Both trainings agree until the learning rate drops. Then they part.",
    input="feature=6",
    pytorch=PYTORCH,
    keras=KERAS,
    side="pytorch",
    wrong="""    made = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
""",
    mended="""    class Within(torch.optim.SGD):
        @torch.no_grad()
        def step(self):
            rate = self.param_groups[0]["lr"]
            for weight in self.param_groups[0]["params"]:
                kept = self.state[weight].get("kept", torch.zeros_like(weight))
                self.state[weight]["kept"] = kept = 0.9 * kept - rate * weight.grad
                weight += kept

    made = Within(model.parameters(), lr=0.1)
""",
    rung="steps",
    layer="",
    cause="the rate is outside of the momentum here and within the momentum there",
    why="Keras keeps rate times gradient, so old steps go on at the old rate. PyTorch keeps "
    "gradients: a new rate acts on all at once.",
    threads=(
        "gh:pytorch/pytorch/issues/1099",
        "gh:jax-ml/jax/pull/1528",
        "gh:cjlin1/simpleNN/issues/7",
    ),
    reports=(36,),
)
