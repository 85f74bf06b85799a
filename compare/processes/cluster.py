"""A Ray cluster, as the command sees it: its nodes, the work they are given, what comes of it.

What travels is text; our code goes along, as it is now. The cluster is there before and stays. What
a node does is in node.py.

Ray pins nothing to processors. So a piece of work takes all processors of a node, as far as Ray
counts them: Ray gives that node no other work meanwhile.
"""

import argparse
import json
import logging
import os
import shutil
import signal
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any, Protocol

from compare.console import complain
from compare.processes import machine
from compare.processes.choice import refuse_auto_beside
from compare.processes.node import done_here
from compare.processes.sources import OURS
from compare.records.record import UsageError
from compare.text import shortened, visible
from problems import _project

ATTEMPTS = 2  # of a piece of work whose node is lost
AT_ONCE = 1000  # pieces of work that Ray is given before one has ended
CONNECT_S = 10.0
OWN = "auto"  # Ray's word for the cluster that this machine is a node of
LOOK_S = 1.0  # between looks at what the user asks for meanwhile
# What Ray is told, unless the user tells it otherwise.
OF_DRIVER = {
    "RAY_OVERRIDE_JOB_RUNTIME_ENV": "1",  # a job that was submitted has a folder of its own
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",  # else nodes start Python by uv where this command was
    "RAY_BACKEND_LOG_LEVEL": "error",  # what a user can do about an address, we say
    "RAY_USAGE_STATS_ENABLED": "0",  # it would call home
    "RAY_NUM_REDIS_GET_RETRIES": "1",  # of 20, each of half a minute, to reach a cluster
}
GPU, CPU = "GPU", "CPU"  # Ray's names of resources


@dataclass(frozen=True, kw_only=True)
class Node:
    """A machine of the cluster, as Ray tells of it."""

    id: str
    name: str
    cpus: int
    gpus: int
    labels: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, kw_only=True)
class Work:
    """A piece of work: what a module is asked on one node, and how long it may take."""

    name: str
    module: str
    question: Mapping[str, Any] = field(hash=False)
    timeout_s: float
    gpu: bool = False


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came of a piece of work: what the module said, or why it said nothing."""

    work: Work
    attempt: int
    said: Any = None
    failure: str = ""
    lost: bool = False  # with its node, or before it was begun


@dataclass(frozen=True, kw_only=True)
class Begun:
    """A piece of work is under way."""

    work: Work
    attempt: int
    node: str


@dataclass(frozen=True, kw_only=True)
class Lost:
    """The node of a piece of work was lost, and the work is given to another."""

    work: Work
    why: str


class Stoppable(Protocol):
    """Says whether work was asked to stop."""

    asked: bool


class Cluster:
    """The connection to a Ray cluster, as `with Cluster(...) as cluster`."""

    def __init__(self, address: str, labels: Mapping[str, str] = MappingProxyType({})) -> None:
        self.address, self.labels = address, dict(labels)

    def __enter__(self) -> "Cluster":
        """Connect, and see which nodes there are.

        Raises:
            UsageError: Ray is not installed, the cluster cannot be reached, or has no such node.
        """
        with TemporaryDirectory(prefix="diptych-") as folder:  # Ray takes its own copy
            for package in OURS:
                code, ignored = machine.ROOT / package, shutil.ignore_patterns("__pycache__")
                shutil.copytree(code, Path(folder, package), ignore=ignored)
            if project := _project.root():
                for place, names in _project.walked(project):
                    to = Path(folder, _project.SHIPPED.name) / place.relative_to(project)
                    to.mkdir(parents=True, exist_ok=True)
                    for name in names:
                        shutil.copy(place / name, to)
            self.ray = _connected(self.address, folder)
        try:
            self.nodes = self._usable()
        except BaseException:
            self.ray.shutdown()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Disconnect; what goes on there for us is ended."""
        self.ray.shutdown()

    def reserved(self) -> int:
        """Return how many processors a piece of work takes: all of a node."""
        return self.nodes[0].cpus

    def devices(self, names: Sequence[str]) -> list[str]:
        """Return the devices asked for, each once; "auto" is the GPU if every node has one.

        Raises:
            UsageError: "auto" is not alone, or no node has a GPU.
        """
        chosen = list(dict.fromkeys(names))
        with_gpu = [node for node in self.nodes if node.gpus]
        if chosen == ["auto"]:
            return ["gpu" if len(with_gpu) == len(self.nodes) else "cpu"]
        refuse_auto_beside(chosen)
        if "gpu" in chosen and not with_gpu:
            raise UsageError(
                f"--device gpu: expected a node with a GPU, --ray {self.address} has none"
            )
        return chosen

    def each(self, module: str, question: Mapping[str, Any], timeout_s: float) -> list[Answer]:
        """Ask a module the same on every node, beside what goes on there; return the answers."""
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        works = {
            Work(name=node.name, module=module, question=question, timeout_s=timeout_s): node.id
            for node in self.nodes
        }

        def give(work: Work) -> Any:
            there = NodeAffinitySchedulingStrategy(node_id=works[work], soft=False)
            return self._stream(work, num_cpus=0, scheduling_strategy=there)

        return [one for one in self._heard(works, give) if isinstance(one, Answer)]

    def do(
        self, works: Iterable[Work], stop: Stoppable | None = None
    ) -> Iterator[Begun | Lost | Answer]:
        """Yield that a piece of work is begun, and what came of it, in the order of these events.

        One whose node is lost is given out once more. After a stop, none is begun.
        """
        # Ray refuses the argument label_selector where it is empty.
        label = {"label_selector": self.labels} if self.labels else {}

        def give(work: Work) -> Any:
            return self._stream(work, num_cpus=self.reserved(), num_gpus=int(work.gpu), **label)

        yield from self._heard(works, give, stop)

    def _stream(self, work: Work, **options: Any) -> Any:
        """Give out a piece of work; return the stream of what is told of it.

        Ray is to try nothing again by itself.
        """
        task = self.ray.remote(done_here).options(
            max_retries=0, retry_exceptions=False, num_returns="streaming", **options
        )
        return task.remote(work.module, json.dumps(work.question), work.timeout_s, work.gpu)

    def _heard(
        self, works: Iterable[Work], give: Callable[[Work], Any], stop: Stoppable | None = None
    ) -> Iterator[Begun | Lost | Answer]:
        left, under_way = iter(works), set[Any]()
        asked: dict[Any, tuple[Work, int]] = {}  # by stream: the work, which attempt
        while True:
            stopped = stop is not None and stop.asked
            if stopped:
                for stream in asked.keys() - under_way:
                    self.ray.cancel(stream)
                    del asked[stream]
            else:
                for work in islice(left, AT_ONCE - len(asked)):
                    asked[give(work)] = work, 1
            if not asked:
                return
            ready, _ = self.ray.wait(list(asked), num_returns=1, timeout=LOOK_S)
            for stream in ready:
                work, attempt = asked[stream]
                try:
                    said = json.loads(self.ray.get(next(stream)))
                except Exception as error:
                    lost = not _raised(error)
                    # Ray's own words are many, and about its insides.
                    why = f"its node was lost ({type(error).__name__})"
                    said = {"failure": why if lost else _first_line(error), "lost": lost}
                    if lost and attempt < ATTEMPTS and not stopped:
                        said = {}
                        asked[give(work)] = work, attempt + 1
                        yield Lost(work=work, why=why)
                if "node" in said:
                    under_way.add(stream)
                    yield Begun(work=work, attempt=attempt, node=said["node"])
                    continue
                del asked[stream]
                under_way.discard(stream)
                if said:
                    yield Answer(work=work, attempt=attempt, **said)

    def _usable(self) -> list[Node]:
        found = [_node(told) for told in self.ray.nodes() if told["Alive"]]
        usable = [
            node for node in found if node.cpus and self.labels.items() <= node.labels.items()
        ]
        if not usable:
            wanted = " and ".join(["a processor", *(f"{k}={v}" for k, v in self.labels.items())])
            there = ", ".join(f"{one.name} with {one.cpus} processors" for one in found) or "none"
            raise UsageError(
                f"--ray {self.address}: expected a node with {wanted}; alive are {there}"
            )
        if len(sizes := sorted({node.cpus for node in usable})) > 1:
            raise UsageError(
                f"--ray {self.address}: expected nodes with as many processors, by Ray's count; "
                f"came {' and '.join(map(str, sizes))}; choose some by --ray-label"
            )
        return usable


def _node(told: Mapping[str, Any]) -> Node:
    resources = told["Resources"]
    return Node(
        id=told["NodeID"],
        name=f"{told['NodeManagerAddress']}/{told['NodeID'][:6]}",
        cpus=int(resources.get(CPU, 0)),
        gpus=int(resources.get(GPU, 0)),
        labels=told.get("Labels") or {},
    )


def _connected(address: str, code: str) -> Any:
    """Return the module ray, connected.

    Raises:
        UsageError: it is not installed, or the cluster cannot be reached.
    """
    for name, value in OF_DRIVER.items():
        os.environ.setdefault(name, value)
    address = os.environ.get("RAY_ADDRESS", OWN) if address == OWN else address
    try:
        import ray
    except ImportError:
        raise UsageError(
            "--ray: expected the package ray, found none; python -m pip install ray"
        ) from None
    if address != OWN:
        _reached(address)
    try:
        ray.init(
            address=address,
            runtime_env={"working_dir": code},
            log_to_driver=False,
            logging_level=logging.ERROR,
        )
    except Exception as error:  # of many kinds
        ray.shutdown()
        raise UsageError(f"--ray {address}: no cluster: {_first_line(error)}") from None
    return ray


def _reached(address: str) -> None:
    """Make sure that somebody listens there: Ray itself tries for ten minutes.

    Raises:
        UsageError: nobody does, or it is no address.
    """
    host, _, port = address.rpartition(":")
    if not (host and "/" not in host and port.isascii() and port.isdecimal() and int(port) < 2**16):
        raise UsageError(f"--ray: expected HOST:PORT or {OWN}, came {address}")
    try:
        socket.create_connection((host.strip("[]"), int(port)), CONNECT_S).close()
    except (OSError, UnicodeError) as error:
        raise UsageError(f"--ray {address}: no cluster: {error}") from None


def _raised(error: Exception) -> bool:
    """Say whether the task itself raised: no node was lost, and it would raise again."""
    from ray.exceptions import RayTaskError

    return isinstance(error, RayTaskError)


def _first_line(error: Exception) -> str:
    lines = [line for line in str(error).splitlines() if line.strip()]
    return visible(shortened(lines[0], 200)) if lines else type(error).__name__


@contextmanager
def connected(options: argparse.Namespace) -> Iterator[Cluster | None]:
    """Yield the cluster that a command line names; None if it names none.

    Raises:
        UsageError: it cannot be had.
    """
    if options.ray is None:
        if options.ray_label:
            raise UsageError("--ray-label: expected --ray with it")
        yield None
        return
    if os.environ.get("RAY_AUTH_MODE") != "token":
        complain(
            "--ray: RAY_AUTH_MODE is not token: whoever reaches the cluster can run code there"
        )
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        with Cluster(options.ray, dict(options.ray_label)) as cluster:
            signal.signal(signal.SIGTERM, _interrupt)  # Ray has set a handler of its own
            yield cluster
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt
