"""A comparison on a cluster: blocks of trainings are done on its nodes, their records kept here.

A block is done by the same comparison as on one machine. Where a training of a pair is missing, the
pair is done anew: so both of its sides are of one machine.
"""

from base64 import b64decode
from collections import Counter
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from compare.console import Listener
from compare.processes import interpreter, machine
from compare.processes.cluster import Answer, Cluster, Lost, Work
from compare.processes.fingerprint import digest
from compare.records.files import write_whole
from compare.records.merge import KEPT
from compare.records.record import UNCHECKED, Record, Run, UsageError, as_json
from compare.training.blocks import blocks
from compare.training.due import Doing, How, without_training
from compare.training.remaining import Remaining

MODULE = "compare.training.block"
ANSWER_S = 300.0  # for a node to say what it has; its disk may be slow
CHECK_S = 3600.0  # in a block, for what comes before its trainings
NAMED = 12  # digits of a block's name


class OnCluster(Doing):
    """Runs that are done on the nodes of a cluster."""

    def __init__(
        self, cluster: Cluster, runs: Sequence[Run], have: Mapping[str, Record], how: How
    ) -> None:
        self.cluster = cluster
        found = made_of(cluster, runs, how.progress)
        runs = [replace(run, fingerprint=found[run.key]) for run in runs]
        super().__init__(runs, have, how, at_a_time=runs[0].jobs * len(cluster.nodes))
        self.blocks = blocks(self.todo)
        self.remaining = Remaining(self.todo, 0, have.values(), jobs=self.at_a_time)

    def records(self) -> Generator[Record, None, None]:
        """Yield the records of all runs, those of a block together."""
        yield from self.lacking
        yield from self.kept.values()
        nodes = ", ".join(node.name for node in self.cluster.nodes)
        self.announce(f"{len(self.todo)} to do, in {len(self.blocks)} blocks, on {nodes}")
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

    def _work(self, block: list[Run]) -> Work:
        settings = {"timeout_s": self.timeout_s, "gate": self.gate}
        question = _question(block) | settings
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


def made_of(cluster: Cluster, runs: Sequence[Run], progress: Listener) -> dict[str, str]:
    """Return the fingerprint of each run, by key: all nodes must have the same.

    Raises:
        UsageError: they have not, or a node lacks what is needed.
    """
    answers, lost = [], []
    for one in cluster.each(MODULE, _question(runs) | {"only_look": True}, ANSWER_S):
        if one.lost:
            progress.report(f"node {one.work.name} is left out: {one.failure}")
            lost.append(one)
            continue
        said = one.said or {}
        if why := one.failure or said.get("refusal") or _lacking(said, runs[0]):
            raise UsageError(f"--ray: node {one.work.name}: {why}")
        for doubt in said["doubts"]:
            progress.report(f"node {one.work.name}: {doubt}")
        answers.append(one)
    if not answers:
        raise UsageError(f"--ray: no node answers: {lost[0].failure}")
    kinds = Counter(as_json(one.said["fingerprints"]) for one in answers)
    if len(kinds) > 1:
        there = ", ".join(f"{one.work.name} with {one.said['processor']}" for one in answers)
        raise UsageError(
            "--ray: expected nodes of one kind: processor, Python and packages; came "
            f"{len(kinds)} kinds: {there}; choose one by --ray-label"
        )
    return dict(answers[0].said["fingerprints"])


def _lacking(said: Mapping[str, Any], run: Run) -> str:
    """Return what a node lacks for such runs; "" if nothing."""
    for side, packages in said.get("missing", {}).items():
        return f"backend {side!r} needs {' and '.join(packages)}, not installed there"
    needed = run.jobs * run.threads
    if said["processors"] >= needed:
        return ""
    return f"expected {needed} processors for --jobs and --threads, found {said['processors']}"


def _question(runs: Sequence[Run]) -> dict[str, Any]:
    return {"runs": [asdict(run) for run in runs], "pythons": interpreter.PYTHONS}


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
