"""What was found of two models, as a page that can be sent: one file, without a script."""

from pathlib import Path

from compare.console import templates
from compare.match.asked import Asked, Models
from compare.match.matching import Matched
from compare.match.report import HEADS, arranged, in_words, row_of, set_otherwise, weights_in_words
from compare.proof.publish import LADDER, LAYERS, in_layers, ladder_cells, layer_cells, near, rungs
from compare.records.files import write_whole
from compare.records.record import UsageError

TEMPLATE = templates("compare.match").get_template("match.html")


def _verdict(matched: Matched) -> str:
    if matched.passed:
        return "The same model"
    return "It cannot be said" if matched.unknown else "Two models that differ"


def write(file: Path, ours: Models, asked: Asked, matched: Matched) -> None:
    """Write the page.

    Raises:
        UsageError: it cannot be written there.
    """
    page = TEMPLATE.render(
        verdict=_verdict(matched),
        models={panel: near(where) for panel, where in ours.models.items()},
        told=[*in_words(matched), *arranged(matched), *weights_in_words(matched, asked)],
        wrong=[str(one) for one in matched.findings if not one.passed],
        causes=[
            *set_otherwise(matched),
            *in_layers(matched.diagnosis.layers),
            *matched.diagnosis.causes,
        ],
        ladder_heads=[*LADDER[1:], *rungs(matched.findings)],
        ladder=[row[1:] for row in ladder_cells(matched.findings)],
        layer_heads=LAYERS,
        layers=[layer_cells(one) for one in matched.diagnosis.layers],
        heads=HEADS,
        pairs=[row_of(pair) for pair in matched.pairs],
    )
    try:
        write_whole(file, page)
    except OSError as error:
        raise UsageError(
            f"--report: expected a file that can be written, came {file}: {error.strerror}"
        ) from None
