"""A command that is killed at random moments and repeated until it ends: what came of it, counted.

Every process of a chain inherits a mark in its environment, whatever its parent, group or session:
so what is left of it is found, and nothing else is ever ended.
"""

import os
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, fields, replace
from itertools import cycle, islice
from pathlib import Path
from typing import NamedTuple

from conftest import TOYS, copied, diptych, plant, with_toys
from parity import PARITY_TOY

from compare.records.journal import FILE
from compare.records.record import FINISHED, Record
from compare.training.schedule import row

MARK = "DIPTYCH_TESTS_CHAIN"
MOMENT_S = 0.8
END_S = 120.0  # for a run of a few seconds to end, on a busy machine too
GONE_S = 30.0  # for what belonged to a run to be gone after its end
# In a chain a training takes a quarter of a second, so that some are under way when a kill comes.
PAUSE, PAUSE_S = "DIPTYCH_TESTS_PAUSE", 0.004  # after each step
ROW = re.compile(r"^\S+ +\S.* seed \d+ ")


# --- processes -------------------------------------------------------------------------------


def processes() -> dict[int, tuple[int, str]]:
    """Return the processes that have not ended: their parent and their command, by number."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has just ended
            # Its number, its name in parentheses, its state, its parent: proc_pid_stat(5).
            state, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
            if state not in "ZX":
                command = (folder / "cmdline").read_bytes().decode(errors="replace")
                found[int(folder.name)] = int(parent), command
    return found


def left(mark: str) -> list[int]:
    """Return the processes that have a mark and have not ended."""
    wanted, found = f"{MARK}={mark}".encode(), []
    for process in processes():
        with suppress(OSError):
            if wanted in Path(f"/proc/{process}/environ").read_bytes().split(b"\0"):
                found.append(process)
    return found


def left_for_good(mark: str) -> int:
    """Return how many processes with a mark do not go by themselves, and end them."""
    deadline = time.monotonic() + GONE_S
    while (found := left(mark)) and time.monotonic() < deadline:
        time.sleep(0.05)
    for process in found:
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
    return len(found)


def command(*arguments: str) -> list[str]:
    """Return the command line of `diptych`."""
    return [sys.executable, "-m", "compare", *arguments]


def start(
    asked: Sequence[str], cwd: Path, mark: str, pause_s: float = PAUSE_S, **settings
) -> subprocess.Popen:
    """Start a command of the project in `cwd`, marked, with a pause after each step."""
    return subprocess.Popen(
        asked,
        cwd=cwd,
        env=dict(os.environ) | {"PYTHONPATH": str(cwd), MARK: mark, PAUSE: str(pause_s)},
        stdin=subprocess.DEVNULL,
        **settings,
    )


# --- who is killed ---------------------------------------------------------------------------

Find = Callable[[int], list[int]]  # the processes of a comparison that may be hit


def coordinator(comparison: int) -> list[int]:
    """Return the command itself."""
    return [comparison]


def keepers(comparison: int) -> list[int]:
    """Return what trainings are children of: the fork servers, or what starts an interpreter."""
    return [
        process
        for process, (parent, command) in processes().items()
        if parent == comparison and ("forkserver" in command or "keeper.py" in command)
    ]


def trainings(comparison: int) -> list[int]:
    """Return the processes that train, or prove."""
    above = set(keepers(comparison))
    return [process for process, (parent, _) in processes().items() if parent in above]


class Killer(NamedTuple):
    """Whom SIGKILL hits, in turn, and how the command is asked so that there is one."""

    finds: tuple[Find, ...]
    asked: tuple[str, ...]


FORK, NEW = ("--start", "fork", "--no-gate"), ("--start", "new", "--no-gate")
KILLERS = {
    "coordinator (fork)": Killer((coordinator,), FORK),
    "coordinator (new)": Killer((coordinator,), NEW),
    "coordinator (fork, gate)": Killer((coordinator,), ("--start", "fork")),
    "fork server": Killer((keepers,), FORK),
    "keeper of a new interpreter": Killer((keepers,), NEW),
    "training (fork)": Killer((trainings,), FORK),
    "training (new)": Killer((trainings,), NEW),
}

# Those of a cluster, which whole.py starts.
ON_A_CLUSTER = ("coordinator (cluster)", "node of a cluster")


# --- what came of it -------------------------------------------------------------------------


@dataclass
class Counts:
    """What a chain came to; all but the first two must be 0."""

    kills: int = 0
    acknowledged: int = 0  # rows that were printed, and whole lines of runs.jsonl that were seen
    lost: int = 0  # of these
    duplicates: int = 0  # records of a training that had one with a score, of the same code
    damaged: int = 0  # lines that are no record
    left: int = 0  # processes
    stuck: int = 0  # runs that did not end
    unfinished: int = 0  # runs that nobody killed, and that did not end with status 0
    unequal: int = 0  # trainings whose scores or losses are not those of an unbroken run

    def __add__(self, other: "Counts") -> "Counts":
        """Return the sums."""
        return Counts(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    def wrong(self) -> dict[str, int]:
        """Return what is not 0 and should be."""
        return {
            name: n
            for name, n in asdict(self).items()
            if n and name not in ("kills", "acknowledged")
        }


def whole_lines(folder: Path) -> list[str]:
    """Return the lines of runs.jsonl that have an end."""
    file = folder / FILE
    text = file.read_text() if file.exists() else ""
    return text[: text.rfind("\n") + 1].splitlines()


def rows(said: str) -> set[str]:
    """Return the rows of trainings among the whole lines that a run printed."""
    return set(filter(ROW.match, said[: said.rfind("\n") + 1].splitlines()))


def told(record: Record) -> str:
    """Return the row of a record as a run of its backend prints it: the usual tier has no name."""
    return row(replace(record, tier=None))


def records(lines: Iterable[str]) -> list[Record]:
    """Return the records of some lines, without those that are none."""
    found = []
    for line in lines:
        with suppress(ValueError):
            found.append(Record.from_json(line))
    return found


def scores(lines: Iterable[str]) -> dict[str, tuple]:
    """Return what each training came to, by its key: the last record of each."""
    return {
        one.key: (one.status, one.scores, one.train_loss, one.validation_loss)
        for one in records(lines)
    }


def count(
    seen: Iterable[str], printed: Iterable[str], lines: Sequence[str], whole: Sequence[str]
) -> Counts:
    """Return what of a chain is read off its lines, and those of an unbroken run.

    `seen` are lines of runs.jsonl from before a kill, `printed` the rows of all its runs.
    """
    seen, printed, found = set(seen), set(printed), records(lines)
    finished = Counter((one.key, one.fingerprint) for one in found if one.status in FINISHED)
    mine, expected = scores(lines), scores(whole)
    return Counts(
        acknowledged=len(seen) + len(printed),
        lost=len(seen - set(lines)) + len(printed - {told(one) for one in found}),
        duplicates=sum(n - 1 for n in finished.values()),
        damaged=len(lines) - len(found),
        unequal=sum(mine.get(key) != expected.get(key) for key in mine.keys() | expected.keys()),
    )


# --- a chain ---------------------------------------------------------------------------------


def killed(
    comparison: subprocess.Popen, killer: Killer, chance: random.Random, most: int, out: Path
) -> Iterator[set[str]]:
    """Kill at random moments while a run goes on; yield after each what was on the disk before.

    A moment is so many records after the start, or the kill before, and a part of a second: on a
    busy machine, seconds alone would be over before the first training.
    """
    for find in islice(cycle(killer.finds), most):
        goal, deadline = len(whole_lines(out)) + chance.randrange(4), time.monotonic() + END_S
        while comparison.poll() is None and len(whole_lines(out)) < goal:
            if time.monotonic() > deadline:
                return
            time.sleep(0.01)
        with suppress(subprocess.TimeoutExpired):
            comparison.wait(chance.uniform(0.0, MOMENT_S))
        victims: list[int] = []
        while comparison.poll() is None and not (victims := find(comparison.pid)):
            time.sleep(0.01)
        if comparison.poll() is not None:
            return
        seen = set(whole_lines(out))
        try:
            os.kill(chance.choice(victims), signal.SIGKILL)
        except ProcessLookupError:  # it has just ended
            continue
        yield seen
        if find is coordinator:
            return


def chain(
    killer: Killer,
    asked: Sequence[str],
    *,
    cwd: Path,
    out: Path,
    whole: Sequence[str],
    chance: random.Random,
    kills: int,
) -> Counts:
    """Repeat a command into `out` until it ends unharmed, after so many kills; or fewer.

    `whole` are the lines of an unbroken run of the command.
    """
    sums, seen, printed, mark = Counts(), set(), set(), str(out)
    said = out.with_name(f"{out.name}.txt")
    while True:
        with said.open("w") as output:
            comparison = start(
                command(*asked, *killer.asked, "--out", str(out)),
                cwd,
                mark,
                stdout=subprocess.DEVNULL,
                stderr=output,
            )
        before = sums.kills
        for lines in killed(comparison, killer, chance, min(3, kills - sums.kills), out):
            seen |= lines
            sums.kills += 1
        try:
            status = comparison.wait(END_S)
        except subprocess.TimeoutExpired:
            sums.stuck += 1
            comparison.kill()
            comparison.wait()
            break
        finally:
            sums.left += left_for_good(mark)
        seen |= set(whole_lines(out))
        printed |= rows(said.read_text())
        if sums.kills == before:
            sums.unfinished += status != 0
            break
    return sums + count(seen, printed, whole_lines(out), whole)


def chains(killer: Killer, house: "House", folder: Path, *, seed: int, kills: int) -> Counts:
    """Return the sums of so many chains that there are so many kills."""
    sums, chance = Counts(), random.Random(seed)
    for i in range(3 * kills):  # a run may end before its moment comes
        if sums.kills >= kills or sums.stuck:
            break
        sums += chain(
            killer,
            ASKED,
            cwd=house.toys,
            out=folder / f"chain-{i}",
            whole=house.whole,
            chance=chance,
            kills=min(5, kills - sums.kills),
        )
    return sums


class House(NamedTuple):
    """A copy of the project with a problem for chains, and the lines of an unbroken run of it."""

    toys: Path
    whole: list[str]


SLOW = PARITY_TOY.replace(
    "        return x\n",
    f"        time.sleep(float(os.environ.get({PAUSE!r}, '0')))\n        return x\n",
).replace('"""Parity in NumPy."""\n', '"""Parity in NumPy."""\n\nimport os\nimport time\n')
ASKED = ("run", "slow", "--backends", *TOYS, "--seeds", "4", "--device", "cpu", "--jobs", "1")


def built(folder: Path) -> House:
    """Build a house in a folder."""
    toys = with_toys(copied(folder / "copy"))
    plant(toys, "slow", numpy=SLOW, numpy2=SLOW)
    out = folder / "whole"
    done = diptych(*ASKED, "--no-gate", "--out", str(out), cwd=toys)
    assert done.returncode == 0, done.stderr
    return House(toys, whole_lines(out))
