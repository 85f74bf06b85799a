"""The memory taken on a whole GPU while something runs, as its driver counts it."""

import subprocess
from threading import Event, Thread
from types import TracebackType

from compare.processes import machine

INTERVAL_MS = 100
PATIENCE_S = 10.0  # for the first sample
MEBIBYTE = 2**20


class DeviceMemory:
    """Samples the memory in use on the first GPU; of a "cpu" it knows nothing.

    Drivers do not tell in a container which process has how much, so this is the whole device over
    what was taken at the start: somebody else's memory too, should they use the same card.
    """

    def __init__(self, device: str) -> None:
        self.samples: list[int] = []
        self.first = Event()
        self.process: subprocess.Popen[str] | None = None
        self.others: int | None = None  # processes that were on the GPU already
        if device == "gpu":
            self.others = len(machine.gpu_processes())
            query = ["--query-gpu=memory.used", "--format=csv,noheader,nounits"]
            self.process = subprocess.Popen(
                ["nvidia-smi", *query, f"--id={machine.card()}", f"--loop-ms={INTERVAL_MS}"],
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )

    def __enter__(self) -> "DeviceMemory":
        if self.process and self.process.stdout:
            self.reader = Thread(target=self._read, daemon=True)
            self.reader.start()
            self.first.wait(PATIENCE_S)  # what is taken before anything starts
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.process:
            self.process.kill()
            self.reader.join()
            with self.process:  # which closes the pipe
                pass

    def growth(self) -> int | None:
        """Return the most bytes taken over the first sample; None where nothing was sampled."""
        return (max(self.samples) - self.samples[0]) * MEBIBYTE if self.samples else None

    def _read(self) -> None:
        assert self.process
        for line in self.process.stdout or ():
            self._note(line)

    def _note(self, line: str) -> None:
        if line.strip().isdecimal():
            self.samples.append(int(line))
            self.first.set()
