"""Adam's epsilon."""

from compare.lessons.traps._dense import keras_program, torch_program
from compare.lessons.traps._trap import Trap

PYTORCH = torch_program("""

def optimizer(model):
    return torch.optim.Adam(model.parameters(), lr=0.01, eps=1e-3)
""")
KERAS = keras_program("""

def optimizer():
    return keras.optimizers.Adam(0.01)
""")

TRAP = Trap(
    title="Adam has another epsilon",
    symptom="The same Adam, the same rate: one port learns slower, above all where gradients are "
    "small.",
    input="feature=6",
    pytorch=PYTORCH,
    keras=KERAS,
    side="pytorch",
    wrong="""    return torch.optim.Adam(model.parameters(), lr=0.01, eps=1e-3)
""",
    mended="""    class LikeKeras(torch.optim.Adam):
        steps = 0

        def step(self):
            self.steps += 1
            self.param_groups[0]["eps"] = 1e-7 / (1 - 0.999**self.steps) ** 0.5
            super().step()

    return LikeKeras(model.parameters(), lr=0.01)
""",
    rung="steps",
    layer="",
    cause="epsilon 0.001 here and 1e-07 there",
    why="Keras's default is 1e-7, PyTorch's 1e-8, and papers set it up to 1e-3. Keras adds it "
    "before the correction of the second moment, too.",
    threads=("gh:tensorflow/tensorflow/issues/35102", "gh:keras-team/keras/issues/17391"),
    reports=(35,),
)
