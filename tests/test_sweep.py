"""A problem timed at several sizes: its runs, its tables, its picture, and one real one."""

import json
import re
import xml.etree.ElementTree as ET
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from conftest import RUNNABLE, TOYS, diptych
from parity import PARITY_TOY
from synthetic import failed, record, write
from test_schema import wrong

import problems
from backends import Side
from compare import __main__ as cli
from compare.processes import gpu
from compare.records.record import Run
from compare.studies.sweep import CROSSOVERS, SWEEP_COLUMNS, crossovers, pairs, points, sweep
from compare.studies.sweep_report import markdown, publish_sweep, readings
from compare.training.due import plan
from compare.training.schedule import row
from compare.training.trainer import EPOCHS, STEPS, definition

SIZES = (16, 32, 64, 128)
KERAS = "keras-tensorflow"


def point(backend, seed, size, rate, *, device="cpu", name="batch_size", **values):
    """Return the record of a training that took so many samples per second."""
    asked = {"recipe": "sweep", name: size, "jobs": 1, "score_epochs": False}
    timed = {"examples": 1000, "epoch_s": [900 / rate, 1000 / rate, 1100 / rate]}
    return record("cumsum", backend, seed, device=device, **asked | timed | values)


def made_up(seeds=3, *, crossover=48.0, sides=(("pytorch", "cpu"), (KERAS, "cpu")), **values):
    """Return a sweep in which the second side overtakes the first at that size."""
    return [
        point(
            backend, seed, size, 100 * size ** (0.5 + 0.4 * place) / crossover ** (0.4 * place)
            * (1 + 0.01 * ((seed + 3 * place) % 4)), device=device, **values,
        )
        for seed in range(seeds)
        for size in SIZES
        for place, (backend, device) in enumerate(sides)
    ]  # fmt: skip


def test_sides_take_turns_at_each_size_and_sizes_go_up_and_down():
    sides = [(Side("pytorch"), "matched", "cpu"), (Side(KERAS), "matched", "cpu")]
    runs = points(plan(["cumsum"], sides, 2, recipe="sweep"), "batch_size", [16, 32])
    assert [(run.seed, run.batch_size, run.backend) for run in runs] == [
        (0, 16, "pytorch"), (0, 16, KERAS), (0, 32, "pytorch"), (0, 32, KERAS),
        (1, 32, KERAS), (1, 32, "pytorch"), (1, 16, KERAS), (1, 16, "pytorch"),
    ]  # fmt: skip
    assert len({run.key for run in runs}) == len(runs)


@pytest.mark.parametrize("name", problems.names())
@pytest.mark.parametrize("size", [16, 24, 1024])
def test_a_timed_training_has_whole_batches_and_enough_of_them(name, size):
    run = Run(problem=name, backend="pytorch", device="cpu", seed=0, recipe="sweep")
    recipe = definition(replace(run, batch_size=size)).recipe
    assert (recipe.batch_size, recipe.epochs) == (size, EPOCHS)
    assert recipe.examples["train"] % size == 0
    assert recipe.examples["train"] >= STEPS * size
    assert definition(replace(run, recipe="full")) == problems.load(name)
    assert definition(replace(run, recipe="quick")) == problems.load(name, quick=True)


def test_a_row_is_a_side_at_a_size_with_the_mean_of_the_seeds():
    records = [point("pytorch", seed, 16, rate) for seed, rate in enumerate((100, 400, 200))]
    (row,) = sweep(records).to_dict("records")
    assert list(row) == list(SWEEP_COLUMNS)
    assert row["samples_per_s_geomean"] == pytest.approx(200), "the cube root of 100 x 400 x 200"
    assert (row["seeds"], row["failed"]) == (3, 0)
    assert (row["samples_per_s_min"], row["samples_per_s_max"]) == (100, 400)
    assert (row["sweep"], row["size"]) == ("batch_size", 16)
    assert row["epoch_s_geomean"] == pytest.approx(5)


def test_what_has_no_time_is_a_row_and_no_end():
    lost = {"recipe": "sweep", "batch_size": 256}
    late = [failed("cumsum", KERAS, seed, "timeout", "not done", **lost) for seed in range(3)]
    records = made_up() + late
    row = sweep(records).iloc[-1]
    assert (row["backend"], row["size"], row["seeds"], row["failed"]) == (KERAS, 256, 3, 3)
    assert pd.isna(row["samples_per_s_geomean"])
    assert crossovers(records).equals(crossovers(made_up())), "a size without a time counts not"
    text = markdown(records)
    assert "cumsum-keras-tensorflow-cpu-matched-sweep-2-batch_size256: timeout: not done" in text


def test_a_seed_that_lacks_one_size_does_not_count_and_the_size_does():
    records = [one for one in made_up() if (one.seed, one.batch_size) != (2, 64)]
    (pair,) = pairs(records)
    assert pair.sizes == SIZES
    assert pair.changes.shape == (2, len(SIZES))


def test_the_loss_is_held_against_the_first_side_s():
    other = [replace(one, train_loss=[1.01, 0.5]) for one in made_up() if one.backend == KERAS]
    frame = sweep([one for one in made_up() if one.backend == "pytorch"] + other)
    assert frame.loc[frame["backend"] == "pytorch", "loss_difference"].isna().all()
    mine = frame.loc[frame["backend"] == KERAS, "loss_difference"]
    assert mine.tolist() == pytest.approx([0.01] * len(SIZES))


def test_the_crossover_is_where_it_was_put():
    frame = crossovers(made_up(5))
    assert list(frame) == list(CROSSOVERS)
    (row,) = frame.to_dict("records")
    assert row["low"] < 48 < row["high"]
    assert row["crossover"] == pytest.approx(48, rel=0.1)
    assert (row["faster_above"], row["reference"], row["pairs"]) == (KERAS, "pytorch", 5)
    assert row["ratio_smallest"] < 1 < row["ratio_largest"]


def test_sides_are_paired_where_they_differ_in_one_thing():
    sides = [(backend, device) for backend in ("pytorch", KERAS) for device in ("cpu", "gpu")]
    found = {(pair.reference.name, pair.side.name) for pair in pairs(made_up(sides=sides))}
    assert found == {
        ("pytorch cpu", "pytorch gpu"),
        ("pytorch cpu", f"{KERAS} cpu"),
        ("pytorch gpu", f"{KERAS} gpu"),
        (f"{KERAS} cpu", f"{KERAS} gpu"),
    }


@pytest.mark.parametrize(
    ("ratios", "said"),
    [
        (
            (0.5, 0.5, 2, 2),
            "From batch size 45.3 on (95 %: 45.3 to 45.3), keras-tensorflow is fast",
        ),
        (
            (2, 3, 4, 5),
            "No crossover of keras-tensorflow and pytorch between batch size 16 and",
        ),
        (
            (0.5, 2, 0.5, 0.5),
            "The order of keras-tensorflow and pytorch changes 2 times: pytorch is",
        ),
        ((0.5,), "keras-tensorflow and pytorch were both timed at batch size 16 alone: pytorch is"),
    ],
)
def test_a_sentence_says_who_is_faster_from_where_on(ratios, said):
    records = [
        point(backend, seed, size, 1000 * (ratio if backend == KERAS else 1))
        for size, ratio in zip(SIZES, ratios, strict=False)
        for seed in range(2)
        for backend in ("pytorch", KERAS)
    ]
    (sentence,) = readings(list(pairs(records)))
    assert sentence.startswith(said)
    one = readings(list(pairs([record for record in records if record.seed == 0])))[0]
    assert ("one repetition" in one) == (
        len(ratios) > 1 and "changes" not in said
    ) or "no int" in one


def test_tables_and_picture_are_written_the_same_every_time(tmp_path):
    records = made_up() + made_up(name="unit")
    files = ("sweep.csv", "crossovers.csv", "sweep.md", "sweep.svg")
    publish_sweep(tmp_path, records)
    first = {name: (tmp_path / name).read_bytes() for name in files}
    publish_sweep(tmp_path, records)
    assert first == {name: (tmp_path / name).read_bytes() for name in files}
    text = first["sweep.md"].decode()
    assert all(f"- `{name}`: " in text for name in (*SWEEP_COLUMNS, *CROSSOVERS))
    assert pd.read_csv(tmp_path / "sweep.csv")["sweep"].unique().tolist() == ["batch_size", "unit"]
    picture = first["sweep.svg"].decode()
    title = ET.fromstring(picture).find("{http://www.w3.org/2000/svg}title").text
    assert title.startswith("Samples per second of cumsum. From batch size ")
    for shown in ("samples per second", "batch size", "units", "pytorch", KERAS, *map(str, SIZES)):
        assert f">{shown}<" in picture


def test_a_record_of_a_sweep_is_valid():
    assert wrong(json.loads(made_up()[0].to_json())) == []
    assert "$.batch_size" in wrong(json.loads(replace(made_up()[0], batch_size=0).to_json()))


@pytest.fixture
def ended(capsys, monkeypatch, tmp_path):
    """Run a command in this process, in an empty folder: its exit status and stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(gpu, "cards", lambda: ())

    def run(*arguments):
        status = cli.main(list(arguments))
        return status, capsys.readouterr().err

    return run


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("ecko --batch-size 8", "no problem 'ecko'; problems are addition, "),
        ("echo", "runs.jsonl, came results/sweep/echo (or --batch-size or --units, to make them)"),
        ("echo --batch-size 8 9999", "--batch-size 9999: expected at most 3150, the training ex"),
        ("echo --batch-size 0", "expected a whole number from 1 to 1000000, came '0'"),
        ("echo --units ten", "expected a whole number from 1 to 1000000, came 'ten'"),
        ("echo --units 8 --batch-size 8", "argument --batch-size: not allowed with argument --un"),
        ("echo --batch-size 8 --device gpu", "--device gpu: expected an NVIDIA GPU, found none"),
    ],
)
def test_bad_input_gets_one_line_and_status_2(ended, arguments, message):
    status, err = ended("sweep", *arguments.split())
    assert status == 2
    assert message in err
    assert err.count("\n") == 1


def test_units_of_a_problem_with_one_width_are_refused(ended, monkeypatch):
    narrow = replace(problems.load("echo"), widen=None)
    monkeypatch.setattr(problems, "load", lambda name: narrow)
    status, err = ended("sweep", "echo", "--units", "8")
    assert (status, err.count("\n")) == (2, 1)
    assert "--units: problem 'echo' has one width only" in err


def test_a_sweep_is_drawn_again_by_its_own_command_alone(ended, tmp_path):
    write(tmp_path / "swept", made_up(), samples=False)
    write(tmp_path / "run", [record("echo", "pytorch", 0)], samples=False)
    assert ended("sweep", "cumsum", "--out", "swept") == (0, "")
    assert (tmp_path / "swept" / "sweep.svg").exists()
    for arguments, message in (
        (("sweep", "echo", "--out", "swept"), "expected a sweep of echo, came a sweep of cumsum"),
        (("sweep", "echo", "--out", "run"), "expected a sweep of echo, came trainings of no sweep"),
        (("table", "swept"), "`diptych sweep cumsum --out swept` tabulates them"),
        (("run", "cumsum", "--out", "swept"), "with recipe sweep, asked for is recipe full"),
        (("sweep", "echo", "--batch-size", "8", "--out", "swept"), "with problem cumsum, asked"),
    ):
        status, err = ended(*arguments)
        assert (status, err.count("\n")) == (2, 1), err
        assert message in err


FAILS_WIDE = PARITY_TOY.replace(
    "        return x\n", '        assert len(x) < 16, "out of memory"\n        return x\n'
)


def test_a_real_sweep_goes_on_where_it_was_and_past_what_fails(toys, add_toy):
    add_toy("wide", numpy=FAILS_WIDE)
    command = ["sweep", "wide", "--backends", "numpy", "--device", "cpu", "--seeds", "2"]
    done = diptych(*command, "--batch-size", "4", "8", cwd=toys)
    assert done.returncode == 0, done.stderr
    out = toys / "results" / "sweep" / "wide"
    found = [json.loads(line) for line in (out / "runs.jsonl").read_text().splitlines()]
    order = [(one["seed"], one["batch_size"]) for one in found]
    assert order == [(0, 4), (0, 8), (1, 8), (1, 4)], "one at a time, up and down"
    assert [one["examples"] for one in found] == [100, 96, 96, 100]
    assert all(len(one["epoch_s"]) == EPOCHS - 1 for one in found)
    done = diptych(*command, "--batch-size", "4", "8", "16", cwd=toys)
    assert done.returncode == 1
    assert "6 trainings into results/sweep/wide: 4 are there already, 2 to do" in done.stderr
    frame = pd.read_csv(out / "sweep.csv")
    assert frame["size"].tolist() == [4, 8, 16]
    assert frame["failed"].tolist() == [0, 0, 2]
    assert (frame["samples_per_s_geomean"] > 0).tolist() == [True, True, False]
    assert "failed: AssertionError: out of memory" in (out / "sweep.md").read_text()
    refused = diptych(*command, "--units", "8", cwd=toys)
    assert refused.returncode == 2
    assert "--units: problem 'wide' has one width only" in refused.stderr


WIDER = """
import sys
import numpy as np
import problems
from backends import BACKENDS, Side

engine = BACKENDS[sys.argv[1]].engine()
engine.prepare(device="cpu", threads=1)
for name in sys.argv[2:]:
    problem = problems.load(name).scaled(unit=6)
    found = engine.probe(problem, seed=0).ask(problem.random_input(2, 0))
    for layer in problem.layers:
        expected = problem.layer_shape(layer, batch=2)
        shapes = [found[key].shape for key in (layer, f"{layer}~") if key in found]
        assert expected in shapes, (name, layer, expected)
print("as specified")
"""


@pytest.mark.parametrize("backend", RUNNABLE)
def test_twins_of_another_width_have_the_layers_of_the_problem(backend, fork):
    names = [name for name in problems.names() if problems.load(name).widen]
    done = fork(backend, WIDER, backend, *names)
    assert done.stdout.endswith("as specified\n"), done.stderr


def test_a_gpu_that_is_not_there_is_a_row_beside_the_cpu(ended, monkeypatch, tmp_path):
    """Only what needs no training is done here: the trainings on the CPU are there already."""
    write(tmp_path / "out", made_up(1, sides=[("pytorch", "cpu")]), samples=False)
    sizes = [str(size) for size in SIZES]
    arguments = ["--batch-size", *sizes, "--device", "cpu", "gpu", "--seeds", "1", "--out", "out"]
    status, err = ended("sweep", "cumsum", "--backends", "pytorch", *arguments)
    assert status == 1
    assert err.count("not available here: expected an NVIDIA GPU, found none") == 1
    frame = pd.read_csv(tmp_path / "out" / "sweep.csv")
    assert frame.groupby("device")["failed"].sum().to_dict() == {"cpu": 0, "gpu": len(SIZES)}
    assert np.isfinite(frame.loc[frame["device"] == "cpu", "samples_per_s_geomean"]).all()


def test_a_finished_point_is_told_with_its_size_and_rate():
    assert row(point("pytorch", 0, 16, 12345)).endswith(" s  batch size 16: 12,345 samples/s")
    assert row(point("pytorch", 0, 16, 1.25, name="unit")).endswith(" s  unit 16: 1.25 samples/s")


def test_where_nothing_crosses_it_is_said_where_the_sides_are_not_told_apart():
    records = [
        point(backend, seed, size, 1000 * (ratio * (1 + 0.1 * seed) if backend == KERAS else 1))
        for size, ratio in ((16, 2), (32, 1.5), (64, 1.05))
        for seed in (-1, 0, 1)
        for backend in ("pytorch", KERAS)
    ]
    (sentence,) = readings(list(pairs(records)))
    assert sentence.startswith("No crossover of keras-tensorflow and pytorch between batch size 16")
    assert re.search(r"; not told apart by the test: \d\d\.\d and above\.$", sentence)


def test_a_sweep_of_a_finite_data_set_repeats_its_examples(toys, add_toy):
    """There are no more than the recipe asks for: so its check and its times are of those."""
    add_toy("a_right")
    problem = toys / "problems" / "a_right.py"
    finite = "def examples(rng, n):\n    assert n <= 100, n\n"
    text = problem.read_text().replace("def examples(rng, n):\n", finite)
    problem.write_text(text.replace('"test": 400', '"test": 40'))
    asked = ("sweep", "a_right", "--backends", *TOYS, "--device", "cpu", "--seeds", "1")
    result = diptych(*asked, "--batch-size", "16", "64", "--out", "out", cwd=toys)
    assert result.returncode == 0, result.stderr
    lines = (toys / "out" / "runs.jsonl").read_text().splitlines()
    found = [json.loads(line)["examples"] for line in lines]
    assert found == [128, 128, 512, 512]
