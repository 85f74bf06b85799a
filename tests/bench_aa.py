"""Do the verdicts keep quiet where nothing differs, and speak up where something does?"""

from itertools import count

import pandas as pd
import pytest
from bench_report import PAIRS, YES_OR_NO, tell
from conftest import COMPARED, diptych

from compare.tables.verdicts import MEASURES

SEEDS = 8  # the fewest that could show a difference after a correction over six problems
SLOWER = 0.1


def verdicts(out, *arguments, cwd=None):
    """Return the verdicts of a backend against itself, a row per measure."""
    run = ("run", "--quick", "--seeds", str(SEEDS), "--device", "cpu", "--out", str(out))
    done = diptych(*run, *arguments, **({"cwd": cwd} if cwd else {}))
    assert done.returncode == 0, done.stderr
    return pd.read_csv(out / "verdicts.csv").set_index("measure")


@pytest.mark.parametrize("backend", COMPARED)
def test_a_backend_against_itself(benchmark, tmp_path, backend):
    rounds, claims = count(), {measure: [] for measure in MEASURES}

    def once():
        found = verdicts(tmp_path / str(next(rounds)), "echo", "--aa", backend)
        for measure in claims:
            claims[measure].append(float(str(found.loc[measure, "verdict"]).startswith("differ")))

    benchmark.pedantic(once, rounds=PAIRS)
    for measure, claimed in claims.items():
        tell(benchmark, f"a difference claimed: {measure}", YES_OR_NO, claimed)


# Planted into a copy: under its second name, a backend takes so much longer for each step.
SLOW = """
class Slow:
    def __init__(self, share):
        self.share, self.last = share, perf_counter()

    def __call__(self, loss):
        now = perf_counter()
        until = now + self.share * (now - self.last)
        while perf_counter() < until:
            pass
        self.last = perf_counter()


def train(run"""
SLOWED = f"""
    watch = replace(watch, step=Slow({SLOWER} if run.backend.endswith("@again") else 0.0))
    fit = engine.train("""


def test_a_slow_down_of_a_tenth_is_seen(benchmark, copy):
    worker = copy / "compare" / "training" / "trainer.py"
    text = worker.read_text()
    for old, new in (("def train(run", SLOW), ("    fit = engine.train(", SLOWED)):
        assert text.count(old) == 1
        text = text.replace(old, new)
    worker.write_text(
        text.replace("import os\n", "import os\nfrom dataclasses import replace\n", 1)
    )
    rounds, ratios, seen = count(), [], []

    def once():
        found = verdicts(copy / str(next(rounds)), "cumsum", "--aa", "pytorch", cwd=copy)
        ratios.append(found.loc["epoch_s", "effect"])
        seen.append(float(found.loc["epoch_s", "verdict"] == "different"))

    benchmark.pedantic(once, rounds=1 if PAIRS < 10 else 3)
    tell(benchmark, "epoch, slowed / not", "ratio", ratios)
    tell(benchmark, "a difference claimed: epoch_s", YES_OR_NO, seen)
