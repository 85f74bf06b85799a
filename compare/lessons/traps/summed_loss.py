"""A sum in place of a mean."""

from compare.lessons.traps._dense import keras_program, torch_program
from compare.lessons.traps._trap import Trap

PYTORCH = torch_program("""

loss = nn.CrossEntropyLoss(reduction="sum")
""")
KERAS = keras_program("""

loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
""")

TRAP = Trap(
    title="The loss is a sum over the batch, not its mean",
    symptom="The port needs a learning rate that is smaller by the size of the batch, or diverges.",
    input="feature=6",
    pytorch=PYTORCH,
    keras=KERAS,
    side="pytorch",
    wrong='reduction="sum"',
    mended="",
    rung="loss",
    layer="",
    cause="it is the sum here and the mean over all elements there",
    why="With a sum, every gradient is larger by the number of examples. Adam hides it, SGD "
    "does not.",
    threads=("gh:pierluigiferrari/ssd_keras/issues/185",),
    reports=(46,),
    options=("--target", "; 0..3"),
)
