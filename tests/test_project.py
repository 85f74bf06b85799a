"""A project of one's own: its problems join those that are here, whatever its files are called."""

import json
import os
import shutil
import subprocess
import sys

import pytest
from conftest import ROOT

import problems
from compare.project import contract
from compare.project.command import FILES, NAME
from problems import _project

STRANGE = "raise RuntimeError('a file of the user, which nobody asked for')\n"


def diptych(*arguments, cwd, **variables):
    """Run the command in a folder, as it is installed: nothing of the folder is on the path."""
    return subprocess.run(
        [sys.executable, "-P", "-m", "compare", *arguments],
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | variables,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """What `diptych init` writes."""
    folder = tmp_path_factory.mktemp("projects") / "mine"
    done = diptych("init", str(folder), cwd=folder.parent)
    assert done.returncode == 0, done.stderr
    assert f"cd {folder} && diptych check {NAME}" in done.stdout
    return folder


@pytest.fixture
def mine(written, tmp_path):
    """A copy of it, to change."""
    return shutil.copytree(written, tmp_path / "mine")


def test_init_writes_the_files_of_a_problem_and_nothing_over_others(written, tmp_path):
    found = {
        str(file.relative_to(written))
        for file in written.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    assert found == {*FILES}
    assert len((written / "README.md").read_text().splitlines()) <= 10
    (tmp_path / "file").write_text("")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("mine")
    for target, came in (("file", "came a file"), ("full", "came thesis.txt in it")):
        done = diptych("init", target, cwd=tmp_path)
        assert (done.returncode, done.stdout) == (2, "")
        assert came in done.stderr
    assert sorted(one.name for one in tmp_path.iterdir()) == ["file", "full"]
    (tmp_path / "empty").mkdir()
    assert diptych("init", "empty", cwd=tmp_path).returncode == 0


@pytest.mark.parametrize("below", [".", "problems", "backends/pytorch"])
def test_its_problems_join_the_others_in_the_folder_and_below(mine, below):
    names = {one["name"] for one in json.loads(listed(mine / below).stdout)["problems"]}
    assert names == {NAME, *problems.names()}


def listed(folder, *arguments):
    return diptych("list", "--json", *arguments, cwd=folder)


def test_a_project_can_be_named_and_elsewhere_there_is_none(mine, tmp_path):
    assert NAME not in listed(tmp_path).stdout
    assert f'"{NAME}"' in listed(tmp_path, "--project", str(mine)).stdout
    assert f'"{NAME}"' in diptych("--project", str(mine), "list", "--json", cwd=tmp_path).stdout
    done = listed(tmp_path, "--project", "nowhere")
    assert done.returncode == 2
    assert "expected a folder with diptych.toml, came none" in done.stderr


def test_a_name_that_is_taken_is_told_with_both_files(mine):
    (mine / "problems" / f"{NAME}.py").rename(mine / "problems" / "echo.py")
    done = listed(mine)
    assert done.returncode == 2
    for root in (mine, ROOT):
        assert str(root / "problems" / "echo.py") in done.stderr
    assert done.stderr.count("\n") == 1


def test_names_of_the_users_files_hide_none_of_ours(mine):
    for name in ("compare.py", "problems.py", "backends.py", "json.py", "torch_utils.py"):
        (mine / name).write_text(STRANGE)
    (mine / "backends" / "pytorch" / "_weights.py").write_text(STRANGE)
    (mine / "problems" / "_loss.py").write_text(STRANGE)
    assert f'"{NAME}"' in listed(mine).stdout
    done = diptych("check", NAME, cwd=mine)
    assert done.returncode == 0, done.stderr


def test_a_twin_imports_what_is_beside_and_reads_data(mine):
    (mine / "nets").mkdir()
    (mine / "nets" / "__init__.py").write_text("from nets.sizes import UNITS\n")
    (mine / "nets" / "sizes.py").write_text("UNITS = 4\n")
    for panel in ("pytorch", "keras"):
        twin = mine / "backends" / panel / f"{NAME}.py"
        twin.write_text(
            twin.read_text()
            .replace('problem.sizes["unit"]', "UNITS")
            .replace("from torch import nn\n", "from nets import UNITS\nfrom torch import nn\n")
            .replace("import keras\n", "import keras\nfrom nets import UNITS\n")
        )
    done = diptych("check", NAME, cwd=mine)
    assert done.returncode == 0, done.stderr
    again = diptych("check", NAME, "--json", cwd=mine)
    assert again.returncode == 0
    (mine / "nets" / "sizes.py").write_text("UNITS = 5\n")  # which is part of the proof's hash
    other = diptych("check", NAME, cwd=mine)
    assert other.returncode == 3
    assert "(7, 4)" in other.stderr + other.stdout


def test_a_run_and_its_page(mine, tmp_path):
    for command in (("check",), ("run", "--quick", "--seeds", "1"), ("table",), ("report",)):
        done = diptych(*command, cwd=mine)
        assert done.returncode == 0, done.stderr
    page = (mine / "results" / "quick" / "report.html").read_text()
    assert f'id="problem-{NAME}-programs"' in page
    assert "Parity" in page
    lines = (mine / "results" / "quick" / "runs.jsonl").read_text().splitlines()
    assert {json.loads(line)["problem"] for line in lines} == {NAME}
    moved = shutil.copytree(mine / "results", tmp_path / "elsewhere")  # where there is no project
    assert diptych("table", str(moved / "quick"), cwd=tmp_path).returncode == 0


# What breaks each rule: a text of problems/mine.py, and what takes its place.
BROKEN = {
    "the same seed draws the same": (
        "rng.integers(2, size=(n, 3, 1))",
        "np.random.default_rng().integers(2, size=(n, 3, 1))",
    ),
    "data have the sizes of the recipe": ("size=(n, 3, 1)", "size=(n + 1, 3, 1)"),
    "the reference scores what is stated": ("x.sum(1) % 2) * 2 - 1", "x.sum(1) % 2) * -2 + 1"),
    "the trivial answer scores the baseline": ("baseline=0.5", "baseline=0.7"),
    "the target lies between baseline and best": ("target=None", "target=0.4"),
    "layers have shapes at every size": ("    hidden=", "    widen=lambda unit: {},\n    hidden="),
}


def test_every_rule_is_tried_here():
    assert {*BROKEN} == {contract.told(rule) for rule in contract.RULES}


@pytest.mark.parametrize("rule", BROKEN)
def test_a_broken_rule_is_told(mine, rule):
    file = mine / "problems" / f"{NAME}.py"
    old, new = BROKEN[rule]
    assert file.read_text().count(old) == 1
    file.write_text(file.read_text().replace(old, new))
    code = (
        "import sys; from pathlib import Path; from problems import _project;"
        f"_project.use(Path({str(mine)!r}));"
        f"from compare.project import contract; print(*contract.broken({NAME!r}), sep='\\n')"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=True, cwd=mine,
    )  # fmt: skip
    assert rule in done.stdout, done.stdout + done.stderr


def test_the_command_tries_rules_and_proves(mine, tmp_path):
    done = diptych("test", cwd=mine)
    assert done.returncode == 0, done.stderr
    assert f"1 problem, {len(contract.RULES)} rules: none broken" in done.stdout
    assert NAME in done.stdout
    file = mine / "problems" / f"{NAME}.py"
    file.write_text(file.read_text().replace("baseline=0.5", "baseline=0.7"))
    done = diptych("test", cwd=mine)
    assert done.returncode == 3
    assert f"{NAME}: the trivial answer scores the baseline: accuracy: baseline" in done.stderr
    done = diptych("test", cwd=tmp_path)
    assert done.returncode == 2
    assert "expected a project" in done.stderr


def test_a_folder_above_is_found_and_one_without_a_file_is_none(tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    assert _project.nearest(tmp_path / "a" / "b") is None
    (tmp_path / "a" / _project.FILE).write_text("")
    assert _project.nearest(tmp_path / "a" / "b") == tmp_path / "a"


def test_what_no_training_depends_on_is_not_walked(tmp_path):
    for path in (".git/x.py", "venv/pyvenv.cfg", "venv/y.py", "results/a/runs.jsonl", "src/z.py"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("")
    found = {name for _, names in _project.walked(tmp_path) for name in names}
    assert found == {"z.py"}
