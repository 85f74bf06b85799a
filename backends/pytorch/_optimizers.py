"""The optimizers of a recipe: PyTorch's own, set before each step to compute the one formula.

The formulas are those of `problems.Optimizer`; with PyTorch's own defaults kept, they are its own.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
import torch._dynamo  # comes with the first optimizer; here, it counts as import, not as building
from torch import Tensor, nn

from backends._registry import own_optimizer
from backends._seeded import Array
from backends.pytorch import _weights
from problems import OPTIMIZERS, OWN, Optimizer, Problem

# Option of a recipe: PyTorch's argument. Betas are a pair there, decay is not its own.
NAMES = {
    "momentum": "momentum",
    "nesterov": "nesterov",
    "rho": "alpha",
    "centered": "centered",
    "initial_accumulator": "initial_accumulator_value",
    "epsilon": "eps",
}
KINDS = {
    "sgd": torch.optim.SGD,
    "adam": torch.optim.Adam,
    "adamw": torch.optim.Adam,  # whose own decay is the l2 of a recipe; see `_decay`
    "rmsprop": torch.optim.RMSprop,
    "adagrad": torch.optim.Adagrad,
    "adamax": torch.optim.Adamax,
    "nadam": partial(torch.optim.NAdam, momentum_decay=1),  # differs: default is 4e-3
}
SPARSE = ("sgd", "adagrad")  # which take sparse gradients, as those of Embedding(sparse=True)
# PyTorch's defaults where the formula has others.
DEFAULTS = {
    "adam": {"epsilon": 1e-8},
    "adamw": {"epsilon": 1e-8, "weight_decay": 0.01},
    "nadam": {"epsilon": 1e-8},
}


class Variable(NamedTuple):
    """What is one variable in Keras: its name, the tensors that hold it, and where in each.

    Projections of an attention, say, are several variables in Keras and one tensor here.
    """

    name: str
    parameters: list[nn.Parameter]
    places: list[Tensor] | None = None  # among the numbers of each tensor; None: all of them


class Before:
    """What is done before each step: the rate is set, gradients are clipped, weights decay."""

    def __init__(
        self, rates: Array, settings: Iterable[dict], acts: list[Callable], check: Callable
    ) -> None:
        self.steps = zip(rates.tolist(), settings, strict=True)
        self.acts, self.check = acts, check
        self.rates: list[float] = []  # of the steps so far

    def __call__(self, optimizer: torch.optim.Optimizer, *_) -> None:
        """Get ready for the next step; the gradients of the first are checked."""
        if not self.rates:
            self.check()
        rate, settings = next(self.steps)
        self.rates.append(rate)
        for group in optimizer.param_groups:
            group.update(settings)
        for act in self.acts:
            act(rate)


class OfTwin:
    """The optimizer that a twin has made, with its scheduler, if it has one.

    No hooks of PyTorch's: they would be called twice where a user's `step` calls that of its kind.
    """

    state: Mapping[nn.Parameter, dict] = {}  # what it keeps is not compared

    def __init__(self, made: object) -> None:
        self.own, *self.schedulers = made if isinstance(made, tuple | list) else (made,)
        if not isinstance(self.own, torch.optim.Optimizer):
            raise TypeError(
                f"optimizer(model): expected an optimizer of PyTorch, came {self.own!r:.60}"
            )
        self.param_groups, self.zero_grad = self.own.param_groups, self.own.zero_grad
        self.acts: list[Callable] = []
        self.rates: list[float] = []  # of the steps so far

    def register_step_pre_hook(self, act: Callable) -> None:
        """Have this done before each step."""
        self.acts.append(act)

    def step(self) -> None:
        """Move the weights, then the learning rate."""
        self.rates.append(float(self.param_groups[0]["lr"]))
        for act in self.acts:
            act(self)
        self.own.step()
        for scheduler in self.schedulers:
            scheduler.step()


def optimizer(
    model: nn.Module, problem: Problem, steps_per_epoch: int, kept: Set[str]
) -> tuple[torch.optim.Optimizer | OfTwin, Before | OfTwin]:
    """Return the optimizer of a training, and what has the rates of its steps so far.

    `kept` names the defaults of PyTorch that are left as they are.

    Raises:
        ValueError: the recipe leaves weights alone that there are not.
        TypeError: the twin's own is none of PyTorch's.
    """
    recipe = problem.recipe
    asked, stock = recipe.optimizer, "optimizer" in kept
    if asked.name == OWN:
        made = OfTwin(own_optimizer("pytorch", problem.name)(model))
        return made, made
    own = DEFAULTS.get(asked.name, {}) if stock else {}
    named = list(_named(model))
    asked.check(one.name for one in named)
    decaying = _decaying(asked, named)
    l2, decay = asked.option("l2"), asked.option("weight_decay", own)
    if "decay" in kept and asked.name != "adamw":
        l2, decay = l2 + decay, 0.0
    acts = [partial(_fill, decaying)] if (l2 or decay) and "decay" not in kept else []
    acts += _clips(asked, named, "norm" in kept)
    acts += [partial(_decay, decaying, decay)] if decay else []
    rates = recipe.rates(steps_per_epoch)
    if asked.name in ("adam", "adamw") and not stock:
        settings = _keras_adam(asked, rates, named[0].parameters[0].dtype)
    else:
        settings = ({"lr": rate} for rate in rates.tolist())
    before = Before(rates, settings, acts, partial(_check_sparse, asked, named, decaying, l2))
    return _made(asked, own, named, decaying, l2, stock), before


def _named(model: nn.Module) -> Iterator[Variable]:
    """Yield all that is trained, by Keras's names; a second bias has the name of the first."""
    met: set[int] = set()
    for slot in _weights._slots(model):
        met |= set(map(id, slot.parameters))
        if trained := [p for p in slot.parameters if p.requires_grad]:
            yield Variable(slot.name, trained, slot.places())
    for path, parameter in model.named_parameters():
        if parameter.requires_grad and id(parameter) not in met:
            layer, _, own = path.replace(".", "/").rpartition("/")
            yield Variable(f"{layer}/{own.partition('_')[0]}", [parameter])


def _decaying(asked: Optimizer, named: list[Variable]) -> list[nn.Parameter]:
    """Return the tensors that l2 and weight_decay act on, each once.

    Raises:
        ValueError: one tensor holds a variable that is left alone, and one that is not.
    """
    alone = {p: one.name for one in named if asked.leaves_alone(one.name) for p in one.parameters}
    others = {
        p: one.name for one in named if not asked.leaves_alone(one.name) for p in one.parameters
    }
    for parameter in alone.keys() & others.keys():
        raise ValueError(
            f"leave_alone: {alone[parameter]} and {others[parameter]} are one tensor in PyTorch: "
            "expected both, came one"
        )
    return list(others)


def _made(
    asked: Optimizer,
    own: dict[str, float],
    named: list[Variable],
    decaying: list[nn.Parameter],
    l2: float,
    stock: bool,
) -> torch.optim.Optimizer:
    """Return PyTorch's optimizer, with a group of parameters that l2 acts on, and one of others."""
    settings = {
        NAMES[name]: asked.option(name, own) for name in OPTIMIZERS[asked.name] if name in NAMES
    }
    if "beta1" in OPTIMIZERS[asked.name]:
        settings["betas"] = (asked.option("beta1"), asked.option("beta2"))
    kind = torch.optim.NAdam if asked.name == "nadam" and stock else KINDS[asked.name]
    ids = set(map(id, decaying if l2 else ()))
    trained = dict.fromkeys(p for one in named for p in one.parameters)  # each once
    groups = [
        {"params": some, "weight_decay": l2 if acts else 0.0}
        for acts in (False, True)
        if (some := [p for p in trained if (id(p) in ids) == acts])
    ]
    return kind(groups, **settings)


def _check_sparse(
    asked: Optimizer, named: list[Variable], decaying: list[nn.Parameter], l2: float
) -> None:
    """Raise ValueError where a gradient is sparse and PyTorch cannot do with it what is asked."""
    clip = next((option for option in asked.given if option.startswith("clip_")), "")
    coupled = set(map(id, decaying if l2 else ()))
    for name, parameters, _ in named:
        if not any(p.grad is not None and p.grad.is_sparse for p in parameters):
            continue
        refuses = clip if asked.name in SPARSE else asked.name
        if refuses or any(id(p) in coupled for p in parameters):
            raise ValueError(
                f"{name}: PyTorch's {refuses or 'weight_decay, which is l2,'} takes no sparse "
                "gradients: expected sparse=False, came True"
            )


def _keras_adam(asked: Optimizer, rates: Array, dtype: torch.dtype) -> Iterator[dict]:
    """Yield for each step what makes PyTorch's Adam compute Keras's.

    Keras adds epsilon to the root of the uncorrected second moment and corrects the step size, with
    betas in float32; PyTorch corrects the moment first and adds epsilon then. No constant epsilon
    makes the two equal, one per step does: epsilon / sqrt(1 - beta2^t), with the size to match.
    """
    beta1, beta2 = asked.option("beta1"), asked.option("beta2")
    precision = np.float64 if dtype == torch.float64 else np.float32
    step = np.arange(1, len(rates) + 1)
    # 1 - 0.999 is off by 1e-5 in float32, and so are Keras's first steps; it rounds the betas to
    # float32 in a float64 network too.
    power1, power2 = (
        np.power(precision(np.float32(beta)), step, dtype=precision) for beta in (beta1, beta2)
    )
    alpha = precision(rates) * np.sqrt(1 - power2) / (1 - power1)
    correction2 = np.sqrt(1 - beta2**step)
    sizes = alpha * (1 - beta1**step) / correction2
    # differs: Keras's epsilon is 1e-7, PyTorch's default 1e-8
    epsilons = asked.option("epsilon") / correction2
    for size, epsilon in zip(sizes.tolist(), epsilons.tolist(), strict=True):
        yield {"lr": size, "eps": epsilon}


def _fill(parameters: list[nn.Parameter], _: float) -> None:
    """Have a gradient of 0 where there is none, as on JAX: what is not used decays, too."""
    for parameter in parameters:
        if parameter.grad is None:
            parameter.grad = torch.zeros_like(parameter)


def _decay(parameters: list[nn.Parameter], decay: float, rate: float) -> None:
    """Take from weights that much of themselves: decoupled, which AdamW alone has in PyTorch."""
    parameters = [p for p in parameters if p.grad is not None]
    with torch.no_grad():
        # Not a product with 1 - rate * decay, in which float32 would lose three digits of the two.
        torch._foreach_add_(parameters, parameters, alpha=-rate * decay)


def _clips(asked: Optimizer, named: list[Variable], own_norm: bool) -> list[Callable]:
    """Return what clips gradients before a step, if anything."""
    parameters = list(dict.fromkeys(p for one in named for p in one.parameters))
    if asked.clip_value:
        return [lambda _: nn.utils.clip_grad_value_(parameters, asked.clip_value)]
    most = asked.clip_norm or asked.clip_global_norm
    if most and own_norm:
        return [lambda _: nn.utils.clip_grad_norm_(parameters, most)]
    if asked.clip_global_norm:
        return [lambda _: _clip_together(parameters, most)]
    return [lambda _: _clip_each(named, most)] if most else []


@torch.no_grad()
def _clip_together(parameters: list[nn.Parameter], most: float) -> None:
    """Clip gradients by their norm; PyTorch's own function adds 1e-6 to it."""
    gradients = [p.grad for p in parameters if p.grad is not None]
    norm = nn.utils.get_total_norm(gradients)
    torch._foreach_mul_(gradients, most / norm.clamp(min=most))


@torch.no_grad()
def _clip_each(variables: list[Variable], most: float) -> None:
    """Clip the gradient of each variable by its norm: it may be two tensors, or a part of one."""
    for _, parameters, places in variables:
        if any(p.grad is None for p in parameters):
            continue
        if places is None:
            _clip_together(parameters, most)
            continue
        flat = [(p.grad.view(-1), place) for p, place in zip(parameters, places, strict=True)]
        norm = torch.cat([numbers[place] for numbers, place in flat]).norm()
        for numbers, place in flat:
            numbers[place] *= most / norm.clamp(min=most)
