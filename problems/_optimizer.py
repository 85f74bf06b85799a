"""How weights are moved: the value `Optimizer`, and the one formula of each that both sides have.

Sources: Keras 3.15's `optimizers`, PyTorch 2.13's `torch.optim`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType

import numpy as np

from problems._names import OWN, check_known
from problems._numbers import is_number, simplify, told

# Optimizer: its options beside those that all have, with their defaults.
OPTIMIZERS: Mapping[str, Mapping[str, float | bool]] = MappingProxyType(
    {
        "sgd": {"momentum": 0.0, "nesterov": False},
        "adam": {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-7},
        "adamw": {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-7, "weight_decay": 0.004},
        "rmsprop": {"rho": 0.99, "momentum": 0.0, "centered": False, "epsilon": 1e-8},
        "adagrad": {"initial_accumulator": 0.0, "epsilon": 1e-10},
        "adamax": {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8},
        "nadam": {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-7},
        OWN: {},
    }
)
NOTHING: Mapping[str, float | bool] = MappingProxyType({})
CLIPS = ("clip_value", "clip_norm", "clip_global_norm")
SHARED = ("l2", "weight_decay", "leave_alone", *CLIPS)  # options that all have
ROUNDED = ("weight_decay", "initial_accumulator")
SWITCHES = ("nesterov", "centered")
BELOW_1 = ("momentum", "beta1", "beta2", "rho")


@dataclass(frozen=True)
class Optimizer:
    """An optimizer with its options; one that is not given has the default of `OPTIMIZERS`.

    With gradient g, weight w, learning rate r, step t = 1, 2, ..., and all else 0 at the start:

    - sgd: b = momentum b + g; w -= r b, or with `nesterov` w -= r (g + momentum b). PyTorch's: the
      rate is not part of b, so a new rate acts at once. Keras's has it there; the two are equal
      where the rate never changes.
    - adam, adamw: m += (1 - beta1) (g - m); v += (1 - beta2) (g^2 - v);
      w -= r sqrt(1 - beta2^t) / (1 - beta1^t) m / (sqrt(v) + epsilon). Keras's: PyTorch's own Adam
      computes it when its rate and epsilon are set for each step. adamw has a weight decay of
      0.004, and is adam otherwise.
    - rmsprop: v = rho v + (1 - rho) g^2; with `centered` a += (1 - rho) (g - a), else a = 0;
      b = momentum b + g / (sqrt(v - a^2) + epsilon); w -= r b. PyTorch's: Keras has epsilon inside
      the root, and the rate in b.
    - adagrad: s starts at `initial_accumulator`; s += g^2; w -= r g / (sqrt(s) + epsilon).
      PyTorch's: Keras has epsilon inside the root, and starts at 0.1.
    - adamax: m as in adam; u = max(beta2 u, |g| + epsilon); w -= r / (1 - beta1^t) m / u.
      PyTorch's: Keras adds epsilon to u where it divides by it.
    - nadam: m and v as in adam; c_t = beta1 (1 - 0.96^t / 2), C_t = c_1 ... c_t;
      w -= r (c_(t+1) m / (1 - C_(t+1)) + (1 - c_t) g / (1 - C_t)) / (sqrt(v / (1 - beta2^t)) +
      epsilon). Keras's, which is PyTorch's with a momentum decay of 1.
    - own: what the function `optimizer(model)` of the twin returns, with no options here: an
      optimizer of the framework's, with a learning rate of its own. That of PyTorch may be a pair,
      with a scheduler that steps after each step. What it keeps beside the weights is not compared.

    Where no setting makes the two equal, the formula is PyTorch's, for Keras takes another one
    without loss: it is compiled with the rest of the step, or, on PyTorch, done with all variables
    at once, as Keras's own is.

    Then, for all of them, in this order in each step:

    1. One of: `clip_value` cuts every number of a gradient to +-clip_value; `clip_norm` multiplies
       each gradient g by c / max(|g|, c), with |g| the root of its sum of squares; the same does
       `clip_global_norm` with the norm of all gradients together. Keras's: PyTorch adds 1e-6 to the
       norm.
    2. `weight_decay`: w -= r weight_decay w. Decoupled, as in AdamW (Loshchilov and Hutter 2019):
       Keras's `weight_decay`. The same name is the coupled l2 in most of PyTorch's optimizers.
    3. `l2`: g += l2 w. Coupled, on what is clipped already: PyTorch's `weight_decay`, and what
       Keras's `regularizers.l2(l2 / 2)` adds to a gradient. The loss does not have the penalty.
    4. The formula above.

    `leave_alone` names weights that neither l2 nor weight_decay acts on, by Keras's names: whole,
    such as "dense/bias", or the last part, such as "bias" or "gamma".

    Raises:
        ValueError: there is no such optimizer, it has no such option, or a value is none it can be.
    """

    name: str
    momentum: float | None = None
    nesterov: bool | None = None
    beta1: float | None = None
    beta2: float | None = None
    epsilon: float | None = None
    rho: float | None = None
    centered: bool | None = None
    initial_accumulator: float | None = None
    l2: float | None = None
    weight_decay: float | None = None
    leave_alone: tuple[str, ...] | None = None
    clip_value: float | None = None
    clip_norm: float | None = None
    clip_global_norm: float | None = None

    def __post_init__(self) -> None:
        simplify(self)
        check_known("optimizer", self.name, OPTIMIZERS)
        shared = () if self.name == OWN else SHARED
        known = dict.fromkeys((*OPTIMIZERS[self.name], *shared))
        for option, value in self.given.items():
            if option not in known:
                has = ", ".join(known) or "none"
                raise ValueError(f"{self.name} has no option {option!r}; it has {has}")
            _check(f"{self.name}: {option}", option, value)
        clips = [option for option in CLIPS if option in self.given]
        if len(clips) > 1:
            raise ValueError(f"expected one of {', '.join(CLIPS)}, came {' and '.join(clips)}")
        if self.leave_alone and not (self.option("l2") or self.option("weight_decay")):
            raise ValueError("leave_alone: expected l2 or weight_decay beside it, came neither")
        if self.nesterov and not self.momentum:
            raise ValueError("nesterov: expected a momentum beside it, came none")

    @property
    def given(self) -> dict[str, object]:
        """The options that are given, by name."""
        options = [field.name for field in fields(self)][1:]
        return {name: one for name in options if (one := getattr(self, name)) is not None}

    def option(self, name: str, own: Mapping[str, float | bool] = NOTHING) -> float | bool:
        """Return an option: as it is given, or by `own` defaults, or by the formula's, or 0.

        A decay, and where an accumulator begins, are rounded to float32 for all: Keras does so on
        two of its three engines.
        """
        given: float | bool | None = getattr(self, name)
        found = {**OPTIMIZERS[self.name], **own}.get(name, 0.0) if given is None else given
        return float(np.float32(found)) if name in ROUNDED else found

    def leaves_alone(self, weight: str) -> bool:
        """Say whether neither l2 nor weight_decay acts on a weight, by Keras's name for it."""
        return bool({weight, weight.rpartition("/")[2]} & set(self.leave_alone or ()))

    def check(self, weights: Iterable[str]) -> None:
        """Raise ValueError unless there are all the weights that are left alone."""
        known = set(weights)
        known |= {name.rpartition("/")[2] for name in known}
        if lost := [name for name in self.leave_alone or () if name not in known]:
            there = ", ".join(sorted(known))
            raise ValueError(f"leave_alone: no weight {', '.join(lost)}; there are {there}")

    def __str__(self) -> str:
        """Return the name and what is given: "sgd with momentum 0.9"."""
        told = [
            name.replace("_", " ")
            if one is True
            else f"{name.replace('_', ' ')} {' '.join(one) if isinstance(one, tuple) else one}"
            for name, one in self.given.items()
        ]
        return f"{self.name} with {', '.join(told)}" if told else self.name


def _check(what: str, option: str, value: object) -> None:
    """Raise ValueError unless a value is one that the option can have."""
    number = is_number(value)
    if option in SWITCHES:
        right, expected = isinstance(value, bool), "True or False"
    elif option == "leave_alone":
        right = isinstance(value, tuple) and all(isinstance(one, str) for one in value)
        expected = "a tuple of names"
    elif option in BELOW_1:
        right, expected = number and 0 <= value < 1, "a number from 0 to below 1"  # type: ignore[operator]
    elif option in (*CLIPS, "epsilon"):
        right, expected = number and value > 0, "a number above 0"  # type: ignore[operator]
    else:
        right, expected = number and value >= 0, "a number, 0 or more"  # type: ignore[operator]
    if not right:
        raise ValueError(f"{what}: expected {expected}, came {told(value)}")
