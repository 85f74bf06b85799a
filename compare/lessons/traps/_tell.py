"""The traps in words: in the terminal, and as Markdown."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from compare.console import markdown_table, plain, wrapped
from compare.lessons.traps._found import Found
from compare.lessons.traps._trap import Trap, address

TABLE = ("trap", "found", "where", "cause named", "blamed falsely", "mended pair", "s")
PANELS = {"pytorch": "PyTorch", "keras": "Keras"}


def asked_for(traps: Sequence[Trap], words: Iterable[str]) -> list[Trap]:
    """Return the traps that have all words, in any of their parts; all if there are none.

    A name may be written as either framework does: LayerNorm is also found as layer_norm.
    """
    found = []
    for one in traps:
        text = f"{one.name} {one.title} {one.symptom} {one.cause} {one.why}".lower()
        joined = text.replace("_", "").replace(" ", "")
        if all(word.lower() in text or word.lower().replace("_", "") in joined for word in words):
            found.append(one)
    return found


def listed(traps: Sequence[Trap], width: int) -> list[str]:
    """Return the lines of `diptych traps`: each symptom, and the name of its trap."""
    lines = []
    for one in traps:
        lines += wrapped(f"{one.name}: {one.symptom}", width, after="   ")
    return lines


def told(trap: Trap, found: Mapping[str, Found], width: int) -> Iterator[str]:
    """Yield the lines of `diptych lesson` for a trap."""
    yield from wrapped(f"{trap.title} ({trap.name})", width)
    yield ""
    yield from wrapped(f"Symptom: {trap.symptom}", width)
    yield ""
    for panel, text in trap.programs(mended=False).items():
        yield f"{PANELS[panel]}:"
        yield from (f"  {line}".rstrip() for line in text.strip().splitlines())
        yield ""
    yield from wrapped(f"What `diptych match` says: {finding(trap, found)}", width)
    yield ""
    yield from wrapped(f"Why: {trap.why}", width)
    yield f"Mended, in {PANELS[trap.side]}:"
    yield from (f"  - {line}".rstrip() for line in trap.wrong.strip("\n").splitlines())
    mended = trap.mended.strip("\n").splitlines() or ["(nothing)"]
    yield from (f"  + {line}".rstrip() for line in mended)
    yield ""
    yield from wrapped(f"Reported: {', '.join(map(address, trap.threads))}", width)


def finding(trap: Trap, found: Mapping[str, Found]) -> str:
    """Return what was found of a trap, in a sentence or two."""
    one = found.get(trap.name)
    if one is None:
        return "not measured: `diptych traps --measure`"
    where = f"the rung {one.rung} fails" + (f" at {one.tensor}" if one.tensor else "")
    return f"{where}. {'. '.join(one.said)}." if one.said else f"{where}."


def markdown(traps: Sequence[Trap], found: Mapping[str, Found]) -> str:
    """Return docs/traps.md."""
    parts = [
        "# Traps",
        "This page is written by `diptych traps --markdown`. Do not edit it.",
        "Differences between a PyTorch model and a Keras model that people have met and reported. "
        "Each trap is a wrong pair of two short programs, as people write them, and what mends it. "
        "`diptych lesson epsilon` shows one. `diptych traps BatchNorm` lists those that speak of "
        "it. `diptych traps --measure` gives each wrong pair and each mended one to "
        "[`diptych match`](match.md).",
        "## By symptom",
        markdown_table(
            ("symptom", "trap"),
            ("symptom", "trap"),
            [[one.symptom, f"[{one.name}](#{one.name})"] for one in traps],
        ).replace(r"]\(#", "](#"),
        "## What is found",
        summary(traps, found),
        markdown_table(TABLE, TABLE[:-1], [row(one, found) for one in traps if one.name in found]),
    ]
    for one in traps:
        parts += [f"## {one.name}", f"**{one.title}.** {one.symptom}"]
        for panel, text in one.programs(mended=False).items():
            parts += [f"{PANELS[panel]}:", f"```python\n{text.strip()}\n```"]
        wrong = "\n".join(f"-{line}" for line in one.wrong.strip("\n").splitlines())
        mended = "\n".join(f"+{line}" for line in one.mended.strip("\n").splitlines())
        parts += [
            f"What is found: {plain(finding(one, found))}",
            f"Why: {one.why}",
            f"Mended, in {PANELS[one.side]}:",
            f"```diff\n{wrong}\n{mended}".rstrip() + "\n```",
            f"Reported: {', '.join(f'<{address(thread)}>' for thread in one.threads)}",
        ]
    return "\n\n".join(parts) + "\n"


def row(trap: Trap, found: Mapping[str, Found]) -> list[str]:
    """Return a trap's row of the table of what is found."""
    one = found[trap.name]
    return [
        trap.name,
        one.rung or "nothing",
        one.tensor,
        "yes" if one.named(trap) else "no",
        ", ".join(one.falsely(trap)) or "nothing",
        "passes" if one.mended else "fails",
        f"{one.seconds:g}",
    ]


def summary(traps: Sequence[Trap], found: Mapping[str, Found]) -> str:
    """Return how many are found, and so on, in sentences."""
    known = [(one, found[one.name]) for one in traps if one.name in found]
    n = len(known)
    reports = {number for one, _ in known for number in one.reports}
    return (
        f"{n} traps, of {len(reports)} reports. "
        f"{sum(it.at_its_rung(one) for one, it in known)} are found at their rung, "
        f"of {sum(it.named(one) for one, it in known)} the cause is named, "
        f"{sum(bool(it.falsely(one)) for one, it in known)} have a right layer called wrong, "
        f"and of {sum(it.mended for _, it in known)} the mended pair passes every rung. The "
        "seconds are those of the wrong pair, with both frameworks imported already."
    )
