"""`diptych diff`."""

import argparse
from typing import TYPE_CHECKING

from compare.options import Parser, add_all, add_command, add_forms, folder

if TYPE_CHECKING:
    from compare.diff.limits import Limit

LIMITS = """limits for continuous integration:
  With --fail-on, the status is 3 if a row of B is worse than A's by more than
  PERCENT: a score of any metric, relative to A's and in the metric's direction;
  or epoch_s or wall_s. A seed with a value in A and none in B (failed,
  diverged, timed out, refused, unavailable) is infinitely worse. From 6 pairs
  of seeds on, a change whose 95 % interval includes no change does not count;
  below, the plain change decides. Rows in one folder only are not judged. If
  there is nothing to judge, the status is 2."""


def add(commands: "argparse._SubParsersAction[Parser]") -> None:
    """Add the command of this room."""
    diff = add_command(
        commands,
        "diff",
        do_diff,
        summary="what differs between two results folders",
        about="Print what differs between two results folders, paired by seed. A is the reference. "
        "Nothing is written.",
        examples="  diptych diff results/cpu results/mine\n"
        "  diptych diff results/cpu results/mine --fail-on score:1 --fail-on time:10",
        more=LIMITS,
    )
    diff.add_argument("a", type=folder, metavar="A", help="results folder, the reference")
    diff.add_argument("b", type=folder, metavar="B", help="results folder held against it")
    add_forms(diff, "")
    add_all(diff)
    diff.add_argument(
        "--fail-on",
        action="append",
        type=allowed,
        default=[],
        metavar="KIND:PERCENT",
        help="score:PERCENT or time:PERCENT, may be given several times: status 3 if B is worse",
    )


def allowed(text: str) -> "Limit":
    """Read by how many percent scores, or times, may be worse."""
    from compare.diff.limits import limit

    try:
        return limit(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def do_diff(options: argparse.Namespace) -> int:
    """Print what differs between two results folders; status 3 if more than --fail-on allows."""
    from compare.console import complain, terminal_width
    from compare.diff.difference import diff
    from compare.diff.limits import offences
    from compare.diff.publish import diff_json, diff_markdown, source
    from compare.diff.screen import diff_lines
    from compare.records.reading import records_of

    a, b = records_of(options.a), records_of(options.b)
    found, sources = diff(a, b), (source(options.a, a), source(options.b, b))
    failed = offences(a, b, options.fail_on) if options.fail_on else []
    if options.json:
        print(diff_json(found, *sources, failed), end="")
    elif options.markdown:
        print(diff_markdown(found, *sources), end="")
    else:
        print("\n".join(diff_lines(found, *sources, terminal_width(), everything=options.all)))
    for offence in failed:
        complain(str(offence))
    return 3 if failed else 0
