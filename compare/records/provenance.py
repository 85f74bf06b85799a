"""Where records come from: machine, settings, versions and code. Pure functions."""

from collections.abc import Iterable, Iterator, Sequence

import pandas as pd

from compare.records.record import FLOAT32, FORK, NEW, Record

PROCESSES = {FORK: "forks of a server per backend", NEW: "new interpreters"}
DIFFERING = ("what", "where", "a", "b")  # columns of what `differing` returns
# Fields of a Record that are the same for a whole run; for a problem and backend. Fields of a Score
# that a problem may declare anew.
RUN_FIELDS = (
    *("commit", "dirty", "cpu", "gpu", "recipe", "start"),
    *("jobs", "threads", "precision", "proof"),
)
SIDE_FIELDS = ("kernel", "parameters", "examples")
METRIC_FIELDS = ("better", "target", "baseline", "best", "reference", "margin", "unit")


def provenance(records: Sequence[Record]) -> list[str]:
    """Return what machine, settings, versions and code the records come from; all, if several."""
    started = sorted(record.started for record in records)
    facts: dict[str, Iterable[object]] = {
        "processor": [record.cpu for record in records],
        "GPU": [record.gpu for record in records],
        "recipe": [record.recipe for record in records],
        "precision": [record.precision for record in records if _precision_matters(record)],
        "processes": [PROCESSES[record.start] for record in records],
        "trainings at a time": [record.jobs for record in records],
        "threads and processors for each": [record.threads for record in records],
        "commit": [_commit(record) for record in records],
    }
    texts = {name: distinct(values) for name, values in facts.items()}
    lines = [f"{name}: {text}" for name, text in texts.items() if text]
    lines += _versions(records)
    return [*lines, f"from {started[0]} to {started[-1]}"] if started else lines


def _versions(records: Iterable[Record]) -> Iterator[str]:
    """Yield the versions of each package; where they differ, with the backends that had each."""
    found: dict[str, dict[str, dict[str, None]]] = {}
    for record in sorted(records, key=lambda record: record.side.rank):
        for name, version in record.versions.items():
            found.setdefault(name, {}).setdefault(version, {})[record.backend] = None
    for name, versions in sorted(found.items()):
        several = [f"{version} ({', '.join(who)})" for version, who in versions.items()]
        yield f"{name} {', '.join(several if len(versions) > 1 else versions)}"


def _precision_matters(record: Record) -> bool:
    """Say whether the precision is worth telling: on a CPU the two are the same."""
    return record.device == "gpu" or record.precision != FLOAT32


def _commit(record: Record) -> str | None:
    if record.commit is None:
        return None
    return record.commit[:12] + (" with uncommitted changes" if record.dirty else "")


def distinct(values: Iterable[object]) -> str:
    """Return values that are not None, each once, as one text."""
    return ", ".join(dict.fromkeys(str(value) for value in values if value is not None))


def differing(a: Iterable[Record], b: Iterable[Record]) -> pd.DataFrame:
    """Return what differs between two lists of records: its values in either, as text.

    The columns are DIFFERING; `where` is empty for what holds everywhere. Versions are compared as
    what they are, strings: 2.10 is not 2.1.
    """
    texts = [_by_place(fact for record in records for fact in _facts(record)) for records in (a, b)]
    rows = [
        (*place, *(found.get(place, "") for found in texts))
        for place in dict.fromkeys([*texts[0], *texts[1]])
        if texts[0].get(place) != texts[1].get(place)
    ]
    return pd.DataFrame(rows, columns=list(DIFFERING))


def _by_place(facts: Iterable[tuple[str, str, object]]) -> dict[tuple[str, str], str]:
    """Return, by what and where, all values as text."""
    found: dict[tuple[str, str], set[str]] = {}
    for what, where, value in facts:
        found.setdefault((what, where), set()).update([] if value is None else [str(value)])
    return {place: ", ".join(sorted(values)) for place, values in found.items()}


def _facts(record: Record) -> Iterator[tuple[str, str, object]]:
    """Yield what might explain a change: what, where (empty: everywhere), value."""
    for name, version in record.versions.items():
        yield f"version_{name}", "", version
    for name in RUN_FIELDS:
        yield name, "", getattr(record, name)
    side = f"{record.problem} {record.side}"
    for name in SIDE_FIELDS:
        yield name, side, getattr(record, name)
    yield "epochs", side, len(record.epoch_s) + 1 if record.epoch_s else None
    for metric, score in record.scores.items():
        for name in METRIC_FIELDS:
            yield name, f"{record.problem} {metric}", getattr(score, name)
