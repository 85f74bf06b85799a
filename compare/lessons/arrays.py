"""The fifth lesson: tensors and NumPy."""

from compare.lessons._lesson import GONE, Every, Lesson, Pair, Panel, Rows, duration

TORCH = """
import numpy as np
import torch

array = np.random.rand(25_000_000).astype("float32")  # 100 MB
tensor = torch.from_numpy(array)  # shares the memory
back = tensor.numpy()  # so does this
copied = torch.tensor(array)  # this copies
"""

TORCH_MEASURED = """
figures["shares"] = {
    "from_numpy": np.shares_memory(array, tensor.numpy()),
    "asarray": np.shares_memory(array, torch.asarray(array).numpy()),
    "numpy": np.shares_memory(tensor.numpy(), back),
    "tensor": np.shares_memory(array, copied.numpy()),
}
figures["s"] = {
    "from_numpy": seconds(lambda: torch.from_numpy(array)),
    "tensor": seconds(lambda: torch.tensor(array)),
    "numpy": seconds(lambda: tensor.numpy()),
}
trained = torch.zeros(3, requires_grad=True)
elsewhere = torch.zeros(3, device="meta")  # in the place of a GPU, which not all machines have
figures["errors"] = {}
for name, ask in {
    "a tensor with a gradient": trained.numpy,
    "a tensor on another device": elsewhere.numpy,
}.items():
    try:
        ask()
        figures["errors"][name] = ""
    except (RuntimeError, TypeError) as error:
        figures["errors"][name] = str(error).splitlines()[0]
"""

KERAS = """
import numpy as np
from keras import ops

array = np.random.rand(25_000_000).astype("float32")  # 100 MB
tensor = ops.convert_to_tensor(array)
back = ops.convert_to_numpy(tensor)
"""

KERAS_MEASURED = """
array[0] = 2
figures["shares"] = {
    "convert_to_tensor": bool(ops.convert_to_numpy(tensor)[0] == 2),
    "convert_to_numpy": np.shares_memory(back, ops.convert_to_numpy(tensor)),
}
figures["s"] = {
    "convert_to_tensor": seconds(lambda: ops.convert_to_tensor(array)),
    "convert_to_numpy": seconds(lambda: ops.convert_to_numpy(tensor)),
}
"""


NAMES = {
    "pytorch": "PyTorch",
    "keras-tensorflow": "Keras on TensorFlow",
    "keras-torch": "Keras on PyTorch",
}


def table(figures: Every) -> Rows:
    """Return who shares memory, and what 100 MB take."""
    return [
        ["100 MB", "call", "memory", "time"],
        *(
            [
                NAMES[backend],
                name,
                "shared" if shared else "copied",
                duration(one["s"][name]) if name in one["s"] else "",
            ]
            for backend, one in figures.items()
            for name, shared in one["shares"].items()
        ),
    ]


def reading(figures: Every) -> str:
    """Say what PyTorch refuses to hand over, in its words."""
    torch = figures["pytorch"]
    errors = " ".join(f'For {name}: "{said}"' for name, said in torch["errors"].items())
    shared = [f"`{name}`" for name, same in torch["shares"].items() if same]
    return (
        f"{' and '.join(shared)} copy nothing. `numpy()` refuses some tensors. {errors} "
        "`tensor.numpy(force=True)` detaches and moves as needed."
    )


LESSON = Lesson(
    number=5,
    name="arrays",
    title="Tensors and NumPy",
    claim="In PyTorch, one call converts to NumPy, and one call converts back. Keras needs a "
    "session.",
    now="Keras has no sessions now, PyTorch no Variable, and both have one call each way. In "
    "PyTorch, `from_numpy` and `numpy` share the memory, so a change on one side is seen on the "
    "other. In PyTorch, detach a tensor that has a gradient first, and move one that is on a GPU.",
    verdict=GONE,
    panels={
        "pytorch": Panel(shown=TORCH, measured=TORCH_MEASURED),
        "keras-tensorflow": Panel(shown=KERAS, measured=KERAS_MEASURED),
        "keras-torch": Panel(shown=KERAS, measured=KERAS_MEASURED),
    },
    pairs=(
        Pair(
            "tensor = ops.convert_to_tensor(array)",
            "tensor = torch.from_numpy(array)  # shares the memory",
            "PyTorch's call shares the memory; `torch.tensor` copies",
        ),
        Pair(
            "back = ops.convert_to_numpy(tensor)",
            "back = tensor.numpy()  # so does this",
            "with a gradient: `detach` first; on a GPU: `cpu` first",
        ),
    ),
    table=table,
    reading=reading,
    figure=lambda figures: (
        "To copy 100 MB from NumPy takes "
        f"{duration(figures['pytorch']['s']['tensor'])} in PyTorch, "
        f"{duration(figures['keras-tensorflow']['s']['convert_to_tensor'])} in Keras on "
        "TensorFlow; `from_numpy` copies nothing "
        f"({duration(figures['pytorch']['s']['from_numpy'])})"
    ),
    sources=("docs.pytorch.org: Tensor.numpy, from_numpy", "keras.io: keras.ops"),
    seen=("backends/pytorch/_engine.py", "backends/keras/_device.py"),
)
