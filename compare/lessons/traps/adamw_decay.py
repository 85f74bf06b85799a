"""The default decay of AdamW."""

from compare.lessons.traps._dense import keras_program, torch_program
from compare.lessons.traps._trap import Trap

PYTORCH = torch_program("""

def optimizer(model):
    return torch.optim.AdamW(model.parameters(), lr=0.05, eps=1e-7)
""")
KERAS = keras_program("""

def optimizer():
    return keras.optimizers.AdamW(0.05)
""")

TRAP = Trap(
    title="AdamW's default weight decay is another one",
    symptom="AdamW with its defaults gives other weights in the two frameworks, even with the "
    "same epsilon.",
    input="feature=6",
    pytorch=PYTORCH,
    keras=KERAS,
    side="pytorch",
    wrong="""    return torch.optim.AdamW(model.parameters(), lr=0.05, eps=1e-7)
""",
    mended="""    class LikeKeras(torch.optim.AdamW):
        steps = 0

        def step(self):
            self.steps += 1
            self.param_groups[0]["eps"] = 1e-7 / (1 - 0.999**self.steps) ** 0.5
            super().step()

    return LikeKeras(model.parameters(), lr=0.05, weight_decay=0.004)
""",
    rung="steps",
    layer="",
    cause="its amount is 0.01 here and 0.004 there",
    why="PyTorch's default is 0.01, Keras's 0.004.",
    threads=("gh:keras-team/keras/issues/19051",),
    reports=(12,),
)
