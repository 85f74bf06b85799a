"""Dropout: the same numbers on both sides in the check, each framework's own where it is timed."""

import json
from dataclasses import replace

import numpy as np
import pytest
from conftest import COMPARED, copied
from dropout_ports import MORE_DROPOUT
from port_frame import Port, files_of, module
from synthetic import record

from backends import _masks
from compare.measures import doubts
from compare.proof import hints
from compare.proof.finding import Finding
from compare.tables.headline import headline
from compare.tables.publish import tabulated

PLAIN = "dropout"
PORTS = {
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
fits = [engine.train(problem, data, seed=seed, masked=masked)
        for seed, masked in ((0, False), (0, False), (1, False), (0, True))]
print(json.dumps([[fit.train_loss for fit in fits], fits[0].draws]))
"""


@pytest.fixture(scope="module")
def trained(fork, tmp_path_factory):
    """Return a function that trains a port four times: twice alike, of another seed, masked."""
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
def test_a_timed_training_draws_its_own_numbers_and_repeats(backend, trained):
    (first, again, other, masked), draws = trained(backend, PLAIN)
    assert draws
    assert first == again, "the same seed, the same numbers"
    assert first != other
    assert first != masked, "only the check takes the numbers of all"


@pytest.mark.parametrize("backend", COMPARED)
def test_a_training_without_dropout_draws_nothing_and_is_not_changed(backend, trained):
    (first, _, _, masked), draws = trained(backend, "no dropout")
    assert not draws
    assert first == masked


def test_every_draw_and_step_has_a_place_of_its_own():
    places = np.stack([_masks.places(0, draw) for draw in range(2)])
    assert places.shape == (2, _masks.STEPS)
    assert (places[0] == places[1]).mean() < 0.01
    assert len(np.unique(places[0])) > 0.9 * _masks.STEPS
    assert (_masks.places(1, 0) == places[0]).mean() < 0.01
    assert (_masks.places(0, 0) == places[0]).all()


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_a_rate_is_what_is_dropped(rate):
    ring = _masks.ring(0)
    assert ((ring < _masks.dropped(rate)).mean()) == pytest.approx(rate, abs=0.01)
    assert ring.min() >= _masks.dropped(0.0) == 0
    assert ring.max() < _masks.dropped(1.0)


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
