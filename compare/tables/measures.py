"""What is read off records: epochs to the target, repeated trainings, doubtful times."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from statistics import median, quantiles

import numpy as np

from compare.records.record import MATCHED, PROVEN, UNPROVEN, UNTRIED, Record

PARTS = 0.01  # of the total: what clock readings and Python between the parts may take
# Of a training's median epoch: its 90th less its 10th percentile. Of 120 trainings on a machine to
# themselves, half were below 0.06 and nine in ten below 0.17.
SPREAD = 0.25
BUSY = 0.05  # of the total: less hides in the spread between seeds, more shows in the median
# Of the loss of a first epoch. Rounding alone moved it by 0.024 at most (addition), as a median.
APART = 0.1
DRIFT = 1.25  # slowest seed's median epoch over the fastest's: data differ by seed, work does not

# Warning: what to do about it. In this order.
WARNINGS = {
    "parts": "the parts of a training do not add up to its total: use none of the row's times, "
    "look into the logs, run again into another folder",
    "unsteady": "epochs of one training differ: end what else runs, and take --jobs 1 or a longer "
    "recipe",
    "busy": "others computed on the same processors: end them, or take fewer --jobs, and run again "
    "into another folder",
    "drift": "seeds differ in speed, as when a processor throttles or has neighbours: let it cool, "
    "keep the machine to yourself, run again into another folder",
    "shared": "others computed on the GPU: its times and the memory of the whole device are theirs "
    "too; end them and run again into another folder",
    "machines": "the trainings of a row come from several machines of one kind: its means and "
    "medians mix them; verdicts do not, they pair within a machine",
    "losses": "the losses of two sides differ in the first epoch by more than rounding explains, "
    "though weights and batches are the same: try `diptych check --whole`",
}


def warnings(records: Sequence[Record]) -> list[str]:
    """Return the warnings that the trainings of a row raise; what was not measured raises none."""
    trained = [record for record in records if record.status == "ok"]
    return [name for name, raised in RAISED.items() if raised(trained)]


def _parts(records: Iterable[Record]) -> bool:
    return any(_off(record) for record in records)


def _off(record: Record) -> bool:
    named = (record.build_s, record.first_epoch_s, record.validation_s, record.predict_s)
    if record.total_s is None or None in named:
        return False
    parts_s = sum(part for part in named if part is not None) + sum(record.epoch_s)
    return abs(parts_s - record.total_s) > PARTS * record.total_s


def _unsteady(records: Iterable[Record]) -> bool:
    epochs = [record.epoch_s for record in records if len(record.epoch_s) > 1]
    return bool(epochs) and 2 * sum(map(_spread, epochs)) >= len(epochs)


def _spread(epoch_s: Sequence[float]) -> bool:
    deciles = quantiles(epoch_s, n=10, method="inclusive")
    return deciles[-1] - deciles[0] > SPREAD * median(epoch_s)


def _busy(records: Iterable[Record]) -> bool:
    return any(
        record.others_cpu_s
        > BUSY * (record.total_s + (record.scoring_s or 0.0)) * max(1, len(record.processors))
        for record in records
        if record.others_cpu_s is not None and record.total_s is not None
    )


def _drift(records: Iterable[Record]) -> bool:
    medians = [seconds for seconds in map(epoch_s, records) if seconds is not None]
    return bool(medians) and max(medians) > DRIFT * min(medians)


def _shared(records: Iterable[Record]) -> bool:
    return any(record.gpu_others for record in records)


def _machines(records: Iterable[Record]) -> bool:
    return len({record.machine for record in records} - {None}) > 1


RAISED: dict[str, Callable[[Iterable[Record]], bool]] = {
    "parts": _parts,
    "unsteady": _unsteady,
    "busy": _busy,
    "drift": _drift,
    "shared": _shared,
    "machines": _machines,
}


def epochs_to_target(record: Record) -> float:
    """Return the first epoch, from 1, in which the target was seen in validation; inf if in none.

    The target is that of the first metric. In a training that failed or diverged it never was
    seen, whatever its epochs had come to. NaN where there is no target, or no scores were taken.
    """
    judge = next(iter(record.scores.values()), None)
    if judge is None or judge.target is None or record.status in UNTRIED:
        return math.nan
    if record.status != "ok":
        return math.inf if record.score_epochs else math.nan
    if not record.epoch_scores:
        return math.nan
    sign = 1 if judge.better == "higher" else -1
    for epoch, score in enumerate(record.epoch_scores, start=1):
        if score is not None and sign * score >= sign * judge.target:
            return epoch
    return math.inf


def time_to_target_s(record: Record) -> float:
    """Return the seconds of build and epochs up to the one in which the target was seen.

    Validation and scoring are not in it. Infinite and NaN as `epochs_to_target`.
    """
    epochs = epochs_to_target(record)
    if not math.isfinite(epochs):
        return epochs
    parts = [record.build_s, record.first_epoch_s, *record.epoch_s[: int(epochs) - 1]]
    return math.fsum(math.nan if part is None else part for part in parts)


def doubts(records: Sequence[Record], others: Sequence[Record]) -> str | None:
    """Return the warnings that the trainings of either of two sides raise; None if there are none.

    >>> doubts([], [])
    """
    raised = {name for side in (records, others) for name in warnings(side)}
    if (losses_apart(records, others) or 0.0) > APART:
        raised.add("losses")
    return "; ".join(name for name in WARNINGS if name in raised) or None


def of_scores(doubtful: str | None) -> str | None:
    """Return which of some doubts are not of times only, but of what was trained.

    >>> of_scores("busy; losses")
    'losses'
    """
    return "losses" if "losses" in (doubtful or "").split("; ") else None


def losses_apart(records: Iterable[Record], others: Iterable[Record]) -> float | None:
    """Return by how much two sides differ in the mean training loss of the first epoch.

    It is relative, the median over seeds, and of matched trainings on one device that draw no
    random numbers of their own; None without any.
    """
    ours, theirs = (
        {(one.seed, one.device): one.train_loss[0] for one in side if one.train_loss}
        for side in (_matched(records), _matched(others))
    )
    apart = [
        abs(loss / other - 1)
        for at, loss in ours.items()
        if loss is not None and (other := theirs.get(at))
    ]
    return median(apart) if apart else None


def _matched(records: Iterable[Record]) -> list[Record]:
    return [one for one in records if one.mode == MATCHED and not one.draws]


def least_proof(records: Iterable[Record]) -> str | None:
    """Return the least that trainings say of a proof: unproven if one is, None if one is silent."""
    found = {record.proof for record in records}
    return UNPROVEN if UNPROVEN in found else PROVEN if found == {PROVEN} else None


def repeat_differences(records: Sequence[Record]) -> dict[str, float]:
    """Return, by the key of a training that was done twice, by how much its losses differ.

    It is the largest relative difference of a loss, in any epoch, of training or validation: 0 for
    losses that are equal to the bit, infinity where one side has a loss and the other none.
    """
    by_key = {record.key: record for record in records}
    pairs = {record.key: by_key.get(_again(record)) for record in records}
    return {
        key: _difference(by_key[key], twice)
        for key, twice in pairs.items()
        if twice is not None and (by_key[key].train_loss or twice.train_loss)
    }


def _again(record: Record) -> str:
    """Return the key of the same training under the backend's second name."""
    return replace(record, backend=record.side.again.program).key


def _difference(one: Record, twice: Record) -> float:
    losses, again = (
        np.array([*record.train_loss, *record.validation_loss], dtype=float)
        for record in (one, twice)
    )
    if losses.shape != again.shape or (np.isnan(losses) != np.isnan(again)).any():
        return float("inf")
    unequal = losses != again  # also where both are none
    with np.errstate(divide="ignore"):
        change = np.abs(losses - again)[unequal] / np.abs(losses)[unequal]
    return float(np.nanmax(change, initial=0.0))


def epoch_s(record: Record) -> float | None:
    """Return the seconds of a training's median epoch after the first."""
    return median(record.epoch_s) if record.epoch_s else None


def samples_per_s(record: Record) -> float | None:
    """Return the examples that a training's median later epoch took in a second."""
    seconds = epoch_s(record)
    return record.examples / seconds if record.examples and seconds else None


def rate(samples_per_s: float | None) -> str:
    """Return samples per second, with no more digits than are worth reading; empty if missing."""
    if samples_per_s is None:
        return ""
    return f"{samples_per_s:,.0f}" if samples_per_s >= 100 else f"{samples_per_s:.3g}"
