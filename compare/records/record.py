"""A Run is what is asked for, a Record what came of it; both travel as JSON."""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from backends import Side

SCHEMA = 1

NAMES = ("problem", "backend", "device", "mode", "recipe", "status", "started")
MATCHED = "matched"  # the same initial weights, batch order and optimizer on all backends
NATIVE = "native"  # each framework keeps its defaults: see `Backend.defaults`
PROVEN, UNPROVEN = "proven", "unproven"
UNTRIED = ("refused", "unavailable")  # statuses of what was never trained
FORK = "fork"  # of a server with the framework imported and nothing computed
NEW = "new"  # a new interpreter
FLOAT32 = "float32"  # throughout
TF32 = "tf32"  # on a GPU, factors of matrix products rounded to 10 bits after the point
SWEEP = "sweep"  # the recipe of a training that is timed at a size
SIZES = ("batch_size", "unit")  # fields of a Run: what a sweep varies
OWN = "own-"  # matched, but for one default that the framework keeps: "own-weights"


def modes_between(side: Side) -> list[str]:
    """Return the modes of a side, from matched, with one default at a time, to native."""
    defaults = side.definition.defaults
    return [MATCHED, *(f"{OWN}{default}" for default in defaults), NATIVE]


class UsageError(ValueError):
    """What the user asked for cannot be done; the message says what is expected and exists."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """One training of one problem on one backend."""

    problem: str
    backend: str
    device: str  # "cpu" or "gpu"
    seed: int
    recipe: str = "full"  # or "quick", or SWEEP
    batch_size: int | None = None  # None: the problem's own
    unit: int | None = None  # how wide the network is; None: the problem's own
    mode: str = MATCHED  # or NATIVE, or one of `modes_between`
    precision: str = FLOAT32  # or TF32
    threads: int = 1  # for the framework, and processors the training is pinned to
    jobs: int = 1  # trainings at a time
    proof: str | None = None  # that all backends train the same: PROVEN or UNPROVEN
    parity: float | None = None  # worst relative difference that the proof found, in float64
    score_epochs: bool = True  # take the score after every epoch, outside of all times
    start: str = FORK  # the process: FORK or NEW
    kernel: str | None = None  # what computes the recurrent layers, as seen in a short run apart
    tier: str | None = None  # one of `Backend.tiers`; None: the first

    @property
    def side(self) -> Side:
        """The backend in its tier."""
        return Side.parse(self.backend, self.tier)

    @property
    def own(self) -> frozenset[str]:
        """Which of its defaults the framework keeps."""
        defaults = frozenset(self.side.definition.defaults)
        if self.mode in (MATCHED, NATIVE):
            return defaults if self.mode == NATIVE else frozenset()
        return defaults & {self.mode.removeprefix(OWN)}

    @property
    def key(self) -> str:
        """What tells this training from every other in a results folder; fit for a file name."""
        backend = str(self.side).replace(":", "+")  # no label has a "+"
        parts = (self.problem, backend, self.device, self.mode, self.recipe, self.seed)
        sized = [f"{name}{size}" for name, size in sizes(self).items()]
        return "-".join(str(part) for part in (*parts, *sized))


@dataclass(frozen=True, kw_only=True)
class Record:
    """What came of a Run. What was not measured is None; times are in seconds."""

    schema: int = SCHEMA
    problem: str
    backend: str
    device: str
    mode: str
    recipe: str
    batch_size: int | None = None
    unit: int | None = None
    seed: int
    precision: str = FLOAT32
    threads: int
    jobs: int
    proof: str | None = None
    parity: float | None = None
    score_epochs: bool = False
    start: str = NEW
    kernel: str | None = None
    tier: str | None = None  # None: the backend's default one, also of records older than tiers
    status: str  # "ok", "diverged", "failed", "timeout", "unavailable" or "refused"
    reason: str | None = None  # why the status is not "ok"
    started: str  # ISO 8601, UTC
    # By metric: score, and what it is judged by: better, target, reached, baseline, unit.
    scores: dict[str, dict[str, Any]] = field(default_factory=dict)
    train_loss: list[float | None] = field(default_factory=list)  # per epoch
    validation_loss: list[float | None] = field(default_factory=list)  # per epoch
    epoch_scores: list[float | None] = field(default_factory=list)  # first metric, validation part
    examples: int | None = None  # in the training part
    start_s: float | None = None  # process asked for -> framework there, device set; in no other
    build_s: float | None = None  # batch orders, network, initial weights, optimizer made
    first_step_s: float | None = None  # build -> end of the first step; part of the first epoch
    first_epoch_s: float | None = None  # with tracing and compilation, where there is any
    epoch_s: list[float] = field(default_factory=list)  # the epochs after the first
    validation_s: float | None = None  # all epochs together
    predict_s: float | None = None  # all questions of the metrics; the first score, with tracing
    total_s: float | None = None  # start of the build -> last answer, by a clock of its own
    scoring_s: float | None = None  # scores after the later epochs; in no other time
    cpu_s: float | None = None  # processor time of all threads in total_s
    others_cpu_s: float | None = None  # that others took of the same processors meanwhile
    host_peak_bytes: int | None = None  # most resident memory of the process in the training
    host_growth_bytes: int | None = None  # that, less what was resident before the build
    gpu_peak_bytes: int | None = None  # in tensors, as the framework counts it
    gpu_reserved_bytes: int | None = None  # taken from the driver by the framework's allocator
    gpu_device_bytes: int | None = None  # on the whole device, over what was taken before
    gpu_others: int | None = None  # processes that computed on the GPU before the training began
    parameters: int | None = None  # trainable
    versions: dict[str, str] = field(default_factory=dict)
    frameworks: list[str] = field(default_factory=list)  # loaded in the process
    commit: str | None = None  # the last one that changed the code
    dirty: bool | None = None  # the code differs from the commit
    cpu: str | None = None
    gpu: str | None = None
    processors: list[int] = field(default_factory=list)  # the training was pinned to

    @property
    def side(self) -> Side:
        """The backend in its tier."""
        return Side.parse(self.backend, self.tier)

    @property
    def key(self) -> str:
        """The key of the Run that this answers."""
        return Run(**{name.name: getattr(self, name.name) for name in fields(Run)}).key

    def to_json(self) -> str:
        """Return the record as one line of JSON; what is not finite becomes null."""
        return json.dumps(finite(asdict(self)), allow_nan=False)

    @staticmethod
    def from_json(line: str) -> "Record":
        """Return the record that a line holds.

        Raises:
            ValueError: the line is not a record.
            UsageError: it is one of another schema.
        """
        values = json.loads(line)
        if not isinstance(values, dict) or "schema" not in values:
            raise ValueError("not a record")
        known = {name.name for name in fields(Record)}
        if values["schema"] != SCHEMA:
            raise UsageError(f"expected records of schema {SCHEMA}, came schema {values['schema']}")
        if values.keys() - known:
            raise UsageError(f"schema {SCHEMA} has no {', '.join(sorted(values.keys() - known))}")
        try:
            record = Record(**values)
        except TypeError as error:
            raise ValueError(f"not a record: {error}") from None
        names = [values.get(name) for name in NAMES]
        if not all(isinstance(name, str) for name in names):
            raise ValueError("not a record: a name is no text")
        numbers = [value for name, value in values.items() if name.endswith(("_s", "_bytes"))]
        numbers += [values.get("parameters"), values.get("parity"), *_judged_numbers(record.scores)]
        flat = [one for value in numbers for one in (value if isinstance(value, list) else [value])]
        if not all(one is None or isinstance(one, int | float) for one in flat):
            raise ValueError("not a record: a measured value is not a number")
        return record


def plan(
    problems: Iterable[str],
    sides: Sequence[tuple[Side, str, str]],
    seeds: int,
    **settings: Any,
) -> list[Run]:
    """Return the runs of a comparison of some sides, each with a mode and a device.

    They come in the order A B B A ... from seed to seed, so a machine that grows slower, or faster,
    with time does it to all of them alike.
    """
    return [
        Run(
            problem=problem,
            backend=side.program,
            mode=mode,
            tier=side.runs_in or None,
            device=device,
            seed=seed,
            **settings,
        )
        for problem in problems
        for seed in range(seeds)
        for side, mode, device in (sides if seed % 2 == 0 else reversed(sides))
    ]


def sizes(one: Run | Record) -> dict[str, int]:
    """Return the sizes that were asked for in place of the problem's own."""
    return {name: getattr(one, name) for name in SIZES if getattr(one, name) is not None}


def of_side(record: Record, names: Iterable[str]) -> tuple[str, ...]:
    """Return fields that tell sides apart; the backend with its tier, if not the default one."""
    return tuple(str(record.side) if name == "backend" else getattr(record, name) for name in names)


def _judged_numbers(scores: Any) -> list[Any]:
    """Return the numbers in a record's scores, or what stands in their place."""
    try:
        return [one[name] for one in scores.values() for name in ("score", "target", "baseline")]
    except (AttributeError, KeyError, TypeError):
        return ["no scores"]


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
