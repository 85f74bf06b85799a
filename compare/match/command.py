"""`diptych match`: are two models of anybody's the same?"""

import argparse
import json
import re
from collections.abc import Mapping
from keyword import iskeyword
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from compare.options import add_command, add_python, count, file
from compare.records.record import UsageError

if TYPE_CHECKING:
    from compare.match.asked import Asked, Models
    from problems import Spec

NAME = "yours"  # of the problem that is made of two models
LOSSES = (
    *("mean_squared_error", "mean_absolute_error", "huber", "cross_entropy"),
    "binary_cross_entropy",
)
OPTIMIZERS = ("adam", "sgd", "adamw", "rmsprop", "adagrad", "adamax", "nadam")
WEIGHTS = {"drawn": "", "pytorch": "pytorch", "keras": "keras"}
STORED = {"pytorch": (".pt", ".pth", ".safetensors"), "keras": (".keras", ".h5", ".hdf5")}
# What an embedding says of numbers that are not whole, and what is meant.
OF_WHOLE = re.compile(r"indices|Long|IntTensor|integer")
WHOLE = '; if the input is of whole numbers, give their range: "time=12; 0..99", both ends included'
RANGE = re.compile(r"\s*(-?[\d.e+-]+?)\s*\.\.\s*(-?[\d.e+-]+)\s*")


def add(commands: Any) -> None:
    """Add the command of this room."""
    match = add_command(
        commands,
        "match",
        do_match,
        summary="prove that two models of your own are the same, or find where they differ",
        about="Runs both models on random input, pairs their layers, gives both the same weights, "
        "and climbs the ladder of `diptych check`. Each model is named by its file, or module, and "
        "its class, function or variable there. No file of yours is changed.",
        examples="  diptych match --pytorch nets.py:Net --keras models.py:make \\\n"
        '    --input "height=32 width=32 channel=3"\n'
        "  diptych match --pytorch 'nets.py:Tagger(100)' --keras models.py:tagger \\\n"
        '    --input "time=20; 0..99"',
    )
    match.add_argument(
        "--pytorch", required=True, metavar="WHERE", help="FILE.py:NAME or PACKAGE.MODULE:NAME"
    )
    match.add_argument("--keras", required=True, metavar="WHERE", help="the same, of the other one")
    _add_asked(match)
    match.add_argument("--map", type=file, help="a file of JSON: paths of Keras's by PyTorch's")
    match.add_argument("--save-map", type=file, help="write what was paired there")
    match.add_argument(
        "--save",
        metavar="NAME",
        help="write both as a problem of this project: problems/NAME.py and its two programs",
    )
    for what, of in (("loss", "outputs and targets, in each one's order"), ("optimizer", "")):
        for panel, given in (("pytorch", "the model"), ("keras", "nothing")):
            match.add_argument(
                f"--{panel}-{what}",
                metavar="WHERE",
                help=f"{what} of your own: FILE.py:NAME, of {of or given}",
            )
    match.add_argument(
        "--engine",
        choices=("keras-tensorflow", "keras-torch", "keras-jax"),
        default="keras-tensorflow",
        help="what runs Keras (%(default)s)",
    )
    match.add_argument("--all", action="store_true", help="climb on past the first rung that fails")
    match.add_argument("--report", type=file, metavar="FILE", help="write a page of HTML there")
    match.add_argument("--json", action="store_true", help="print all of it as JSON on stdout")
    add_python(match)


def _add_asked(match: argparse.ArgumentParser) -> None:
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
    match.add_argument("--steps", type=count, default=40, help="steps of the training (40)")


def options_of(words: list[str]) -> "Asked":
    """Return what two models are held to, as the command is told of it."""
    parser = argparse.ArgumentParser()
    _add_asked(parser)
    return _asked(parser.parse_args(words))


def _asked(options: argparse.Namespace) -> "Asked":
    from compare.match.asked import Asked

    return Asked(
        inputs=_inputs(options.input),
        loss=options.loss,
        optimizer=options.optimizer,
        learning_rate=options.learning_rate,
        steps=options.steps,
        target=_target(options.target) if options.target else None,
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


def do_match(options: argparse.Namespace) -> int:
    """Pair and climb; status 3 if a rung fails, 2 if there is nothing to climb."""
    from compare.console import Progress, complain
    from compare.match import page
    from compare.match.matching import Unlooked, match
    from compare.match.report import as_json, print_matched
    from compare.processes.choice import chosen_backends
    from compare.processes.launcher import Launcher
    from problems import _project

    ours = _models(options)
    asked = _asked(options)
    given = _map(options.map) if options.map else {}
    saved = _place_of(options.save) if options.save else Path()
    with TemporaryDirectory(prefix="diptych-") as made, Progress() as progress:
        (Path(made) / _project.FILE).write_text("")
        _project.use(Path(made))
        launcher = Launcher()
        try:
            found = match(
                options.save or NAME,
                ours,
                asked,
                project=Path(made),
                sides=chosen_backends(["pytorch", options.engine]),
                launcher=launcher,
                given=given,
                progress=progress,
                past_failures=options.all,
            )
        except Unlooked as error:
            whole = any(spec.dtype == "int64" for spec in asked.inputs.values())
            hint = "" if whole or not OF_WHOLE.search(str(error)) else WHOLE
            raise UsageError(f"--{error.panel} {ours.models[error.panel]}: {error}{hint}") from None
        except ValueError as error:
            raise UsageError(str(error)) from None
        finally:
            launcher.stop()
    if options.save_map:
        listed = {one.left.path: one.right.path for one in found.pairs if one.left and one.right}
        options.save_map.write_text(json.dumps(listed, indent=1) + "\n", "utf-8")
    if options.save:
        for path, text in found.files.items():
            target = saved / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(text)
    if options.report:
        page.write(options.report, ours, asked, found)
    if options.json:
        print(as_json(found), end="")
    else:
        print_matched(found, asked)
    wrong = [finding for finding in found.findings if not finding.passed]
    for finding in wrong:
        complain(str(finding))
    return 0 if found.passed else 2 if found.unknown else 3


def _place_of(name: str) -> Path:
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


def _models(options: argparse.Namespace) -> "Models":
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


def _target(text: str) -> "Spec":
    """Return the spec of the targets."""
    return _inputs([text], "--target", "0..9")[""]


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


def _map(path: Path) -> dict[str, str]:
    """Return what a map says."""
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"--map {path}: {error}") from None
    if not isinstance(found, dict) or not all(isinstance(one, str) for one in found.values()):
        raise UsageError(f"--map {path}: expected an object of paths by paths")
    return found
