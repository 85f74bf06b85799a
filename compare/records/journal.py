"""The records of a results folder: one line of JSON per training in runs.jsonl."""

import errno
import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import sleep

from compare.records.record import FINISHED, UNCHECKED, Record, UsageError
from compare.text import shortened, visible

FILE = "runs.jsonl"
GLANCE_S = 0.2  # `diptych status` looks at the lock for less
TOLD = 5  # lines that cannot be read


def read(folder: Path) -> tuple[list[Record], list[str]]:
    """Return the records of a folder, the last one of each training, and what could not be read.

    Raises:
        UsageError: all records are of another schema, or runs.jsonl is no file.
    """
    records: dict[str, Record] = {}
    broken = []
    strange: list[str] = []
    file = _file(folder)
    lines = file.read_bytes().splitlines() if file.exists() else []
    for number, line in enumerate(lines, start=1):
        try:
            record = Record.from_json(line)
        except ValueError as error:
            if isinstance(error, UsageError):
                strange.append(f"{file}, line {number}: {error}")
            what = f"{file}, line {number} is not a record and was left out"
            broken.append(visible(f"{what}: {shortened(str(error))}"))
            continue
        records.pop(record.key, None)
        records[record.key] = record
    if strange and not records:
        raise UsageError(strange[0])
    return list(records.values()), broken


def in_brief(broken: Sequence[str]) -> list[str]:
    """Return what could not be read, line by line as far as anybody cares to read, then a sum."""
    more = len(broken) - TOLD
    rest = [f"{more} more lines were left out"] * (more > 1)
    return [*broken[: TOLD if rest else None], *rest]


def _file(folder: Path) -> Path:
    """Return the runs.jsonl of a folder, which may be missing.

    Raises:
        UsageError: it is a folder, a pipe or a device, which would be read for ever.
    """
    file = folder / FILE
    if file.exists() and not file.is_file():
        raise UsageError(f"expected a file, came a folder, a pipe or a device: {file}")
    return file


class Journal:
    """The open runs.jsonl of one comparison: append whole records, or nothing."""

    def __init__(self, descriptor: int, folder: Path) -> None:
        self.descriptor, self.folder = descriptor, folder

    def append(self, record: Record) -> None:
        """Append a record and have it on the disk; where that fails, leave the file as it was.

        Raises:
            UsageError: it fails, as when the disk is full, or the file has been removed.
        """
        if not os.fstat(self.descriptor).st_nlink:
            raise UsageError(
                f"--out: {self.folder / FILE} was removed during the run, and with it all records; "
                "no further one can be kept"
            )
        end = os.lseek(self.descriptor, 0, os.SEEK_END)
        line = (record.to_json() + "\n").encode()
        if end and os.pread(self.descriptor, 1, end - 1) != b"\n":
            line = b"\n" + line  # a line cut short by a crash spoils itself only
        try:
            written = os.write(self.descriptor, line)
            if written < len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(self.descriptor)
        except OSError as error:
            os.ftruncate(self.descriptor, end)
            raise UsageError(
                f"--out: cannot write to {self.folder}: {error.strerror}; the records before this "
                "one are kept"
            ) from None


@contextmanager
def journal(folder: Path) -> Iterator[Journal]:
    """Open runs.jsonl for appending, for this process alone.

    Raises:
        UsageError: the folder cannot be made or written, or another comparison writes there.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(_file(folder), os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
    except FileExistsError:
        raise UsageError(f"--out: expected a folder, came the file {folder}") from None
    except OSError as error:
        raise UsageError(f"--out: cannot write to {folder}: {error.strerror}") from None
    try:
        if not _locked(descriptor):
            sleep(GLANCE_S)
            if not _locked(descriptor):
                raise UsageError(f"--out: another comparison is writing to {folder}")
        yield Journal(descriptor, folder)
    finally:
        os.close(descriptor)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def belongs(record: Record, before: Record | None) -> bool:
    """Say whether a record goes into its folder, which may have an earlier one of the training."""
    if record is before or record.status == UNCHECKED:
        return False
    if record.status in FINISHED or before is None or before.status != "ok":
        return True
    return record.fingerprint is None or record.fingerprint != before.fingerprint


def is_done(record: Record, before: Record | None) -> bool:
    """Say whether an earlier record has all that a record could bring: one of both is enough."""
    if before is None or before.status not in FINISHED:
        return False
    return (before.fingerprint, before.proof) == (record.fingerprint, record.proof)


def collect(folder: Path, into: Journal, known: Sequence[Record]) -> list[Record]:
    """Append trainings that ended but never reached runs.jsonl, from their own folders.

    That they are not there tells it, not when they began: a clock may be set back, and what failed
    may be done again in the same second.
    """
    have = {record.key: record for record in known}
    there = set(_file(folder).read_bytes().splitlines())
    found = []
    for file in sorted((folder / "cells").glob("*/record.json")):
        if not file.is_file():
            continue
        try:
            line = file.read_bytes().strip()
            record = Record.from_json(line)
        except (ValueError, OSError):
            continue
        before = have.get(record.key)
        if line not in there and not is_done(record, before) and belongs(record, before):
            into.append(record)
            found.append(record)
    return found
