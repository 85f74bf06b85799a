"""A comparison in blocks, which may be done on different machines.

A block has all that is compared of one problem on one device, for two seeds in a row: sides in the
order A B, then B A. So no pair is split, and a machine that grows slower does it to both sides.
"""

import os
from collections.abc import Mapping, Sequence

from compare.records.record import Run, UsageError

SEEDS = 2  # in a block
AUTO = "auto"
Shard = tuple[int, int]  # which one, from 1, of how many

# Where the members of an array of jobs find their number. In Slurm's arrays it is counted as their
# user did, and a member that is submitted again is an array of its own.
SLURM = "SLURM_ARRAY_TASK_ID"
FIRST, LAST, COUNT = "SLURM_ARRAY_TASK_MIN", "SLURM_ARRAY_TASK_MAX", "SLURM_ARRAY_TASK_COUNT"
KUBERNETES = "JOB_COMPLETION_INDEX"  # from 0; how many there are, no variable tells


def blocks(runs: Sequence[Run]) -> list[list[Run]]:
    """Return the runs in blocks, in the order of their first runs."""
    found: dict[tuple[str, str, int], list[Run]] = {}
    for run in runs:
        found.setdefault((run.problem, run.device, run.seed // SEEDS), []).append(run)
    return list(found.values())


def of_shard(runs: Sequence[Run], shard: Shard | None) -> list[Run]:
    """Return the runs of a shard, which has every so-many-th block; all without one."""
    if shard is None:
        return list(runs)
    number, total = shard
    mine = {run.key for block in blocks(runs)[number - 1 :: total] for run in block}
    return [run for run in runs if run.key in mine]


def shard_of(text: str, variables: Mapping[str, str] = os.environ) -> Shard:
    """Return what "2/3", "auto/3" or "auto" means; the environment tells what "auto" is.

    Raises:
        UsageError: it is none of these, or the environment does not tell.
    """
    which, slash, total = text.partition("/")
    asked = [which, total]
    if which == AUTO and (_is_number(total) or not slash):
        asked = [_number(variables), total if slash else _total(variables)]
    if not all(map(_is_number, asked)) or int(asked[1]) == 0:
        raise UsageError(f"--shard: expected one like 2/3, auto/3 or auto, came {text!r}")
    number, of = map(int, asked)
    if not 1 <= number <= of:
        raise UsageError(f"--shard: expected one from 1/{of} to {of}/{of}, came {number}/{of}")
    return number, of


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 10


def _number(variables: Mapping[str, str]) -> str:
    """Return the number of this member of an array of jobs, from 1."""
    if number := variables.get(SLURM, ""):
        if variables.get(FIRST) == "0":
            raise UsageError(f"--shard {AUTO}: expected an array from 1 to N, came one from 0")
        return _checked(SLURM, number)
    if KUBERNETES not in variables:
        raise UsageError(
            f"--shard {AUTO}: expected {SLURM} or {KUBERNETES} in the environment, found none"
        )
    return str(int(_checked(KUBERNETES, variables[KUBERNETES])) + 1)


def _checked(name: str, value: str) -> str:
    """Return the value of a variable, which has to be a number."""
    if not _is_number(value):
        raise UsageError(f"--shard {AUTO}: expected a number as {name}, came {value!r}")
    return value


def _total(variables: Mapping[str, str]) -> str:
    """Return how many members a whole array of Slurm has."""
    if KUBERNETES in variables and SLURM not in variables:
        raise UsageError(
            f"--shard {AUTO}: an indexed job does not tell how many parts there are; expected one "
            f"like {AUTO}/3"
        )
    first, last, total = (variables.get(name, "") for name in (FIRST, LAST, COUNT))
    if first != "1" or last != total:
        came = f"{first} to {last}, {total} of them" if total else "none"
        raise UsageError(
            f"--shard {AUTO}: expected an array of Slurm from 1 to N, came {came}; {AUTO}/3 says "
            "that there are three"
        )
    return total
