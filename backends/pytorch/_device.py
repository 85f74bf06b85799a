"""Where PyTorch computes: the only file of this folder that knows about devices and threads.

On a GPU it ran with CUDA 13. Implemented, not yet measured: TF32.
"""

import torch

from backends import Unavailable
from backends._float64 import widen_gradients, widen_twins

# Further names of float32. Python's own function `float` is no attribute of anything.
WIDE = {"float": "double", "FloatTensor": "DoubleTensor"}

device = torch.device("cpu")


def prepare(*, device: str, threads: int, precision: str = "float32") -> None:
    """Set the device, "cpu" or "gpu", the number of threads, and the precision of new networks.

    Raises:
        Unavailable: this PyTorch sees no GPU.
    """
    if precision == "float64":
        torch.set_default_dtype(torch.float64)
        widen_gradients(torch)
        widen_twins(WIDE)
    else:
        torch.set_default_dtype(torch.float32)
    # One precision for all frameworks: by default cuDNN alone would round to TF32.
    cuda, cudnn = torch.backends.cuda, torch.backends.cudnn
    for part in (cuda.matmul, cudnn.conv, cudnn.rnn):
        part.fp32_precision = "tf32" if precision == "tf32" else "ieee"
    torch.set_num_threads(threads)
    torch.set_num_interop_threads(threads)
    if device == "gpu":
        if not torch.cuda.is_available():
            raise Unavailable(f"torch {torch.__version__} sees no GPU")
        globals()["device"] = torch.device("cuda")


def synchronize() -> None:
    """Wait until the device has done all that was asked of it."""
    if device.type == "cuda":
        torch.cuda.synchronize()


def randomness() -> list[bytes]:
    """Return the state of PyTorch's own generators, which changes where they are drawn from."""
    states = [torch.get_rng_state()]
    if device.type == "cuda":
        states.append(torch.cuda.get_rng_state())
    return [state.numpy().tobytes() for state in states]


def place(tensor: torch.Tensor) -> str:
    """Return where a tensor is: "cpu" or "gpu"."""
    return "gpu" if tensor.is_cuda else tensor.device.type


def matrix(n: int) -> torch.Tensor:
    """Return n x n ones in the memory of the device."""
    return torch.ones((n, n), device=device)


def settings() -> dict[str, object]:
    """Return what is set for all networks of this process."""
    return {
        "threads": torch.get_num_threads(),
        "precision": str(torch.get_default_dtype()).removeprefix("torch."),
        "TF32 in matrix products": torch.backends.cuda.matmul.fp32_precision == "tf32",
        "TF32 in recurrent layers": torch.backends.cudnn.rnn.fp32_precision == "tf32",
        "TF32 in convolutions": torch.backends.cudnn.conv.fp32_precision == "tf32",
        "deterministic kernels only": torch.are_deterministic_algorithms_enabled(),
    }


def gpu_peak_bytes() -> int | None:
    """Return the peak of bytes in tensors on the GPU (torch.cuda.max_memory_allocated)."""
    return torch.cuda.max_memory_allocated() if device.type == "cuda" else None


def gpu_reserved_bytes() -> int | None:
    """Return the peak of bytes held by the allocator (torch.cuda.max_memory_reserved)."""
    return torch.cuda.max_memory_reserved() if device.type == "cuda" else None


def versions() -> dict[str, str]:
    """Return the versions of torch and of the CUDA it was built for."""
    return {"torch": torch.__version__} | (
        {"cuda": torch.version.cuda} if torch.version.cuda else {}
    )
