"""A Run is what is asked for, a Record what came of it; both travel as JSON."""

# Types stay text, so that `schema` can read the names of some of them as limits of their values.
from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import problems
from backends import Side
from compare.records.files import write_whole
from compare.text import visible

if TYPE_CHECKING:
    from problems import Problem

SCHEMA: Final = 1  # version of the format

# Values of fields. What they mean is told in FIELDS.
MATCHED, NATIVE = "matched", "native"  # modes
OWN = "own-"  # begins the mode in which a framework keeps one of its defaults: "own-weights"
SWEEP = "sweep"  # a recipe
SIZES = ("batch_size", "unit")  # names of the fields that a sweep varies
FLOAT32: Final = "float32"  # precisions
TF32: Final = "tf32"
PROVEN, UNPROVEN = "proven", "unproven"  # proofs
FORK: Final = "fork"  # starts
NEW: Final = "new"
# Statuses of a training that got to its end. With the same code it would end so again, so it is not
# repeated; the others are tried anew.
FINISHED = ("ok", "diverged")
UNTRIED = ("refused", "unavailable")  # statuses of what was never trained
UNCHECKED = "not checked"  # status of what may be no twin; such a record goes into no folder

# Types of fields. The values that each allows are in `schema`, which holds readers to them.
Count = int  # 0 or more
Positive = int  # 1 or more
Bytes = int  # 0 or more
Growth = int  # bytes, of either sign
Seconds = float  # 0 or more
Duration = float  # seconds, more than 0
Relative = float  # a difference, 0 or more
Figure = float  # a score or a loss, of a size that can be squared and added
Better = str  # "higher" or "lower"
Mode = str  # MATCHED, NATIVE or one of `modes_between`
Time = str  # ISO 8601, with its offset from UTC


def modes_between(side: Side, problem: Problem | None = None) -> list[str]:
    """Return the modes of a side, from matched, with one default at a time, to native.

    Where a problem is given, only defaults that can change its training count.
    """
    defaults: Iterable[str] = side.definition.defaults
    if problem is not None:
        defaults = side.definition.defaults_for(problem)
    return [MATCHED, *(f"{OWN}{default}" for default in defaults), NATIVE]


class UsageError(ValueError):
    """What the user asked for cannot be done; the message says what is expected and exists.

    It is one line in which everything is visible, whatever the names in it are.
    """

    def __init__(self, message: str) -> None:
        super().__init__(visible(message))


@dataclass(frozen=True, kw_only=True)
class Run:
    """One training of one problem on one backend; FIELDS says what each field means."""

    problem: str
    backend: str
    device: str
    seed: int
    recipe: str = "full"
    batch_size: int | None = None
    unit: int | None = None
    mode: str = MATCHED
    precision: str = FLOAT32
    threads: int = 1
    jobs: int = 1
    proof: str | None = None
    parity: float | None = None
    score_epochs: bool = True
    start: str = FORK
    kernel: str | None = None
    tier: str | None = None
    fingerprint: str | None = None

    @property
    def side(self) -> Side:
        """The backend in its tier."""
        return Side.parse(self.backend, self.tier)

    @property
    def kept(self) -> frozenset[str]:
        """Which of its defaults the framework keeps."""
        defaults = frozenset(self.side.definition.defaults)
        if self.mode in (MATCHED, NATIVE):
            return defaults if self.mode == NATIVE else frozenset()
        return defaults & {self.mode.removeprefix(OWN)}

    @property
    def key(self) -> str:
        """What tells this training from every other in a results folder; fit for a file name.

        It names one file and leads nowhere else, whatever a record from elsewhere says.
        """
        backend = str(self.side).replace(":", "+")  # no label has a "+"
        parts = (self.problem, backend, self.device, self.mode, self.recipe, self.seed)
        sized = [f"{name}{size}" for name, size in sizes(self).items()]
        key = "-".join(str(part) for part in (*parts, *sized))
        return key.replace("/", "%2F").replace("\0", "%00")


@dataclass(frozen=True, kw_only=True)
class Score:
    """A score and what it is judged by, as the problem declares it; see SCORE_FIELDS."""

    score: Figure | None
    better: Better
    target: Figure | None
    reached: bool | None
    baseline: Figure
    best: Figure | None = None
    reference: Figure | None = None
    margin: Figure | None = None
    unit: str | None = None


@dataclass(frozen=True, kw_only=True)
class Record:
    """What came of a Run: a line of runs.jsonl. FIELDS says what each field means.

    What was not measured is null, never 0. What is not finite is null too. The last line of a
    training counts.
    """

    schema: Literal[1] = SCHEMA
    problem: str
    backend: str
    device: Literal["cpu", "gpu"]
    mode: Mode
    recipe: Literal["full", "quick", "sweep"]
    batch_size: Positive | None = None
    unit: Positive | None = None
    seed: Count
    precision: Literal["float32", "tf32"] = FLOAT32
    threads: Positive
    jobs: Positive
    proof: Literal["proven", "unproven"] | None = None
    parity: Relative | None = None
    score_epochs: bool = False
    start: Literal["fork", "new"] = NEW
    kernel: str | None = None
    tier: str | None = None
    fingerprint: str | None = None
    status: Literal["ok", "diverged", "failed", "timeout", "unavailable", "refused"]
    reason: str | None = None
    started: Time
    scores: dict[str, Score] = field(default_factory=dict)
    train_loss: list[Figure | None] = field(default_factory=list)
    validation_loss: list[Figure | None] = field(default_factory=list)
    epoch_scores: list[Figure | None] = field(default_factory=list)
    examples: Positive | None = None
    start_s: Seconds | None = None
    build_s: Seconds | None = None
    first_step_s: Seconds | None = None
    first_epoch_s: Duration | None = None
    epoch_s: list[Duration] = field(default_factory=list)
    validation_s: Seconds | None = None
    predict_s: Seconds | None = None
    total_s: Duration | None = None
    scoring_s: Seconds | None = None
    cpu_s: Seconds | None = None
    others_cpu_s: Seconds | None = None
    host_peak_bytes: Bytes | None = None
    host_growth_bytes: Growth | None = None
    gpu_peak_bytes: Bytes | None = None
    gpu_reserved_bytes: Bytes | None = None
    gpu_device_bytes: Growth | None = None
    gpu_others: Count | None = None
    parameters: Count | None = None
    draws: bool | None = None
    versions: dict[str, str] = field(default_factory=dict)
    frameworks: list[str] = field(default_factory=list)
    commit: str | None = None
    dirty: bool | None = None
    cpu: str | None = None
    gpu: str | None = None
    processors: list[Count] = field(default_factory=list)
    machine: str | None = None
    block: str | None = None
    attempt: Positive | None = None

    @property
    def side(self) -> Side:
        """The backend in its tier."""
        return Side.parse(self.backend, self.tier)

    @property
    def key(self) -> str:
        """The key of the Run that this answers."""
        return Run(**{name.name: getattr(self, name.name) for name in fields(Run)}).key

    def score(self, metric: str) -> float | None:
        """Return the score in a metric; None where there is none."""
        return self.scores[metric].score if metric in self.scores else None

    def to_json(self) -> str:
        """Return the record as one line of JSON; what is not finite becomes null."""
        return json.dumps(finite(asdict(self)), allow_nan=False)

    @staticmethod
    def from_json(line: bytes | str) -> Record:
        """Return the record that a line holds; needs msgspec.

        Raises:
            ValueError: the line is not a record; says what is wrong, and where as a JSON path.
            UsageError: it is one of another schema.
        """
        from compare.records.schema import decode

        return decode(line)


# Field of a Record: what it means. `compare.load` and the schema show it.
FIELDS = {
    "schema": "version of this format",
    "problem": "what is learned; see problems/",
    "backend": "framework, and for Keras the engine under it; a second name of it, as in "
    "pytorch@again, tells a run of a backend against itself",
    "device": "where it was trained",
    "mode": "matched: the same initial weights, batch order and optimizer on all backends; native: "
    "each framework keeps its defaults; own-...: it keeps this one",
    "recipe": "how long it was trained: full, or quick, a look and no result, or sweep, a few "
    "epochs of whole batches to be timed",
    "batch_size": "examples in a batch, where a sweep asked for it; null: as many as the problem's "
    "recipe has",
    "unit": "width of the network, where a sweep asked for it; null: the problem's own",
    "seed": "number that data, batch order and initial weights are drawn from",
    "precision": "float32 throughout, or tf32: on a GPU, factors of matrix products and "
    "convolutions rounded to TF32",
    "threads": "threads of the framework, and processors the training was pinned to",
    "jobs": "trainings at a time",
    "proof": "whether `diptych check` had shown before that all backends train the same model, at "
    "the problem's own sizes",
    "parity": "largest relative difference between backends that the proof found, in float64",
    "score_epochs": "whether the score was taken after every epoch, outside of all times",
    "start": "the process: a fork of a server that had imported the framework, or a new "
    "interpreter",
    "kernel": "what computes the recurrent layers, as a profiler saw it in a short run apart",
    "tier": "by what means the network was run: eager, graph or compiled; null: the default one of "
    "the backend",
    "fingerprint": "four hashes of what the training was made of: the problem's definition and "
    "files; the program and engine; processor, device and GPU; versions and environment "
    "variables. Null: an older record. No two programs, machines or versions are in one row",
    "status": "what came of the training; all but ok have no score, refused and unavailable were "
    "never tried",
    "reason": "why the status is not ok",
    "started": "when the training was asked for, ISO 8601 in UTC",
    "scores": "by metric: the score on the test set, and what it is judged by; the first metric is "
    "the one that targets in validation and verdicts are about",
    "train_loss": "mean loss of each epoch over the training part, while it was trained on",
    "validation_loss": "mean loss after each epoch over the validation part",
    "epoch_scores": "score of the first metric after each epoch, on the validation part",
    "examples": "examples in the training part",
    "start_s": "from asking for the process until the framework is there and the device set; in no "
    "other time",
    "build_s": "until batch orders, network, initial weights and optimizer are made",
    "first_step_s": "from the end of the build to the end of the first step, part of the first "
    "epoch",
    "first_epoch_s": "the first epoch, with tracing and compilation where there is any",
    "epoch_s": "each epoch after the first: batches gathered and trained on",
    "validation_s": "validation, all epochs together",
    "predict_s": "answering the questions of all metrics, and of the first score, with tracing",
    "total_s": "from the start of the build to the last answer, by a clock of its own",
    "scoring_s": "taking the scores after the later epochs; in no other time",
    "cpu_s": "processor time of all threads in total_s",
    "others_cpu_s": "processor time that others took of the same processors meanwhile",
    "host_peak_bytes": "most resident memory of the process in the training",
    "host_growth_bytes": "host_peak_bytes, less what was resident before the build",
    "gpu_peak_bytes": "most GPU memory in tensors, as the framework counts it",
    "gpu_reserved_bytes": "most GPU memory that the framework's allocator took from the driver",
    "gpu_device_bytes": "most memory taken on the whole GPU, over what was taken before",
    "gpu_others": "processes that computed on the GPU before the training began; null on a CPU",
    "parameters": "trainable numbers of the network",
    "draws": "whether the network drew random numbers while it trained, as dropout does: each "
    "framework its own, so no two sides drop the same",
    "versions": "version of Python, of NumPy and of what was imported, by name; strings, so that "
    "2.10 is not 2.1",
    "frameworks": "frameworks loaded in the process",
    "commit": "the last commit that changed the code",
    "dirty": "whether the code differed from the commit",
    "cpu": "name of the processor, and which of that name it is: family, model, widest vectors",
    "gpu": "name of the GPU",
    "processors": "numbers of the processors that the training was pinned to",
    "machine": "which machine it was: a hash, from which no name can be read. Null: an older "
    "record, or a machine that cannot be told from others",
    "block": "name of the trainings that were given to one node of a cluster together; null: the "
    "training was not done on a cluster",
    "attempt": "1, or 2 where the first node with this block was lost",
}
# Field of a Score: what it means.
SCORE_FIELDS = {
    "score": "the score, in `unit`; null where there is none",
    "better": "whether higher or lower scores are better",
    "target": "score to reach; null where none is set",
    "reached": "whether the score is at the target or better; null without either",
    "baseline": "what a constant answer scores",
    "best": "the limit that no score passes, but for chance in the data",
    "reference": "what a known method scores without training: the exact solution of data drawn by "
    "a formula, which scores `best`, or a simple one for real data, which a network may pass; null "
    "where there is none",
    "margin": "scores that differ by less count as equal in practice",
    "unit": "unit of all of these numbers",
}


def record_of(run: Run, **measured: Any) -> Record:
    """Return the record of a run: what was asked, and what was measured, by fields of a Record.

    What the machine and the code are is told by the caller: `machine.facts()`. Without scores, it
    says what they would have been judged by.
    """
    if "scores" not in measured:
        with suppress(ValueError):  # a definition that was spoilt meanwhile
            measured["scores"] = judged(problems.load(run.problem), {})
    return Record(**asdict(run) | measured)


def judged(problem: Problem, scores: Mapping[str, float]) -> dict[str, Score]:
    """Return, by metric, the score (None where there is none) and what it is judged by."""
    return {
        metric.name: Score(
            score=scores.get(metric.name),
            better=metric.better,
            target=metric.target,
            reached=metric.reached(scores[metric.name]) if metric.name in scores else None,
            baseline=metric.baseline,
            best=metric.best,
            reference=problem.reference_score(metric),
            margin=metric.margin,
            unit=metric.unit,
        )
        for metric in problem.metrics
    }


def write_record(record: Record, cell: Path) -> None:
    """Write a record into the folder of its training, whole or not at all."""
    write_whole(cell / "record.json", record.to_json() + "\n")


def now() -> str:
    """Return the time, ISO 8601 in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def sizes(one: Run | Record) -> dict[str, int]:
    """Return the sizes that were asked for in place of the problem's own."""
    return {name: getattr(one, name) for name in SIZES if getattr(one, name) is not None}


def of_side(record: Record, names: Iterable[str]) -> tuple[str, ...]:
    """Return fields that tell sides apart; the backend with its tier, if not the default one."""
    return tuple(str(record.side) if name == "backend" else getattr(record, name) for name in names)


def finite(value: Any) -> Any:
    """Return a value for JSON, with None for every number that is not finite."""
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def as_json(value: object) -> str:
    """Return a value as the text of a JSON file; what is not finite becomes null."""
    return json.dumps(finite(value), indent=1, allow_nan=False) + "\n"
