"""What many trainings cost besides training: the tables of 10,000, the coordination of 1,000."""

from dataclasses import fields, replace
from itertools import count
from time import perf_counter

import numpy as np
from bench_report import tell
from conftest import COMPARED, SIDES
from test_records import RECORD

import problems
from compare.processes.launcher import Launcher
from compare.records.journal import FILE, read
from compare.records.record import MATCHED, PROVEN, Record, judged
from compare.tables.publish import publish
from compare.training.due import plan
from compare.training.schedule import compare

RECORDS, TRAININGS, ROUNDS = 10_000, 1_000, 3
NUMBERS = [
    field.name
    for field in fields(Record)
    if field.name.endswith(("_s", "_bytes")) and field.name != "epoch_s"
]


def synthetic(n):
    """Return records of n trainings, the seeds spread over problems and backends; all drawn."""
    rng = np.random.default_rng(0)
    sides = [(problems.load(name), backend) for name in problems.names() for backend in COMPARED]
    for i in range(n):
        problem, backend = sides[i % len(sides)]
        losses = rng.random(problem.recipe.epochs).tolist()
        scores = {metric.name: rng.normal(metric.best, 0.01) for metric in problem.metrics}
        yield replace(
            RECORD,
            problem=problem.name,
            backend=backend,
            seed=i // len(sides),
            proof=PROVEN,
            parity=1e-15,
            scores=judged(problem, scores),
            train_loss=losses,
            validation_loss=losses,
            epoch_scores=losses,
            epoch_s=losses[1:],
            parameters=10_000,
            examples=problem.recipe.examples["train"],
            **dict(zip(NUMBERS, rng.integers(1, 10**9, len(NUMBERS)).tolist(), strict=True)),
        )


def test_the_tables_of_ten_thousand_records(benchmark, tmp_path):
    lines = [record.to_json() + "\n" for record in synthetic(RECORDS)]
    (tmp_path / FILE).write_text("".join(lines))
    reading, publishing = [], []

    def table():
        started = perf_counter()
        records, broken = read(tmp_path)
        reading.append(perf_counter() - started)
        frame = publish(tmp_path, records).table
        publishing.append(perf_counter() - started - reading[-1])
        assert (len(records), broken) == (RECORDS, [])
        assert set(frame["backend"]) == set(COMPARED)

    benchmark.pedantic(table, rounds=ROUNDS)
    tell(benchmark, "records read", "s", reading)
    tell(benchmark, "tables made and written", "s", publishing)


def test_the_coordination_of_a_thousand_trainings(benchmark, tmp_path, monkeypatch):
    sides = [(side, MATCHED, "cpu") for side in SIDES]
    runs = plan(["echo"], sides, TRAININGS // len(sides), jobs=2)
    answers = {run.key: replace(RECORD, backend=run.backend, seed=run.seed, jobs=2) for run in runs}
    monkeypatch.setattr(Launcher, "launch", lambda _, run, **where: answers[run.key])
    rounds, per_training = count(), []

    def coordinate():
        started, out = perf_counter(), tmp_path / str(next(rounds))
        told = list(compare(runs, out=out, timeout_s=600, gate=False))
        per_training.append((perf_counter() - started) / len(told))
        assert len(told) == TRAININGS

    benchmark.pedantic(coordinate, rounds=ROUNDS)
    tell(benchmark, "per training", "s", per_training)
