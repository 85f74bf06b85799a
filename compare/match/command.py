"""`diptych match`: are two models of anybody's the same?"""

import argparse
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from compare.match.request import add_asked, asked_of, map_of, models_of, name_of, place_of
from compare.options import add_command, add_python, file, folder
from compare.records.record import UsageError

if TYPE_CHECKING:
    from compare.match.asked import Asked, Models
    from compare.match.matching import Matched

# What an embedding says of numbers that are not whole, and what is meant.
OF_WHOLE = re.compile(r"indices|Long|IntTensor|integer")
WHOLE = '; if the input is of whole numbers, give their range: "time=12; 0..99", both ends included'


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
    add_asked(match)
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
    match.add_argument(
        "--time",
        type=folder,
        metavar="FOLDER",
        help="if both are the same, also time them as `diptych run` does; records and tables are "
        "left there",
    )
    match.add_argument("--all", action="store_true", help="climb on past the first rung that fails")
    match.add_argument("--report", type=file, metavar="FILE", help="write a page of HTML there")
    match.add_argument("--json", action="store_true", help="print all of it as JSON on stdout")
    add_python(match)


def do_match(options: argparse.Namespace) -> int:
    """Pair and climb; status 3 if a rung fails, 2 if there is nothing to climb."""
    from compare.match import timed
    from compare.match.matching import write
    from compare.training.command import answer

    ours = models_of(options)
    asked = asked_of(options)
    partners = map_of(options.map) if options.map else {}
    saved = place_of(options.save) if options.save else Path()
    if options.time and options.json:
        raise UsageError("--time: expected no --json: `diptych table FOLDER --json` has the times")
    if options.time and options.time.exists() and not options.time.is_dir():
        raise UsageError(f"--time: expected a folder, came the file {options.time}")
    name = options.save or name_of(ours.models["pytorch"])
    with _project_for_now() as made:
        found = _matched(name, ours, asked, partners, made, options)
        if options.save_map:
            _save_map(options.save_map, found)
        if options.save:
            write(saved, found.files)
        _tell(found, ours, asked, options)
        if not found.passed:
            return 2 if found.unknown else 3
        if not options.time:
            return 0
        write(made, found.files)  # with the baselines, which were not known before
        done = timed.train(name, options.engine, options.time)
    return answer(*done, everything=False)


@contextmanager
def _project_for_now() -> Iterator[Path]:
    """Use an empty project in a temporary folder; then the one that was in use before."""
    from problems import _project

    before = _project.root()
    with TemporaryDirectory(prefix="diptych-") as made:
        (Path(made) / _project.FILE).write_text("")
        _project.use(Path(made))
        try:
            yield Path(made)
        finally:
            if before:
                _project.use(before)
            else:
                del os.environ[_project.VARIABLE]


def _matched(
    name: str,
    ours: "Models",
    asked: "Asked",
    partners: Mapping[str, str],
    made: Path,
    options: argparse.Namespace,
) -> "Matched":
    """Return what is found of the two.

    Raises:
        UsageError: nothing can be found.
    """
    from compare.console import Progress
    from compare.match.matching import Unlooked, match
    from compare.processes.choice import chosen_backends
    from compare.processes.launcher import Launcher

    launcher = Launcher()
    try:
        with Progress() as progress:
            return match(
                name,
                ours,
                asked,
                project=made,
                sides=chosen_backends(["pytorch", options.engine]),
                launcher=launcher,
                partners=partners,
                progress=progress,
                past_failures=options.all,
            )
    except Unlooked as error:
        whole = any(spec.dtype == "int64" for spec in asked.inputs.values())
        hint = "" if whole or not OF_WHOLE.search(str(error)) else WHOLE
        if asked.channels and error.panel == "pytorch":
            hint += f"; --channels {asked.channels} was asked for"
        raise UsageError(f"--{error.panel} {ours.models[error.panel]}: {error}{hint}") from None
    except ValueError as error:
        raise UsageError(str(error)) from None
    finally:
        launcher.stop()


def _tell(found: "Matched", ours: "Models", asked: "Asked", options: argparse.Namespace) -> None:
    """Write and print what was found, as it is asked for."""
    from compare.console import complain
    from compare.match import page
    from compare.match.report import as_json, print_matched

    if options.report:
        page.write(options.report, ours, asked, found)
    if options.json:
        print(as_json(found), end="")
    else:
        print_matched(found, asked)
    for finding in found.findings:
        if not finding.passed:
            complain(str(finding))


def _save_map(path: Path, found: "Matched") -> None:
    listed = {one.left.path: one.right.path for one in found.pairs if one.left and one.right}
    path.write_text(json.dumps(listed, indent=1) + "\n", "utf-8")
