"""How long a comparison will take yet, judged by how long its parts have taken so far."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import fmean

from backends import Side
from compare.records.record import Record, Run

Like = tuple[str, Side]  # problem and side of trainings that take about as long


@dataclass
class Mean:
    """The mean of numbers that come one by one: of very many, none is kept."""

    total: float = 0.0
    n: int = 0

    def add(self, value: float) -> None:
        """Take one more."""
        self.total += value
        self.n += 1

    def value(self) -> float:
        """Return the mean of one or more."""
        return self.total / self.n


class Remaining:
    """The trainings to be done and the problems to be proven, with what is known of their times.

    Records from before tell how long a training takes, and no more than that.
    """

    def __init__(
        self, runs: Iterable[Run], proofs: int, before: Iterable[Record], *, jobs: int
    ) -> None:
        self.todo = Counter((run.problem, run.side) for run in runs)
        self.proofs, self.jobs = proofs, jobs
        self.proofs_s: list[float] = []
        self.took: dict[Like, Mean] = defaultdict(Mean)
        for record in before:
            self._learn(record)

    def done(self, record: Record) -> None:
        """Have a training done."""
        self.todo[record.problem, record.side] -= 1
        self._learn(record)

    def proven(self, took_s: float) -> None:
        """Have the proof of a problem done."""
        self.proofs -= 1
        self.proofs_s.append(took_s)

    def seconds(self) -> float | None:
        """Return how long it will take; None while nothing is known of trainings or of proofs."""
        if not self.took or (self.proofs and not self.proofs_s):
            return None
        means = {kind: mean.value() for kind, mean in self.took.items()}
        trainings_s = sum(n * self._like(kind, means) for kind, n in self.todo.items())
        return trainings_s / self.jobs + self.proofs * fmean(self.proofs_s or [0.0])

    def _learn(self, record: Record) -> None:
        if record.total_s is not None:
            parts = (record.start_s, record.total_s, record.scoring_s)
            self.took[record.problem, record.side].add(sum(filter(None, parts)))

    def _like(self, kind: Like, means: dict[Like, float]) -> float:
        """Return what a training of a kind is likely to take: as its side does, or as any."""
        if kind in means:
            return means[kind]
        same_side = [mean for (_, side), mean in means.items() if side == kind[1]]
        return fmean(same_side or means.values())
