"""What a framework's defaults do: each training against the matched one of the same seed."""

import math
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pandas as pd

from backends import BACKENDS, Side
from compare.console import below, markdown_list, markdown_table, terminal_width, wrapped
from compare.records.files import write_whole
from compare.records.provenance import provenance
from compare.records.record import MATCHED, NATIVE, OWN, Record, modes_between
from compare.tables.columns import number, signed
from compare.tables.measures import epochs_to_target
from compare.tables.statistics import COVERED, interval
from compare.text import visible

# Column of explain.csv: what it means. In this order.
EXPLAIN_COLUMNS = {
    "problem": "what is learned",
    "backend": "framework, and for Keras the engine under it",
    "device": "where it was trained",
    "defaults": "which of its defaults the framework kept; all others were matched",
    "metric": "what is scored, on the test set; the first metric of the problem",
    "seeds": "pairs: seeds that have a score with these defaults and in matched mode",
    "failed": "seeds without such a pair; in none of the other figures",
    "score_mean": "mean score with these defaults kept, over the pairs",
    "matched_mean": "mean score in matched mode, over the same pairs",
    "change": "score_mean - matched_mean",
    "change_low": "lower end of the 95 % t interval of the change, paired by seed",
    "change_high": "upper end of it",
    "target_seen": "pairs in which the target was seen in validation, in some epoch, defaults kept",
    "matched_target_seen": "the same in matched mode",
    "epochs": "mean epochs until the target was seen in validation, defaults kept, over the pairs "
    "in which both saw it",
    "matched_epochs": "the same in matched mode",
    "epochs_change": "epochs - matched_epochs",
    "epochs_low": "lower end of the 95 % t interval of that change, paired by seed",
    "epochs_high": "upper end of it",
}
WHOLE = ("seeds", "failed", "target_seen", "matched_target_seen")


def explain(records: Sequence[Record]) -> pd.DataFrame:
    """Return a row per problem, backend and default kept; the last row of each keeps them all."""
    by_mode: dict[tuple[str, str, str], dict[str, dict[int, Record]]] = {}
    for record in records:
        if (
            record.side.backend not in BACKENDS
            or record.side.first != record.side
            or record.side.tier
        ):
            continue  # compared with itself, or in another tier
        side = (record.problem, record.backend, record.device)
        by_mode.setdefault(side, {}).setdefault(record.mode, {})[record.seed] = record

    def rank(side: tuple[str, str, str]) -> tuple[str, tuple[int, str], str]:
        return side[0], Side.parse(side[1]).rank, side[2]

    rows = [
        _row(side, mode, modes[mode], modes[MATCHED])
        for side, modes in sorted(by_mode.items(), key=lambda one: rank(one[0]))
        for mode in modes_between(Side.parse(side[1]))
        if mode != MATCHED and mode in modes and any(one.scores for one in _matched(modes))
    ]
    frame = pd.DataFrame(rows, columns=list(EXPLAIN_COLUMNS))
    for column in WHOLE:
        frame[column] = frame[column].astype("Int64")
    return frame


def _matched(modes: dict[str, dict[int, Record]]) -> Iterable[Record]:
    return modes.get(MATCHED, {}).values()


def readings(frame: pd.DataFrame) -> list[str]:
    """Return a sentence per problem, made from the figures."""
    return [_reading(str(name), rows) for name, rows in frame.groupby("problem", sort=True)]


def kept(mode: str) -> str:
    """Return a mode as what it keeps: "all" in native mode."""
    return "all" if mode == NATIVE else mode.removeprefix(OWN)


def _row(
    side: tuple[str, str, str], mode: str, own: dict[int, Record], matched: dict[int, Record]
) -> dict[str, object]:
    metric = next(name for one in matched.values() for name in one.scores)
    scored = [
        (own[seed], matched[seed])
        for seed in sorted(own.keys() & matched.keys())
        if own[seed].status == matched[seed].status == "ok"
        and None not in (own[seed].score(metric), matched[seed].score(metric))
    ]
    scores = [
        [score for one in pair if (score := one.score(metric)) is not None] for pair in scored
    ]
    epochs = [[epochs_to_target(one) for one in pair] for pair in scored]
    both = [pair for pair in epochs if all(map(math.isfinite, pair))]
    low, high = interval([one - other for one, other in scores])
    epochs_low, epochs_high = interval([one - other for one, other in both])
    score_mean, matched_mean = _means(scores)
    epochs_mean, matched_epochs = _means(both)
    aimed = not any(math.isnan(one) for pair in epochs for one in pair)
    seen = [sum(math.isfinite(one) for one in ends) for ends in zip(*epochs, strict=True)]
    values = [
        *side,
        kept(mode),
        metric,
        len(scored),
        len(own.keys() | matched.keys()) - len(scored),
    ]
    values += [score_mean, matched_mean, score_mean - matched_mean, low, high]
    values += seen if aimed and seen else [None, None]
    values += [epochs_mean, matched_epochs, epochs_mean - matched_epochs, epochs_low, epochs_high]
    return dict(zip(EXPLAIN_COLUMNS, values, strict=True))


def _means(pairs: Sequence[Sequence[float]]) -> tuple[float, float]:
    frame = pd.DataFrame(pairs, columns=["own", "matched"], dtype=float)
    return float(frame["own"].mean()), float(frame["matched"].mean())


def _reading(problem: str, rows: pd.DataFrame) -> str:
    """Say for each backend what all its defaults do and which single one moves the score most."""
    parts = []
    for backend, mine in rows.groupby("backend", sort=False):
        single, whole = mine[mine["defaults"] != "all"], mine[mine["defaults"] == "all"]
        texts = []
        for _, row in whole.iterrows():
            texts.append(f"all its defaults {_takes_it(row)}")
        if not mine["seeds"].any():
            texts = ["no pairs"]
        elif (single["change"] == 0).all():
            texts.append("no single one moves it")
        elif single["change"].notna().any():
            row = single.iloc[int(single["change"].abs().argmax())]
            texts.append(f"the one that moves it most alone is {row['defaults']}, {_from_to(row)}")
        parts.append(f"on {backend}, {' and '.join(texts)}")
    metric, seeds = rows.iloc[0]["metric"], int(rows["seeds"].max())
    return f"**{problem}**, {metric}, {seeds} seed{'s' * (seeds != 1)}: {'; '.join(parts)}."


def _takes_it(row: pd.Series) -> str:
    return f"take it {_from_to(row)}" if row["seeds"] else "have no pairs"


def _from_to(row: pd.Series) -> str:
    text = f"from {row['matched_mean']:.4g} to {row['score_mean']:.4g}"
    if math.isnan(row["change_low"]):
        return f"{text} (one pair, no interval)"
    clear = row["change_low"] * row["change_high"] > 0
    return text + (" (clear of zero)" if clear else " (not clear of zero)")


def publish_explanation(folder: Path, frame: pd.DataFrame, records: Sequence[Record]) -> None:
    """Write explain.csv and explain.md into the folder."""
    write_whole(folder / "explain.csv", frame.to_csv(index=False))
    write_whole(folder / "explain.md", explanation(frame, records))


def explanation(frame: pd.DataFrame, records: Sequence[Record]) -> str:
    """Return explain.md: a sentence per problem, the figures, what defaults and columns are."""
    parts = [
        "# What each framework's defaults do",
        "From matched mode, one default at a time is left to the framework, then all of them; "
        "each training is compared with the matched one of the same seed. Fewer than 6 seeds are "
        "a look, not a result.",
        "\n".join(f"- {sentence}" for sentence in readings(frame)),
        markdown_table(EXPLAINED, EXPLAINED_TEXT, explained_cells(frame)),
        "## The defaults",
        "\n".join(
            f"- {backend}, {name}: {meaning}"
            for backend in dict.fromkeys(frame["backend"])
            for name, meaning in Side.parse(backend).definition.defaults.items()
            if name in set(frame.loc[frame["backend"] == backend, "defaults"])
        ),
        "## What the columns mean",
        f"The names are those of `explain.csv`; brackets hold the {COVERED}.",
        "\n".join(f"- `{name}`: {meaning}" for name, meaning in EXPLAIN_COLUMNS.items()),
        "## Where it was measured",
        markdown_list(provenance(records)),
        "Seconds are not compared here.",
    ]
    return "\n\n".join(parts) + "\n"


def explained_cells(frame: pd.DataFrame) -> list[list[str]]:
    """Return the explanation for people: per row, a text for each heading."""
    return [[of(row) for of in EXPLAINED.values()] for _, row in frame.iterrows()]


def _change(row: pd.Series, name: str, low: str, high: str) -> str:
    if pd.isna(row[name]):
        return ""
    if pd.isna(row[low]):
        return signed([row[name]])[0]
    change, *ends = signed([row[name], row[low], row[high]])
    return f"{change} [{', '.join(ends)}]"


def _seen(row: pd.Series, name: str) -> str:
    return "" if pd.isna(row[name]) else f"{row[name]}/{row['seeds']}"


# Heading in the explanation for people: how it is read off a row of explain.csv.
EXPLAINED: dict[str, Callable[[pd.Series], str]] = {
    "problem": lambda row: row["problem"],
    "backend": lambda row: row["backend"],
    "defaults kept": lambda row: row["defaults"],
    "metric": lambda row: row["metric"],
    "seeds": lambda row: str(row["seeds"]),
    "failed": lambda row: str(row["failed"]),
    "matched": lambda row: number(row["matched_mean"]),
    "score": lambda row: number(row["score_mean"]),
    "change": lambda row: _change(row, "change", "change_low", "change_high"),
    "target seen, matched": lambda row: _seen(row, "matched_target_seen"),
    "target seen": lambda row: _seen(row, "target_seen"),
    "epochs matched": lambda row: number(row["matched_epochs"], 3),
    "epochs": lambda row: number(row["epochs"], 3),
    "change of epochs": lambda row: _change(row, "epochs_change", "epochs_low", "epochs_high"),
}
EXPLAINED_TEXT = ("problem", "backend", "defaults kept", "metric")
SHOWN = ("defaults kept", "matched", "score", "change")  # in a terminal


def print_explanation(frame: pd.DataFrame, folder: Path) -> None:
    """Print what each default does: a sentence per problem, then the scores, then where all is."""
    width = terminal_width()
    lines = [
        line for sentence in readings(frame) for line in wrapped(sentence.replace("**", ""), width)
    ]
    titles = frame["problem"] + ", " + frame["backend"]
    rows = [[EXPLAINED[name](row) for name in SHOWN] for _, row in frame.iterrows()]
    lines += ["", *below(titles, SHOWN, rows, EXPLAINED_TEXT, width=width, least=len(SHOWN)), ""]
    if frame["change_low"].notna().any():
        lines += [*wrapped(f"In brackets, the {COVERED}.", width), ""]
    lines.append(visible(f"Look up  {folder / 'explain.md'}"))
    print("\n".join(lines))
