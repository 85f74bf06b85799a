"""A comparison: run what is missing in a results folder, keep each record as it comes.

Seed by seed, all problems are trained. A problem is proven, and its kernels are looked at, before
its first training: so the first row comes soon. Where several need no proof, their trainings go on
without a stop.
"""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from time import monotonic

from backends import Side
from compare.console import SILENT, Listener
from compare.processes import gpu, machine
from compare.processes.fingerprint import code_of
from compare.processes.launcher import Kind, Launcher
from compare.proof.gate import Standing, standings, unproven
from compare.records import journal as records
from compare.records.record import (
    FORK,
    MATCHED,
    SWEEP,
    Record,
    Run,
    sizes,
)
from compare.tables.measures import rate, samples_per_s
from compare.training.due import (
    Doing,
    How,
    Like,
    first_like,
    first_sides,
    gated,
    like,
    refuse_to_mix,
    ungated,
    without_gpu,
)
from compare.training.how_far import Plan, write_plan
from compare.training.kernel import kernels, unseen
from compare.training.pool import Pool
from compare.training.remaining import Remaining
from compare.training.stop import Stop


def kernels_of(
    runs: Sequence[Run], timeout_s: float, progress: Listener, launcher: Launcher
) -> dict[Like, str | None]:
    """Return what computes the recurrent layers of some runs, as far as it is looked for.

    It is looked for at the problem's own sizes, and not told of others.
    """
    if not runs or runs[0].recipe == SWEEP:
        return {}
    return {
        (name, side, device): label
        for device in dict.fromkeys(run.device for run in runs)
        for (name, side), label in kernels(
            list(dict.fromkeys(run.problem for run in runs)),
            list(dict.fromkeys(run.side for run in runs)),
            device=device,
            threads=runs[0].threads,
            precision=runs[0].precision,
            timeout_s=timeout_s,
            progress=progress,
            launcher=launcher,
        ).items()
    }


def compare(
    runs: Sequence[Run],
    *,
    out: Path,
    timeout_s: float,
    gate: bool,
    progress: Listener = SILENT,
    stop: Stop | None = None,
    by: Callable[[Sequence[Run], Mapping[str, Record], How], Doing] | None = None,
) -> Iterator[Record]:
    """Yield the records of the runs: those that `out` has, and each other one as it is done.

    With `gate`, what is not proven to be the same model on its backends is not timed: its record
    says so, and takes the place of an earlier one of other code. What could not be checked is not
    timed either; its record goes into no folder. Without it, nothing is looked at first, neither
    this nor what computes the layers.

    What the trainings are made of is read now; one that sees other files than these has failed.
    Once asked to stop, it begins no more. `by` has them done elsewhere than by a Comparison.

    Raises:
        KeyboardInterrupt: it was asked to stop before all was begun; what was under way has ended.
        OSError: one of these files cannot be read.
        UsageError: `out` cannot be written, or holds records that do not belong with these.
    """
    with records.journal(out) as journal:
        have = known(out, journal, progress)
        for run in {run.device: run for run in runs}.values():
            refuse_to_mix(have.values(), run, out)
        how = How(out=out, timeout_s=timeout_s, gate=gate, progress=progress, stop=stop or Stop())
        doing = (by or Comparison)(runs, have, how)
        again = {run.key: have[run.key].started for run in doing.todo if run.key in have}
        write_plan(out, Plan(runs=doing.runs, at_a_time=doing.at_a_time, again=again))
        with closing(doing.records()) as found:
            for record in found:
                if records.belongs(record, have.get(record.key)):
                    journal.append(record)
                yield record


def known(out: Path, journal: records.Journal, progress: Listener) -> dict[str, Record]:
    """Return the records that a folder has, by key, with those that never reached its journal."""
    have, broken = records.read(out)
    for message in records.in_brief(broken):
        progress.report(message)
    have += records.collect(out, journal, have)
    return {record.key: record for record in have}


class Comparison(Doing):
    """Runs that are done on this machine.

    A problem's standing at the gate, and what computes its layers, are found out once.
    """

    def __init__(self, runs: Sequence[Run], have: Mapping[str, Record], how: How) -> None:
        code = {key: code_of(*key) for key in dict.fromkeys(map(first_like, runs))}
        self.files = {one.fingerprint: one.files for one in code.values()}
        runs = [replace(run, fingerprint=code[first_like(run)].fingerprint) for run in runs]
        super().__init__(runs, have, how, at_a_time=runs[0].jobs, here=machine.identity())
        self.kinds = list(dict.fromkeys(Kind.of(run) for run in self.todo if run.start == FORK))
        self.sides = first_sides(self.runs)
        names = list(dict.fromkeys(run.problem for run in self.runs))
        self.unproven = unproven(names, self.sides) if self.gate and names else []
        self.standings: dict[tuple[str, Side], Standing] = {}
        self.kernels: dict[Like, str | None] = {}
        self.seen: set[str] = set()  # problems
        self.threads = runs[0].threads
        self.remaining = Remaining(
            self.todo, len(self.unproven), have.values(), jobs=self.at_a_time
        )

    def records(self) -> Generator[Record, None, None]:
        """Yield the records of all runs, each as it is there."""
        yield from self.lacking
        self._announce()
        cells = self.out / "cells"
        cells.mkdir(exist_ok=True)
        with Pool(
            cells,
            self.files,
            jobs=self.at_a_time,
            threads=self.threads,
            timeout_s=self.timeout_s,
            stop=self.stop,
        ) as pool:
            for (_, name), runs in groupby(self.runs, key=lambda run: (run.seed, run.problem)):
                if self.stop.asked:
                    pool.unbegun += 1
                    break
                yield from self._of_seed(name, list(runs), pool)
            yield from self._ended(pool)
            if pool.unbegun:
                raise KeyboardInterrupt

    def _of_seed(self, name: str, runs: list[Run], pool: Pool) -> Iterator[Record]:
        """Yield what of a problem and seed needs no training; the others are under way then.

        Before the first of a problem, all that was under way is yielded if it has to end.
        """
        others: list[Record] = []
        if self.gate:
            yield from self._prove(name, pool)
            runs, others = gated(runs, self.standings)
        else:
            runs = ungated(runs)
        yield from self._told(others)
        yield from (self.kept[run.key] for run in runs if run.key in self.kept)
        todo, absent = without_gpu([run for run in runs if run.key not in self.kept])
        yield from self._told(absent)
        if self.gate and todo:
            yield from self._look(name, pool)
            todo = [
                replace(run, kernel=self.kernels.get(like(run))) if run.mode == MATCHED else run
                for run in todo
            ]
        if todo:
            self._start_servers(pool)
        pool.start(todo)

    def _prove(self, name: str, pool: Pool) -> Iterator[Record]:
        """Find out how a problem stands at the gate, the first time."""
        if any(proven == name for proven, _ in self.standings):
            return
        if name in self.unproven:
            yield from self._ended(pool)  # nothing is timed beside a check
        began = monotonic()
        sides = first_sides(run for run in self.runs if run.problem == name)
        self.standings |= standings([name], sides, self.progress, pool.launcher)
        if name in self.unproven:
            self.remaining.proven(monotonic() - began)

    def _look(self, name: str, pool: Pool) -> Iterator[Record]:
        """Find out what computes a problem's layers in the trainings to be done, the first time."""
        if name in self.seen:
            return
        self.seen.add(name)
        mine = [run for run in self.todo if (run.problem, run.mode) == (name, MATCHED)]
        mine, _ = without_gpu(gated(mine, self.standings)[0])
        if unseen(mine):  # nothing is timed beside a look
            yield from self._ended(pool)
        self.kernels |= kernels_of(mine, self.timeout_s, self.progress, pool.launcher)

    def _ended(self, pool: Pool) -> Iterator[Record]:
        """Yield the records of all trainings under way, each as it ends."""
        self.progress.left(self.remaining.seconds())
        yield from self._told(pool.ended())

    def _told(self, found: Iterable[Record]) -> Iterator[Record]:
        for record in found:
            if record.key not in self.kept:
                self.remaining.done(record)
            self.progress.left(self.remaining.seconds())
            yield record

    def _start_servers(self, pool: Pool) -> None:
        """Start those of all trainings, so that nothing is imported where one is timed."""
        if missing := [kind for kind in self.kinds if not pool.launcher.has(kind)]:
            self.progress.doing(f"starting {', '.join(str(kind.side) for kind in missing)}")
            pool.launcher.get_ready(missing, self.out / "cells", self.timeout_s)
            self.progress.doing("")

    def _announce(self) -> None:
        """Say what is there and what is to be done, and who else computes on the GPU."""
        self.announce(f"{len(self.todo)} to do, {self.at_a_time} at a time")
        if any(run.device == "gpu" for run in self.todo):
            for sentence in gpu.company():
                self.progress.report(sentence)


def row(record: Record) -> str:
    """Return a training and what came of it as one line: of its scores, the first."""
    side = [str(record.side), *([record.device] if record.device != "cpu" else [])]
    side += [record.mode] if record.mode != MATCHED else []
    what = f"{record.problem:<13}  {' '.join(side):<16}  seed {record.seed:<3}"
    if record.status != "ok":
        return f"{what}  {record.status}: {record.reason}"
    what += f" {record.total_s or 0.0:7.1f} s"
    if record.recipe == SWEEP:
        at = ", ".join(f"{name.replace('_', ' ')} {n}" for name, n in sizes(record).items())
        return f"{what}  {at}: {rate(samples_per_s(record))} samples/s"
    metric, score = next((name, judged.score) for name, judged in record.scores.items())
    if score is None:  # as in records of a time when what is not finite was a score
        return f"{what}  {metric} none"
    return f"{what}  {metric} {score:{'.4f' if abs(score) >= 0.01 else '.3g'}}"
