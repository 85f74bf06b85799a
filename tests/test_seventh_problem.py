"""A seventh problem is three files: everything finds it, and misses the one that is not there.

How it is listed, checked and run by both frameworks is in test_end_to_end.py.
"""

import pytest
from conftest import ROOT, diptych, run_python


@pytest.fixture
def tests_too(copy):
    (copy / "tests").symlink_to(ROOT / "tests")
    (copy / "pyproject.toml").symlink_to(ROOT / "pyproject.toml")
    return copy


def contract_tests(copy, about, *files):
    """Run the tests that are about something, as a person would that has just added it."""
    tests = [f"tests/{file}" for file in files]
    return run_python("-m", "pytest", "-v", "-p", "no:cacheprovider", "-k", about, *tests, cwd=copy)


def test_a_seventh_problem_is_tested_as_soon_as_it_is_there(tests_too, add_problem, add_toy):
    add_problem("seventh")
    add_toy("seventh")  # whose twins are run, by the backends that this copy has
    tests = contract_tests(
        tests_too, "seventh", "test_problems.py", "test_twins.py", "test_backends.py"
    )
    assert tests.returncode == 0, tests.stdout
    for test in (
        "every_problem_keeps_every_rule",
        "every_problem_has_its_twins",
        "a_few_steps_lower_the_loss",
    ):
        assert f"test_{test}" in tests.stdout
    assert "[seventh-numpy2]" in tests.stdout


@pytest.mark.parametrize("folder", ["pytorch", "keras"])
def test_a_missing_twin_is_named(tests_too, add_problem, folder):
    add_problem("seventh", **{folder: None})
    missing = f"backends/{folder}/seventh.py"
    assert missing in diptych("list", cwd=tests_too).stdout.replace("\n", "")
    for command in ("check", "run", "show seventh"):
        done = diptych(*command.split(), cwd=tests_too)
        assert done.returncode == 2
        assert done.stderr == f"diptych: problem 'seventh' needs a twin in {missing}\n"
    tests = contract_tests(tests_too, "twins and seventh", "test_backends.py")
    assert tests.returncode == 1
    assert f"problem seventh lacks ['{missing}']" in tests.stdout
