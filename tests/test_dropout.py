"""Dropout: the same numbers on both sides in the check, each framework's own where it is timed."""

import json
from dataclasses import replace

import numpy as np
import pytest
from conftest import COMPARED, copied
from dropout_ports import MORE_DROPOUT
from port_frame import Port, files_of, module
from synthetic import record

from backends import _dropout
from compare.proof import hints
from compare.proof.finding import Finding
from compare.tables.headline import headline
from compare.tables.measures import doubts
from compare.tables.publish import tabulated

PLAIN = "dropout"
BY_FUNCTION = (
    "features",
    "self.fc = nn.Linear(4, 5)",
    "x = nn.functional.dropout(self.fc(x), 0.5, self.training)",
)
PORTS = {
    "by a function": Port(
        *BY_FUNCTION,
        "self.fc = layers.Dense(5)",
        "x = keras.random.dropout(self.fc(x), 0.5) if training else self.fc(x)",
    ),
    "by a function, with a generator of its own": Port(
        *BY_FUNCTION,
        "self.fc = layers.Dense(5); self.numbers = keras.random.SeedGenerator(0)",
        "x = self.fc(x)\n"
        "x = keras.random.dropout(x, 0.5, seed=self.numbers) if training else x",
    ),
    PLAIN: MORE_DROPOUT[PLAIN],
    "no dropout": Port(
        "series",
        "self.lstm = nn.LSTM(4, 5, batch_first=True)", "_, (x, _) = self.lstm(x)\nx = x[0]",
        "self.lstm = layers.LSTM(5)", "x = self.lstm(x)",
    ),
}  # fmt: skip
TRAINED = """
import json, sys
import problems
from backends import BACKENDS
from compare.proof.inputs import shortened
backend, name = sys.argv[1:]
engine = BACKENDS[backend].engine()
engine.prepare(device="cpu", threads=1)
problem = shortened(problems.load(name))
data = problem.make_data(0)
fits = [engine.train(problem, data, seed=seed, seeded_dropout=seeded)
        for seed, seeded in ((0, False), (0, False), (1, False), (0, True))]
print(json.dumps([[fit.train_loss for fit in fits], fits[0].own_draws]))
"""


@pytest.fixture(scope="module")
def trained(fork, tmp_path_factory):
    """Return a function that trains a port: twice alike, of another seed, with seeded dropout."""
    folder = copied(tmp_path_factory.mktemp("dropout"))
    for what, port in PORTS.items():
        for path, text in files_of(what, port, 24).items():
            (folder / path).write_text(text)

    def train(backend, what):
        done = fork(backend, TRAINED, backend, module(what), cwd=folder)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    return train


@pytest.mark.parametrize("backend", COMPARED)
@pytest.mark.parametrize("what", [what for what in PORTS if what != "no dropout"])
def test_a_timed_training_draws_its_own_numbers_and_repeats(backend, trained, what):
    (first, again, other, seeded), draws = trained(backend, what)
    assert draws
    assert first == again, "the same seed, the same numbers"
    assert first != other
    assert first != seeded, "only the check takes the numbers of all"


@pytest.mark.parametrize("backend", COMPARED)
def test_a_training_without_dropout_draws_nothing_and_is_not_changed(backend, trained):
    (first, _, _, seeded), draws = trained(backend, "no dropout")
    assert not draws
    assert first == seeded


def test_every_draw_and_step_has_a_place_of_its_own():
    places = np.stack([_dropout.places(0, draw) for draw in range(2)])
    assert places.shape == (2, _dropout.STEPS)
    assert (places[0] == places[1]).mean() < 0.01
    assert len(np.unique(places[0])) > 0.9 * _dropout.STEPS
    assert (_dropout.places(1, 0) == places[0]).mean() < 0.01
    assert (_dropout.places(0, 0) == places[0]).all()


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_a_rate_is_what_is_dropped(rate):
    ring = _dropout.ring(0)
    assert ((ring < _dropout.dropped(rate)).mean()) == pytest.approx(rate, abs=0.01)
    assert ring.min() >= _dropout.dropped(0.0) == 0
    assert ring.max() < _dropout.dropped(1.0)


FOUND = Finding(
    problem="p", backend="keras-jax", reference="pytorch", rung="loss", tensor="loss",
    expected=1.0, came=2.0, passed=False,
)  # fmt: skip


@pytest.mark.parametrize(
    ("one", "other", "told"),
    [
        ([], [], hints.NO_DROPOUT),
        ([("a", "0.5", "5")], [("b", "0.5", "5")], hints.SAME_DROPOUT),
        ([("a", "0.5", "5")], [("a", "0.5", "1, 5")], "number 1 is a, rate 0.5 of (5) on pytorch"),
        ([("a", "0.5", "5")], [], "and none on keras-jax"),
        (
            [("a", "0.5", "5"), ("", "0.1", "5")],
            [("a", "0.5", "5"), ("c", "0.2", "5")],
            "number 2 is the model itself, rate 0.1 of (5) on pytorch and c, rate 0.2",
        ),
    ],
)
def test_where_dropout_differs_is_told(one, other, told):
    sides = [{"draws": np.array(draws, dtype=np.str_)} for draws in (one, other)]
    assert told in hints.of_draws(FOUND, *sides)


def both(**values):
    return [
        record("echo", backend, seed, **values) for backend in COMPARED for seed in range(8)
    ]  # fmt: skip


def test_a_row_says_that_its_trainings_drew_numbers_of_their_own():
    plain, random = tabulated(both(draws=False)), tabulated(both(draws=True))
    assert plain.table["draws"].isna().all()
    assert set(random.table["draws"]) == {"own"}
    (told,) = set(headline(random).notes) - set(headline(plain).notes)
    assert told.startswith("Dropout in echo: each framework drops numbers of its own")
    assert headline(random).sentence == headline(plain).sentence, "it is a note, and no doubt"


@pytest.mark.parametrize(("draws", "raised"), [(False, "losses"), (None, "losses"), (True, None)])
def test_losses_that_differ_are_no_doubt_where_numbers_are_dropped(draws, raised):
    ours, theirs = (
        [replace(one, train_loss=[loss], draws=draws) for one in both() if one.backend == side]
        for side, loss in zip(COMPARED, (1.0, 1.5), strict=True)
    )
    assert doubts(ours, theirs) == raised
