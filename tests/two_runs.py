"""Two runs whose differences are known, for what `diptych diff` finds and for what it prints."""

import json
from dataclasses import replace

import numpy as np
from test_verdict import PROBLEMS, record

from compare.records.journal import FILE

BACKENDS = ("pytorch", "keras-tensorflow")
SLOW, BAD = ("cumsum", "pytorch"), ("echo", "keras-tensorflow")


def steady(pace):
    """Return times of a training that raise no warning: their parts add up to ten times `pace`."""
    return {"pace": pace, "first_epoch_s": 2 * pace, "epoch_s": [2 * pace] * 3}


def run(n=10, *, noise=0.0, seed=0, slow=(), bad=(), pace=1.0, problems=PROBLEMS):
    """Return a run of some problems; `slow` sides take 20 % longer, `bad` ones lose two points."""
    rng = np.random.default_rng(seed)
    return [
        record(
            i,
            backend,
            problem=problem,
            score=0.95 - 0.02 * ((problem, backend) in bad) + noise * rng.normal(0, 0.1),
            **steady(pace * (1.2 if (problem, backend) in slow else 1) * rng.lognormal(0, noise)),
        )
        for problem in problems
        for backend in BACKENDS
        for i in range(n)
    ]


def changed(records, **values):
    return [replace(one, **values) for one in records]


def strict(text):
    """Read JSON that holds no NaN or Infinity."""

    def refuse(constant):
        raise ValueError(constant)

    return json.loads(text, parse_constant=refuse)


def folders(path, *runs):
    """Write two runs into folders and return those."""
    for name, made in zip("ab", runs, strict=True):
        (path / name).mkdir()
        (path / name / FILE).write_text("".join(one.to_json() + "\n" for one in made))
    return [str(path / name) for name in "ab"]


PLANTED = (run(), run(slow=[SLOW], bad=[BAD]))
