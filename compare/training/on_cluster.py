"""A comparison on a cluster: blocks of trainings are done on its nodes, their records kept here.

A block is done by the same comparison as on one machine. Where a training of a pair is missing, the
pair is done anew: so both of its sides are of one machine.
"""

from base64 import b64decode
from collections import Counter
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from compare.console import Listener
from compare.files import write_whole
from compare.fingerprint import digest
from compare.processes import interpreter, machine
from compare.processes.cluster import Answer, Cluster, Lost, Work
from compare.records.merge import KEPT
from compare.records.record import UNCHECKED, Record, Run, UsageError, as_json
from compare.training.blocks import blocks
from compare.training.remaining import Remaining
from compare.training.schedule import done_again, in_tiers, kept, without_training
from compare.training.stop import Stop

MODULE = "compare.training.block"
ANSWER_S = 300.0  # for a node to say what it has; its disk may be slow
CHECK_S = 3600.0  # in a block, for what comes before its trainings
NAMED = 12  # digits of a block's name


class OnCluster:
    """The runs that are asked for, in their order; `have` is what is there, by key."""

    def __init__(
        self,
        cluster: Cluster,
        runs: Sequence[Run],
        have: Mapping[str, Record],
        *,
        out: Path,
        timeout_s: float,
        gate: bool,
        progress: Listener,
        stop: Stop,
    ) -> None:
        self.cluster, self.out, self.progress, self.stop = cluster, out, progress, stop
        self.timeout_s, self.gate = timeout_s, gate
        found = self._made_of(runs)
        runs = [replace(run, fingerprint=found[run.key]) for run in runs]
        self.runs, self.lacking = in_tiers(runs)
        self.there = kept(self.runs, have, gate=gate)
        self.todo = [run for run in self.runs if run.key not in self.there]
        self.again = done_again(self.todo, have, out, gate=gate)
        self.blocks = blocks(self.todo)
        self.at_a_time = runs[0].jobs * len(cluster.nodes)
        self.remaining = Remaining(self.todo, 0, have.values(), jobs=self.at_a_time)

    def records(self) -> Generator[Record, None, None]:
        """Yield the records of all runs, those of a block together."""
        yield from self.lacking
        yield from self.there.values()
        nodes = ", ".join(node.name for node in self.cluster.nodes)
        if self.again:
            self.progress.report(self.again)
        self.progress.report(
            f"{len(self.runs)} trainings into {self.out}: {len(self.there)} are there already; "
            f"{len(self.blocks)} blocks to do, on {nodes}"
        )
        self.progress.doing(f"waiting for a node with {self.cluster.reserved()} free processors")
        given: dict[str, list[Run]] = {}
        under_way: dict[str, str] = {}
        ended = 0
        for event in self.cluster.do(self._works(given), self.stop):
            name, block = event.work.name, given[event.work.name]
            if isinstance(event, Answer):
                del given[name]
                under_way.pop(name, None)
                ended += 1
                yield from self._records_of(event, block)
            elif isinstance(event, Lost):
                under_way.pop(name, None)
                self._take_back(block)
                self.progress.report(f"{_about(block)}: {event.why}; given to another node")
            else:
                under_way[name] = f"{_about(block)} on {event.node}"
                self._leave(block)
            what = f"under way: {'; '.join(under_way.values()) or 'nothing'}"
            self.progress.doing(f"blocks done: {ended} of {len(self.blocks)}; {what}")
        if ended < len(self.blocks):
            raise KeyboardInterrupt

    def _works(self, given: dict[str, list[Run]]) -> Iterator[Work]:
        """Yield the work of each block when it is to be given out, and note whose it is."""
        for block in self.blocks:
            work = self._work(block)
            given[work.name] = block
            yield work

    def _take_back(self, block: list[Run]) -> None:
        """Have nothing left that tells of them as under way."""
        for run in block:
            (self.out / "cells" / run.key / "run.json").unlink(missing_ok=True)

    def _made_of(self, runs: Sequence[Run]) -> dict[str, str]:
        """Return the fingerprint of each run on the nodes, which must be the same on all.

        Raises:
            UsageError: it is not, or a node lacks what is needed.
        """
        asked = self._question(runs, only_look=True)
        answers = self.cluster.each(MODULE, asked, ANSWER_S)
        gone = [one for one in answers if one.lost]
        for one in gone:
            self.progress.report(f"node {one.work.name} is left out: {one.failure}")
        answers = [one for one in answers if not one.lost]
        if not answers:
            raise UsageError(f"--ray: no node answers: {gone[0].failure}")
        for one in answers:
            said = one.said or {}
            if why := one.failure or said.get("refusal"):
                raise UsageError(f"--ray: node {one.work.name}: {why}")
            for side, packages in said.get("missing", {}).items():
                raise UsageError(
                    f"--ray: node {one.work.name}: backend {side!r} needs "
                    f"{' and '.join(packages)}, not installed there"
                )
            for doubt in said["doubts"]:
                self.progress.report(f"node {one.work.name}: {doubt}")
            if said["processors"] < (needed := runs[0].jobs * runs[0].threads):
                raise UsageError(
                    f"--ray: node {one.work.name}: expected {needed} processors for --jobs and "
                    f"--threads, found {said['processors']}"
                )
        kinds = Counter(as_json(one.said["fingerprints"]) for one in answers)
        if len(kinds) > 1:
            there = ", ".join(f"{one.work.name} with {one.said['processor']}" for one in answers)
            raise UsageError(
                "--ray: expected nodes of one kind: processor, Python and packages; came "
                f"{len(kinds)} kinds: {there}; choose one by --ray-label"
            )
        return dict(answers[0].said["fingerprints"])

    def _question(self, runs: Sequence[Run], *, only_look: bool = False) -> dict[str, object]:
        return {
            "runs": [asdict(run) for run in runs],
            "timeout_s": self.timeout_s,
            "gate": self.gate,
            "only_look": only_look,
            "pythons": interpreter.PYTHONS,
        }

    def _work(self, block: list[Run]) -> Work:
        question = self._question(block)
        return Work(
            name=digest(question)[:NAMED],
            module=MODULE,
            question=question,
            timeout_s=len(block) * self.timeout_s + CHECK_S,
            gpu=block[0].device == "gpu",
        )

    def _records_of(self, answer: Answer, block: list[Run]) -> Iterator[Record]:
        """Yield the records of a block, and keep what its trainings left.

        A node that came later may be of another kind: then the block has failed.
        """
        commit, dirty = (machine.facts()[name] for name in ("commit", "dirty"))
        given: dict[str, Any] = {"block": answer.work.name, "attempt": answer.attempt}
        said = answer.said or {}
        why = answer.failure or said.get("refusal")
        found: list[Record] = []
        try:
            found = [_read(fields) for fields in said.get("records", [])]
        except ValueError as error:
            why = f"no record: {error}"
        asked = {(run.key, run.fingerprint) for run in block}
        if not why and {(one.key, one.fingerprint) for one in found} != asked:
            why = "its node is of another kind, or its code is another"
        if why:
            failed = without_training(block[0], "failed", f"block {answer.work.name}: {why}")
            failed = replace(failed, cpu=None, machine=None)
            found = [replace(failed, **asdict(run)) for run in block]
        for record in (replace(one, commit=commit, dirty=dirty, **given) for one in found):
            if not why:
                self._keep_files(record, said["files"].get(record.key, {}))
            self.remaining.done(record)
            self.progress.left(self.remaining.seconds())
            yield record

    def _keep_files(self, record: Record, files: Mapping[str, str]) -> None:
        for name in KEPT:
            if name in files:
                file = self.out / "cells" / record.key / name
                file.parent.mkdir(parents=True, exist_ok=True)
                write_whole(file, b64decode(files[name]))

    def _leave(self, block: list[Run]) -> None:
        """Leave the runs in their folders, where `diptych status` finds what is under way."""
        for run in block:
            cell = self.out / "cells" / run.key
            cell.mkdir(parents=True, exist_ok=True)
            (cell / "record.json").unlink(
                missing_ok=True
            )  # an earlier one, which is kept elsewhere
            write_whole(cell / "run.json", as_json(asdict(run)))


def _read(fields: Mapping[str, object]) -> Record:
    """Return the record that a node told of, held to the schema like a line of runs.jsonl.

    The schema has no status for what is kept in no folder.
    """
    known = {**fields, "status": "failed"} if fields["status"] == UNCHECKED else fields
    status: Any = fields["status"]
    return replace(Record.from_json(as_json(known)), status=status)


def _about(block: list[Run]) -> str:
    seeds = sorted({run.seed for run in block})
    return f"{block[0].problem}, seed{'s' * (len(seeds) > 1)} {' and '.join(map(str, seeds))}"
