"""What very many trainings cost the command itself: `python tests/many_trainings.py OUT.jsonl N`.

The cluster is a made-up one, in this process. Its nodes answer at once what a training that went
well would tell. So what is left is what the command does: blocks, questions, records, the journal.
For every tenth of the trainings, OUT.jsonl has seconds per thousand and the resident memory.
"""

import json
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from synthetic import record as made

from backends import Side
from compare.console import SILENT
from compare.processes.cluster import Answer, Begun, Node, Work
from compare.records.record import Record, Run, finite
from compare.training.due import plan
from compare.training.on_cluster import OnCluster
from compare.training.schedule import compare

SIDES = ("pytorch", "keras-tensorflow")
PARTS = 10
EPOCHS = 20  # of which each record has several figures


class NoOps:
    """A cluster whose nodes do nothing, and tell what they are told."""

    nodes = (Node(id="one", name="one", cpus=4, gpus=0),)

    def __init__(self) -> None:
        curve = [1.0 / (1 + epoch) for epoch in range(EPOCHS)]
        told = {"train_loss": curve, "validation_loss": curve, "epoch_scores": curve}
        self.told = {side: made("echo", side, 0, **told, epoch_s=curve[1:]) for side in SIDES}

    def reserved(self) -> int:
        return self.nodes[0].cpus

    def each(self, module: str, question: dict, timeout_s: float) -> list[Answer]:
        work = Work(name="one", module=module, question=question, timeout_s=timeout_s)
        prints = {Run(**fields).key: fields["backend"] for fields in question["runs"]}
        said = {"processor": "none", "processors": 4, "doubts": [], "fingerprints": prints}
        return [Answer(work=work, attempt=1, said=said)]

    def do(self, works: Iterator[Work], _: object) -> Iterator[Begun | Answer]:
        for work in works:
            asked = json.loads(json.dumps(work.question))  # as it travels
            yield Begun(work=work, attempt=1, node="one")
            found = [
                finite(asdict(replace(self.told[run["backend"]], **self.of(run))))
                for run in asked["runs"]
            ]
            said = json.loads(json.dumps({"records": found, "files": {}}))
            yield Answer(work=work, attempt=1, said=said)

    @staticmethod
    def of(run: dict) -> dict:
        """Return what tells a training from another."""
        return {"seed": run["seed"], "fingerprint": run["fingerprint"]}


def resident_bytes() -> int:
    """Return the resident memory of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def measured(number: int, folder: Path) -> Iterator[dict[str, float]]:
    """Yield, for every tenth of so many trainings, what they took."""
    runs = plan(["echo"], [(Side(side), "matched", "cpu") for side in SIDES], number // 2)

    def by(*arguments: object, **settings: object) -> OnCluster:
        return OnCluster(NoOps(), *arguments, **settings)  # type: ignore[arg-type]

    found: Iterator[Record] = compare(
        runs, out=folder, timeout_s=9.0, gate=True, progress=SILENT, by=by
    )
    part = number // PARTS
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    for done, _ in enumerate(found, start=1):
        if done % part == 0:
            now = time.perf_counter(), time.process_time()
            yield {
                "trainings": done,
                "wall_s_per_thousand": 1000 * (now[0] - wall_s) / part,
                "cpu_s_per_thousand": 1000 * (now[1] - cpu_s) / part,
                "resident_bytes": resident_bytes(),
            }
            wall_s, cpu_s = now


def main(out: str, number: str) -> None:
    """Measure, tell each tenth, and write all."""
    with TemporaryDirectory() as folder:
        lines = []
        for row in measured(int(number), Path(folder)):
            lines.append(json.dumps(row) + "\n")
            print(lines[-1], end="", flush=True)
    Path(out).write_text("".join(lines))


if __name__ == "__main__":
    main(*sys.argv[1:])
