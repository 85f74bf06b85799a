"""A request -> what two models are held to, which they are, and where the pair is written."""

import argparse
import json
import re
from collections.abc import Mapping
from keyword import iskeyword
from pathlib import Path
from typing import TYPE_CHECKING

from compare.options import count
from compare.records.record import UsageError

if TYPE_CHECKING:
    from compare.match.asked import Asked, Models
    from problems import Spec

LOSSES = (
    *("mean_squared_error", "mean_absolute_error", "huber", "cross_entropy"),
    "binary_cross_entropy",
)
OPTIMIZERS = ("adam", "sgd", "adamw", "rmsprop", "adagrad", "adamax", "nadam")
WEIGHTS = {"drawn": "", "pytorch": "pytorch", "keras": "keras"}
STORED = {"pytorch": (".pt", ".pth", ".safetensors"), "keras": (".keras", ".h5", ".hdf5")}
LONGEST = 40  # of a name that is made of a reference
RANGE = re.compile(r"\s*(-?[\d.e+-]+?)\s*\.\.\s*(-?[\d.e+-]+)\s*")


def add_asked(match: argparse.ArgumentParser) -> None:
    """Add what two models are held to."""
    match.add_argument(
        "--input",
        required=True,
        action="append",
        metavar="AXES",
        help='axes without the batch, channels last, e.g. "time=20 feature=8"; then, after a '
        'semicolon, the range of the numbers (-1.0..1.0), e.g. "time=20; 0..99" of whole ones; '
        'several inputs by name: "left: time=20 feature=8"',
    )
    match.add_argument(
        "--channels",
        choices=("first", "last"),
        default="",
        help="where the PyTorch model has its channels, after the batch (found by trying)",
    )
    match.add_argument(
        "--loss",
        choices=LOSSES,
        default=LOSSES[0],
        metavar="LOSS",
        help=f"{', '.join(LOSSES)} (%(default)s)",
    )
    match.add_argument(
        "--optimizer", choices=OPTIMIZERS, default=OPTIMIZERS[0], help="optimizer (%(default)s)"
    )
    match.add_argument(
        "--learning-rate", type=_rate, default=1e-3, help="learning rate (%(default)g)"
    )
    match.add_argument(
        "--weights",
        default="drawn",
        metavar="WHICH",
        help="initial weights of both: drawn, pytorch or keras (as that model has them), or a file "
        "of one: .pt, .pth, .safetensors, .keras, .h5 (%(default)s)",
    )
    match.add_argument(
        "--target",
        metavar="AXES",
        help='targets of a loss of your own, as --input, e.g. "; 0..9" of ten classes',
    )
    match.add_argument(
        "--batch-size", type=count, default=32, help="examples in a step that is timed (32)"
    )
    match.add_argument("--steps", type=count, default=40, help="steps of the training (40)")


def options_of(words: list[str]) -> "Asked":
    """Return what two models are held to, as the command is told of it."""
    parser = argparse.ArgumentParser()
    add_asked(parser)
    return asked_of(parser.parse_args(words))


def asked_of(options: argparse.Namespace) -> "Asked":
    """Return what two models are held to."""
    from compare.match.asked import Asked

    inputs = _inputs(options.input)
    return Asked(
        inputs=inputs,
        loss=options.loss,
        optimizer=options.optimizer,
        learning_rate=options.learning_rate,
        steps=options.steps,
        batch_size=options.batch_size,
        channels=options.channels,
        target=_target(options.target, inputs) if options.target else None,
        weights=_panel_of(options.weights),
        stored="" if options.weights in WEIGHTS else str(Path(options.weights).resolve()),
    )


def _panel_of(weights: str) -> str:
    """Return the panel whose weights are asked for; "" where they are drawn.

    Raises:
        UsageError: there is no such file, or its ending tells nothing.
    """
    if weights in WEIGHTS:
        return WEIGHTS[weights]
    panels = [panel for panel, endings in STORED.items() if weights.endswith(endings)]
    if not panels:
        endings = ", ".join(one for endings in STORED.values() for one in endings)
        raise UsageError(
            f"--weights {weights}: expected {', '.join(WEIGHTS)}, or a file whose name ends in one "
            f"of {endings}"
        )
    if not Path(weights).is_file():
        raise UsageError(f"--weights {weights}: expected a file, came none")
    return panels[0]


def place_of(name: str) -> Path:
    """Return the project in which a problem of this name can be written.

    Raises:
        UsageError: there is no project, the name is none, or it is taken.
    """
    import problems
    from problems import _project

    root = _project.root()
    if root is None:
        raise UsageError(
            f"--save {name}: expected a project, came no {_project.FILE} in this folder or above; "
            "`diptych init FOLDER` makes one"
        )
    if not name.isidentifier() or name[0] == "_":
        raise UsageError(f"--save {name!r}: expected a name of letters, digits and _")
    if name in problems.names():
        raise UsageError(f"--save {name}: expected a new name, came that of a problem")
    for panel in ("pytorch", "keras"):
        if (root / "backends" / panel / f"{name}.py").exists():
            raise UsageError(
                f"--save {name}: expected a new name, came that of backends/{panel}/{name}.py"
            )
    return root


def name_of(reference: str) -> str:
    """Return a name for a problem: that of `nets.py:Net(8)` is your_Net_8."""
    from backends._reference import read

    called = reference.removeprefix(read(reference).where)
    return ("your" + re.sub(r"\W+", "_", called))[:LONGEST].rstrip("_")


def models_of(options: argparse.Namespace) -> "Models":
    """Return what is referred to, files by their whole paths.

    Raises:
        UsageError: a reference is none, there is no such file, or one of two is given alone.
    """
    from backends._reference import read
    from compare.match.asked import Models

    found: dict[str, dict[str, str]] = {}
    for kind in ("", "_loss", "_optimizer"):
        for panel in ("pytorch", "keras"):
            option = f"--{panel}{kind.replace('_', '-')}"
            reference = getattr(options, f"{panel}{kind}")
            if reference is None:
                continue
            try:
                where = read(reference).where
            except ValueError as error:
                raise UsageError(f"{option} {error}") from None
            if where.endswith(".py"):
                if not Path(where).is_file():
                    raise UsageError(f"{option} {reference}: expected a file {where}, came none")
                reference = str(Path(where).resolve()) + reference.removeprefix(where)
            found.setdefault(kind, {})[panel] = reference
        if len(found.get(kind, {})) == 1:
            what = kind[1:]
            raise UsageError(f"--pytorch-{what}, --keras-{what}: expected both or none, came one")
    return Models(
        models=found[""],
        losses=found.get("_loss", {}),
        optimizers=found.get("_optimizer", {}),
    )


def _target(text: str, inputs: "Mapping[str, Spec]") -> "Spec":
    """Return the spec of the targets.

    Raises:
        UsageError: it is not told as it should be, or an axis has another size in an input.
    """
    (target,) = _inputs([text], "--target", "0..9").values()
    known = dict(pair.split("=") for spec in inputs.values() for pair in spec.axes.split())
    for axis, size in (pair.split("=") for pair in target.axes.split()):
        if known.get(axis, size) != size:
            raise UsageError(
                f"--target {text!r}: expected {axis} of the size it has in --input, {known[axis]}, "
                f"came {size}: give it another name"
            )
    return target


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if not 0 < rate < 1e6:
        raise argparse.ArgumentTypeError(f"expected a number above 0, came {text!r}")
    return rate


def _inputs(
    texts: list[str], option: str = "--input", usual: str = "-1.0..1.0"
) -> "Mapping[str, Spec]":
    """Return the spec of each input by its name; one alone has the name "".

    Raises:
        UsageError: an input is not told as it should be.
    """
    from problems import Spec

    found, sizes = {}, dict[str, str]()
    for text in texts:
        name, colon, rest = text.rpartition(":")
        axes, _, numbers = rest.partition(";")
        ends = RANGE.fullmatch(numbers or usual)
        name = name.strip()
        usable = name.isidentifier() and not iskeyword(name) and name != "self"
        if not ends or (colon and not usable) or name in found:
            raise UsageError(
                f'{option} {text!r}: expected axes such as "time=20 feature=8", perhaps a name and '
                'a colon before them, and a semicolon and a range behind them, such as "; 0..99"'
            )
        whole = not any("." in one or "e" in one for one in ends.groups())
        try:
            low, high = (int(one) if whole else float(one) for one in ends.groups())
            for one in axes.split():
                axis, _, size = one.partition("=")
                if sizes.setdefault(axis, size) != size:
                    raise ValueError(
                        f"expected one size of {axis} in all inputs, came {sizes[axis]} and "
                        f"{size}: give it another name in one of them"
                    )
            found[name] = Spec(
                axes=" ".join(axes.split()),
                dtype="int64" if whole else "float32",
                low=low,
                high=high,
                meaning="an input",
                unit="none",
            )
            _ = found[name].shape
        except ValueError as error:
            raise UsageError(f"{option} {text!r}: {error}") from None
    if len(found) > 1 and "" in found:
        raise UsageError('--input: several need a name each, such as "left: time=20 feature=8"')
    return found


def map_of(path: Path) -> dict[str, str]:
    """Return what a map says."""
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"--map {path}: {error}") from None
    if not isinstance(found, dict) or not all(isinstance(one, str) for one in found.values()):
        raise UsageError(f"--map {path}: expected an object of paths by paths")
    return found
