"""The answer in a sentence or a few: who is faster, by how much, whose scores are better.

Pure functions of the answer's rows. What is not judged, not compared or has failed is said.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from compare.records.record import MATCHED, NATIVE
from compare.tables.columns import number
from compare.tables.rows import Cell, Ratio, Row, between
from compare.tables.statistics import MINIMUM
from compare.tables.verdicts import BETTER, EQUAL, OPEN, WORSE, needed

NAMED = 3  # problems by name; of the others, how many there are
UNJUDGED = "not judged"
# What times say of a side that is held against another: judged, and from few seeds.
FASTER = {WORSE: "slower", BETTER: "faster", EQUAL: "equally fast", OPEN: "undecided"}
AHEAD = {WORSE: "behind", BETTER: "ahead", EQUAL: "even", OPEN: "undecided"}
MEASURED = {"epoch": "an epoch", "training": "a whole training"}


@dataclass(frozen=True)
class Pair:
    """Two sides in one setting, and what was compared of them, by problem."""

    setting: str
    reference: str
    name: str
    cells: dict[str, Cell] = field(default_factory=dict)

    def ratios(self, which: str) -> list[Ratio]:
        """Return the ratios of "epoch" or of "training", where there are any."""
        found = (getattr(cell, which) for cell in self.cells.values())
        return [ratio for ratio in found if ratio is not None]

    @property
    def agrees(self) -> bool:
        """Whether epochs and whole trainings have the same outcome in every problem."""
        both = ((cell.epoch, cell.training) for cell in self.cells.values())
        return all(one is None or two is None or one.outcome == two.outcome for one, two in both)

    @property
    def times(self) -> list[Ratio]:
        """What tells who is faster, where epochs and whole trainings agree: a ratio a problem."""
        found = (cell.epoch or cell.training for cell in self.cells.values())
        return [ratio for ratio in found if ratio is not None]

    def on(self, n: int, *, of: bool = True, problems: bool = False) -> str:
        """Return on how many of the problems: "on 5 of 6"; the problem, if it is the only one."""
        problem, *others = self.cells
        if not others:
            return f"on {problem}"
        return f"on {n}" + f" of {len(self.cells)}" * of + " problems" * problems

    def shares(self, counts: dict[str, int], **form: bool) -> str:
        """Return what holds of how many problems: "equal on 5 of 6, better on 1"."""
        first, *others = ((what, n) for what, n in counts.items() if n)
        rest = (f"{what} on {n}" for what, n in others)
        return ", ".join([f"{first[0]} {self.on(first[1], **form)}", *rest])


def sentence(rows: Sequence[Row]) -> str:
    """Return what the rows say, in sentences."""
    if not rows:
        return "There is no training to tell of."
    rows = [row for row in rows if row.mode in (MATCHED, NATIVE)] or rows
    pairs = _pairs(rows)
    said: list[str] = []
    for setting in dict.fromkeys(pair.setting for pair in pairs):
        here = [pair for pair in pairs if pair.setting == setting]
        parts = [*(_duel(here[0]) if len(here) == 1 else _field(here)), *_scores(here)]
        if setting:
            first = parts[0].replace("By ", "by ", 1) if parts[0].startswith("By ") else parts[0]
            parts[0] = f"{setting[:1].upper()}{setting[1:]}: {first}"
        said += parts
    said += [*_apart(rows, "Not")] if pairs else [*_alone(rows)]
    return " ".join([*said, *_unjudged(pairs), *_failed(rows), *_reservations(rows)])


def _pairs(rows: Sequence[Row]) -> list[Pair]:
    """Return every two sides that were compared, those of a setting together."""
    pairs: dict[tuple[str, str, str], Pair] = {}
    settings = list(dict.fromkeys(row.setting for row in rows))
    for row in sorted(rows, key=lambda row: settings.index(row.setting)):
        reference, *others = row.cells
        for cell in others:
            if cell.compared:
                key = (row.setting, reference.name, cell.name)
                pairs.setdefault(key, Pair(*key)).cells[row.problem] = cell
    return list(pairs.values())


def _duel(pair: Pair) -> Iterator[str]:
    """Yield who is faster of two sides, on how many problems, by how much."""
    kinds = {what: found for what in MEASURED if (found := pair.ratios(what))}
    leads = all(ratio.outcome == WORSE for found in kinds.values() for ratio in found)
    long = "times as long" + ("" if leads else f" as {pair.reference}")
    if not pair.agrees:
        for what, found in kinds.items():
            takes = f": it takes {pair.name} {_range(found)} {long}" if _range(found) else ""
            whole = "whole " * (what == "training")
            yield f"By {whole}{what}, {_lead(pair, found, 'no')}{takes}."
    elif kinds:
        ranges = {what: _range(found) for what, found in kinds.items() if _range(found)}
        said: list[str] = []
        for what, many in ranges.items():
            more = f" {many} times" if said else f" takes {pair.name} {many} {long}"
            said.append(MEASURED[what] + more)
        yield ": ".join(filter(None, (_lead(pair, pair.times), ", ".join(said)))) + "."


def _lead(pair: Pair, ratios: Sequence[Ratio], no: str = "No") -> str:
    """Return who is faster on how many problems: "PyTorch is faster on 5 of 6 problems"."""
    counts, words = _counted(ratios)
    leaders = sorted(
        ((pair.reference, counts[WORSE]), (pair.name, counts[BETTER])), key=lambda one: -one[1]
    )
    said = [
        f"{name} on {n}" if i else f"{name} is {words[BETTER]} {pair.on(n, problems=True)}"
        for i, (name, n) in enumerate(leaders)
        if n
    ]
    both = f"{pair.reference} and {pair.name} are {words[EQUAL]}"
    first = {EQUAL: both, OPEN: f"{no} difference in speed is shown"}
    for outcome in (EQUAL, OPEN, UNJUDGED):
        if n := counts[outcome]:
            alone = f"{first.get(outcome, both)} {pair.on(n, problems=True)}"
            said.append(f"{n} {'is' if n == 1 else 'are'} {words[outcome]}" if said else alone)
    return ", ".join(said)


def _field(pairs: Sequence[Pair]) -> Iterator[str]:
    """Yield, of several sides, how each stands against its reference."""
    for reference in dict.fromkeys(pair.reference for pair in pairs):
        mine = [pair for pair in pairs if pair.reference == reference]
        stands = [f"{pair.name} {_stands(pair, whole=pair is mine[0])}" for pair in mine]
        yield f"Against {reference}: {'; '.join(stands)}."


def _stands(pair: Pair, *, whole: bool) -> str:
    """Return how a side stands: "slower on 5, faster on 1 (epoch 0.9 to 3.1, ...)".

    `whole`: no side before it has told of how many problems, and that these are times.
    """
    times = " times" * whole
    kinds = {what: found for what in MEASURED if (found := pair.ratios(what))}
    ranges = {what: _range(found) for what, found in kinds.items()}
    if pair.agrees:
        takes = [f"{what} {many}" for what, many in ranges.items() if many]
        said = ", ".join([*(f"{one}{times}" for one in takes[:1]), *takes[1:]])
        return _shares(pair, pair.times, whole=whole) + f" ({said})" * bool(said)
    parts = [
        f"by {what} {_shares(pair, found, whole=whole)}"
        + f" ({ranges[what]}{times})" * bool(ranges[what])
        for what, found in kinds.items()
    ]
    return ", ".join(parts)


def _shares(pair: Pair, ratios: Sequence[Ratio], *, whole: bool) -> str:
    """Return on how many problems a side is slower, faster, ...; the most frequent first."""
    counts, words = _counted(ratios)
    shares = {words[name]: n for name, n in counts.most_common()}
    return pair.shares(shares, of=whole, problems=whole)


def _counted(ratios: Iterable[Ratio]) -> tuple[Counter[str], dict[str, str]]:
    """Return how often each outcome occurs, and the words for them."""
    ratios = list(ratios)
    if not any(ratio.judged for ratio in ratios):
        return Counter(ratio.outcome for ratio in ratios), AHEAD
    outcomes = (ratio.outcome if ratio.judged else UNJUDGED for ratio in ratios)
    return Counter(outcomes), FASTER | {UNJUDGED: UNJUDGED}


def _range(ratios: Iterable[Ratio]) -> str:
    values = [ratio.value for ratio in ratios if ratio.value is not None]
    return between(values) if values else ""


def _scores(pairs: Sequence[Pair]) -> list[str]:
    """Return how the scores of each pair compare, once if all do alike."""
    said = {pair.name: _scored(pair) for pair in pairs}
    texts = {name: text for name, text in said.items() if text}
    if len(set(texts.values())) <= 1:
        return [f"{text}." for text in dict.fromkeys(texts.values())]
    return [f"{name}: {text[:1].lower()}{text[1:]}." for name, text in texts.items()]


def _scored(pair: Pair) -> str:
    signs = Counter(cell.sign for cell in pair.cells.values() if cell.sign)
    if not signs:
        return ""
    judged = any(cell.sign and cell.judged for cell in pair.cells.values())
    if not judged and len(pair.cells) == 1:
        return "Mean scores lie within the margin" if signs["~"] else "Scores are not judged"
    if not judged:
        return f"Mean scores lie within the margin {pair.on(signs['~'])}"
    where = {"=": "equal", "+": f"better in {pair.name}", "-": f"better in {pair.reference}"}
    where |= {"?": "undecided", "~": UNJUDGED}
    if len(pair.cells) == 1:
        return f"Scores are {where[next(iter(signs))]}"
    return f"Scores are {pair.shares({where[sign]: signs[sign] for sign in where})}"


def _unjudged(pairs: Sequence[Pair]) -> Iterator[str]:
    """Yield what has too few seeds for a verdict, or for one that shows a difference."""
    few: dict[str, int] = {}
    problems = 0
    for pair in pairs:
        problems = max(problems, len(pair.cells))
        for problem, cell in pair.cells.items():
            ratio = cell.epoch or cell.training
            if ratio and not ratio.judged:
                few[problem] = ratio.pairs
    if not few:
        return
    seeds = " to ".join(map(str, dict.fromkeys((min(few.values()), max(few.values())))))
    which = f"{_named(few)}, " * (len(few) < problems)
    have, least = f"{which}{seeds} seed{'s' * (seeds != '1')}", needed(problems)
    if min(few.values()) >= MINIMUM:
        yield f"Speed is not judged: {have}, for {problems} problems it takes {least}."
    else:
        more = f" ({least} for {problems} problems)" * (least > MINIMUM)
        yield f"Not judged: {have}, verdicts take {MINIMUM}{more}."


def _apart(rows: Sequence[Row], begin: str) -> Iterator[str]:
    """Yield what was not compared, and why."""
    lacking: dict[str, list[str]] = {}
    for row in rows:
        reference, *others = row.cells
        if not others:
            lacking.setdefault(f"{reference.name} alone", []).append(row.problem)
        for cell in others:
            if not cell.compared:
                lacking.setdefault(_why(reference, cell), []).append(row.problem)
    if lacking:
        found = (f"{_named(problems)} ({why})" for why, problems in lacking.items())
        yield f"{begin} compared: {'; '.join(found)}."


def _why(reference: Cell, cell: Cell) -> str:
    missing = [one.name for one in (reference, cell) if one.score is None]
    both = f"{reference.name} and {cell.name}"
    return f"no score of {' and '.join(missing)}" if missing else f"no seed in common of {both}"


def _alone(rows: Sequence[Row]) -> Iterator[str]:
    """Yield why nothing is compared, and how long the trainings took."""
    names = dict.fromkeys(cell.name for row in rows for cell in row.cells)
    if len(names) > 1:
        yield from _apart(rows, "Nothing is")
        return
    (name,) = names
    yield f"{name} took part alone: nothing is compared."
    took: list[str] = []
    for what, column in (("an epoch", "epoch_s"), ("a whole training", "training_s")):
        seconds = [getattr(cell, column) for row in rows for cell in row.cells]
        if known := [one for one in seconds if one is not None]:
            took.append(f"{what} {'' if took else 'takes '}{_seconds(known)}")
    if took:
        yield f"A{', '.join(took)[1:]}."


def _seconds(values: Sequence[float]) -> str:
    ends = dict.fromkeys(number(value, 2) for value in (min(values), max(values)))
    return f"{' to '.join(ends)} s"


def _failed(rows: Iterable[Row]) -> Iterator[str]:
    """Yield how many trainings have no score, and where there is no ratio because of that."""
    rows = list(rows)
    cells = {(row.problem, row.setting, cell.side): cell for row in rows for cell in row.cells}
    failed, seeds = (
        sum(getattr(one, name) for one in cells.values()) for name in ("failed", "seeds")
    )
    if failed:
        without = {
            row.problem
            for row in rows
            for cell in row.cells
            for ratio in (cell.epoch, cell.training)
            if ratio and ratio.value is None
        }
        ratio = f": no ratio of {_named(sorted(without))}" if without else ""
        have = "has" if failed == 1 else "have"
        yield f"{failed} of {seeds} trainings {have} no score{ratio}."


def _reservations(rows: Sequence[Row]) -> Iterator[str]:
    """Yield on how many problems times are doubtful, and on how many nothing was proven."""
    compared = [row for row in rows if row.compared]
    everything = {row.problem for row in compared}
    doubtful = {row.problem for row in compared if row.doubtful}
    unproven = {row.problem for row in compared if not row.proven}
    for what, found in (("Times are doubtful", doubtful), ("The model is unproven", unproven)):
        if found:
            of = f" on {len(found)} of {len(everything)}" * (len(everything) > 1)
            yield f"{what}{of}."


def _named(problems: Iterable[str]) -> str:
    names = list(dict.fromkeys(problems))
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + f" and {more} more" * (more > 0)
