"""Where Keras computes.

Keras leaves devices, threads, memory counters and input pipelines to TensorFlow, JAX or PyTorch.
On a GPU, JAX and PyTorch ran. Implemented, not yet measured: TensorFlow there, and TF32.
"""

import os
from importlib import import_module
from importlib.metadata import version
from types import SimpleNamespace
from unittest.mock import patch

import keras
from keras.src import ops
from keras.src.backend.common import global_state
from keras.src.random.seed_generator import GLOBAL_SEED_GENERATOR
from keras.src.utils import rng_utils

from backends import Unavailable
from backends._seeded import Array
from backends.keras._float64 import widen
from problems import Arrays, mapped

ENGINE = keras.backend.backend()
engine = import_module(ENGINE)
on_gpu = False


def prepare(*, device: str, threads: int, precision: str = "float32") -> None:
    """Set the device, "cpu" or "gpu", the number of threads, and the precision of new networks.

    JAX has no setting for threads: only the processor affinity of the process limits it.

    Raises:
        Unavailable: the engine sees no GPU.
    """
    keras.config.set_floatx("float32" if precision == "tf32" else precision)
    if precision == "float64":
        widen(ENGINE, engine)
    _round(tf32=precision == "tf32")
    if ENGINE == "tensorflow":
        engine.config.threading.set_intra_op_parallelism_threads(threads)
        engine.config.threading.set_inter_op_parallelism_threads(threads)
        gpus = engine.config.list_physical_devices("GPU")
    elif ENGINE == "torch":
        engine.set_num_threads(threads)
        engine.set_num_interop_threads(threads)
        gpus = range(engine.cuda.device_count())
    else:
        engine.config.update("jax_enable_x64", precision == "float64")
        gpus = [found for found in engine.devices() if found.platform == "gpu"]
    if device == "gpu":
        if not gpus:
            raise Unavailable(f"{ENGINE} {engine.__version__} sees no GPU")
        globals()["on_gpu"] = True


def seed(number: int) -> None:
    """Seed what draws random numbers, with Keras's own function.

    Left to itself, that imports TensorFlow under any engine, where it is installed.
    """
    lookup = rng_utils.tf if ENGINE == "tensorflow" else SimpleNamespace(available=False)
    with patch.object(rng_utils, "tf", lookup):
        keras.utils.set_random_seed(number)


def randomness() -> list[int] | None:
    """Return the state of what a program draws from where it names no generator of its own."""
    generator = global_state.get_global_attribute(GLOBAL_SEED_GENERATOR)
    return generator and ops.convert_to_numpy(generator.state).tolist()


def _round(*, tf32: bool) -> None:
    """Set one precision on all engines: each has TF32 on in other places."""
    if ENGINE == "tensorflow":
        engine.config.experimental.enable_tensor_float_32_execution(tf32)
    elif ENGINE == "torch":
        cuda, cudnn = engine.backends.cuda, engine.backends.cudnn
        for part in (cuda.matmul, cudnn.conv, cudnn.rnn):
            part.fp32_precision = "tf32" if tf32 else "ieee"
    else:
        engine.config.update("jax_default_matmul_precision", "tensorfloat32" if tf32 else "float32")


def synchronize() -> None:
    """Wait until the device has done all that was asked of it."""
    if ENGINE == "jax":
        engine.block_until_ready(engine.live_arrays())  # JAX queues work on a CPU too
    elif on_gpu and ENGINE == "tensorflow":
        engine.test.experimental.sync_devices()
    elif on_gpu:
        engine.cuda.synchronize()


def place(tensor) -> str:
    """Return where a tensor of the engine is: "cpu" or "gpu"."""
    if ENGINE == "tensorflow":
        return engine.DeviceSpec.from_string(tensor.device).device_type.lower()
    if ENGINE == "torch":
        return "gpu" if tensor.is_cuda else tensor.device.type
    return " and ".join({device.platform for device in tensor.devices()})


def sum_repeated_entries(optimizer: keras.optimizers.Optimizer) -> None:
    """Have an embedding's gradient summed over an entry's uses before the optimizer squares it.

    On TensorFlow, Keras 3.15 squares the uses one by one, and sums then: another second moment, and
    another norm, than that of the same network with one-hot vectors, or on any other engine.
    """
    if ENGINE == "tensorflow":
        apply = optimizer.apply

        def apply_sums(gradients, *variables):
            apply(
                [None if one is None else engine.convert_to_tensor(one) for one in gradients],
                *variables,
            )

        optimizer.apply = apply_sums


def flatten_at_zero(loss: keras.losses.Loss) -> None:
    """Have the absolute error's slope be 0 where the error is 0, as on the other engines.

    JAX takes 1 there. That is not rare: a recurrent layer that has seen only zeros answers 0.
    """
    if ENGINE == "jax" and isinstance(loss, keras.losses.MeanAbsoluteError):
        loss.fn = _absolute_error


def _absolute_error(targets, outputs):
    return ops.mean(absolute(outputs - targets), axis=-1)


def absolute(error):
    """Return |error|, whose slope at 0 is 0 as on the other engines; JAX takes 1 there."""
    return error * ops.stop_gradient(ops.sign(error)) if ENGINE == "jax" else ops.abs(error)


def reset_metrics(model: keras.Model) -> None:
    """Start the running means of a `fit` anew, from within one of its callbacks."""
    if ENGINE == "jax":
        model.jax_state_sync()  # where `fit` keeps its state outside of the model
    model.reset_metrics()


def matrix(n: int):
    """Return n x n ones in the memory of the device."""
    return keras.ops.ones((n, n))


def settings() -> dict[str, object]:
    """Return what is set for all networks of this process."""
    found = {"precision": keras.config.floatx()}
    if ENGINE == "tensorflow":
        config = engine.config
        found["threads"] = config.threading.get_intra_op_parallelism_threads()
        found["TF32"] = config.experimental.tensor_float_32_execution_enabled()
        asked = os.environ.get("TF_DETERMINISTIC_OPS", "").lower()  # it cannot be asked directly
        found["deterministic kernels only"] = asked in ("1", "true")
    elif ENGINE == "torch":
        found["threads"] = engine.get_num_threads()
        found["TF32 in matrix products"] = engine.backends.cuda.matmul.fp32_precision == "tf32"
        found["TF32 in recurrent layers"] = engine.backends.cudnn.rnn.fp32_precision == "tf32"
        found["TF32 in convolutions"] = engine.backends.cudnn.conv.fp32_precision == "tf32"
    else:
        found["precision of matrix products"] = engine.config.jax_default_matmul_precision or "own"
    return found


def gpu_peak_bytes() -> int | None:
    """Return the peak of bytes in tensors on the GPU, as the engine counts it; None without one."""
    if not on_gpu:
        return None
    if ENGINE == "tensorflow":
        return engine.config.experimental.get_memory_info("GPU:0")["peak"]
    if ENGINE == "torch":
        return engine.cuda.max_memory_allocated()
    return engine.devices()[0].memory_stats()["peak_bytes_in_use"]


def gpu_reserved_bytes() -> int | None:
    """Return the peak of bytes held by the engine's allocator; only PyTorch's tells."""
    return engine.cuda.max_memory_reserved() if on_gpu and ENGINE == "torch" else None


def versions() -> dict[str, str]:
    """Return the versions of Keras and of its engine."""
    found = {"keras": keras.__version__, ENGINE: engine.__version__}
    if ENGINE == "jax":
        found["jaxlib"] = version("jaxlib")
    return found


def batches(arrays: tuple[Arrays, ...], orders: Array, batch_size: int):
    """Return all batches of a training, for `fit`: arrays (n, ...) in the order of each epoch.

    TensorFlow gets its own input pipeline, the others a Python one. Both gather a batch from host
    memory when it is needed, keep the last, partial batch of each epoch, and run through all
    epochs without a stop, so `fit` has to be told the steps per epoch. `orders` is (epoch, n).
    """
    if ENGINE != "tensorflow":
        return Batches(arrays, orders, batch_size)
    tf, data = engine, engine.data.Dataset
    with tf.device("CPU:0"):
        arrays = tf.nest.map_structure(tf.constant, arrays)
    indices = data.from_tensor_slices(orders).flat_map(
        lambda order: data.from_tensor_slices(order).batch(batch_size)
    )

    def gather(batch):
        return tf.nest.map_structure(lambda array: tf.gather(array, batch), arrays)

    gathered = indices.map(gather).prefetch(1)
    options = tf.data.Options()
    options.autotune.enabled = False  # there is nothing to tune, and its thread ends seconds late
    return gathered.with_options(options)


class Batches(keras.utils.PyDataset):
    """The same batches, one after the other, in Python."""

    def __init__(self, arrays: tuple[Arrays, ...], orders: Array, batch_size: int) -> None:
        super().__init__()
        self.arrays = arrays
        starts = range(0, orders.shape[1], batch_size)
        self.indices = [order[i : i + batch_size] for order in orders for i in starts]

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, i: int) -> tuple[Arrays, ...]:
        batch = self.indices[i]
        return tuple(mapped(lambda array: array[batch], arrays) for arrays in self.arrays)
