"""What is asked of two models."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from problems import Spec


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What two models are held to: the inputs they get, and how they are trained."""

    inputs: Mapping[str, Spec]  # by name; one alone has the name ""
    loss: str = "mean_squared_error"
    optimizer: str = "adam"
    learning_rate: float = 1e-3
    steps: int = 40
    channels: str = ""  # where PyTorch's inputs have them, "first" or "last"; "": that is found
    batch_size: int = 32  # where both are timed; the proof has one of its own
    target: Spec | None = None  # None: what fits the loss and the outputs
    weights: str = ""  # the panel whose weights both get; "": they are drawn
    stored: str = ""  # the file that this one's are in; "": as the model has them


@dataclass(frozen=True, kw_only=True)
class Models:
    """Two models, and losses and optimizers of their own, by reference; all are by panel."""

    models: Mapping[str, str]
    losses: Mapping[str, str] = field(default_factory=dict)  # both or none
    optimizers: Mapping[str, str] = field(default_factory=dict)  # both or none
