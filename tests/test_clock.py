"""The engines' bookkeeping of time, by a clock that only the networks move.

A network moves it by 1 s for each step of training and by 1 ms for each batch in evaluation mode,
scoring after an epoch by 100 s, which are nobody's.
So what every part of a training takes is known to the digit, whatever the machine does.
"""

import json
from typing import NamedTuple

import pandas as pd
import pytest
from conftest import COMPARED, TOYS, copied, diptych
from parity import PARITY_KERAS, PARITY_PYTORCH

PROBLEM = "ticking"
STEP = "  # (n, t, 1)\n"
IMPORT = "\n\nfrom backends import _clock\n\n\nclass"
TWINS = {
    "pytorch": PARITY_PYTORCH.replace(
        f"(self, x):{STEP}", f"(self, x):{STEP}        _clock.tick(self.training)\n"
    ),
    "keras": PARITY_KERAS.replace(
        f"(self, x):{STEP}", f"(self, x, training=False):{STEP}        _clock.tick(training)\n"
    ),
}
TWINS = {panel: text.replace("\n\n\nclass", IMPORT, 1) for panel, text in TWINS.items()}
TRAINED = """
import json, sys
from dataclasses import replace
import problems
from backends import BACKENDS, Watch, _clock
from backends._tiers import EAGER

now = 0.0


def tick(training):
    global now
    now += 1.0 if training else 0.001


def scored(predict):
    global now
    now += 100.0


_clock.tick, _clock.perf_counter = tick, lambda: now
backend = sys.argv[1]
engine = BACKENDS[backend].engine()
tier = EAGER if EAGER in BACKENDS[backend].tiers else ""
engine.prepare(device="cpu", threads=1, tier="" if tier == BACKENDS[backend].default_tier else tier)
problem = problems.load("ticking")
sizes = {part: 40 for part in problem.recipe.examples}
problem = replace(problem, recipe=replace(problem.recipe, epochs=3, batch_size=16, examples=sizes))
fit = engine.train(problem, problem.make_data(0), seed=0, watch=Watch(epoch=scored))
print(json.dumps({
    "build": fit.build_s, "first step": fit.first_step_s, "epochs": fit.epoch_s,
    "validation": fit.validation_s, "steps": fit.steps,
    "losses": [len(fit.train_loss), len(fit.validation_loss)],
}))
"""
TORCH, KERAS = "backends/pytorch/_engine.py", "backends/keras/_engine.py"


class Fault(NamedTuple):
    """A clock, or a loop, that is wrong: what is wrong, where, what it was, what it is."""

    what: str
    file: str
    old: str
    new: str


FAULTS = (
    Fault("time halved", TORCH, "epoch_s.append(clock.lap())", "epoch_s.append(clock.lap() / 2)"),
    Fault("time halved in Keras", KERAS,
          "self.epoch_s.append(self.clock.lap())", "self.epoch_s.append(self.clock.lap() / 2)"),
    Fault("an epoch booked with its validation", TORCH,
          "        epoch_s.append(clock.lap())\n        with",
          "        epoch_s.append(0.0)\n        with"),
    Fault("an epoch booked with its validation in Keras", KERAS,
          "self.epoch_s.append(self.clock.lap())", "self.epoch_s.append(0.0)"),
    Fault("scoring booked with the next epoch", TORCH,
          "            clock.lap()  # nobody's time\n", ""),
    Fault("scoring booked with the next epoch in Keras", KERAS,
          "        clock.lap()  # nobody's time\n", ""),
    Fault("validation booked with the next epoch", TORCH,
          "validation_s += clock.lap()", "validation_s += 0.0"),
    Fault("validation booked with the next epoch in Keras", KERAS,
          "self.validation_s += self.clock.lap()", "pass"),
    Fault("an epoch left out", TORCH,
          "    for order in loop.orders:", "    for order in loop.orders[1:]:"),
    Fault("an epoch left out in Keras", KERAS,
          "epochs=recipe.epochs,", "epochs=recipe.epochs - 1,"),
    Fault("every other batch left out", TORCH,
          "order.split(batch_size):", "order.split(batch_size)[::2]:"),
    Fault("every other batch left out in Keras", "backends/keras/_defaults.py",
          '"steps_per_epoch": -(-count(training.x) // batch_size),',
          '"steps_per_epoch": count(training.x) // batch_size - 1,'),
    Fault("the first step told as built", TORCH,
          "    build_s = clock.lap()\n",
          "    network.train()\n    network(loop.rows[:2][0])\n    build_s = clock.lap()\n"),
    Fault("a first step that is none", TORCH,
          "            if first_step_s is None:\n                first_step_s = clock.split()\n",
          "            first_step_s = 0.0\n"),
)  # fmt: skip


@pytest.fixture
def ticking(tmp_path, fork):
    """Return a function that trains the problem in a copy of the code and tells what was booked."""
    folder = copied(tmp_path / "copy")

    def trained(backend, fault=None):
        from parity import PARITY_PROBLEM

        (folder / "problems" / f"{PROBLEM}.py").write_text(PARITY_PROBLEM.replace("NAME", PROBLEM))
        for panel, text in TWINS.items():
            (folder / "backends" / panel / f"{PROBLEM}.py").write_text(text)
        if fault:
            file = folder / fault.file
            assert file.read_text().count(fault.old) == 1, fault.what
            file.write_text(file.read_text().replace(fault.old, fault.new))
        done = fork(backend, TRAINED, backend, cwd=folder)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    return trained


def right(found):
    """Say whether all is booked where it belongs: 3 epochs of 3 steps, 9 batches of validation."""
    return (
        found["build"] < 0.01
        and found["first step"] == pytest.approx(1)
        and found["epochs"] == pytest.approx([3, 3, 3])
        and found["validation"] == pytest.approx(0.009)
        and found["steps"] == 9
        and found["losses"] == [3, 3]
    )


@pytest.mark.parametrize("backend", COMPARED)
def test_all_time_is_booked_where_it_is_spent(backend, ticking):
    found = ticking(backend)
    assert right(found), found


@pytest.mark.parametrize("fault", FAULTS, ids=[fault.what for fault in FAULTS])
def test_a_wrong_clock_is_seen(fault, ticking):
    found = ticking("pytorch" if fault.file == TORCH else "keras-tensorflow", fault)
    assert not right(found), found


RUN = ("run", "right", "--backends", *TOYS, "--seeds", "1", "--device", "cpu", "--out", "out")
TOY = "backends/numpy/_engine.py"
CLOCK = "clock = Clock(synchronize)"
SLOW = (
    '"""NumPy is done when it returns."""\n    import time\n'
    '    time.sleep(0.02 * set_up.pop("pending", 0))'
)
STEP_TOTAL = "total += float(loss) * len(batch)"
LATER = (  # work that is done when somebody waits for it
    Fault("", TOY, STEP_TOTAL, f'{STEP_TOTAL}; set_up["pending"] = 1'),
    Fault("", TOY, '"""NumPy is done when it returns."""', SLOW),
)
# What a run itself sees: it counts, and has a clock of its own around the whole.
BY_THE_RUN = {
    "a clock that does not wait": (
        (*LATER, Fault("", TOY, CLOCK, "clock = Clock(lambda: None)")),
        "failed", "the clock does not wait",
    ),
    "a clock that waits": (
        LATER, "ok", "",
    ),
    "batches gathered before the clock starts": (
        (Fault("", TOY, CLOCK, f"import time; time.sleep(0.1); {CLOCK}"),), "ok", "parts",
    ),
    "half of the batches left out": (
        (Fault("", TOY, "range(0, n, recipe.batch_size)", "range(0, n // 2, recipe.batch_size)"),),
        "failed", "steps: expected 14 by the recipe, came 8",
    ),
    "an epoch left out": (
        (Fault("", TOY, "for order in orders:", "for order in orders[1:]:"),),
        "failed", "epochs that were timed: expected 2 by the recipe, came 1",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", BY_THE_RUN)
def test_a_run_sees_that_its_times_are_none(what, toys, add_toy):
    """Proven or not: nothing is asked of the ladder here."""
    add_toy("right")
    faults, status, word = BY_THE_RUN[what]
    for fault in faults:
        file = toys / fault.file
        assert file.read_text().count(fault.old) == 1, fault.old
        file.write_text(file.read_text().replace(fault.old, fault.new))
    diptych(*RUN, "--no-gate", cwd=toys)
    lines = (toys / "out" / "runs.jsonl").read_text().splitlines()
    (record,) = (one for one in map(json.loads, lines) if one["backend"] == "numpy")
    assert record["status"] == status, record["reason"]
    assert status == "ok" or word in record["reason"]
    table = pd.read_csv(toys / "out" / "table.csv").set_index("backend")
    raised = str(table.loc["numpy", "warnings"])
    assert word != "parts" or "parts" in raised  # without a fault it is the machine's to raise it
