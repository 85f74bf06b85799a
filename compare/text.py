"""Text that others wrote, made fit to be shown: in one line, with nothing that a terminal obeys."""

from pathlib import Path
from traceback import walk_tb


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
    for frame, number in reversed(list(walk_tb(error.__traceback__))):
        file = Path(frame.f_code.co_filename)
        panel = file.parent.parent.name == "backends"
        if (panel or file.parent.name == "problems") and not file.name.startswith("_"):
            place = "/".join(file.parts[-3:] if panel else file.parts[-2:])
            return f"{told} ({place}, line {number})"
    return told


def one_line(error: BaseException) -> str:
    """Return the first line of an error's message."""
    return (str(error).strip().splitlines() or [""])[0]
