"""The answer of a results folder in the terminal: 24 lines of 80 columns. All else on request."""

import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import problems
from compare.console import cell_len, joined, terminal_width, wrapped
from compare.records.record import PROVEN, UNPROVEN, UNTRIED, Record
from compare.tables.details import details
from compare.tables.headline import Headline, headline
from compare.tables.layout import table_lines
from compare.tables.publish import Tables, publish
from compare.text import visible

LINES = 23  # of a terminal of 24, which keeps one for the prompt
QUICK = "By the quick recipes: a look, not a result. The targets are not meant for them."
PACKAGES = ("keras", "tensorflow", "jax", "torch")
STATUSES = {"timeout": "timed out"}  # others are words


def show(folder: Path, records: Sequence[Record], *, everything: bool = False) -> None:
    """Write the tables of a results folder, and print the answer; all else too if asked to."""
    tables = publish(folder, records)
    print("\n".join(screen(tables, records, folder, terminal_width(), everything=everything)))


def screen(
    tables: Tables, records: Sequence[Record], folder: Path, width: int, *, everything: bool = False
) -> list[str]:
    """Return the answer in lines: a sentence, a table, what its signs mean, where to go on."""
    answer = headline(tables)
    first = wrapped(answer.sentence, width)
    if any(record.recipe == "quick" for record in records):
        first += wrapped(QUICK, width)
    notes = [line for note in answer.notes for line in wrapped(note, width)]
    setting, counts = (wrapped(fact, width) for fact in _facts(records))
    legend = joined((f"{sign}  {text}" for sign, text in answer.signs.items()), width, gap="    ")
    look, learn, see = (
        wrapped(one, width, after=" " * 9) if cell_len(one) > width else [one] * bool(one)
        for one in _further(answer, folder)
    )
    parts = [first, table_lines(answer.rows, width), legend, notes, setting, counts]
    if everything:
        more = details(tables, records, width)
    else:
        more = []
        _leave_out([learn, setting, notes], [*parts, look, learn, see])
    blocks = [*parts[:3], notes + setting + counts, *more, look + learn + see]
    return _spaced([block for block in blocks if block])


def _leave_out(least: Sequence[list[str]], parts: Sequence[list[str]]) -> None:
    """Empty the first of the parts that matter least, as many as make the rest fit on a screen.

    `--all` has them. Where even that does not make the rest fit, all stay.
    """
    lines = sum(map(len, parts))
    for n in range(len(least) + 1):
        if lines - sum(map(len, least[:n])) <= LINES:
            for part in least[:n]:
                part.clear()
            return


def _spaced(blocks: Sequence[Sequence[str]]) -> list[str]:
    """Return blocks with empty lines between them, except those that do not fit on a screen."""
    lines, gaps = sum(map(len, blocks)), len(blocks) - 1
    kept = gaps if lines > LINES + gaps else max(0, LINES - lines)
    return [line for i, block in enumerate(blocks) for line in ([""] * (0 < i <= kept) + [*block])]


def _facts(records: Sequence[Record]) -> Iterator[str]:
    """Yield in two lines on what, how many, how long, and whether it was the same model."""
    cores = "cores" if any(record.threads > 1 for record in records) else "core"
    parts = [
        _each(record.gpu or "gpu" if record.device == "gpu" else "cpu" for record in records),
        f"{_each(record.threads for record in records)} {cores} each",
        f"{_each(record.jobs for record in records)} at a time",
    ]
    versions = {
        name: _each(record.versions[name] for record in records if name in record.versions)
        for name in PACKAGES
    }
    used = [f"{name} {found}" for name, found in versions.items() if found]
    yield "; ".join(filter(None, (", ".join(parts), ", ".join(used))))
    lost = Counter(record.status for record in records if record.status != "ok")
    failed = [f"{n} {STATUSES.get(status, status)}" for status, n in lost.items()] or ["0 failed"]
    counts = [f"{len(records)} training{'s' * (len(records) != 1)}", *failed, _duration(records)]
    yield "; ".join(filter(None, (", ".join(counts), _proof(records))))


def _each(values: Iterable[object]) -> str:
    return " and ".join(dict.fromkeys(map(str, values)))


def _duration(records: Iterable[Record]) -> str:
    """Return how long the trainings took, as many at a time as were."""
    seconds = sum(
        sum(part or 0.0 for part in (record.start_s, record.total_s, record.scoring_s))
        / record.jobs
        for record in records
    )
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds >= 3 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def _proof(records: Sequence[Record]) -> str:
    """Return whether the sides were proven to be the same model, and how far."""
    found = {record.proof for record in records if record.status not in UNTRIED}
    if UNPROVEN in found:
        return "not proven to be the same model"
    if found != {PROVEN}:
        return ""
    apart = [record.parity for record in records if record.parity is not None]
    return f"same model, proven{f' to {max(apart):.0e}' if apart else ''} before timing"


def _further(answer: Headline, folder: Path) -> list[str]:
    """Return where the rest is; the command that opens the page is the last word."""
    where = shlex.quote(str(folder))
    # There is nothing here of another project's problem, or of one that was made for a while.
    known = next((row.problem for row in answer.rows if row.problem in problems.names()), "")
    return [
        f"Look up  {visible(str(folder / 'table.md'))}; here, warnings and all else: --all",
        f"Learn    diptych show {visible(shlex.quote(known))}" if known else "",
        f"See it   diptych report {visible(where)} --open",
    ]
