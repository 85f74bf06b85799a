"""Weights of classes, and what the sum is divided by."""

from compare.lessons.traps._dense import keras_program, torch_program
from compare.lessons.traps._trap import Trap

PYTORCH = torch_program("""

loss = nn.CrossEntropyLoss(weight=torch.tensor([1.0, 2.0, 3.0, 4.0]))
""")
KERAS = keras_program("""

WEIGHTS = [1.0, 2.0, 3.0, 4.0]


def loss(targets, outputs):
    weights = ops.take(ops.cast(WEIGHTS, outputs.dtype), ops.cast(targets, "int32"))
    losses = keras.losses.sparse_categorical_crossentropy(targets, outputs, from_logits=True)
    return ops.mean(weights * losses)
""")

TRAP = Trap(
    title="Weights of classes are divided by another number",
    symptom="With class weights the loss in PyTorch is another one than in Keras. With a batch of "
    "one example the weight has no effect at all.",
    input="feature=6",
    pytorch=PYTORCH,
    keras=KERAS,
    side="keras",
    wrong="ops.mean(weights * losses)",
    mended="ops.sum(weights * losses) / ops.sum(weights)",
    rung="loss",
    layer="",
    cause="the sum, divided by the weights here and the mean over all elements there",
    why="PyTorch divides by the sum of the weights of the batch, Keras's `class_weight` by "
    "the number of examples.",
    threads=(
        "gh:pytorch/pytorch/issues/8062",
        "gh:pytorch/pytorch/issues/61309",
        "gh:pytorch/pytorch/issues/50528",
    ),
    reports=(15,),
    options=("--target", "; 0..3"),
)
