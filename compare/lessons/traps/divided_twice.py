"""A mean that is divided by the batch again."""

from compare.lessons.traps._dense import keras_program, torch_program
from compare.lessons.traps._trap import Trap

PYTORCH = torch_program("""

loss = nn.MSELoss()
""")
KERAS = keras_program("""

def loss(targets, outputs):
    return ops.mean(ops.square(outputs - targets)) / ops.cast(ops.shape(outputs)[0], outputs.dtype)
""")

TRAP = Trap(
    title="A loss that is a mean already is divided by the batch",
    symptom="A loss of one's own trains slower the larger the batch is. Its value is far below "
    "that of the other framework.",
    input="feature=6",
    pytorch=PYTORCH,
    keras=KERAS,
    side="keras",
    wrong=" / ops.cast(ops.shape(outputs)[0], outputs.dtype)",
    mended="",
    rung="loss",
    layer="",
    cause="the mean over all elements here and the mean, divided by the examples there",
    why="`fit` takes the mean of what a loss returns. A loss that divides by the batch itself "
    "is divided twice.",
    threads=("gh:pierluigiferrari/ssd_keras/issues/185",),
    reports=(46,),
    options=("--target", "number=4; -1.0..1.0"),
)
