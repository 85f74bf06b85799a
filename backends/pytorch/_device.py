"""Where PyTorch computes: the only file of this folder that knows about devices and threads.

What is said here of GPUs is implemented, not yet measured.
"""

import torch

from backends import Unavailable

device = torch.device("cpu")


def prepare(*, device: str, threads: int, precision: str = "float32") -> None:
    """Set the device, "cpu" or "gpu", the number of threads, and the precision of new networks.

    Raises:
        Unavailable: this PyTorch sees no GPU.
    """
    torch.set_default_dtype(getattr(torch, precision))
    torch.set_num_threads(threads)
    torch.set_num_interop_threads(threads)
    if device == "gpu":
        if not torch.cuda.is_available():
            raise Unavailable(f"torch {torch.__version__} sees no GPU")
        globals()["device"] = torch.device("cuda")
        # One precision for all frameworks: by default cuDNN alone would round to TF32.
        torch.backends.cudnn.conv.fp32_precision = "ieee"
        torch.backends.cudnn.rnn.fp32_precision = "ieee"


def synchronize() -> None:
    """Wait until the device has done all that was asked of it."""
    if device.type == "cuda":
        torch.cuda.synchronize()


def matrix(n: int) -> torch.Tensor:
    """Return n x n ones in the memory of the device."""
    return torch.ones((n, n), device=device)


def settings() -> dict[str, object]:
    """Return what is set for all networks of this process."""
    return {
        "threads": torch.get_num_threads(),
        "precision": str(torch.get_default_dtype()).removeprefix("torch."),
        "TF32 in matrix products": torch.backends.cuda.matmul.fp32_precision == "tf32",
        "TF32 in cuDNN": torch.backends.cudnn.rnn.fp32_precision == "tf32",
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
