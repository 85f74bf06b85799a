"""What might explain that two lists of records differ: code, machine, versions, settings."""

from collections.abc import Iterable, Iterator

import pandas as pd

from compare.records.record import Record

COLUMNS = ("what", "where", "a", "b")
# Fields of a Record that are the same for a whole run; for a problem and backend. What of a metric
# may be declared anew.
OF_RUN = (
    *("commit", "dirty", "cpu", "gpu", "recipe", "start"),
    *("jobs", "threads", "precision", "proof"),
)
OF_SIDE = ("kernel", "parameters", "examples")
OF_METRIC = ("better", "target", "baseline", "best", "margin", "unit")


def differing(a: Iterable[Record], b: Iterable[Record]) -> pd.DataFrame:
    """Return what differs, where (empty: everywhere), and its values in either list, as text.

    Versions are compared as what they are, strings: 2.10 is not 2.1.
    """
    texts = [_distinct(fact for record in records for fact in _facts(record)) for records in (a, b)]
    rows = [
        (*name, *(one.get(name, "") for one in texts))
        for name in dict.fromkeys([*texts[0], *texts[1]])
        if texts[0].get(name) != texts[1].get(name)
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _distinct(facts: Iterable[tuple[str, str, object]]) -> dict[tuple[str, str], str]:
    """Return, by what and where, all values as text."""
    found: dict[tuple[str, str], set[str]] = {}
    for what, where, value in facts:
        found.setdefault((what, where), set()).update([] if value is None else [str(value)])
    return {name: ", ".join(sorted(values)) for name, values in found.items()}


def _facts(record: Record) -> Iterator[tuple[str, str, object]]:
    """Yield what might explain a change: what, where (empty: everywhere), value."""
    for name, version in record.versions.items():
        yield f"version_{name}", "", version
    for name in OF_RUN:
        yield name, "", getattr(record, name)
    side = f"{record.problem} {record.side}"
    for name in OF_SIDE:
        yield name, side, getattr(record, name)
    yield "epochs", side, len(record.epoch_s) + 1 if record.epoch_s else None
    for metric, judged in record.scores.items():
        for name in OF_METRIC:
            yield name, f"{record.problem} {metric}", getattr(judged, name)
