"""What backends are asked to do for tests, as text: it runs in a process of each."""

# The evidence for the ladder of one problem, as far as its first so many stages, and what else its
# training shows. A step on large inputs takes as long as a hundred others: there a fifth will do.
GATHER = """
import json, sys
from time import process_time
import numpy as np
import problems
from backends import BACKENDS, Watch, _clock
from compare.proof import probe
from problems import mapped

_clock.perf_counter = process_time  # else time in which others compute falls between the parts
backend, precision, stages, steps, spread, folder, name = sys.argv[1:]
engine = BACKENDS[backend].engine()
engine.prepare(device="cpu", threads=1, precision=precision)
if backend == "keras-tensorflow":  # this saves time: `fit` traces once, not twice
    from backends.keras import _tier

    compile_model = _tier.compile_model

    def compile_built(model, *settings):
        for optimizer in settings[:1]:
            optimizer.build(model.trainable_variables)
        compile_model(model, *settings)

    _tier.compile_model = compile_built
problem = problems.load(name)
if int(steps) == FEW:  # of small batches, the last of each epoch a partial one
    sizes = {part: 40 for part in problem.recipe.examples}
    rows = probe.batch(problem, probe.shortened(problem).make_data(0)["train"], precision)
    rows = rows.changed(lambda array: probe.cast(array, precision))
    probe.batch = lambda *_: rows  # those of all other backends
    problem = problem.scaled(batch_size=16).resized(sizes, epochs=4)  # there may be fewer
else:
    problem = probe.shortened(problem)


class Watched:
    def train(self, problem, data, *, watch, noise=None, **settings):
        asked_s = 0.0

        def epoch(predict):
            nonlocal asked_s
            started = process_time()
            watch.epoch(predict)
            asked_s += process_time() - started

        started = process_time()
        fit = engine.train(problem, data, watch=Watch(epoch=epoch), noise=noise, **settings)
        if noise is None:
            self.total_s = process_time() - started - asked_s
            self.fit, self.data = fit, data
        return fit

    def __getattr__(self, name):
        return getattr(engine, name)


watched, evidence = Watched(), {}
judged = (backend, precision) == ("pytorch", "float64")
trials = {one: n for one, n in probe.TRIALS.items() if judged and one in spread.split()}
try:
    asked = (watched, problem, precision)
    for _, found in zip(range(int(stages)), probe.gather(*asked, trials)):
        evidence |= found
except Exception as error:
    evidence["error"] = probe.blamed(error)
if int(stages) == ALL and "error" not in evidence:
    fit, data = watched.fit, watched.data
    first, second = (problem.ask(fit.predict, data) for _ in range(2))
    evidence["learned"] = json.dumps({
        "train_loss": fit.train_loss,
        "epochs_timed": len(fit.epoch_s),
        "devices": sorted(fit.devices(mapped(lambda array: array[:1], data["validation"].x))),
        "steady": all((first[metric] == second[metric]).all() for metric in first),
        "parts_s": fit.build_s + sum(fit.epoch_s) + fit.validation_s,
        "total_s": watched.total_s,
    })
np.savez(f"{folder}/evidence.npz", **evidence)
"""
FEW, ALL = 12, 6  # steps of a training that only shows that it learns; stages of the evidence
WHOLE = 0  # as many steps as the problem says
GATHER = f"FEW, ALL = {FEW}, {ALL}\n{GATHER}"
# How often `compare.proof.probe.gather` has yielded when a rung can be judged.
STAGE = {
    "parameters": 1,
    "shapes": 2,
    "layers": 2,
    "loss": 3,
    "gradients": 3,
    "statistics": 3,
    "steps": 4,
    "curve": 5,
}
