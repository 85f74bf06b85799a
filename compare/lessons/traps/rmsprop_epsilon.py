"""RMSprop's epsilon, and where it is."""

from compare.lessons.traps._dense import keras_program, torch_program
from compare.lessons.traps._trap import Trap

PYTORCH = torch_program("""

def optimizer(model):
    return torch.optim.RMSprop(model.parameters(), lr=0.01, alpha=0.9, eps=0.01)
""")
KERAS = keras_program("""

def optimizer():
    return keras.optimizers.RMSprop(0.01, epsilon=0.01)
""")

TRAP = Trap(
    title="RMSprop's epsilon is inside of the root",
    symptom="RMSprop with a large epsilon of a TensorFlow paper does not train in PyTorch.",
    input="feature=6",
    pytorch=PYTORCH,
    keras=KERAS,
    side="pytorch",
    wrong="""    return torch.optim.RMSprop(model.parameters(), lr=0.01, alpha=0.9, eps=0.01)
""",
    mended="""    class Inside(torch.optim.Optimizer):
        @torch.no_grad()
        def step(self):
            for weight in self.param_groups[0]["params"]:
                square = self.state[weight].get("square", torch.zeros_like(weight))
                self.state[weight]["square"] = square = 0.9 * square + 0.1 * weight.grad**2
                weight -= 0.01 * weight.grad / (square + 0.01).sqrt()

    return Inside(model.parameters(), {"lr": 0.01})
""",
    rung="steps",
    layer="",
    cause="epsilon is outside of the root here and in the root there",
    why="Keras takes the root of the mean square and epsilon, PyTorch adds epsilon to the "
    "root. An epsilon of 0.01 is then 0.1 or 0.01 in effect.",
    threads=("gh:pytorch/pytorch/issues/23796", "gh:DLR-RM/stable-baselines3/pull/110"),
    reports=(13,),
)
