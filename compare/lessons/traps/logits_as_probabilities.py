"""A loss of probabilities is given logits."""

from compare.lessons.traps._dense import keras_program, torch_program
from compare.lessons.traps._trap import Trap

PYTORCH = torch_program("""

loss = nn.CrossEntropyLoss()
""")
KERAS = keras_program("""

loss = keras.losses.SparseCategoricalCrossentropy()
""")

TRAP = Trap(
    title="A loss of probabilities is given logits",
    symptom="The loss in Keras starts far above log(classes) and the accuracy stays near chance. "
    "The PyTorch port learns well.",
    input="feature=6",
    pytorch=PYTORCH,
    keras=KERAS,
    side="keras",
    wrong="SparseCategoricalCrossentropy()",
    mended="SparseCategoricalCrossentropy(from_logits=True)",
    rung="loss",
    layer="",
    cause="outputs are taken for logits here and probabilities there",
    why="`from_logits` is False in Keras unless it is said. Outputs below 0 are cut to 1e-7, "
    "and no gradient comes through there.",
    threads=("gh:tensorflow/docs/pull/2102",),
    reports=(7,),
    options=("--target", "; 0..3"),
)
