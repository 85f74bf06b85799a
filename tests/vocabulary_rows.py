"""Rows of the vocabulary, and the page that is made of them."""

import json
from collections.abc import Iterable, Iterator
from itertools import product

import numpy as np
from vocabulary_cases import REASONS, Case

from backends import BACKENDS, Side
from compare.console import markdown_list, markdown_table
from compare.proof.check import PRECISIONS
from compare.proof.ladder import TENSORS, Pair
from compare.proof.probe import Evidence
from compare.records.record import finite

REFERENCE = "pytorch"
MOST = 15  # rows of the largest differences
EXACT = 1e-11  # what differs by less in float64 has been computed in the same way
SIDES = ("engine", "precision")
FIGURES = (*TENSORS, "of its bound")


def rows_of(
    case: Case, engine: str, evidence: dict[str, dict[str, Evidence]]
) -> Iterator[dict[str, object]]:
    """Yield a row in each precision; of the reference the one in float32."""
    defined: dict = {}
    exec(case.files[f"problems/{case.problem}.py"], defined)
    pair = Pair(
        problem=defined["PROBLEM"],
        side=Side(engine),
        reference=Side(REFERENCE),
        expected=evidence[REFERENCE],
        came=evidence[engine],
    )
    findings = list(pair.climb(past_failures=True))
    for precision in PRECISIONS[1:] if engine == REFERENCE else PRECISIONS:
        own = [one for one in findings if (one.precision or PRECISIONS[0]) == precision]
        if precision == "float32":  # where the reference has a row of its own
            own = [one for one in own if one.backend == engine]
        worst: dict[str, float] = {}
        for one in own:
            largest = one.relative if one.largest is None else one.largest
            if one.rung in TENSORS and largest is not None:
                worst[one.rung] = rounded(max(worst.get(one.rung, 0.0), largest))
        wrong = [str(one) for one in dict.fromkeys(own) if not one.passed]
        climbed = {one.rung for one in own} >= set(TENSORS) - {"steps"}
        kinds = [evidence[one][precision] for one in (REFERENCE, engine)]
        yield {
            **{"problem": case.problem, "subject": case.subject, "what": case.what},
            **{"engine": engine, "precision": precision, "worst": worst},
            "share": rounded(most(one.relative / one.bound for one in own if one.bound)),
            "within": climbed and not wrong,
            "wrong": wrong or ["not all rungs were climbed"] * (not climbed),
            "layers": sorted(
                {
                    str(kind).partition("(")[0]
                    for found in kinds
                    for name, kind in found.items()
                    if name.startswith("kind/")
                }
            ),
            "seconds": round(float(evidence[engine][precision].get("seconds", np.nan)), 2),
        }


def rounded(value: float | None) -> float | None:
    """Return a number to three digits, which is all that is told of it."""
    return None if value is None else float(f"{value:.2e}")


def as_text(found: dict) -> str:
    """Return vocabulary.json, a line for each row; what is not finite becomes null."""
    facts = text({name: part for name, part in found.items() if name != "rows"})
    rows = ",\n".join(map(text, found["rows"]))
    return f'{facts[:-1]},\n"rows": [\n{rows}\n]}}\n'


def text(value: object) -> str:
    """Return a value as JSON in one line."""
    return json.dumps(finite(value), allow_nan=False)


def markdown(found: dict) -> str:
    """Return vocabulary.md, which follows from vocabulary.json alone."""
    rows = found["rows"]
    wrong = [
        f"{row['what']}, {row['wrong'][0].rstrip('.')}. {reason_of(row)}"
        for row in rows
        if not row["within"]
    ]
    codes = {row["fingerprint"].split("-")[1] for row in rows}
    exact = [row for row in rows if row["precision"] == "float64"]
    far = [row for row in exact if (most(row["worst"].values()) or 0.0) > EXACT]
    several = f"The rows are of {len(codes)} versions of the code: run it again."
    parts = [
        "# Is all that a problem can have the same on every side?",
        f"{len({row['problem'] for row in rows})} small networks climb the ladder, with "
        f"{found['steps']} steps. {sum(row['within'] for row in rows):,} of {len(rows):,} rows are "
        "within its bounds.",
        "A figure is the largest relative difference on a rung, as in check.md: in float64 from "
        f"{REFERENCE}, in float32 from {REFERENCE} in float64, the reference's own as well. There "
        "is none where nothing is compared. `of its bound`: the largest share that a difference "
        "has of what is allowed to it. `python tests/vocabulary.py FOLDER` repeats it.",
        f"{len(far):,} of {len(exact):,} rows in float64 have a difference above {EXACT:g}"
        f"{': ' * bool(far)}{', '.join(dict.fromkeys(row['what'] for row in far))}."
        " What is allowed is what rounding alone does to the reference, which is more in some: a "
        "bias before a normalization has a gradient that is 0 but for rounding.",
        several * (len(codes) > 1),
        markdown_list(map(versions, found["environments"], found["environments"].values())),
        "## The largest of each engine",
        markdown_table((*SIDES, "rows", "within", *FIGURES, "minutes"), SIDES, by_engine(rows)),
        markdown_list(wrong) or "Nothing is wrong.",
        "## The largest of all",
        markdown_table(
            ("what", *SIDES, "rung", "difference"), ("what", *SIDES, "rung"), largest(rows)
        ),
        "## By layer",
        "The largest differences, on any rung, of the networks that have it; by the names of both "
        "frameworks.",
        markdown_table(("layer", "networks", *PRECISIONS), ("layer",), by_layer(rows)),
    ]
    heads = ("what", *SIDES, "within", *FIGURES, "seconds")
    for subject in dict.fromkeys(row["subject"] for row in rows):
        of = (cells(row) for row in rows if row["subject"] == subject)
        parts += [f"## {subject}", markdown_table(heads, ("what", *SIDES), of)]
    return "\n\n".join(filter(None, parts)) + "\n"


def reason_of(row: dict) -> str:
    """Return why a row is not within its bounds, where that is known."""
    return REASONS.get((row["what"], row["engine"], row["precision"]), "The reason is not known.")


def versions(engine: str, there: dict) -> str:
    """Return what an engine ran in."""
    packages = (f"{package} {version}" for package, version in there["versions"].items())
    return f"{engine}: Python {there['python'].split()[0]}, {', '.join(packages)}"


def told(value: float | None) -> str:
    """Return a difference as text; empty where there is none."""
    return "" if value is None else f"{value:.1e}" if value else "0"


def figures(rows: list[dict]) -> list[str]:
    """Return the largest difference on each rung, and the largest share of a bound."""
    share = most(row["share"] for row in rows)
    return [
        *(told(most(row["worst"].get(rung) for row in rows)) for rung in TENSORS),
        "" if share is None else "over" if share > 1 else f"{share:.0%}",
    ]


def most(values: Iterable[float | None]) -> float | None:
    """Return the largest of the numbers there are."""
    return max((value for value in values if value is not None), default=None)


def cells(row: dict) -> list[str]:
    """Return the cells of a row."""
    within = "yes" if row["within"] else "NO"
    return [row["what"], row["engine"], row["precision"], within, *figures([row]),
            f"{row['seconds']:.1f}"]  # fmt: skip


def by_engine(rows: list[dict]) -> Iterator[list[str]]:
    """Yield the cells of each engine in each precision."""
    for engine, precision in product(BACKENDS, PRECISIONS):
        own = [row for row in rows if (row["engine"], row["precision"]) == (engine, precision)]
        if own:
            counted = [str(len(own)), str(sum(row["within"] for row in own))]
            minutes = sum(row["seconds"] for row in own) / 60
            yield [engine, precision, *counted, *figures(own), f"{minutes:.1f}"]


def largest(rows: list[dict]) -> Iterator[list[str]]:
    """Yield the cells of the largest differences in each precision."""
    found = [(value, rung, row) for row in rows for rung, value in row["worst"].items()]
    found.sort(key=lambda one: one[0] or 0.0, reverse=True)
    for precision in PRECISIONS:
        own = [one for one in found if one[2]["precision"] == precision]
        for value, rung, row in own[:MOST]:
            yield [row["what"], row["engine"], precision, rung, told(value)]


def by_layer(rows: list[dict]) -> Iterator[list[str]]:
    """Yield the cells of each kind of layer."""
    names = {layer for row in rows for layer in row["layers"]}
    for layer in sorted(names, key=lambda name: (name.lower(), name)):
        own = [row for row in rows if layer in row["layers"]]
        worst = {
            precision: most(
                value
                for row in own
                if row["precision"] == precision
                for value in row["worst"].values()
            )
            for precision in PRECISIONS
        }
        yield [layer, str(len({row["problem"] for row in own})), *map(told, worst.values())]
