"""A figure belongs to the code that made it: what a fingerprint is of, and what it tells apart."""

from dataclasses import replace

import pytest
from synthetic import record, write

import compare as frames
from backends import Side
from compare.processes import gpu, interpreter, machine, sources
from compare.processes.fingerprint import code_of, plain
from compare.records.reading import of_one_code, records_of

TORCH, KERAS = Side("pytorch"), Side("keras-tensorflow")


def write_all(root, files):
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(text if isinstance(text, bytes) else text.encode())


@pytest.fixture
def root(tmp_path, monkeypatch):
    """Return an empty project."""
    monkeypatch.setattr(machine, "ROOT", tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("import problems.help", "problems/help.py"),
        ("import problems.help as h", "problems/help.py"),
        ("from problems import help", "problems/help.py"),
        ("from problems.help import f", "problems/help.py"),
        ("from . import help", "problems/help.py"),
        ("from .help import f", "problems/help.py"),
        ("from .. import top", "top.py"),
        ("def f():\n    from problems import help", "problems/help.py"),
        ("from problems import pack", "problems/pack/__init__.py"),
        ("import problems.pack.deep", "problems/pack/deep.py"),
        ("from .pack.deep import f", "problems/pack/deep.py"),
        ("import problems.bare.deep", "problems/bare/deep.py"),
        ("from importlib import import_module\nimport_module('problems.help')", "problems/help.py"),
        ("import importlib\nimportlib.import_module('.help', __package__)", "problems/help.py"),
        ("__import__('problems.help')", "problems/help.py"),
        ("import top", "top.py"),
        ("import far", "far.py"),
    ],
)
def test_what_a_file_imports_is_found(root, line, found):
    write_all(
        root,
        {
            "problems/__init__.py": "raise SystemExit",
            "problems/p.py": line,
            "problems/help.py": "raise SystemExit",
            "problems/pack/__init__.py": "",
            "problems/pack/deep.py": "",
            "problems/bare/deep.py": "",
            "problems/other.py": "",
            "top.py": "",
            "far.py": "import problems.pack.deep\nimport far",
        },
    )
    before = sources.of_problem("p")
    assert {found, "problems/p.py", "problems/__init__.py"} <= before.keys()
    assert "problems/other.py" not in before
    assert "far" not in line or "problems/pack/deep.py" in before, "what it imports imports, too"
    with (root / found).open("a") as file:
        file.write("# an edit\n")
    after = sources.of_problem("p")
    assert {path for path in before if before[path] != after[path]} == {found}


def test_installed_beside_other_packages_only_ours_are_read(tmp_path, monkeypatch):
    root = tmp_path / "site-packages"
    monkeypatch.setattr(machine, "ROOT", root)
    write_all(root, {"problems/p.py": "import torch", "torch/__init__.py": ""})
    assert list(sources.of_problem("p")) == ["problems/p.py"]


@pytest.mark.parametrize(
    "text",
    [
        "# coding: latin-1\nNAME = 'Zuse \xfc'\n".encode("latin-1"),
        b"def broken(:\n",
        b"NAME = '\x00'\n",
        b"\xff\xfe\n",
        b"import problems.nowhere\n",
        b"from .... import nothing\n",
        ("(" * 5000).encode(),
        b"__import__('/etc/passwd'), __import__('..'), __import__('a..b'), __import__(__name__)\n",
    ],
    ids=["latin-1", "no Python", "null", "no text", "missing", "beyond", "deep", "no module"],
)
def test_a_file_that_cannot_be_read_as_python_counts_by_its_bytes(root, text):
    write_all(root, {"problems/p.py": text})
    before = sources.of_problem("p")
    assert list(before) == ["problems/p.py"]
    write_all(root, {"problems/p.py": text + b"#"})
    assert before != sources.of_problem("p")


def test_data_files_that_a_source_names_are_part_of_it(root):
    write_all(
        root,
        {
            "problems/p.py": "import problems.pack.help\nDATA = 'digits.npz'\nMORE = 'folder'\n",
            "problems/pack/help.py": "WORDS = FOLDER / 'sub' / 'words.txt'\nimport problems._fast",
            "problems/digits.npz": b"\x00",
            "problems/pack/words.txt": "a",
            "problems/folder/1.png": "b",
            "problems/folder/more/2.png": "c",
            "problems/_fast.cpython-311-x86_64-linux-gnu.so": b"\x7f",
            "problems/other.npz": b"",
            "problems/pack/help.py~": "which an editor leaves beside code",
            "problems/.p.py.swp": "",
            "problems/__pycache__/digits.npz": "",
            "digits.npz": "beside no source",
        },
    )
    assert set(sources.of_problem("p")) == {
        "problems/p.py",
        "problems/pack/help.py",
        "problems/digits.npz",
        "problems/pack/words.txt",
        "problems/folder/1.png",
        "problems/folder/more/2.png",
        "problems/_fast.cpython-311-x86_64-linux-gnu.so",
    }


def test_a_change_is_told_with_the_file(root):
    twin, engine = "backends/pytorch/p.py", "backends/pytorch/_engine.py"
    write_all(root, {"problems/p.py": "'a.txt'", twin: "", engine: "", "problems/_other.py": ""})
    before = sources.of_problem("p") | sources.of_side("p", TORCH)
    assert set(before) == {"problems/p.py", twin, engine}
    assert sources.change(before, "p", TORCH) == ""
    write_all(root, {"backends/keras/p.py": "of another side", "problems/_other.py": "unused"})
    assert sources.change(before, "p", TORCH) == ""
    write_all(root, {"problems/a.txt": "new"})
    said = sources.change(before, "p", TORCH)
    assert said.startswith("problems/a.txt was changed during the run; ")
    (root / twin).unlink()
    said = sources.change(before, "p", TORCH)
    assert said.startswith("backends/pytorch/p.py and 1 more were changed during the run; ")


def test_data_may_be_a_link_to_a_folder_elsewhere(root, tmp_path_factory):
    data = tmp_path_factory.mktemp("data")
    (data / "a.bin").write_bytes(b"1")
    (data / "again").symlink_to(data)
    write_all(root, {"problems/p.py": 'FILE = "data/a.bin"'})
    (root / "problems" / "data").symlink_to(data)
    before = sources.of_problem("p")
    assert "problems/data/a.bin" in before
    (data / "a.bin").write_bytes(b"2")
    assert sources.of_problem("p") != before


def parts(name="echo", side=TORCH, device="cpu"):
    return tuple(code_of(name, side, device).fingerprint.split("-"))


def test_sides_of_a_problem_share_its_definition_and_machine_those_of_a_folder_their_program():
    definition, program, computer, versions = parts()
    assert parts() == (definition, program, computer, versions)
    keras = [parts(side=side) for side in (KERAS, Side("keras-torch"))]
    assert {one[0] for one in keras} == {definition}
    assert {one[1] for one in keras} == {keras[0][1]} != {program}
    assert {one[2] for one in keras} == {computer}
    assert len({versions, *(one[3] for one in keras)}) == 3
    assert parts("shapes")[0] != definition
    assert parts(side=Side("pytorch", tier="compiled")) == parts()


def test_each_thing_that_a_figure_depends_on_changes_its_part(monkeypatch):
    definition, program, computer, versions = parts()
    with monkeypatch.context() as patch:
        patch.setattr(interpreter, "_version", lambda package: "0.0")
        assert parts()[:3] == (definition, program, computer)
        assert parts()[3] != versions
    with monkeypatch.context() as patch:
        patch.setenv("TF_ENABLE_ONEDNN_OPTS", "0")
        assert parts()[:3] == (definition, program, computer)
        assert parts()[3] != versions
    with monkeypatch.context() as patch:
        patch.setattr(machine, "cpu", lambda: "another")
        assert parts()[2] != computer
        assert parts()[:2] + parts()[3:] == (definition, program, versions)
    cards = [(gpu.Card(name, "GPU-1"),) for name in ("A100", "H100")]
    machines = {computer}
    for seen in cards:
        monkeypatch.setattr(gpu, "cards", lambda seen=seen: seen)
        assert parts()[2] == computer, "a GPU is nothing to a training on the processor"
        machines.add(parts(device="gpu")[2])
        assert parts(device="gpu")[:2] == (definition, program)
    assert len(machines) == 3


def test_a_definition_is_told_by_its_numbers():
    from problems import load

    echo = load("echo")
    said = plain(echo)
    assert said["recipe"]["batch_size"] == echo.recipe.batch_size
    assert said["draw"] is None
    for other in (
        replace(echo, hidden={"unit": 2}),
        replace(echo, recipe=replace(echo.recipe, learning_rate=1.0)),
        replace(echo, target=replace(echo.target, high=3)),
    ):
        assert plain(other) != said


def made(fingerprint, *, hour=1, backend="pytorch", seeds=(0, 1), **values):
    return [
        record(
            "echo",
            backend,
            seed,
            fingerprint=fingerprint,
            started=f"2026-01-02T{hour:02}:04:{seed:02}+00:00",
            **values,
        )
        for seed in seeds
    ]


def test_older_records_have_no_fingerprint_and_are_all_kept():
    older = made(None) + made(None, backend="keras-tensorflow")
    assert of_one_code(older) == (older, [])


def test_of_several_fingerprints_the_row_is_of_the_one_started_last():
    older = made("a-1", seeds=(2, 3))
    other = made("a-9", backend="keras-tensorflow", seeds=(0, 1, 2, 3))
    newer = made("a-2", hour=2)
    for records in (older + newer + other, newer + older + other):
        kept, (said,) = of_one_code(records)
        assert kept == [one for one in records if one not in older]
        assert ": 2 of echo on pytorch; " in said
        assert said.startswith("left out, as made by other code")
    # Times with another offset are times all the same.
    west = [replace(one, started="2026-01-02T01:00:00-05:00") for one in older]
    assert of_one_code(newer + west)[0] == west


def test_a_second_name_of_a_side_is_the_same_program():
    again = made("a-1", backend="pytorch", seeds=(0, 1))
    again = [replace(one, backend="pytorch@again") for one in again]
    newer = made("a-2", hour=2)
    assert of_one_code(again + newer)[0] == newer


@pytest.mark.parametrize(
    "change",
    [{"mode": "native"}, {"recipe": "sweep", "batch_size": 8}],
    ids=["modes", "sizes"],
)
def test_modes_and_sizes_are_of_one_code(change):
    """They are compared with one another, too."""
    older, newer = made("a-1", **change), made("a-2", hour=2)
    kept, messages = of_one_code(older + newer)
    assert (kept, len(messages)) == (newer, 1)


def test_sides_of_different_problems_are_not_compared_and_it_is_said():
    older = made("a-1", backend="keras-tensorflow")
    newer = made("b-2", hour=2)
    kept, (said,) = of_one_code(older + newer)
    assert kept == newer
    assert "made for another state of the problem" in said
    assert ": 2 of echo on keras-tensorflow; " in said
    shapes = [replace(one, problem="shapes") for one in older]
    assert of_one_code(shapes + newer) == (shapes + newer, [])


def test_devices_are_of_one_code_whatever_their_machines_and_versions():
    cpu, card = made("a-1-m-v"), made("a-1-n-w", hour=2, device="gpu")
    assert of_one_code(cpu + card) == (cpu + card, [])
    for other in ("b-1-n-w", "a-2-n-w"):
        card = made(other, hour=2, device="gpu")
        assert of_one_code(cpu + card)[0] == card


def test_sides_on_a_device_are_of_one_machine():
    older, newer = made("a-1-m-v", backend="keras-torch"), made("a-2-n-v", hour=2)
    assert of_one_code(older + newer)[0] == newer
    older = made("a-1-n-w", backend="keras-torch")
    assert of_one_code(older + newer) == (older + newer, [])


def test_engines_of_keras_are_of_one_program():
    older, newer = made("a-1", backend="keras-tensorflow"), made("a-2", hour=2, backend="keras-jax")
    pytorch = made("a-3")
    kept, (said,) = of_one_code(older + newer + pytorch)
    assert kept == newer + pytorch
    assert ": 2 of echo on keras-tensorflow; " in said


def test_every_reader_reads_one_code(tmp_path, capsys):
    older, newer = made("a-1", seeds=(0, 1, 2)), made("a-2", hour=2, seeds=(0, 1))
    folder = write(tmp_path, older + newer, samples=False)
    assert records_of(folder) == newer
    assert capsys.readouterr().err.count("1 of echo on pytorch") == 1
    with pytest.warns(UserWarning, match="1 of echo on pytorch"):
        assert set(frames.load(folder)["seed"]) == {0, 1}
    with pytest.warns(UserWarning, match="left out"):
        assert set(frames.load(folder)["fingerprint"]) == {"a-2"}


def test_what_a_twin_refers_to_is_part_of_it(tmp_path, monkeypatch):
    root, elsewhere = tmp_path / "root", tmp_path / "elsewhere"
    monkeypatch.setattr(machine, "ROOT", root)
    write_all(root, {"problems/p.py": "", "backends/pytorch/_engine.py": ""})
    twin = f'def build(problem):\n    return model_of("{elsewhere}/nets.py:Net(3)")\n'
    write_all(root, {"backends/pytorch/p.py": twin})
    write_all(
        elsewhere, {"nets.py": "import parts\n", "parts.py": "N = 1\n", "other.py": "nets.py\n"}
    )
    before = sources.of_side("p", Side.parse("pytorch"))
    assert {"elsewhere/nets.py", "elsewhere/parts.py"} < before.keys()
    assert "elsewhere/other.py" not in before
    write_all(elsewhere, {"parts.py": "N = 2\n"})
    after = sources.of_side("p", Side.parse("pytorch"))
    assert {path for path in before if before[path] != after[path]} == {"elsewhere/parts.py"}


def test_what_a_twin_refers_to_as_a_module_is_part_of_it(tmp_path, monkeypatch):
    root, elsewhere = tmp_path / "root", tmp_path / "elsewhere"
    monkeypatch.setattr(machine, "ROOT", root)
    write_all(elsewhere, {"nets/__init__.py": "", "nets/small.py": "N = 1\n"})
    monkeypatch.chdir(elsewhere)
    twin = 'def build(problem):\n    return model_of("nets.small:Net(3)")\n'
    write_all(root, {"problems/p.py": "", "backends/pytorch/_engine.py": ""})
    write_all(root, {"backends/pytorch/p.py": twin})
    found = sources.of_side("p", Side.parse("pytorch"))
    assert {"elsewhere/__init__.py", "elsewhere/small.py"} < found.keys()
