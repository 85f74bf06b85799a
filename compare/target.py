"""How long a training took to reach the target, by the score of its validation part."""

import math

from compare.records.record import UNTRIED, Record


def epochs_to_target(record: Record) -> float:
    """Return the first epoch, from 1, whose validation score reached the target; inf if none did.

    It is that of the first metric. A training that failed or diverged never reached it, whatever
    it had been up to. NaN where there is no target, or no scores were taken.
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
    """Return the seconds of build and epochs up to the one that reached the target.

    Validation and scoring are not in it. Infinite and NaN as `epochs_to_target`.
    """
    epochs = epochs_to_target(record)
    if not math.isfinite(epochs):
        return epochs
    parts = [record.build_s, record.first_epoch_s, *record.epoch_s[: int(epochs) - 1]]
    return math.fsum(math.nan if part is None else part for part in parts)
