"""What was reported is held: each wrong pair is found by a test, each right one passes in one."""

from importlib import import_module

import pytest
import reported
from documents import DOCUMENTS
from reported import REPORTS, RIGHT, TESTS, UNWRITTEN, WRONG

EVERY_REPORT = pytest.mark.parametrize("report", REPORTS, ids=[one.title for one in REPORTS])


def held(reference, *, passes):
    """Say whether the test of a table is run with an entry of it."""
    table, _, name = reference.partition(": ")
    file, *tests = TESTS[table]
    (mark,) = getattr(import_module(file), tests[not passes]).pytestmark
    return name in (mark.kwargs.get("ids") or list(mark.args[1]))


@EVERY_REPORT
def test_a_reported_pair_is_found_by_a_test_at_its_rung(report):
    assert report.wrong
    for reference in report.wrong:
        assert held(reference, passes=False), reference
        assert all(reported.found(reference)), reference


@EVERY_REPORT
def test_a_mended_pair_passes_in_a_test(report):
    assert reported.right(report)
    for reference in reported.right(report):
        reported.entry(RIGHT, reference)
        assert held(reference, passes=True), reference


@pytest.mark.parametrize(
    ("reference", "passes"),
    [
        ("wrong_ports: an epsilon of nothing", False),
        ("wrong_ports: an epsilon", True),
        ("right_ports: gelu", False),
        ("dropout_ports: dropout", True),  # only in the table of what takes longer
        ("problems: nothing", True),
    ],
)
def test_what_no_test_holds_is_seen(reference, passes):
    assert not held(reference, passes=passes)


def test_an_entry_that_is_not_there_is_no_entry():
    for tables in (WRONG, RIGHT):
        with pytest.raises(KeyError):
            reported.entry(tables, "wrong_ports: nothing")


def test_each_report_is_told_once_and_has_a_thread():
    numbers = [one.number for one in (*REPORTS, *UNWRITTEN)]
    assert len(set(numbers)) == len(numbers)
    assert max(numbers) <= reported.COLLECTED
    addresses = [[reported.address(one) for one in it.threads] for it in (*REPORTS, *UNWRITTEN)]
    assert all(addresses)
    assert all(address.startswith("https://") for them in addresses for address in them)


def test_the_page_is_that_of_the_reports():
    written = "`python tests/reported.py` writes it anew"
    assert DOCUMENTS["docs/reports.md"] == reported.page(), written
