"""Run -> fresh process -> Record. One process, one training, one framework."""

import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from backends import BACKENDS
from compare.answer import answer, now
from compare.machine import ROOT
from compare.run import Record, Run

_running: set["subprocess.Popen[bytes]"] = set()


def launch(run: Run, *, cell: Path, timeout_s: float, processors: list[int]) -> Record:
    """Train in a fresh process, pinned to `processors`, and return its record.

    `cell` is the training's own folder: run.json, log.txt and record.json are written there. A
    training that ends without a record, or not in time, gets one that says so.
    """
    cell.mkdir(parents=True, exist_ok=True)
    (cell / "record.json").unlink(missing_ok=True)
    (cell / "run.json").write_text(json.dumps(asdict(run) | {"processors": processors}))
    started = now()
    late = threading.Event()
    with (cell / "log.txt").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "compare.worker", str(cell)],
            env=variables(run.backend, device=run.device, threads=run.threads),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        _running.add(process)

        def end() -> None:
            late.set()
            kill(process)

        timer = threading.Timer(timeout_s, end)  # so that waiting costs no processor time
        timer.start()
        code = process.wait()
        timer.cancel()
        _running.discard(process)
    if (cell / "record.json").exists():
        return Record.from_json((cell / "record.json").read_text())
    if late.is_set():
        status, reason = "timeout", f"not done after {timeout_s:g} s"
    elif code < 0:
        status, reason = "failed", f"killed by {signal.Signals(-code).name}"
    else:
        status, reason = "failed", f"ended with status {code} and no record; see {cell / 'log.txt'}"
    record = answer(run, started=started, processors=processors, status=status, reason=reason)
    (cell / "record.json").write_text(record.to_json() + "\n")
    return record


def variables(backend: str, *, device: str, threads: int) -> dict[str, str]:
    """Return the environment variables of a process of a backend, which runs this very code."""
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    own = BACKENDS[backend].variables(device=device, threads=threads)
    return dict(os.environ) | {"PYTHONPATH": path} | own


def kill(process: "subprocess.Popen[bytes]") -> None:
    """End a process and all that it started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def kill_all() -> None:
    """End all trainings that run."""
    for process in tuple(_running):
        kill(process)
