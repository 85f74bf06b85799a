"""A stand-in for the part of MLflow that docs/ci.md uses, with its signatures and its limits.

MLflow brings some ninety packages, its smallest edition some forty: too many for the tests. What
the stand-in is given is kept in memory. It refuses what is over the limits of a request, though
some clients of MLflow cut that themselves. And it refuses what SQLite keeps wrongly without a
word, such as the integers of NumPy.
"""

import json
import re
from dataclasses import asdict, dataclass, field
from types import ModuleType, SimpleNamespace

MOST = {"metrics": 1000, "params": 100, "tags": 100, "items": 1000, "bytes": 10**6}
LONGEST_KEY, LONGEST_PARAM = 250, 6000
NAME = re.compile(r"[/\w.\- :]+")
ENDS = ("FINISHED", "FAILED", "KILLED")


class MlflowException(Exception):
    """Something was refused."""


def refuse_unless(allowed: object, what: str) -> None:
    """Raise MlflowException if something is not allowed."""
    if not allowed:
        raise MlflowException(what)


@dataclass(frozen=True)
class Metric:
    """A number of a run, at a time in milliseconds."""

    key: str
    value: float
    timestamp: int
    step: int

    def __post_init__(self) -> None:
        refuse_unless(NAME.fullmatch(self.key) and len(self.key) <= LONGEST_KEY, self.key)
        refuse_unless(isinstance(self.value, float), f"value of {self.key}: {self.value!r}")
        for number in (self.timestamp, self.step):
            refuse_unless(type(number) is int and number >= 0, f"time or step: {number!r}")


@dataclass(frozen=True)
class Param:
    """A setting of a run."""

    key: str
    value: str

    def __post_init__(self) -> None:
        refuse_unless(NAME.fullmatch(self.key) and len(self.key) <= LONGEST_KEY, self.key)
        refuse_unless(type(self.value) is str and len(self.value) <= LONGEST_PARAM, self.key)


@dataclass
class Run:
    """A run, as a store keeps it."""

    experiment_id: str
    run_name: str
    start_time: int
    tags: dict[str, str]
    status: str = "RUNNING"
    end_time: int | None = None
    metrics: list[Metric] = field(default_factory=list)
    params: dict[str, str] = field(default_factory=dict)

    def curve(self, key: str) -> list[Metric]:
        """Return the points of a metric."""
        return [one for one in self.metrics if one.key == key]


class Store:
    """What one store holds. Its `mlflow` and `entities` are to be imported in MLflow's place."""

    def __init__(self) -> None:
        self.experiments: list[str] = []
        self.runs: list[Run] = []
        self.mlflow, self.entities = ModuleType("mlflow"), ModuleType("mlflow.entities")
        self.mlflow.MlflowClient = self._client
        self.entities.Metric, self.entities.Param = Metric, Param

    def _client(self, tracking_uri=None, registry_uri=None):
        refuse_unless(str(tracking_uri).startswith("sqlite:///"), f"store: {tracking_uri}")
        return Client(self)


class Client:
    """The methods of MlflowClient, with the names and the order of their arguments."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def create_experiment(self, name, artifact_location=None, tags=None):
        refuse_unless(name not in self._store.experiments, f"{name} is there already")
        self._store.experiments.append(name)
        return str(len(self._store.experiments))

    def create_run(self, experiment_id, start_time=None, tags=None, run_name=None):
        refuse_unless(experiment_id == str(len(self._store.experiments)), experiment_id)
        refuse_unless(type(start_time) is int and type(run_name) is str, "start_time, run_name")
        refuse_unless(all(type(value) is str for value in tags.values()), f"tags: {tags}")
        self._store.runs.append(Run(experiment_id, run_name, start_time, tags))
        return SimpleNamespace(info=SimpleNamespace(run_id=f"run-{len(self._store.runs) - 1}"))

    def log_batch(self, run_id, metrics=(), params=(), tags=(), synchronous=None):
        run, given = self._run(run_id), {"metrics": metrics, "params": params, "tags": tags}
        sizes = {what: len(values) for what, values in given.items()}
        sizes["items"] = sum(sizes.values())
        request = {what: [asdict(one) for one in values] for what, values in given.items()}
        sizes["bytes"] = len(json.dumps(request))
        for what, size in sizes.items():
            refuse_unless(size <= MOST[what], f"at most {MOST[what]} {what}, got {size}")
        run.metrics += metrics
        for one in params:
            refuse_unless(run.params.setdefault(one.key, one.value) == one.value, one.key)

    def set_terminated(self, run_id, status=None, end_time=None):
        refuse_unless(status in ENDS and type(end_time) is int, f"{status}, {end_time!r}")
        run = self._run(run_id)
        run.status, run.end_time = status, end_time

    def _run(self, run_id: str) -> Run:
        run = self._store.runs[int(run_id.removeprefix("run-"))]
        refuse_unless(run.status == "RUNNING", f"{run_id} has ended")
        return run
