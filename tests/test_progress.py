"""What is under way is told: live in a terminal, in plain lines elsewhere."""

import io
import re
import time

import pytest
from conftest import TOYS, diptych
from rich.console import Console
from synthetic import failed, record

from compare import console
from compare.console import Progress, clock, complain
from compare.proof import check as checks
from compare.training.schedule import row


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def terminal(monkeypatch):
    """Return a function that makes stderr a terminal of 80 columns, and returns what it is sent."""

    def made():
        sent = Terminal()
        monkeypatch.setattr("sys.stderr", sent)
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setenv("COLUMNS", "80")
        return sent

    return made


def plain(sent):
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", sent.getvalue())


def test_a_terminal_shows_what_is_done_under_way_and_left(terminal):
    sent = terminal()
    with Progress(12, "trainings") as progress:
        progress.doing("proving echo: keras-tensorflow, float64", 3, 4)
        assert "proving echo: keras-tensorflow, float64 ... 3 of 4" in plain(sent)
        assert "0/12 trainings, 0:00" in plain(sent)
        assert "left" not in plain(sent), "nothing is known yet"
        progress.done("a row")
        progress.left(200)
        progress.doing("")
    assert "a row" in plain(sent)
    assert "1/12 trainings, 0:00, 3:20 left" in plain(sent)
    assert "-:--" not in plain(sent)


def test_a_terminal_shows_what_has_no_end_known_beforehand(terminal):
    sent = terminal()
    with Progress() as progress:
        progress.doing("looking at pytorch", 2, 5)
    assert "looking at pytorch ... 2 of 5, 0:00" in plain(sent)


def test_elsewhere_there_are_plain_lines_and_not_many(capsys, monkeypatch):
    with Progress(12, "trainings") as progress:
        progress.doing("proving echo: pytorch, float64", 1, 4)
        progress.report("something that matters")
        now = time.monotonic()
        monkeypatch.setattr(console, "monotonic", lambda: now + 9)
        progress.doing("proving echo: pytorch, float64", 2, 4)
        monkeypatch.setattr(console, "monotonic", lambda: now + 11)
        progress.doing("proving echo: pytorch, float32", 3, 4)
        progress.doing("proving echo: pytorch, float32", 4, 4)
        progress.done("a row")
        progress.done()
        progress.doing("")
    assert capsys.readouterr().err.splitlines() == [
        "something that matters",
        "proving echo: pytorch, float32 ... 3 of 4",
        "a row",
    ]


@pytest.mark.parametrize(
    ("seconds", "said"), [(0, "0:00"), (61.4, "1:01"), (3723, "1:02:03"), (-5, "0:00")]
)
def test_time_is_written_as_people_do(seconds, said):
    assert clock(seconds) == said


LONG = failed("moving_square", "keras-tensorflow", 11, "failed", "word " * 40)


@pytest.mark.parametrize(
    "one",
    [record("moving_square", "keras-tensorflow", 0), record("addition", "keras-torch", 9), LONG],
    ids=["longest names", "longest metric", "a reason"],
)
def test_a_row_is_not_broken_in_a_word_or_number(terminal, one):
    sent = terminal()
    line = row(one)
    with Progress(1, "trainings") as progress:
        progress.done(line)
    shown = plain(sent)
    words = set(shown.split())
    assert set(line.split()) <= words
    if one.status == "ok":
        assert len(line) <= 80


def test_a_row_says_the_first_score_alone():
    line = row(record("addition", "pytorch", 3, total_s=1.5))
    assert line.split() == [
        "addition",
        "pytorch",
        "seed",
        "3",
        "1.5",
        "s",
        "sequence_accuracy",
        "0.9870",
    ]
    assert " native " in row(record("echo", "pytorch", 0, mode="native"))
    assert "pytorch gpu " in row(record("echo", "pytorch", 0, device="gpu", gpu="a GPU"))
    small = record("damped_sine", "pytorch", 0)
    assert row(small).endswith(" 0.002")
    own = row(record("echo", "keras-tensorflow", 0, mode="own-shuffling"))
    assert "keras-tensorflow own-shuffling  seed" in own


def test_a_complaint_is_broken_at_words_in_a_terminal_alone(terminal, capsys):
    message = "no problem 'nope'; problems are " + ", ".join(["moving_square"] * 9)
    complain(message)
    assert capsys.readouterr().err == f"diptych: {message}\n"
    sent = terminal()
    complain(message)
    assert max(map(len, sent.getvalue().splitlines())) <= 80
    assert " ".join(sent.getvalue().split()) == f"diptych: {message}"


def test_each_probe_of_a_check_is_told(toys, add_toy, monkeypatch):
    """In a pipe not more often than once in so many seconds, so here always."""
    add_toy("right")
    add_toy("other")
    text = (toys / "compare" / "console.py").read_text()
    (toys / "compare" / "console.py").write_text(text.replace("QUIET_S = 10.0", "QUIET_S = 0.0"))
    done = diptych("check", "right", "other", "--backends", *TOYS, cwd=toys)
    assert done.returncode == 0, done.stderr
    first, *told = done.stderr.splitlines()
    assert first == f"starting {', '.join(TOYS)}"
    assert sorted(line.split(" ... ")[1] for line in told) == sorted(
        f"{n} of 8" for n in range(1, 9)
    )
    for name in ("right", "other"):
        for side in TOYS:
            for precision in checks.PRECISIONS:
                assert any(
                    line.startswith(f"proving {name}: {side}, {precision} ") for line in told
                )


def test_what_a_pipe_gets_has_no_signs_of_a_terminal(toys, add_toy):
    add_toy("right")
    done = diptych("run", "right", "--backends", *TOYS, "--seeds", "1", "--out", "out", cwd=toys)
    assert "\x1b" not in done.stderr + done.stdout
    assert Console(file=io.StringIO()).is_terminal is False


def test_what_a_terminal_would_obey_is_written_out(capsys):
    with Progress() as progress:
        progress.report("a title\x1b]0;owned\x07")
    complain("two\nlines\x1b[2J")
    assert capsys.readouterr().err.splitlines() == [
        r"a title\x1b]0;owned\x07",
        r"diptych: two\nlines\x1b[2J",
    ]
