"""check.json and check.md, written from the findings of the ladder."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from compare.console import aligned, below, markdown_table, terminal_width, wrapped
from compare.proof.alone import Alone, Diagnosis
from compare.proof.bounds import CLOSER, FACTOR, FAR_FLOOR, FLOOR
from compare.proof.finding import RUNGS, Finding
from compare.proof.probe import DRAWS, NOISE
from compare.records.files import write_whole
from compare.records.record import finite

LAYERS = ("layer", "input", "output", "same input: output", "gradient", "")
LADDER = ("problem", "backend", "against", "precision")


def publish_findings(folder: Path, findings: Sequence[Finding]) -> None:
    """Write check.json and check.md into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / "check.json", findings_json(findings))
    write_whole(folder / "check.md", findings_markdown(findings))


def findings_json(findings: Sequence[Finding]) -> str:
    """Return the findings as JSON; what is not finite becomes null."""
    return json.dumps(finite([asdict(one) for one in findings]), indent=1, allow_nan=False) + "\n"


def findings_markdown(findings: Sequence[Finding]) -> str:
    """Return check.md: the ladder, what is wrong, and what the rungs and figures are."""
    wrong = [f"- {finding}" for finding in findings if not finding.passed]
    notes = dict.fromkeys(finding.note for finding in findings if finding.note)
    parts = [
        "# Are both sides the same model, trained the same way?",
        "Largest relative difference on each rung: in float64 from the reference, in float32 from "
        "the reference in float64, the reference's own as well.",
        markdown_table((*LADDER, *rungs(findings)), LADDER, ladder_cells(findings)),
        "\n".join(wrong) or "Nothing is wrong.",
        *notes,
        "## The rungs",
        "\n".join(f"- `{rung}`: {meaning}" for rung, meaning in rungs(findings).items()),
        "A difference is taken by the largest magnitude in the tensor; of a gradient, in all "
        "gradients; of a loss in a curve, by its own magnitude, but no less than 1 % of the first; "
        "of a score, by 1.",
        f"Allowed is what rounding does to this very model: {FACTOR:g} times the spread of the "
        f"reference in float64 over {DRAWS} trainings with noise of {NOISE:g} roundings, of "
        "float64 or of float32, in weights, inputs and gradients; and beside it "
        f"{FLOOR['float64']:g} in float64, {FLOOR['float32']:g} in float32 "
        f"({CLOSER['float32']:g} for the curve), {FAR_FLOOR:g} in either far out of the range. A "
        "score in float32 may be off by the margin that the problem declares and one answer "
        "more. check.json has each bound.",
    ]
    return "\n\n".join(parts) + "\n"


def ladder_cells(findings: Sequence[Finding]) -> list[list[str]]:
    """Return the ladder for people: a row per pair and precision, a column per rung."""
    rows, climbed = [], rungs(findings)
    for problem in dict.fromkeys(finding.problem for finding in findings):
        here = [finding for finding in findings if finding.problem == problem]
        alone = [finding for finding in here if not finding.reference]  # against a specification
        pairs = dict.fromkeys((f.backend, f.reference) for f in here if f.reference)
        for backend, reference in pairs or {(alone[-1].backend, ""): None}:
            mine = [f for f in here if (f.backend, f.reference) == (backend, reference)]
            precisions = dict.fromkeys(f.precision or "float64" for f in mine)
            for precision in precisions or [""]:
                judged = [f for f in mine if f.precision == precision]
                if precision != "float32":  # what holds in any precision stands in the first row
                    judged += [f for f in alone if f.backend in ("", backend, reference)]
                    judged += [f for f in mine if not f.precision]
                cells = [_rung_cell([f for f in judged if f.rung == rung]) for rung in climbed]
                rows.append([problem, backend, reference, precision, *cells])
    return rows


def rungs(findings: Sequence[Finding]) -> dict[str, str]:
    """Return the rungs, with what each is, but for one that an older check did not have."""
    names, met = list(RUNGS), {finding.rung for finding in findings}
    passed_over = {one for i, one in enumerate(names) if one not in met and met & {*names[i + 1 :]}}
    return {name: meaning for name, meaning in RUNGS.items() if name not in passed_over}


def _rung_cell(findings: Sequence[Finding]) -> str:
    """Return the largest difference on a rung, or whether it holds; empty if nobody got there."""
    if wrong := [finding for finding in findings if not finding.passed]:
        if all(finding.unfinished for finding in wrong):
            return "not checked"
        return "not available" if all(finding.unavailable for finding in wrong) else "WRONG"
    each = (one.relative if one.largest is None else one.largest for one in findings)
    numbers = [number for number in each if number is not None]
    if not numbers:
        return "ok" if findings else ""
    return f"{max(numbers):.1e}" if max(numbers) else "0"


def print_findings(findings: Sequence[Finding]) -> None:
    """Print the largest difference on every rung."""
    cells = ladder_cells(findings)
    columns = {
        name: [row[i] for row in cells] for i, name in enumerate((*LADDER, *rungs(findings)))
    }
    sides = zip(columns["problem"], columns["backend"], columns["against"], strict=True)
    titles = [
        f"{problem}, {backend}{f' against {reference}' if reference else ''}"
        for problem, backend, reference in sides
    ]
    found = {rung: set(columns[rung]) for rung in rungs(findings) if any(columns[rung])}
    right = all(finding.passed for finding in findings)
    holds = [rung for rung in found if right and found[rung] <= {"ok", ""}]
    shown = [*LADDER[-1:], *(rung for rung in found if rung not in holds)]
    rows = list(zip(*(columns[name] for name in shown), strict=True))
    width = terminal_width()
    lines = below(titles, shown, rows, LADDER, width=width, least=len(shown))
    lines += wrapped(f"ok everywhere: {', '.join(holds)}", width) if holds else []
    for note in dict.fromkeys(finding.note for finding in findings if finding.note):
        lines += wrapped(f"{note}.", width)
    print("\n".join(lines))


def print_diagnosis(title: str, diagnosis: Diagnosis, differing: Sequence[str] = ()) -> None:
    """Print how far each layer is apart, as it comes and alone, and which are wrong, and why.

    `differing` is what else is known to differ.
    """
    width = terminal_width()
    if diagnosis.failed:
        print("\n".join(wrapped(f"{title}: no layer was asked alone: {diagnosis.failed}", width)))
    if diagnosis.layers:
        print(f"\n{title}: how far the layers are apart (evaluation mode, float64)")
        rows = [layer_cells(one) for one in diagnosis.layers]
        print("\n".join(aligned(LAYERS, rows, ("layer", ""))))
    told = [*differing, *in_layers(diagnosis.layers), *diagnosis.causes]
    if told:
        print("\nWhat differs (here is PyTorch, there is the other side):")
    for text in told:
        print("\n".join(wrapped(f"- {text}", width, after="  ")))
    if diagnosis.layers and not told:
        why = "Given the same input, every layer leaves the same: look between the layers, or at "
        print("\n".join(wrapped(f"{why}what is done in training.", width)))


def in_layers(layers: Sequence[Alone]) -> Iterator[str]:
    """Yield what is wrong with a layer, or between two layers, with the lines that make it."""
    for one in layers:
        places = f" ({' and '.join(map(near, one.places))})" if all(one.places) else ""
        if one.wrong:
            what = one.cause or "it is wrong by itself; no cause that is known here fits"
            yield f"{one.layer}: {what}{places}"
        elif one.cause:
            yield f"before {one.layer}: {one.cause}"


def layer_cells(one: Alone) -> list[str]:
    """Return the cells of a layer, under LAYERS."""
    numbers = [number(value) for value in (one.given, one.comes, one.alone, one.backwards)]
    return [one.layer, *numbers, "WRONG" if one.wrong else ""]


def near(place: str) -> str:
    """Return a file, with what stands behind it, by its path from here where it is below."""
    folder = f"{Path.cwd()}/"
    return place.removeprefix(folder)


def number(value: float | None) -> str:
    """Return a difference as text; none is left empty."""
    return "" if value is None else f"{value:.1e}" if value else "0"
