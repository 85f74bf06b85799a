"""What a node of a cluster does: one of our modules, in a process of its own, without Ray.

The module reads a question, which is JSON, and writes its answer into a file. Both are in a folder
of the work's own, which is locked while the work goes on.
"""

import fcntl
import json
import os
import platform
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from threading import Timer
from typing import Any

from compare.processes.interpreter import command_in
from compare.processes.launcher import begun
from compare.processes.question import how_it_ended
from compare.records.files import write_whole
from compare.text import visible

QUESTION, ANSWER, LOG = "question.json", "answer.json", "log.txt"
PREFIX, LOCK = "diptych-work-", "lock"  # of the folder of a piece of work, and a file in it
LOGGED = 2000  # characters of the end of a log that are told
# What Ray sets for its own processes; ours are to be as in a run without it.
OF_RAY = ("PYTHONPATH", "OMP_NUM_THREADS", "LD_PRELOAD")
GPUS = "CUDA_VISIBLE_DEVICES"  # set by Ray, too; none where a task was given none


def done_here(module: str, question: str, timeout_s: float, gpu: bool = False) -> Iterator[str]:
    """Do a piece of work on this node: yield where it is, then what came of it, as JSON."""
    yield json.dumps({"node": platform.node()})
    _clear()
    with (
        TemporaryDirectory(prefix=PREFIX, ignore_cleanup_errors=True) as name,
        Path(name, LOCK).open("wb") as lock,
    ):
        fcntl.flock(lock, fcntl.LOCK_EX)
        ours = OF_RAY if gpu else (*OF_RAY, GPUS)
        variables = {name: value for name, value in os.environ.items() if name not in ours}
        yield json.dumps(_asked(Path(name), module, question, timeout_s, variables))


def _clear() -> None:
    """Remove the folders of pieces of work that were killed here: nobody locks them any more."""
    for lock in Path(gettempdir()).glob(f"{PREFIX}*/{LOCK}"):
        with suppress(OSError), lock.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(lock.parent, ignore_errors=True)


def _asked(
    folder: Path, module: str, question: str, timeout_s: float, variables: Mapping[str, str]
) -> dict[str, Any]:
    """Return what a module answers, in a process that ends with this one, or why there is none."""
    write_whole(folder / QUESTION, question)
    command = command_in(sys.executable, module, str(folder))
    wait, kill = begun(command, dict(variables), folder / LOG)
    failure = ""

    def late() -> None:
        nonlocal failure
        failure = f"no end in {timeout_s:g} s"
        kill()

    alarm = Timer(timeout_s, late)
    alarm.start()
    try:
        status = wait()
    finally:
        alarm.cancel()
    if status and not failure:
        failure = f"the process {how_it_ended(status)}"
    try:
        return {"said": json.loads((folder / ANSWER).read_bytes())}
    except (OSError, ValueError):
        log_end = (folder / LOG).read_text(errors="replace")[-LOGGED:]
        last = (log_end.strip().splitlines() or ["it said nothing"])[-1]
        return {"failure": visible(f"{failure or 'no answer'}: {last}")}


def question_in(folder: Path) -> Any:
    """Return what was asked: for the module that answers."""
    return json.loads((folder / QUESTION).read_bytes())


def answer_in(folder: Path, said: Any) -> None:
    """Leave the answer, whole or not at all."""
    write_whole(folder / ANSWER, json.dumps(said))  # a finding may have numbers that are none
