"""Weights of PyTorch that were stored in a file. Nothing that a file says is run."""

import pickle
import re
import zipfile
from pathlib import Path

import safetensors.torch
import torch
from torch import nn
from torch.nn.modules.utils import consume_prefix_in_state_dict_if_present

WITHIN = ("model_state_dict", "state_dict", "model")  # where a checkpoint has them

EXPECTED = "expected tensors by name, as of torch.save(model.state_dict(), file)"


def load(model: nn.Module, file: Path) -> None:
    """Load stored weights into a model.

    Raises:
        ValueError: the file holds anything but tensors, or those of another model.
    """
    found = safetensors.torch.load_file(file) if file.suffix == ".safetensors" else _tensors(file)
    if not all(isinstance(name, str) for name in found):
        raise ValueError(f"{EXPECTED}, came other keys than names")
    for name in WITHIN:
        if isinstance(found.get(name), dict):
            found = found[name]
    consume_prefix_in_state_dict_if_present(found, "module.")  # of nn.DataParallel
    model.load_state_dict(found)


def _tensors(file: Path) -> dict:
    """Return what `torch.save` wrote, if that is tensors and what holds them."""
    if not zipfile.is_zipfile(file):
        raise ValueError(
            "expected an archive of torch.save, came a file that is none; it is unread"
        )
    try:
        found = torch.load(file, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        named = re.search(r"GLOBAL ([\w.]+)", str(error))
        came = f"{named[1]}, which could run anything" if named else "something else"
        raise ValueError(f"{EXPECTED}, came {came}; nothing of it was run") from None
    except RuntimeError as error:
        if "TorchScript" not in str(error):
            raise
        raise ValueError(f"{EXPECTED}, came a TorchScript program; nothing of it was run") from None
    if not isinstance(found, dict):
        raise ValueError(f"{EXPECTED}, came a {type(found).__name__}")
    return found
