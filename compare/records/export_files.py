"""Records as files of other tools: Parquet for data frames, event files for TensorBoard."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from compare.records.files import write_whole
from compare.records.frames import epochs_frame, records_frame
from compare.records.record import Record, UsageError

if TYPE_CHECKING:
    from tensorboardX.proto.event_pb2 import Event

EVENTS = "events.out.tfevents.diptych"  # always the same name: written again, it is replaced


def parquet(records: Sequence[Record], out: Path) -> list[Path]:
    """Write runs.parquet and epochs.parquet: what `compare.load` and `load_epochs` return.

    Raises:
        UsageError: pyarrow is not installed.
    """
    _need("pyarrow", "parquet")
    written = []
    for name, frame in (("runs", records_frame(records)), ("epochs", epochs_frame(records))):
        file = out / f"{name}.parquet"
        write_whole(file, frame.to_parquet(None, engine="pyarrow", index=False))
        written.append(file)
    return written


def tensorboard(records: Sequence[Record], out: Path) -> list[Path]:
    """Write a folder for each training, with its losses, scores and seconds by epoch.

    The time of a point is when the epoch ended, by the clock of the training: from its start,
    without validation and scoring in between. What was not measured has no point.

    Raises:
        UsageError: tensorboardX is not installed.
    """
    _need("tensorboardX", "tensorboard")
    from tensorboardX.record_writer import RecordWriter

    written = []
    for record in records:
        folder = out / record.key
        folder.mkdir(parents=True, exist_ok=True)
        partial = folder / ".partial"
        partial.unlink(missing_ok=True)
        writer = RecordWriter(str(partial))
        for event in _events(record):
            writer.write(event.SerializeToString())
        writer.close()
        written.append(partial.replace(folder / EVENTS))
    return written


FILES = {"parquet": parquet, "tensorboard": tensorboard}


def _need(package: str, form: str) -> None:
    from importlib.util import find_spec

    if find_spec(package) is None:
        raise UsageError(
            f"--format {form}: expected the package {package}, found none; python -m pip install "
            f"{package}"
        )


def _events(record: Record) -> "Iterator[Event]":
    """Yield the events of a training: the version of the format, then its points."""
    from tensorboardX.proto.event_pb2 import Event
    from tensorboardX.proto.summary_pb2 import Summary

    began = datetime.fromisoformat(record.started).timestamp()
    yield Event(wall_time=began, file_version="brain.Event:2")
    ended_s = began + (record.start_s or 0.0) + (record.build_s or 0.0)
    seconds = [record.first_epoch_s, *record.epoch_s]
    curves: dict[str, Sequence[float | None]] = {
        "loss/train": record.train_loss,
        "loss/validation": record.validation_loss,
        "score/validation": record.epoch_scores,
        "seconds/epoch": seconds,
    }
    epochs = max(map(len, curves.values()))
    for epoch in range(1, epochs + 1):
        ended_s += (seconds[epoch - 1] or 0.0) if epoch <= len(seconds) else 0.0
        points = {tag: values[epoch - 1] for tag, values in curves.items() if epoch <= len(values)}
        if epoch == epochs:
            points |= {f"score/test {name}": one.score for name, one in record.scores.items()}
        found = [
            Summary.Value(tag=tag, simple_value=value)
            for tag, value in points.items()
            if value is not None
        ]
        if found:
            yield Event(wall_time=ended_s, step=epoch, summary=Summary(value=found))
