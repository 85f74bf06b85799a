"""Several results folders into one, as those of shards: nothing is lost, nothing is taken twice."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from compare.records import journal
from compare.records.alike import unlike
from compare.records.files import write_whole
from compare.records.record import Record, UsageError

KEPT = ("sample.npz", "log.txt")  # of a training's own folder


def merge(folders: Sequence[Path], out: Path) -> tuple[list[Record], list[str]]:
    """Write the records of some folders into another one, which may hold some of them already.

    Return the records that it holds then, and what could not be read. A record that is there
    twice, and the same, is taken once. Nothing is written if anything is refused.

    Raises:
        UsageError: two folders hold different records of one training, or trainings that must not
            share a row; or one has no records; or `out` cannot be written.
    """
    sources, complaints = _sources(folders)
    _chosen(sources, out)  # refused before the folder is made
    with journal.journal(out) as into:
        chosen, broken = _chosen(sources, out)
        for record, folder in chosen.values():
            if folder != out:
                _copy(folder / "cells" / record.key, out / "cells" / record.key)
                into.append(record)
    return [record for record, _ in chosen.values()], complaints + broken


def _chosen(
    sources: Mapping[Path, Sequence[Record]], out: Path
) -> tuple[dict[str, tuple[Record, Path]], list[str]]:
    """Return each record by its key, with where it is; and what of `out` could not be read."""
    there, broken = journal.read(out)
    chosen = {record.key: (record, out) for record in there}
    for folder, records in sources.items():
        for record in records:
            known, place = chosen.setdefault(record.key, (record, folder))
            if known != record:
                raise UsageError(
                    f"{place} and {folder} hold different records of {record.key}; merge one "
                    "of them into another folder"
                )
    refuse_to_mix(chosen.values())
    return chosen, broken


def _sources(folders: Sequence[Path]) -> tuple[dict[Path, list[Record]], list[str]]:
    sources, complaints = {}, []
    for folder in folders:
        sources[folder], broken = journal.read(folder)
        complaints += broken
        if not sources[folder]:
            raise UsageError(f"expected a folder with records in {journal.FILE}, came {folder}")
    return sources, complaints


def refuse_to_mix(found: Iterable[tuple[Record, Path]]) -> None:
    """Raise UsageError if records were made in ways that must not share a row."""
    first: dict[str, tuple[Record, Path]] = {}  # of each device
    for record, folder in found:
        first.setdefault(record.device, (record, folder))
        for other, place in first.values():
            if setting := unlike(other, record):
                raise UsageError(
                    f"{place} holds trainings with {setting} {getattr(other, setting)}, {folder} "
                    f"with {setting} {getattr(record, setting)}; they have no table in common"
                )


def _copy(source: Path, target: Path) -> None:
    """Copy what a training left beside its record, as far as it is there."""
    for name in KEPT:
        if (source / name).is_file():
            target.mkdir(parents=True, exist_ok=True)
            write_whole(target / name, (source / name).read_bytes())
