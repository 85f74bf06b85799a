"""Text of others is shown in one line, with nothing in it that a terminal obeys."""

import pytest

from compare.records.record import UsageError
from compare.text import blamed, one_line, shortened, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("echo ± 0.1, Größe, 誤差, 🙂", "echo ± 0.1, Größe, 誤差, 🙂"),
        ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
        ("two\nlines\r\t", r"two\nlines\r\t"),
        ("\x9b31m", r"\x9b31m"),
        ("a\u202eb\u2066c", r"a\u202eb\u2066c"),
        ("a\u2028b\u200bc", r"a\u2028b\u200bc"),
        ("\ud800", r"\ud800"),
        ("\U000e0041", r"\U000e0041"),
        ("a\0b", r"a\x00b"),
    ],
)
def test_what_nobody_sees_is_written_out(text, shown):
    assert visible(text) == shown
    assert visible(shown) == shown
    assert str(UsageError(text)) == shown


def test_a_long_text_is_shown_by_its_ends():
    assert shortened("short") == "short"
    assert shortened("a" * 999 + "b" * 999, 9) == "aaa...bbb"
    assert len(shortened("a" * 10**6)) <= 300


def test_of_an_error_the_first_line_is_shown():
    assert one_line(ValueError("\n first\nsecond")) == "first"
    assert one_line(ValueError()) == ""


@pytest.mark.parametrize(
    ("file", "place"),
    [
        ("/x/problems/own.py", " (problems/own.py, line 3)"),
        ("/x/backends/keras/own.py", " (backends/keras/own.py, line 3)"),
        ("/x/backends/keras/_engine.py", ""),
        ("/x/elsewhere/own.py", ""),
    ],
)
def test_an_error_names_the_line_of_a_problem_or_twin_that_led_to_it(file, place):
    with pytest.raises(ZeroDivisionError) as raised:
        exec(compile("\n\n1 / 0", file, "exec"))
    assert blamed(raised.value) == f"ZeroDivisionError: division by zero{place}"
