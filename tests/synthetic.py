"""Results folders made up for tests: records by formula, samples by a problem's own solution."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

import problems
from compare.records.predictions import predictions_of, write_predictions
from compare.records.record import Record, judged
from problems import Predict, Problem

VERSIONS = {"python": "3.11.7", "numpy": "2.10", "torch": "2.10.0"}


def known(problem: Problem) -> Predict:
    """Return what answers a problem without training: its reference, or else a constant."""
    constant = problem.metrics[0].trivial
    return problem.reference or (lambda x: np.broadcast_to(constant, (len(x), *constant.shape)))


def record(problem: str, backend: str, seed: int, *, device: str = "cpu", **values) -> Record:
    """Return the record of a training that went well; a backend's times are by its place."""
    slower = 1 + 0.5 * ("pytorch", "keras-tensorflow", "keras-jax", "keras-torch").index(backend)
    slower *= {"cpu": 1.0, "gpu": 0.25}[device] * (1 + 0.01 * (seed % 3))
    definition = problems.load(problem)
    better = definition.metrics[0].better == "higher"
    score = {
        m.name: 0.99 - 0.001 * seed if better else 0.002 + 0.0001 * seed for m in definition.metrics
    }
    asked = {"problem": problem, "backend": backend, "device": device, "seed": seed}
    measured = {
        "mode": "matched", "recipe": "full", "threads": 1, "jobs": 1, "proof": "proven",
        "parity": 4.6e-14, "score_epochs": True, "start": "fork", "status": "ok",
        "started": f"2026-01-02T03:04:{seed:02}+00:00", "scores": judged(definition, score),
        "train_loss": [1.0, 0.5, 0.25], "validation_loss": [0.9 - 0.01 * seed, 0.4, 0.2],
        "epoch_scores": [0.5, 0.9, score[definition.metrics[0].name]], "examples": 1000,
        "start_s": 0.5, "build_s": 0.25, "first_step_s": 0.5 * slower,
        "first_epoch_s": 1.5 * slower, "epoch_s": [slower, slower], "validation_s": 0.2,
        "predict_s": 0.1, "total_s": 0.55 + 3.5 * slower, "scoring_s": 0.1,
        "cpu_s": 0.55 + 3.5 * slower, "others_cpu_s": 0.0, "host_peak_bytes": 300 * 2**20,
        "host_growth_bytes": 50 * 2**20, "parameters": 1234, "versions": VERSIONS,
        "frameworks": ["torch"], "commit": "0" * 40, "dirty": False, "cpu": "a processor",
        "processors": [0],
    }  # fmt: skip
    if device == "gpu":
        measured |= {"gpu": "a GPU", "gpu_peak_bytes": 64 * 2**20, "gpu_reserved_bytes": 96 * 2**20}
    return Record(**asked | measured | values)


def failed(problem: str, backend: str, seed: int, status: str, reason: str, **values) -> Record:
    """Return the record of a training that ended without a score."""
    scores = judged(problems.load(problem), {})
    nothing = dict.fromkeys(
        name for name in vars(record(problem, backend, seed)) if name.endswith(("_s", "_bytes"))
    )
    empty = {"train_loss": [], "validation_loss": [], "epoch_scores": [], "epoch_s": []}
    lost = nothing | empty | {"status": status, "reason": reason, "scores": scores}
    return record(problem, backend, seed, **lost | values)


def write(folder: Path, records: Iterable[Record], *, samples: bool = True) -> Path:
    """Write records, and samples of those that have a score, as a results folder; return it."""
    folder.mkdir(parents=True, exist_ok=True)
    kept = list(records)
    (folder / "runs.jsonl").write_text("".join(f"{one.to_json()}\n" for one in kept))
    for one in kept if samples else ():
        if one.status == "ok" and one.problem in problems.names():
            problem = problems.load(one.problem, quick=True)
            data = problem.make_data(one.seed)
            cell = folder / "cells" / one.key
            cell.mkdir(parents=True, exist_ok=True)
            outputs = problem.ask(known(problem), data)
            write_predictions(predictions_of(problem, outputs, data), cell)
    return folder
