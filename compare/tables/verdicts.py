"""Records -> verdicts: each backend against the reference, paired by seed. A pure function."""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import pandas as pd

from backends import Side
from compare.records.record import UNPROVEN, UNTRIED, Record
from compare.tables.columns import number, signed
from compare.tables.measures import doubts, epoch_s, least_proof, losses_apart, of_scores
from compare.tables.statistics import (
    COVERED,
    EQUIVALENT,
    IDENTICAL,
    INCONCLUSIVE,
    LEVEL,
    MINIMUM,
    NEGLIGIBLE,
    SCORE,
    TIMES,
    BySeed,
    Row,
    decide,
    geometric_mean,
    judge,
    scores,
)

MEASURES = (SCORE, *(measure.name for measure in TIMES))
# Column of verdicts.csv: what it means. In this order.
VERDICT_COLUMNS = {
    "problem": "what is learned",
    "device": "where it was trained",
    "mode": "matched or native",
    "recipe": "full or quick",
    "backend": "the one that is judged; where its tier is not its default one, with the tier: "
    "keras-tensorflow:compiled",
    "reference": "the one it is held against: of those that took part, the first that `diptych "
    "list` names; a backend in another tier than its default one also against itself in that",
    "measure": "score: the problem's first metric; epoch_s: a training's median epoch after the "
    "first; wall_s: build to last answer; time_to_target_s: build and epochs until the target was "
    "seen in validation",
    "pairs": "seeds of which both sides have a record, whatever came of the training; not those of "
    "which a time was not taken, though there is a score",
    "failed": "pairs in which a side has no finite value: no score, or the target never seen in "
    "validation. It then counts as infinitely bad, and all pairs by their signs only; both "
    "infinite is a tie",
    "value": "of the backend, over the pairs: mean score, or geometric mean of times and bytes",
    "reference_value": "the same of the reference",
    "effect": "value - reference_value for the score, value / reference_value for all others; "
    "empty where a pair failed",
    "low": "lower end of the 95 % t interval of the effect, paired by seed; of ratios on the log "
    f"scale. {COVERED}",
    "high": "upper end of it",
    "p": "share of all choices of signs of the paired changes whose sum is as far from zero as the "
    "seen one, or farther (exact to 40 pairs, beyond by its normal limit)",
    "p_holm": "p after Holm's correction over the problems, the rest of the row being the same",
    "margin": "effects within it count as equal in practice: that of the metric, declared in the "
    "problem's file, or a twentieth for ratios",
    "p_within": "p of equivalence: the larger one of two one-sided t tests, against the margin and "
    "its negative; empty without a margin, and where a pair failed",
    "p_within_holm": "p_within after Holm's correction, over the same rows as p_holm",
    "within_margin": "p_within_holm is below 0.05",
    "greater": "pairs in which the backend's value is the greater one; a tie counts half",
    "p_greater": "greater / pairs",
    "smallest": "smallest difference that a paired t test at 5 % would have shown with a chance of "
    "80 %, at this spread and number of pairs, before Holm's correction; as a ratio above 1 where "
    "the effect is one; empty where after it so few pairs could have shown nothing",
    "verdict": "different: p_holm below 0.05; equivalent: p_within_holm below 0.05; "
    "different but negligible: both; inconclusive: neither; identical: no pair differs at all, "
    f"and nothing is computed. Below {MINIMUM} pairs it is empty, and so is all that infers",
    "break_even_epochs": "in the row of epoch_s: epochs after which the side that starts slower, "
    "but has the faster epochs, has caught up; from means of table.csv",
    "losses_apart": "by how much the mean training loss of the first epoch differs, as a share of "
    "the reference's: median over the pairs, in matched mode",
    "warnings": "what makes the times of either side doubtful; in the row of the score, "
    "losses alone",
    "proof": "of both sides. proven: `diptych check` had shown that both train the same model; "
    "unproven: some training was timed without it; empty: records older than the check",
}
WHOLE = ("pairs", "failed", "break_even_epochs")
FAMILY = ("device", "mode", "recipe", "backend", "reference", "measure")


def verdicts(records: Iterable[Record]) -> pd.DataFrame:
    """Return a row per problem, device, mode, recipe, side but the reference, and measure.

    A measure that none of a side's trainings has, though they have scores, gives no row.
    """
    groups: dict[tuple[str, str, str, str], dict[Side, BySeed]] = {}
    for record in records:
        group: tuple[str, str, str, str] = (
            record.problem,
            record.device,
            record.mode,
            record.recipe,
        )
        if record.status not in UNTRIED:
            groups.setdefault(group, {}).setdefault(record.side, {})[record.seed] = record
    rows = []
    for group, sides in sorted(groups.items()):
        for backend, reference in _pairs(sides):
            names = dict(zip(VERDICT_COLUMNS, (*group, str(backend), str(reference)), strict=False))
            rows += [names | row for row in _judged(sides[backend], sides[reference])]
    decide(rows, FAMILY)
    frame = pd.DataFrame(rows, columns=list(VERDICT_COLUMNS))
    for column in WHOLE:
        frame[column] = frame[column].astype("Int64")
    return frame.astype({"within_margin": "boolean"})


def _pairs(sides: Iterable[Side]) -> Iterator[tuple[Side, Side]]:
    """Yield each side with its reference: with a label, the same without; else the first.

    In another tier than its default one, a backend comes with itself in that, too.
    """
    first, *others = sorted(sides, key=lambda side: side.rank)
    for side in others:
        unlabelled = replace(side, label="")
        yield side, unlabelled if side.label and unlabelled in others else first
        if side.tier and side.in_default_tier in others:
            yield side, side.in_default_tier


def _within_machines(ours: BySeed, reference: BySeed) -> tuple[BySeed, BySeed]:
    """Return two sides without the seeds that they were trained with on different machines."""
    apart = {
        seed
        for seed in ours.keys() & reference.keys()
        if None not in (one := (ours[seed].machine, reference[seed].machine)) and one[0] != one[1]
    }
    left, right = (
        {seed: record for seed, record in side.items() if seed not in apart}
        for side in (ours, reference)
    )
    return left, right


def _judged(ours: BySeed, reference: BySeed) -> Iterator[Row]:
    """Yield the figures of each measure that both sides have."""
    ours, reference = _within_machines(ours, reference)
    first = list(scores(reference, ours).values())[:1]
    proof = least_proof([*ours.values(), *reference.values()])
    doubtful = doubts([*ours.values()], [*reference.values()])
    apart = losses_apart(ours.values(), reference.values())
    for measure in (*first, *TIMES):
        row = judge(measure, ours, reference)
        if row and measure.name == "epoch_s":
            row |= _break_even(ours, reference)
        if row:
            row |= {"losses_apart": apart, "proof": proof}
            yield row | {"warnings": doubtful if measure.ratio else of_scores(doubtful)}


def _break_even(ours: BySeed, theirs: BySeed) -> dict[str, int]:
    """Return after how many epochs a later start is made up for; nothing if it never is."""
    (mine_s, start_s), (theirs_s, their_start_s) = map(_pace, (ours, theirs))
    later, faster = start_s - their_start_s, theirs_s - mine_s
    return {"break_even_epochs": math.ceil(round(later / faster, 9))} if later * faster > 0 else {}


def _pace(side: BySeed) -> tuple[float, float]:
    """Return the seconds of an epoch, and what a training takes beside its epochs; NaN if none."""
    scored = (one for one in side.values() if one.status == "ok")
    parts = ((one.build_s, one.first_epoch_s, epoch_s(one)) for one in scored)
    timed = [tuple(map(float, one)) for one in parts if None not in one]  # type: ignore[arg-type]
    if not timed:
        return math.nan, math.nan
    build, first, later = (geometric_mean(one) or 0.0 for one in zip(*timed, strict=True))
    return later, build + first - later


def effect(row: pd.Series) -> str:
    """Return a signed difference of scores, or a ratio, with its interval; why, if there is none.

    >>> effect(pd.Series({"measure": "wall_s", "effect": 1.96, "low": 1.8, "high": 2.1354}))
    '1.960 [1.800, 2.135]'
    """
    if pd.isna(row["effect"]):
        missing = "target not seen" if row["measure"] == "time_to_target_s" else "no value"
        return f"{missing} in {row['failed']} of {row['pairs']} pairs"
    ends = [] if pd.isna(row["low"]) else [row["low"], row["high"]]
    if row["measure"] == SCORE:
        least, *rest = signed([row["effect"], *ends])
    else:
        least, *rest = (f"{value:.3f}" for value in (row["effect"], *ends))
    return f"{least} [{', '.join(rest)}]" if rest else least


def reservations(row: pd.Series) -> list[str]:
    """Return what speaks against relying on a verdict: doubtful times, a model not proven."""
    doubtful = [] if pd.isna(row["warnings"]) else [f"doubtful ({row['warnings']})"]
    return [*doubtful, *([UNPROVEN] if row["proof"] == UNPROVEN else [])]


BETTER, WORSE, EQUAL, OPEN = "better", "worse", "equal", "open"


def outcome(row: pd.Series, better: str = "lower") -> str:
    """Return what a verdict says of the backend: better or worse than the reference, equal, open.

    `better` tells of the measure whether "higher" or "lower" is better. Without a verdict it is
    what `lead` says.
    """
    if pd.isna(row["verdict"]):
        return lead(row, better)
    if row["verdict"] in (IDENTICAL, EQUIVALENT, NEGLIGIBLE):
        return EQUAL
    if row["verdict"] == INCONCLUSIVE:
        return OPEN
    change = row["p_greater"] - 0.5 if pd.isna(row["effect"]) else _change(row)
    return BETTER if (change > 0) == (better == "higher") else WORSE


def lead(row: pd.Series, better: str = "lower") -> str:
    """Return the same by the plain values: equal is within the margin, open is a pair without."""
    if pd.isna(row["effect"]):
        return OPEN
    change, margin = _change(row), 0.0 if pd.isna(row["margin"]) else row["margin"]
    if abs(change) <= (margin if row["measure"] == SCORE else math.log1p(margin)):
        return EQUAL
    return BETTER if (change > 0) == (better == "higher") else WORSE


def _change(row: pd.Series) -> float:
    """Return a difference of scores, or the logarithm of a ratio."""
    return float(row["effect"] if row["measure"] == SCORE else math.log(row["effect"]))


def chance(row: pd.Series) -> str:
    """Return in how many of the pairs the backend's value is the greater one."""
    return f"{row['greater']:g}/{row['pairs']}"


def _text(name: str) -> Callable[[pd.Series], str]:
    return lambda row: "" if pd.isna(row[name]) else str(row[name])


def _number(name: str, style: str) -> Callable[[pd.Series], str]:
    return lambda row: "" if pd.isna(row[name]) else format(row[name], style)


# Heading in the verdicts for people: how it is read off a row of verdicts.csv.
VERDICTS: dict[str, Callable[[pd.Series], str]] = {
    **{name: _text(name) for name in ("problem", "device", "mode", "backend", "reference")},
    "measure": _text("measure"),
    "effect [95 %]": effect,
    "verdict": _text("verdict"),
    "p_holm": _number("p_holm", ".2g"),
    "greater": chance,
    "failed": _text("failed"),
    "margin": _number("margin", "g"),
    "smallest": lambda row: number(row["smallest"]),
    "break-even epochs": _text("break_even_epochs"),
    "warnings": _text("warnings"),
    "proof": _text("proof"),
}
VERDICT_TEXT = (
    *("problem", "device", "mode", "backend", "reference", "measure", "verdict"),
    *("warnings", "proof"),
)


def verdict_cells(frame: pd.DataFrame) -> list[list[str]]:
    """Return the verdicts for people: per row, a text for each heading."""
    return [[of(row) for of in VERDICTS.values()] for _, row in frame.iterrows()]


def needed(problems: int) -> int:
    """Return from how many pairs on a difference can be shown among so many problems.

    The least p of n pairs is 2 / 2^n, and so many times that after Holm's correction.
    """
    return next(n for n in range(MINIMUM, 99) if problems * 2 ** (1 - n) < LEVEL)


def needed_pairs(frame: pd.DataFrame) -> pd.Series:
    """Return for each row from how many pairs on its family could show a difference."""
    enough = frame["pairs"] >= MINIMUM
    together = enough.groupby([frame[name] for name in FAMILY]).transform("sum")
    return together.astype(int).map(needed)


def too_few(frame: pd.DataFrame) -> str:
    """Return which problems have too few seeds for a verdict; empty if all have enough."""
    judged = frame[frame["pairs"] >= MINIMUM]
    enough = needed(judged["problem"].nunique())
    if len(judged) == len(frame) and (frame["pairs"] < enough).any():
        return (
            f"Among {judged['problem'].nunique()} problems it takes {enough} seeds to show a "
            "difference (--seeds)"
        )
    few = frame[frame["pairs"] < MINIMUM]
    if few.empty:
        return ""
    names = "" if len(few) == len(frame) else f": {', '.join(dict.fromkeys(few['problem']))}"
    return f"Verdicts need {MINIMUM} seeds on both sides{names} (--seeds)"


def meanings() -> str:
    """Return what the columns of verdicts.csv mean, as a Markdown list."""
    return "\n".join(f"- `{name}`: {meaning}" for name, meaning in VERDICT_COLUMNS.items())
