"""Files are written whole or not at all."""

import os
from contextlib import suppress
from pathlib import Path


def write_whole(file: Path, content: str | bytes) -> None:
    """Write a file whole or not at all, whatever lies in its place: a link there is replaced.

    The content goes into a new file of a random name beside it, which then takes its name. Half of
    a surrogate pair, which UTF-8 does not have, becomes a question mark.

    Raises:
        OSError: the file cannot be written; the error names it.
    """
    if isinstance(content, str):
        content = content.encode("utf-8", errors="replace")
    partial = file.with_name(f".{os.urandom(8).hex()}.partial")
    try:
        with partial.open("xb") as new:  # which follows no link
            new.write(content)
        partial.replace(file)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(file)) from None
    finally:
        with suppress(OSError):
            partial.unlink()
