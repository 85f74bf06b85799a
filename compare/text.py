"""Text that others wrote, made fit to be shown: in one line, with nothing that a terminal obeys."""

import re
import traceback
from pathlib import Path

ANSI = re.compile(r"\x1b\[[0-9;]*m")
AROUND = ("Exception encountered when calling", "Arguments received by")
BEFORE = "Error encountered:"
LONGEST = 1000  # of a message: what is longer is shown by its ends
RAISED = re.compile(r"\w*(Error|Exception): ")
PROGRAM = re.compile(r"(?:(?<=/)problems|(?<=/)backends/\w+)/[^_/][^/]*\.py$")


def visible(text: str) -> str:
    r"""Return a text in one line, with every character that is not seen written out.

    These are control characters, line breaks, marks that turn the direction of writing, and
    halves of a surrogate pair.

    >>> visible("echo\x1b]0;title\x07")
    'echo\\x1b]0;title\\x07'
    """
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode() for one in text
    )


def shortened(text: str, most: int = 300) -> str:
    """Return a text of at most so many characters: of a longer one, how it begins and ends."""
    if len(text) <= most:
        return text
    half = (most - 3) // 2
    return f"{text[:half]}...{text[-half:]}"


def blamed(error: BaseException) -> str:
    """Return an error's kind and message, with the last line of a problem or a twin that led to it.

    These are the files in `problems/` and in a panel of `backends/` that have no leading
    underscore: what their authors wrote, and can mend.
    """
    told = f"{type(error).__name__}: {one_line(error)}"
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if place := PROGRAM.search(Path(frame.filename).as_posix()):
            return f"{told} ({place[0]}, line {frame.lineno})"
    return told


def one_line(error: BaseException) -> str:
    """Return what an error is about, in one line.

    Keras begins with where it was, and TensorFlow repeats a traceback, before either says why.
    """
    text = str(error)
    if isinstance(error, KeyError) and len(error.args) == 1 and isinstance(error.args[0], str):
        text = error.args[0] if "\n" in error.args[0] else text  # which is written as in a program
    lines = [line.strip() for line in ANSI.sub("", text).splitlines()]
    told = [
        line for line in lines if line and not line.startswith(AROUND) and not line.endswith(BEFORE)
    ]
    if told[:1] == ["in user code:"]:
        told = [line for line in told if RAISED.match(line)][-1:] or told
    return shortened("".join(told[:1]), LONGEST)
