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
