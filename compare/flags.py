"""What makes the times of a row doubtful, as one word each, and what to do about it."""

from collections.abc import Callable, Iterable, Sequence
from statistics import median, quantiles

from compare.records.record import Record

PARTS = 0.01  # of the total: what clock readings and Python between the parts may take
# Of a training's median epoch: its 90th less its 10th percentile. Of 120 trainings on a machine to
# themselves, half were below 0.06 and nine in ten below 0.17.
SPREAD = 0.25
BUSY = 0.05  # of the total: less hides in the spread between seeds, more shows in the median
DRIFT = 1.25  # slowest seed's median epoch over the fastest's: data differ by seed, work does not

# Flag: what to do about it. In this order.
FLAGS = {
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
}


def flags(records: Sequence[Record]) -> list[str]:
    """Return the flags of the trainings of a row; those that lack what a flag needs raise none."""
    trained = [record for record in records if record.status == "ok"]
    return [name for name in FLAGS if RAISED[name](trained)]


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
    medians = [median(record.epoch_s) for record in records if record.epoch_s]
    return bool(medians) and max(medians) > DRIFT * min(medians)


def _shared(records: Iterable[Record]) -> bool:
    return any(record.gpu_others for record in records)


RAISED: dict[str, Callable[[Iterable[Record]], bool]] = {
    "parts": _parts,
    "unsteady": _unsteady,
    "busy": _busy,
    "drift": _drift,
    "shared": _shared,
}
