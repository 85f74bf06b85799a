"""The rows of the answer: a problem each, with the scores of all sides and the ratios of times.

Pure functions of table.csv and verdicts.csv. What they return are plain values.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from backends import Side
from compare.records.record import UNPROVEN
from compare.tables.columns import PLACES, decimals
from compare.tables.names import names
from compare.tables.statistics import INCONCLUSIVE, MINIMUM, SCORE
from compare.tables.verdicts import BETTER, EQUAL, OPEN, WORSE, lead, needed_pairs, outcome

TIMED = {"epoch_s": "an epoch", "wall_s": "a whole training"}
NAMED = {"cpu": "CPU", "gpu": "GPU"}
WIDE = 0.5  # half an interval that is wider is written out


@dataclass(frozen=True, kw_only=True)
class Ratio:
    """How many times as long a side takes as the reference, over pairs of seeds.

    `outcome` is what it says of the side: "better" (faster), "worse", "equal" or "open".
    """

    value: float | None  # geometric mean of the pairs' ratios; None where a pair has no time
    low: float | None  # ends of the 95 % interval; from MINIMUM pairs on
    high: float | None
    pairs: int
    failed: int  # pairs without a time
    outcome: str
    judged: bool  # there were enough pairs for a verdict; else the outcome is of the plain values

    @property
    def half(self) -> float | None:
        """Half of the interval on the log scale, as a part of the value: 0.06 for ± 6 %."""
        if self.low is None or self.high is None:
            return None
        return math.sqrt(self.high / self.low) - 1

    def __str__(self) -> str:
        """Return it for a narrow column: "1.58 ±  6%"."""
        if self.value is None:
            return f"{self.failed} failed"
        if self.half is None:
            return times(self.value)
        if self.half > WIDE:
            return self.written
        return f"{times(self.value)} ± {100 * self.half:2.0f}%"

    @property
    def written(self) -> str:
        """The same with the ends of the interval: "1.58 [1.49, 1.67]"."""
        if self.value is None or self.low is None or self.high is None:
            return str(self)
        return f"{times(self.value)} [{times(self.low)}, {times(self.high)}]"


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One side of a row."""

    side: str  # as verdicts.csv names it
    name: str  # as people do
    score: float | None  # of the first metric, mean over the seeds that have one
    sign: str  # one of SIGNS; empty for the reference, and where nothing was compared
    seeds: int  # trainings asked for
    failed: int  # of those, without a score
    epoch_s: float | None  # geometric means, as in table.csv
    training_s: float | None
    epoch: Ratio | None  # against the reference; None for itself, and where nothing was compared
    training: Ratio | None
    warnings: tuple[str, ...]  # that its times are doubtful
    proven: bool  # whether no training was timed without a proof

    @property
    def ratios(self) -> list[Ratio]:
        """The ratios of epoch and training, where there are any."""
        return [ratio for ratio in (self.epoch, self.training) if ratio is not None]

    @property
    def compared(self) -> bool:
        """Whether it was held against the reference."""
        return bool(self.ratios or self.sign)

    @property
    def judged(self) -> bool:
        """Whether there were enough pairs for verdicts."""
        return any(ratio.judged for ratio in self.ratios) or (self.sign in ("=", "+", "-"))


@dataclass(frozen=True, kw_only=True)
class Row:
    """A problem in one setting: the reference first, then the sides that are held against it."""

    problem: str
    metric: str
    better: str  # "higher" or "lower"
    setting: str  # device, mode and recipe, as far as they tell the rows apart; or empty
    mode: str
    cells: tuple[Cell, ...]

    @property
    def doubtful(self) -> bool:
        """Whether the times of any side carry a warning."""
        return any(cell.warnings for cell in self.cells)

    @property
    def proven(self) -> bool:
        """Whether no side was timed without a proof."""
        return all(cell.proven for cell in self.cells)

    @property
    def compared(self) -> bool:
        """Whether any side was held against the reference."""
        return any(cell.compared for cell in self.cells)

    @property
    def scores(self) -> list[str]:
        """The scores for people, with as many decimals each."""
        found = [cell.score for cell in self.cells if cell.score is not None]
        places = max(decimals(found, 2), min(4, decimals(found, 5)))
        style = f",.{places}f" if places <= PLACES else ".1e"
        return ["none" if one.score is None else f"{one.score:{style}}" for one in self.cells]


def times(ratio: float) -> str:
    """Return a ratio with two decimals; if it is very small, or above 100, as many as tell."""
    return f"{ratio:,.{2 if 0.1 <= ratio < 100 else decimals([ratio], 2)}f}"


def between(ratios: Sequence[float]) -> str:
    """Return the least and the largest of some ratios: "1.3 to 5.4"; one, if they read alike."""
    ends = (min(ratios), max(ratios))
    shown = (f"{one:.{2 if 0.095 <= one < 1.095 else decimals([one], 2)}f}" for one in ends)
    return " to ".join(dict.fromkeys(shown))


def rows(table: pd.DataFrame, verdicts: pd.DataFrame) -> Iterator[Row]:
    """Yield a row for each problem, setting and reference."""
    verdicts = verdicts.assign(needed=needed_pairs(verdicts))
    first = table.drop_duplicates(["problem", "device", "mode", "backend", "tier"])  # metric
    named = names(dict.fromkeys(_side(row) for _, row in first.iterrows()))
    frames = {"device": first, "mode": first, "recipe": verdicts}
    telling = {name for name, frame in frames.items() if frame[name].nunique() > 1}
    for (problem, device, mode), mine in first.groupby(["problem", "device", "mode"], sort=False):
        here = verdicts[(verdicts["problem"] == problem) & (verdicts["device"] == device)]
        here = here[here["mode"] == mode]
        sides = {_side(row): row for _, row in mine.iterrows()}
        for recipe in here["recipe"].unique() if len(here) else [""]:
            judged = here[here["recipe"] == recipe]
            setting = {"device": str(device), "mode": str(mode), "recipe": str(recipe)}
            for reference, others in _groups(list(sides), judged).items():
                cells = [_cell(sides[reference], named)]
                cells += [_cell(sides[one], named, judged, reference) for one in others]
                yield Row(
                    problem=str(problem),
                    metric=str(mine.iloc[0]["metric"]),
                    better=str(mine.iloc[0]["better"]),
                    setting=", ".join(
                        NAMED.get(text, text)
                        for name, text in setting.items()
                        if text and name in telling
                    ),
                    mode=str(mode),
                    cells=tuple(cells),
                )


def _side(row: pd.Series) -> str:
    return str(Side.parse(row["backend"], None if pd.isna(row["tier"]) else row["tier"]))


def _groups(sides: Sequence[str], judged: pd.DataFrame) -> dict[str, list[str]]:
    """Return, by reference, the sides that are held against it; each side once."""
    references = judged.drop_duplicates("backend").set_index("backend")["reference"]
    groups: dict[str, list[str]] = {sides[0]: []}
    for one in sides[1:]:
        reference = str(references.get(one))
        groups.setdefault(reference if reference in sides else sides[0], []).append(one)
    return groups


def _cell(
    row: pd.Series,
    named: dict[str, str],
    judged: pd.DataFrame | None = None,
    reference: str | None = None,
) -> Cell:
    """Return what a row of table.csv says, and what verdicts say of it against a reference."""
    name, ratios, sign = _side(row), dict.fromkeys(TIMED), ""
    if judged is not None:
        mine = judged[(judged["backend"] == name) & (judged["reference"] == reference)]
        by_measure = {one["measure"]: one for _, one in mine.iterrows()}
        ratios |= {one: _ratio(by_measure[one]) for one in TIMED if one in by_measure}
        sign = _sign(by_measure[SCORE], row["better"]) if SCORE in by_measure else ""
    return Cell(
        side=name,
        name=named[name],
        score=_number(row["score_mean"]),
        sign=sign,
        seeds=int(row["seeds"]),
        failed=int(row["failed"]),
        epoch_s=_number(row["epoch_s_geomean"]),
        training_s=_number(row["wall_s_geomean"]),
        epoch=ratios["epoch_s"],
        training=ratios["wall_s"],
        proven=row["proof"] != UNPROVEN,
        warnings=() if pd.isna(row["warnings"]) else tuple(row["warnings"].split("; ")),
    )


def _ratio(row: pd.Series) -> Ratio:
    value, low, high = (_number(row[name]) for name in ("effect", "low", "high"))
    hopeless = row["verdict"] == INCONCLUSIVE and row["pairs"] < row["needed"]
    judged = row["pairs"] >= MINIMUM and not hopeless
    return Ratio(
        value=value,
        low=low,
        high=high,
        pairs=int(row["pairs"]),
        failed=int(row["failed"]),
        outcome=outcome(row) if judged else lead(row),
        judged=bool(judged),
    )


def _number(value: float | None) -> float | None:
    return None if value is None or pd.isna(value) else float(value)


def _sign(row: pd.Series, better: str) -> str:
    """Return the sign of a score: what its verdict says, or how near the means are."""
    said = outcome(row, better)
    if row["pairs"] < MINIMUM:
        return "~" if said == EQUAL else "?"
    return {EQUAL: "=", BETTER: "+", WORSE: "-", OPEN: "?"}[said]
