"""Regression limits: what of B is worse than A by more than is allowed.

A row (problem, backend, device, mode, recipe) of B offends if

- its score is worse than A's by more than PERCENT of A's, in the metric's own direction, in any of
  its metrics; of a score of 0, every loss is more than any PERCENT;
- its time is more than PERCENT above A's: the ratio of `epoch_s` or of `wall_s`;
- it has no score, or no time, for a seed for which A has one: failed, diverged, timed out, refused
  or unavailable is infinitely worse. Of a training that failed in A, nothing is asked.

What the interval contradicts does not offend: from six pairs on, a change whose 95 % interval holds
"no change" may be chance. Below six pairs there is no interval, and the plain change decides. A
verdict is not asked for: PERCENT stands in place of the margin, and no Holm's correction is made,
for a limit should rather ask once too often. Rows that are in one folder only are not judged, so
that a part of a run can be held against the whole; but if there is nothing to judge, that is an
error, never a pass.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from compare.records.record import UNTRIED, Record, UsageError

Row = dict[str, Any]  # of a diff
KINDS = {"score": ("score",), "time": ("epoch_s", "wall_s")}  # by measure
ROUNDING = 1e-9  # of a percent: what is as much worse as allowed is not more so


@dataclass(frozen=True)
class Limit:
    """By how many percent scores, or times, may be worse."""

    kind: str  # one of KINDS
    percent: float


@dataclass(frozen=True, kw_only=True)
class Offence:
    """What is worse than allowed, in words: where, and by how much."""

    limit: Limit
    where: str
    what: str
    percent: float  # infinite where a value was lost

    def __str__(self) -> str:
        """Return it as one line."""
        allowed = f"allowed are {self.limit.percent:g} %"
        return f"{self.limit.kind}: {self.where}: {self.what}; {allowed}"


def limit(text: str) -> Limit:
    """Read score:PERCENT or time:PERCENT.

    Raises:
        ValueError: it is neither.
    """
    kind, _, number = text.partition(":")
    try:
        percent = float(number.removesuffix("%"))
    except ValueError:
        percent = math.nan
    if kind not in KINDS or not 0 <= percent < math.inf:
        raise ValueError(f"expected score:PERCENT or time:PERCENT, as in score:1, came {text!r}")
    return Limit(kind, percent)


def offences(a: Sequence[Record], b: Sequence[Record], limits: Sequence[Limit]) -> list[Offence]:
    """Return what of B is worse than A, the reference, by more than is allowed.

    Raises:
        UsageError: there is nothing to judge.
    """
    from compare.diff.difference import diff

    compared = diff([one for one in a if one.status == "ok"], [_counted(one) for one in b])
    rows: list[Any] = compared.rows.to_dict("records")
    for each in limits:
        if not any(row["measure"] in KINDS[each.kind] for row in rows):
            raise UsageError(
                f"--fail-on {each.kind}: expected a {each.kind} that both folders have, came none: "
                "nothing is judged"
            )
    found = [one for each in dict.fromkeys(limits) for one in _offences(rows, each)]
    return list({str(one): one for one in found}.values())


def _counted(record: Record) -> Record:
    """Return a record in which a training that was refused or unavailable counts as failed."""
    return replace(record, status="failed") if record.status in UNTRIED else record


def _offences(rows: Iterable[Row], limit: Limit) -> Iterator[Offence]:
    for row in rows:
        percent = _worse_by(row)
        if row["measure"] in KINDS[limit.kind] and percent > limit.percent + ROUNDING:
            names = (row["problem"], row["backend"], row["device"], row["mode"], row["recipe"])
            yield Offence(
                limit=limit, where=" ".join(names), what=_what(row, percent), percent=percent
            )


def _worse_by(row: Row) -> float:
    """Return by how many percent B's value is worse, below 0 if it is better; 0 if contradicted."""
    if row["lost"]:
        return math.inf
    ratio = row["measure"] != "score"
    if math.isnan(row["effect"]) or row["low"] <= (1 if ratio else 0) <= row["high"]:
        return 0.0
    if ratio:
        return 100 * float(row["effect"] - 1)
    loss = float(-row["effect"] if row["better"] == "higher" else row["effect"])
    of = abs(float(row["value_a"]))
    return 100 * loss / of if of else math.copysign(math.inf, loss) if loss else 0.0


def _what(row: Row, percent: float) -> str:
    """Return in words what is worse."""
    if row["lost"]:
        value = "score" if row["measure"] == "score" else "time"
        return f"no {value} for {row['lost']} of {row['pairs']} seeds that have one in A"
    name = row["metric"] if row["measure"] == "score" else row["measure"]
    doubts = f" (doubtful: {row['warnings']})" if isinstance(row["warnings"], str) else ""
    return f"{name} {row['value_b']:.4g} after {row['value_a']:.4g}, {percent:.3g} % worse{doubts}"
