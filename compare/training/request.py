"""A request -> the runs that it takes: which problems, sides and seeds, in which order."""

import argparse
from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import problems
from backends import Side
from backends._tiers import DEFAULT
from compare.options import DEFAULT_SEEDS
from compare.processes.choice import (
    chosen_backends,
    chosen_devices,
    chosen_jobs,
    chosen_problems,
    tiered,
)
from compare.processes.cluster import Cluster
from compare.records.record import Run, UsageError
from compare.training.blocks import Shard, blocks, of_shard, shard_of
from compare.training.due import plan
from problems import named

AA_SEEDS = 8  # the fewest that can show a difference among six problems


def settings_of(options: argparse.Namespace) -> dict[str, Any]:
    """Return how trainings are to be done: arguments of `chosen_runs`."""
    names = ("device", "precision", "threads", "jobs", "start")
    shard = None if options.shard is None else shard_of(options.shard)
    usual = DEFAULT_SEEDS if getattr(options, "aa", None) is None else AA_SEEDS
    settings = {name: getattr(options, name) for name in names}
    return settings | {"seeds": options.seeds or usual, "shard": shard}


def chosen_sizes(
    name: str, *, batch_size: Sequence[int] | None, units: Sequence[int] | None
) -> tuple[str, list[int]] | None:
    """Return what of a problem is to be varied, a field of Run, and its sizes; None for neither.

    Raises:
        UsageError: a batch would be larger than the training part, or it has one width only.
    """
    problem = problems.load(name)
    examples = problem.recipe.examples["train"]
    if units:
        if problem.widen is None:
            raise UsageError(
                f"--units: problem {name!r} has one width only: its file does not say how its "
                "network is made wider; --batch-size can be had"
            )
        return "unit", sorted(set(units))
    if batch_size and max(batch_size) > examples:
        raise UsageError(
            f"--batch-size {max(batch_size)}: expected at most {examples}, the training examples "
            f"of {name}"
        )
    return ("batch_size", sorted(set(batch_size))) if batch_size else None


def chosen_runs(
    problems: Sequence[str],
    backends: Sequence[str],
    modes: Callable[[Side], Sequence[str]],
    *,
    seeds: int,
    device: Sequence[str],
    threads: int,
    jobs: int | None,
    again: bool = False,
    shard: Shard | None = None,
    cluster: Cluster | None = None,
    tiers: Sequence[str] = (DEFAULT,),
    **settings: Any,
) -> list[Run]:
    """Return the runs asked for, in the order in which they are to be done.

    `modes` tells those of a backend, `tiers` are for all; `again` has every training done twice,
    the second time under the backend's second name; `shard` has a part of them done; `cluster` is
    where they are done, this machine if there is none; `settings` are further fields of Run.
    """
    chosen = chosen_backends(backends, here=cluster is None)
    devices = chosen_devices(device, chosen) if cluster is None else cluster.devices(device)
    processors = None if cluster is None else cluster.reserved()
    sides = tiered(chosen + [side.again for side in chosen] * again, tiers)
    names = chosen_problems(problems, chosen)
    if not problems:  # nobody asked for an order: the first row is to come soon
        names.sort(key=lambda name: work(name, quick=settings.get("recipe") == "quick"))
    runs = plan(
        names,
        [(side, mode, one) for one in devices for side in sides for mode in modes(side)],
        seeds,
        threads=threads,
        jobs=chosen_jobs(jobs, threads=threads, devices=devices, processors=processors),
        **settings,
    )
    mine = of_shard(runs, shard)
    if not mine and shard:
        raise UsageError(f"--shard: expected at most {len(blocks(runs))} parts, came {shard[1]}")
    return mine


def work(problem: str, *, quick: bool) -> int:
    """Return how many numbers the training of a problem reads: about how long it takes."""
    defined = problems.load(problem, quick=quick)
    recipe = defined.recipe
    numbers = sum(prod(spec.shape) for spec in named(defined.input).values())
    return recipe.epochs * recipe.examples["train"] * numbers
