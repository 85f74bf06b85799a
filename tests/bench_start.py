"""What comes before a training: processes, the command line, and what a run takes besides."""

from itertools import count
from statistics import median
from time import perf_counter

import pytest
from bench_report import PAIRS, tell
from conftest import COMPARED, diptych, run_python

from compare.records.journal import read
from compare.records.record import FORK, NEW, Run
from compare.training.schedule import compare

ROUNDS = 2  # new, fork, fork, new


def trained(backend, start, trainings, out):
    """Return the records of tiny trainings, one after the other, in processes started so."""
    runs = [
        Run(
            problem="echo", backend=backend, seed=seed, device="cpu", recipe="quick",
            start=start, score_epochs=False,
        )
        for seed in range(trainings)
    ]  # fmt: skip
    told = compare(runs, out=out, timeout_s=600, gate=False)
    found = sorted(told, key=lambda record: record.seed)
    for record in found:
        assert record.status == "ok", record.reason
        parts = (record.start_s, record.build_s, record.first_step_s)
        assert None not in parts, f"{record.key}: start, build and first step are {parts}"
    return found


@pytest.mark.parametrize("backend", COMPARED)
def test_a_training_starts_in_a_new_or_a_forked_process(benchmark, tmp_path, backend):
    rounds, found = count(), {NEW: [], FORK: []}

    def both_starts():
        this = next(rounds)
        for start in (NEW, FORK) if this % 2 == 0 else (FORK, NEW):
            out = tmp_path / f"{this}-{start}"
            found[start].extend(trained(backend, start, -(-PAIRS // ROUNDS), out))

    benchmark.pedantic(both_starts, rounds=ROUNDS)

    starts, to_first_step = {}, {}
    for start, records in found.items():
        starts[start] = [record.start_s for record in records]
        to_first_step[start] = [one.start_s + one.build_s + one.first_step_s for one in records]
        tell(benchmark, f"{start}: start", "s", starts[start])
        tell(benchmark, f"{start}: start to first step", "s", to_first_step[start])
    for what, seconds in (("start", starts), ("start to first step", to_first_step)):
        ratio = median(seconds[FORK]) / median(seconds[NEW])
        tell(benchmark, f"fork / new: {what}", "ratio", [ratio])


def wall_s(call, *arguments):
    started = perf_counter()
    done = call(*arguments)
    assert done.returncode == 0, done.stderr
    return perf_counter() - started


@pytest.mark.parametrize("command", ["--help", "list"])
def test_the_command_answers_over_a_python_that_does_nothing(benchmark, command):
    rounds, seconds, ratios = count(), [], []

    def pair():
        sides = [(diptych, command), (run_python, "-c", "pass")]
        if next(rounds) % 2:
            bare, asked = [wall_s(*side) for side in reversed(sides)]
        else:
            asked, bare = [wall_s(*side) for side in sides]
        seconds.append(asked)
        ratios.append(asked / bare)

    benchmark.pedantic(pair, rounds=PAIRS, warmup_rounds=1)
    tell(benchmark, "wall", "s", seconds[1:])
    tell(benchmark, "wall / python -c pass", "ratio", ratios[1:])


def test_how_much_of_a_quick_run_is_training(benchmark, tmp_path):
    def quick_run():
        return wall_s(diptych, *f"run --quick --no-gate --seeds 1 --out {tmp_path}".split())

    wall = benchmark.pedantic(quick_run, rounds=1)
    records, _ = read(tmp_path)
    training = sum(record.total_s for record in records)
    tell(benchmark, "wall", "s", [wall])
    tell(benchmark, "training / (jobs x wall)", "share", [training / (records[0].jobs * wall)])
