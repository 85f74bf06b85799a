"""A seventh problem is three files: everything finds it, and misses the one that is not there."""

import pytest
from conftest import ROOT, diptych, run_python


@pytest.fixture
def tests_too(copy):
    (copy / "tests").symlink_to(ROOT / "tests")
    (copy / "pyproject.toml").symlink_to(ROOT / "pyproject.toml")
    return copy


def contract_tests(copy):
    files = ["test_problems.py", "test_twins.py", "test_backends.py"]
    arguments = ["-m", "pytest", "-v", "-p", "no:cacheprovider", "-k", "seventh"]
    return run_python(*arguments, *(f"tests/{file}" for file in files), cwd=copy)


def test_a_seventh_problem_is_tested_as_soon_as_it_is_there(tests_too, add_problem):
    """How it is listed, checked and run is in test_end_to_end.py."""
    add_problem("seventh")
    tests = contract_tests(tests_too)
    assert tests.returncode == 0, tests.stdout
    for test in ("same_seed", "every_problem_has_its_twins", "all_backends_learn_by_the_same"):
        assert f"test_{test}" in tests.stdout


@pytest.mark.parametrize("folder", ["pytorch", "keras"])
def test_a_missing_twin_is_named(tests_too, add_problem, folder):
    add_problem("seventh", **{folder: None})
    missing = f"backends/{folder}/seventh.py"
    assert missing in diptych("list", cwd=tests_too).stdout.replace("\n", "")
    for command in ("check", "run", "show seventh"):
        done = diptych(*command.split(), cwd=tests_too)
        assert done.returncode == 2
        assert done.stderr == f"diptych: problem 'seventh' needs a twin in {missing}\n"
    code = "import pytest, sys; sys.exit(pytest.main(sys.argv[1:]))"
    arguments = ["-q", "-p", "no:cacheprovider", "-k", "twins and seventh"]
    tests = run_python("-c", code, *arguments, "tests/test_backends.py", cwd=tests_too)
    assert tests.returncode == 1
    assert f"problem seventh lacks ['{missing}']" in tests.stdout
