"""Two definitions of label smoothing."""

from compare.lessons.traps._dense import keras_program, torch_program
from compare.lessons.traps._trap import Trap

PYTORCH = torch_program("""

def loss(outputs, targets):
    classes = outputs.shape[-1]
    hot = nn.functional.one_hot(targets, classes).to(outputs.dtype)
    smooth = 0.9 * hot + 0.1 * (1 - hot) / (classes - 1)
    return -(smooth * outputs.log_softmax(-1)).sum(-1).mean()
""")
KERAS = keras_program("""

def loss(targets, outputs):
    hot = ops.one_hot(targets, 4, dtype=outputs.dtype)
    return keras.losses.categorical_crossentropy(
        hot, outputs, from_logits=True, label_smoothing=0.1
    )
""")

TRAP = Trap(
    title="Label smoothing is spread over other classes",
    symptom="With label smoothing, losses of a port are a little off. Without it, they are equal.",
    input="feature=6",
    pytorch=PYTORCH,
    keras=KERAS,
    side="pytorch",
    wrong="0.1 * (1 - hot) / (classes - 1)",
    mended="0.1 / classes",
    rung="loss",
    layer="",
    cause="label smoothing 0.1 over the other classes here and 0.1 over all classes there",
    why="Keras and PyTorch share what is taken from the right class among all classes. Some "
    "papers and toolkits share it among the others only.",
    threads=("gh:k2-fsa/icefall/issues/107", "gh:pytorch/pytorch/issues/148884"),
    reports=(47,),
    options=("--target", "; 0..3"),
)
