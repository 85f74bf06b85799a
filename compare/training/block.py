"""Does a block of a run on a node of a cluster: `python -m compare.training.block FOLDER`.

It is the comparison that is done anywhere, in a folder of its own. The question says whether it is
to be done, or only what it would be made of on this node.
"""

import sys
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from compare.processes import interpreter, machine
from compare.processes.doctor import of_machine
from compare.processes.fingerprint import code_of
from compare.processes.keeper import DROPPED
from compare.processes.node import answer_in, question_in
from compare.records.merge import KEPT
from compare.records.record import Run, UsageError, finite
from compare.training.due import first_like
from compare.training.schedule import compare

LONGEST = 2**20  # bytes of a file beside a record; of a log, so much is told


def made_of(runs: list[Run]) -> dict[str, Any]:
    """Return what the runs are made of on this node: fingerprints by key, or what is missing.

    With it comes what makes times of this node doubtful, as `diptych doctor` has it.
    """
    sides = dict.fromkeys(run.side.first for run in runs)
    missing = {str(side): interpreter.environment(side).missing for side in sides}
    if any(missing.values()):
        return {"missing": {side: names for side, names in missing.items() if names}}
    code = {like: code_of(*like).fingerprint for like in dict.fromkeys(map(first_like, runs))}
    return {
        "processor": machine.cpu(),
        "processors": len(machine.processors()),
        "doubts": [one.line for one in of_machine() if one.advice],
        "fingerprints": {run.key: code[first_like(run)] for run in runs},
    }


def train(runs: list[Run], out: Path, *, timeout_s: float, gate: bool) -> dict[str, Any]:
    """Return the records of the runs, and by key the files that a training left beside its own."""
    found = list(compare(runs, out=out, timeout_s=timeout_s, gate=gate))
    return {
        "records": [finite(asdict(record)) for record in found],
        "files": {record.key: _files(out / "cells" / record.key) for record in found},
    }


def _files(cell: Path) -> dict[str, str]:
    found = {}
    for file in (cell / name for name in KEPT):
        if not file.is_file():
            continue
        content = file.read_bytes()
        if len(content) > LONGEST and file.name == "log.txt":
            content = content[:LONGEST] + DROPPED
        elif len(content) > LONGEST:
            continue
        found[file.name] = b64encode(content).decode()
    return found


def answer(asked: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Return the answer to a question; what cannot be done is an answer, too."""
    interpreter.PYTHONS.update(asked["pythons"])
    runs = [Run(**fields) for fields in asked["runs"]]
    try:
        if asked.get("only_look"):
            return made_of(runs)
        return train(runs, folder / "out", timeout_s=asked["timeout_s"], gate=asked["gate"])
    except UsageError as error:
        return {"refusal": str(error)}


if __name__ == "__main__":
    answer_in(Path(sys.argv[1]), answer(question_in(Path(sys.argv[1])), Path(sys.argv[1])))
