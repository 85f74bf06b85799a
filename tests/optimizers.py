"""Optimizers for tests: recipes, what NumPy makes of each formula, and what can be done wrong."""

from typing import NamedTuple

import numpy as np
from port_frame import Port

NET = Port(
    "features",
    "self.fc = nn.Linear(4, 5)", "x = self.fc(x).tanh()",
    "self.fc = layers.Dense(5)", "x = ops.tanh(self.fc(x))",
)  # fmt: skip
COSINE = 'schedule=Schedule("cosine", final=0.1, warm_up=5)'
EPOCHS = 'schedule=Schedule("exponential", factor=0.5)'
# What a recipe says, by what is looked at. Constants are large enough to show.
RECIPES = {
    "sgd": 'optimizer="sgd", learning_rate=0.1',
    "momentum": f'optimizer=Optimizer("sgd", momentum=0.9), learning_rate=0.1, {COSINE}',
    "nesterov": 'optimizer=Optimizer("sgd", momentum=0.9, nesterov=True), '
    'schedule=Schedule("piecewise", at=(3, 90), factors=(0.5, 0.1))',
    "adam": f'optimizer=Optimizer("adam", beta1=0.8, beta2=0.99, epsilon=1e-3), {COSINE}',
    "adamw": 'optimizer=Optimizer("adamw", weight_decay=0.1, leave_alone=("bias",)), ' + EPOCHS,
    "rmsprop": f'optimizer=Optimizer("rmsprop", rho=0.9, momentum=0.9, epsilon=1e-3), {COSINE}',
    "centered": 'optimizer=Optimizer("rmsprop", centered=True, epsilon=1e-3)',
    "adagrad": 'optimizer=Optimizer("adagrad", initial_accumulator=0.2, epsilon=1e-3), '
    "learning_rate=0.1, " + COSINE,
    "adamax": f'optimizer=Optimizer("adamax", epsilon=1e-3), {COSINE}',
    "nadam": f'optimizer="nadam", {COSINE}',
    "decay": 'optimizer=Optimizer("sgd", momentum=0.9, weight_decay=0.1, '
    'leave_alone=("fc/bias",)), ' + COSINE,
    "penalty": 'optimizer=Optimizer("rmsprop", l2=0.1, weight_decay=0.1, clip_norm=0.05, '
    'leave_alone=("bias",)), ' + EPOCHS,
    "clip_value": 'optimizer=Optimizer("sgd", clip_value=0.01), '
    'schedule=Schedule("exponential", factor=0.9, every=10)',
    "clip_norm": 'optimizer=Optimizer("adam", clip_norm=0.05)',
    "clip_global_norm": 'optimizer=Optimizer("adam", clip_global_norm=0.05)',
}


def trained(asked, rates, gradients, weights):
    """Return weights after steps with these gradients, in NumPy: all by name, lists of a dict."""
    option = asked.option
    weights = {name: np.array(weight, np.float64) for name, weight in weights.items()}
    kept = {name: {} for name in weights}
    for t, (rate, found) in enumerate(zip(rates, gradients, strict=True), start=1):
        for name, g in clipped(asked, found).items():
            w = weights[name]
            if not asked.leaves_alone(name):
                w = w - rate * option("weight_decay") * w
                g = g + option("l2") * w
            weights[name] = w - rate * FORMULAS[asked.name](option, g, kept[name], t)
    return weights


def clipped(asked, gradients):
    if asked.clip_value:
        limit = asked.clip_value
        return {name: np.clip(g, -limit, limit) for name, g in gradients.items()}
    norms = {name: np.linalg.norm(g) for name, g in gradients.items()}
    whole = np.sqrt(sum(norm**2 for norm in norms.values()))
    if most := asked.clip_norm:
        return {name: g * most / max(norms[name], most) for name, g in gradients.items()}
    if most := asked.clip_global_norm:
        return {name: g * most / max(whole, most) for name, g in gradients.items()}
    return gradients


def sgd(option, g, kept, t):
    kept["b"] = option("momentum") * kept.get("b", 0) + g
    return g + option("momentum") * kept["b"] if option("nesterov") else kept["b"]


def moments(option, g, kept):
    beta1, beta2 = option("beta1"), option("beta2")
    kept["m"] = beta1 * kept.get("m", 0) + (1 - beta1) * g
    kept["v"] = beta2 * kept.get("v", 0) + (1 - beta2) * g**2
    return beta1, beta2, kept["m"], kept["v"]


def adam(option, g, kept, t):
    beta1, beta2, m, v = moments(option, g, kept)
    size = np.sqrt(1 - beta2**t) / (1 - beta1**t)
    return size * m / (np.sqrt(v) + option("epsilon"))


def nadam(option, g, kept, t):
    beta1, beta2, m, v = moments(option, g, kept)
    now, ahead = (beta1 * (1 - 0.5 * 0.96**k) for k in (t, t + 1))
    kept["c"] = kept.get("c", 1) * now
    step = ahead * m / (1 - kept["c"] * ahead) + (1 - now) * g / (1 - kept["c"])
    return step / (np.sqrt(v / (1 - beta2**t)) + option("epsilon"))


def rmsprop(option, g, kept, t):
    rho = option("rho")
    kept["v"] = rho * kept.get("v", 0) + (1 - rho) * g**2
    kept["a"] = rho * kept.get("a", 0) + (1 - rho) * g if option("centered") else 0 * g
    step = g / (np.sqrt(kept["v"] - kept["a"] ** 2) + option("epsilon"))
    kept["b"] = option("momentum") * kept.get("b", 0) + step
    return kept["b"]


def adagrad(option, g, kept, t):
    kept["s"] = kept.get("s", option("initial_accumulator")) + g**2
    return g / (np.sqrt(kept["s"]) + option("epsilon"))


def adamax(option, g, kept, t):
    beta1 = option("beta1")
    kept["m"] = beta1 * kept.get("m", 0) + (1 - beta1) * g
    kept["u"] = np.maximum(option("beta2") * kept.get("u", 0), np.abs(g) + option("epsilon"))
    return kept["m"] / kept["u"] / (1 - beta1**t)


FORMULAS = {
    "sgd": sgd,
    "adam": adam,
    "adamw": adam,
    "rmsprop": rmsprop,
    "adagrad": adagrad,
    "adamax": adamax,
    "nadam": nadam,
}


class Fault(NamedTuple):
    """One thing done wrong on one side, and where the ladder finds it among the first steps."""

    recipe: str
    backend: str
    old: str
    new: str
    tensor: str
    step: int = 0
    rung: str = "steps"


TORCH, KERAS = "pytorch", "keras-tensorflow"  # the files `_optimizers.py` that are changed
FAULTS = {
    "epsilon of PyTorch's Adam": Fault(
        "adam", TORCH, 'asked.name in ("adam", "adamw") and not stock', "False", "fc/kernel"
    ),
    "epsilon inside the root": Fault(
        "centered", KERAS, "outside, late = True, True", "outside, late = False, True", "fc/kernel"
    ),
    "the rate in the momentum": Fault(
        "momentum", KERAS, '"sgd": SGD,', '"sgd": keras.optimizers.SGD,', "fc/kernel momentum"
    ),
    "the rate in RMSprop's momentum": Fault(
        "rmsprop", KERAS, "late = True, True", "late = True, False", "fc/kernel momentum"
    ),
    "Nesterov off": Fault("nesterov", TORCH, '"nesterov": "nesterov",', "", "fc/kernel"),
    "dampening": Fault(
        "momentum", TORCH, "kind(groups,", "kind(groups, dampening=0.1,", "fc/kernel momentum", 1
    ),
    "another beta": Fault("adam", TORCH, 'asked.option("beta2"))', "0.999)", "fc/kernel v"),
    "another rho": Fault("rmsprop", TORCH, '"rho": "alpha",', "", "fc/kernel v"),
    "not centered": Fault("centered", TORCH, '"centered": "centered",', "", "fc/kernel"),
    "Adagrad from 0": Fault(
        "adagrad", TORCH, '"initial_accumulator": "initial_accumulator_value",', "",
        "fc/kernel accumulator",
    ),
    "Adagrad's epsilon inside": Fault(
        "adagrad", KERAS, '"adagrad": Adagrad,', '"adagrad": keras.optimizers.Adagrad,', "fc/kernel"
    ),
    "Adamax's epsilon": Fault(
        "adamax", KERAS, '"adamax": Adamax,', '"adamax": keras.optimizers.Adamax,', "fc/kernel u"
    ),
    "Nadam's schedule of momentum": Fault(
        "nadam", TORCH, "momentum_decay=1", "momentum_decay=4e-3", "fc/kernel"
    ),
    "each norm for that of all": Fault(
        "clip_global_norm", TORCH, "_clip_together(parameters, most)]",
        '_clip_each([Variable("", [p]) for p in parameters], most)]', "fc/kernel m",
    ),
    "the norm of all for each": Fault(
        "clip_norm", TORCH, "_clip_each(named, most)]",
        "_clip_together(parameters, most)]", "fc/kernel m",
    ),
    "1e-6 in a norm": Fault(
        "clip_norm", TORCH, "gradients, most / norm.clamp(min=most)",
        "gradients, most / (norm + 1e-6)", "fc/kernel m",
    ),
    "a norm for values": Fault(
        "clip_value", TORCH, "clip_grad_value_", "clip_grad_norm_", "fc/kernel"
    ),
    "no clipping": Fault("clip_value", KERAS, '"clip_value": "clipvalue",', "", "fc/kernel"),
    "a coupled decay": Fault(
        "adamw", TORCH, 'asked.option("l2"), asked.option("weight_decay", own)',
        'asked.option("weight_decay", own), 0.0', "fc/kernel m",
    ),
    "a decay that is left out": Fault(
        "decay", KERAS, '"weight_decay": "weight_decay",', "", "fc/kernel"
    ),
    "a decay without the rate": Fault(
        "adamw", TORCH, "alpha=-rate * decay", "alpha=-decay", "fc/kernel"
    ),
    "a decay of biases": Fault(
        "adamw", TORCH, "return list(others)", "return [*others, *alone]", "fc/bias", 1
    ),
    "a penalty twice as large": Fault(
        "penalty", KERAS, "acts], l2, [variables", "acts], 2 * l2, [variables", "fc/kernel v"
    ),
    "a penalty on biases": Fault(
        "penalty", KERAS, "made._var_key(one) not in alone", "True", "fc/bias v", 1
    ),
    "a decay of the rate for one of the weights": Fault(
        "decay", KERAS, "made = _kind(asked, kept)(_rate(recipe, steps_per_epoch), **settings)",
        "rates = recipe.rates(steps_per_epoch)\n"
        "    decay = settings.pop('weight_decay')\n"
        "    rates = rates / [1 + decay * k for k in range(len(rates))]\n"
        "    made = _kind(asked, kept)(Rates(rates), **settings)",
        "fc/kernel",
    ),
    "a schedule that counts epochs": Fault(
        "momentum", TORCH, "rates = recipe.rates(steps_per_epoch)",
        "rates = recipe.rates(1).repeat(steps_per_epoch)", "rate", 1,
    ),
    "a rate one step early": Fault(
        "momentum", TORCH, "zip(rates.tolist(), settings", "zip(rates.tolist()[1:] + [0], settings",
        "rate",
    ),
    "a rate that is kept from step 50": Fault(
        "momentum", KERAS, "ops.take(self.rates, step)",
        "ops.take(self.rates, ops.minimum(step, 50))", "rate", 51, "curve",
    ),
    "a schedule of other steps from step 50": Fault(
        "momentum", TORCH, "rates = recipe.rates(steps_per_epoch)",
        "rates = recipe.rates(steps_per_epoch)\n    rates[50:] = rates[49:-1]", "rate", 50, "curve",
    ),
    "a rate one step late": Fault(
        "momentum", KERAS, "ops.take(self.rates, step)",
        "ops.take(self.rates, ops.maximum(step - 1, 0))", "rate", 1,
    ),
}  # fmt: skip
