"""What pyproject.toml asks for: its extras, and a version in constraints.txt of all they bring."""

import re
import tomllib
from importlib.metadata import PackageNotFoundError, requires

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from backends import BACKENDS
from compare.processes.machine import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
FRAMEWORKS = {package for backend in BACKENDS.values() for package in backend.packages}
CONSTRAINTS = (ROOT / "constraints.txt").read_text()


def brought(lines: list[str]) -> set[str]:
    """Return the packages that requirements bring, themselves among them, as far as installed."""
    found: set[tuple[str, str]] = set()
    waiting = [(Requirement(line), "") for line in lines]
    while waiting:
        one, extra = waiting.pop()
        if one.marker and not one.marker.evaluate({"extra": extra}):
            continue
        name = canonicalize_name(one.name)
        for wanted in {"", *one.extras}:
            if (name, wanted) not in found:
                found.add((name, wanted))
                waiting += [(Requirement(line), wanted) for line in needs(name, wanted)]
    return {name for name, _ in found}


def needs(name: str, extra: str) -> list[str]:
    """Return what a package needs; our own needs are those of pyproject.toml."""
    if name == PROJECT["name"]:
        return EXTRAS[extra] if extra else []
    try:
        return requires(name) or []
    except PackageNotFoundError:  # such as what another platform needs
        return []


def unconstrained(constraints: str) -> set[str]:
    """Return the packages that have no version of their own in constraints."""
    lines = [line.partition("==") for line in constraints.splitlines() if not line.startswith("#")]
    wanted = [*PROJECT["dependencies"], *(line for extra in EXTRAS.values() for line in extra)]
    return brought(wanted) - {PROJECT["name"]} - {canonicalize_name(name) for name, _, _ in lines}


def test_all_that_the_extras_bring_has_a_version_in_the_constraints():
    assert unconstrained(CONSTRAINTS) == set()


def test_a_package_that_another_brings_would_be_missed():
    assert unconstrained(re.sub("(?m)^protobuf==.*\n", "", CONSTRAINTS)) == {"protobuf"}


def test_what_reads_depends_on_no_framework():
    assert {Requirement(line).name for line in PROJECT["dependencies"]} & FRAMEWORKS == set()


def test_every_framework_is_in_an_extra_that_is_called_by_its_name():
    for framework in FRAMEWORKS - {"keras"}:  # which is of no use alone
        assert framework in {Requirement(line).name for line in EXTRAS[framework]}


def test_every_python_that_may_install_it_is_one_that_was_tested():
    classifiers = [line.rpartition(" ")[2] for line in PROJECT["classifiers"]]
    tested = [int(version.partition(".")[2]) for version in classifiers if "." in version]
    first, last = re.fullmatch(r">=3\.(\d+),<3\.(\d+)", PROJECT["requires-python"]).groups()
    assert tested == list(range(int(first), int(last)))
