"""What backends are asked to do for tests, as text: it runs in a process of each."""

# The evidence for the ladder, as far as its first so many stages: one is what untrained twins do.
# A step on large inputs takes as long as a hundred others, and there a fifth of the steps will do.
GATHER = """
import sys
from math import prod
import numpy as np
import problems
from backends import BACKENDS
from compare.proof import probe

backend, precision, stages, folder, *names = sys.argv[1:]
engine = BACKENDS[backend].engine()
engine.prepare(device="cpu", threads=1, precision=precision)
steps = probe.STEPS
for name in names:
    problem, evidence = problems.load(name), {}
    probe.STEPS = steps if prod(problem.input.shape) < 10_000 else steps // 5
    for _, found in zip(range(int(stages)), probe.gather(engine, problem, precision)):
        evidence |= found
    np.savez(f"{folder}/{name}.npz", **evidence)
"""

# Trains every problem for a few steps and prints what came of it.
LEARN = """
import json, sys
from dataclasses import replace
from time import process_time
import problems
from backends import BACKENDS, _clock

_clock.perf_counter = process_time  # else time in which others compute falls between the parts
engine = BACKENDS[sys.argv[1]].engine()
engine.prepare(device="cpu", threads=1)
for name in sys.argv[2:]:
    problem = problems.load(name)
    sizes = {part: 40 for part in problem.recipe.examples}
    recipe = replace(problem.recipe, epochs=4, batch_size=16, examples=sizes)
    problem = replace(problem, recipe=recipe)
    data = problem.make_data(1)
    started = process_time()
    fit = engine.train(problem, data, seed=1)
    total_s = process_time() - started
    first, second = (problem.ask(fit.predict, data) for _ in range(2))
    print(json.dumps({
        "problem": name,
        "train_loss": fit.train_loss,
        "validation_loss": fit.validation_loss,
        "epochs_timed": len(fit.epoch_s),
        "score": problem.score(first, data),
        "devices": sorted(fit.devices(data["validation"].x[:1])),
        "steady": all((first[metric] == second[metric]).all() for metric in first),
        "parts_s": fit.build_s + sum(fit.epoch_s) + fit.validation_s,
        "total_s": total_s,
    }))
"""
