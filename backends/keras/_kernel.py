"""What computes the recurrent layers in Keras, seen by the profiler of the engine underneath.

What is said here of TensorFlow on a GPU is implemented, not yet measured.
"""

import re
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

from backends._kernel import LOOP, NOTHING, joined, read, repeated, two_steps
from backends._seeded import Array
from backends.keras import _device
from backends.keras._device import ENGINE, engine
from problems import Part, Problem

# How an event is called says what ran. TensorFlow names a node of a graph "path/of/node:Operation",
# each time that it runs, and an operation outside of graphs "EagerLocalExecute: Operation". XLA,
# under TensorFlow or JAX, names an instruction; CUDA names a kernel.
MATRIX_PRODUCT = r"_?\w*MatMul\w*"
LABELS = {
    r".*:CudnnRNN(V\d)?|(?i:.*(cudnn_?rnn|rnn_?block|rnncell).*)": "cuDNN {}",
    r"while(\.\d+)?": "XLA while loop",
    rf".*/while(_\d+)?/body/.*:{MATRIX_PRODUCT}|.*:(Stateless)?While": "graph while loop",
}
# Where none of these ran: the products of a step, and what they mean if they are more, or fewer,
# than a step without a loop over time has.
OTHERS = {
    rf".*/.*:{MATRIX_PRODUCT}": ("graph, unrolled", f"graph, {NOTHING}"),
    rf"EagerLocalExecute: {MATRIX_PRODUCT}": (LOOP, NOTHING),
    r"ThunkExecutor::Execute": ("XLA without a loop", "XLA without a loop"),
}


class Trace:
    """A profile of TensorFlow or JAX, which both write as files of one kind."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def start(self) -> None:
        """Begin to look."""
        if ENGINE == "tensorflow":
            engine.profiler.experimental.start(self.folder)
        else:
            options = engine.profiler.ProfileOptions()
            options.python_tracer_level = 0  # Keras's own Python functions are of no interest
            engine.profiler.start_trace(self.folder, profiler_options=options)

    def stop(self) -> None:
        """Look no more."""
        _device.synchronize()
        if ENGINE == "tensorflow":
            engine.profiler.experimental.stop()
        else:
            engine.profiler.stop_trace()

    def names(self) -> Iterator[str]:
        """Yield the name of every event."""
        (file,) = Path(self.folder).rglob("*.xplane.pb")
        if ENGINE == "tensorflow":
            proto = import_module(f"{ENGINE}.tsl.profiler.protobuf.xplane_pb2")
            for plane in proto.XSpace.FromString(file.read_bytes()).planes:
                for line in plane.lines:
                    yield from (plane.event_metadata[e.metadata_id].name for e in line.events)
        else:
            for plane in engine.profiler.ProfileData.from_file(str(file)).planes:
                for line in plane.lines:
                    yield from (event.name for event in line.events)


def kernel(problem: Problem, part: Part, *, seed: int) -> str:
    """Return what computes the recurrent layers of the problem's twin, e.g. "graph while loop".

    Read from what ran in one step of `fit`: operations that were executed, not those that a
    graph holds.

    Raises:
        ValueError: nothing that ran is known here.
    """
    from backends.keras import _engine  # which has this function among its own

    with TemporaryDirectory() as folder:
        profiler = engine.profiler.profile() if ENGINE == "torch" else Trace(folder)
        short, data, watch = two_steps(problem, part, begin=profiler.start, end=profiler.stop)
        fit = _engine.train(short, data, seed=seed, watch=watch)
        if ENGINE == "torch":
            return read(profiler.events(), fit.weights())
        return label(list(profiler.names()), fit.weights())


def label(names: list[str], weights: Mapping[str, Array]) -> str:
    """Say what computed the recurrent layers, from the events of a step in TensorFlow or JAX."""
    found = []
    for pattern, text in LABELS.items():
        for name in filter(re.compile(pattern).fullmatch, names):
            kind = re.search(r"lstm|gru", name, re.IGNORECASE)  # a layer's name, or a CUDA kernel's
            found.append(text.format(kind[0].upper() if kind else "RNN"))
    if {"cuDNN LSTM", "cuDNN GRU"} & set(found):  # the call says RNN, kernels on a GPU which kind
        found = [text for text in found if text != "cuDNN RNN"]
    if found:
        return joined(found)
    for pattern, (loop, none) in OTHERS.items():
        if products := sum(bool(re.fullmatch(pattern, name)) for name in names):
            return loop if repeated(products, weights) else none
    raise ValueError(f"none of {len(names)} events of a step tells what ran")
