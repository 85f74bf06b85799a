"""Runs a command on one input in this process, and says what it did that no command may do.

No process can be started meanwhile, as on a machine that has none left: a command that trains gets
as far as that, and is refused.
"""

import io
import json
import os
import re
import sys
import tempfile
import tomllib
import traceback
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import (
    ExitStack,
    chdir,
    contextmanager,
    redirect_stderr,
    redirect_stdout,
    suppress,
)
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from unittest import mock

from compare import __main__ as cli
from compare.console import markdown_table
from compare.processes import interpreter

STATUSES = (0, 1, 2, 3, 130)
FIGURES = "FUZZ_FIGURES"  # names the file that the figures are written to
FAULTS = (
    "tracebacks",
    "other statuses",
    "refusals without a line",
    "writes outside",
    "control characters",
    "tags",
    "pickles read",
)
# What a terminal obeys, but for a line's end; and what it is told by us.
CONTROLS = re.compile(
    r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
OURS = re.compile(r"\r|\x1b\[[0-9;?]*[A-Za-z]")
# What an input may hold and a page must not. In Markdown, a backslash before it takes its meaning.
TAGS = re.compile(r"<script|<img|\" onfocus=\"|href=\"javascript:", re.IGNORECASE)
TAGS_IN_MARKDOWN = re.compile(r"(?<!\\)(\\\\)*(<script|<img|\]\(javascript:)", re.IGNORECASE)
READ_ONLY = ("list", "show", "lesson", "diff", "status")  # these write nothing at all
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
CHANGES = ("os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.symlink")


@dataclass
class Ended:
    """How a command ended, what it said, and what it left."""

    arguments: Sequence[str]
    terminal: bool
    status: object = None
    out: str = ""
    err: str = ""
    trace: str = ""
    strays: list[str] = field(default_factory=list)  # files written outside of the named folders
    pickles: int = 0
    pages: dict[str, str] = field(default_factory=dict)  # what was written for people, by name


class Watch:
    """Sees what is about to be written, and refuses it outside of a folder: it is not ours."""

    def __init__(self, top: str, ended: Ended) -> None:
        self.top, self.ended = top, ended

    def __call__(self, event: str, arguments: tuple) -> None:
        if event == "pickle.find_class":
            self.ended.pickles += 1
        if event == "open":
            path, _, flags = arguments
            places = [path] if flags & WRITING else []
        else:
            places = [one for one in arguments[:2] if event in CHANGES]
        for place in places:
            if isinstance(place, str | bytes | os.PathLike) and self.outside(os.fsdecode(place)):
                self.ended.strays.append(os.fsdecode(place))
                raise PermissionError(13, "Permission denied", os.fsdecode(place))

    def outside(self, place: str) -> bool:
        path = os.path.abspath(place)  # noqa: PTH100  # no link is followed, and no NUL minded
        return not path.startswith((self.top, "/dev/")) and "__pycache__" not in path


WATCHES: list[Watch] = []  # none, or the one of the command that runs


@sys.addaudithook
def hear(event: str, arguments: tuple) -> None:
    for watch in WATCHES:
        watch(event, arguments)


class Stream(io.TextIOWrapper):
    """A stream in memory, which may be taken for a terminal."""

    def __init__(self, *, terminal: bool) -> None:
        super().__init__(io.BytesIO(), "utf-8", write_through=True)
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal

    def text(self) -> str:
        return self.buffer.getvalue().decode()


@contextmanager
def place() -> Iterator[Path]:
    """Yield an empty folder to work in, some folders below what is watched."""
    with tempfile.TemporaryDirectory() as top:
        work = Path(top, "a", "b", "work")
        for folder in (work, Path(top, "home"), Path(top, "tmp")):
            folder.mkdir(parents=True)
        yield work


def run(arguments: Sequence[str], work: Path, *, terminal: bool = False) -> Ended:
    """Run a command in a folder of `place` and return how it ended."""
    top = str(work.parents[2])
    ended = Ended(arguments, terminal)
    out, err = Stream(terminal=terminal), Stream(terminal=terminal)
    before = files(top)
    variables = {"HOME": f"{top}/home", "XDG_CACHE_HOME": f"{top}/home", "COLUMNS": "80"}
    if terminal:
        variables["TERM"] = "xterm-256color"
    with ExitStack() as stack:
        for one in (
            mock.patch.dict(os.environ, variables),
            mock.patch("tempfile.tempdir", f"{top}/tmp"),
            mock.patch("subprocess.Popen", side_effect=BlockingIOError(11, "no process is left")),
            mock.patch("webbrowser.open"),
            chdir(work),
            redirect_stdout(out),
            redirect_stderr(err),
        ):
            stack.enter_context(one)
        WATCHES.append(Watch(top, ended))
        try:
            ended.status = cli.main([*arguments])
        except SystemExit as end:
            ended.status = end.code
        except BaseException:
            ended.trace = traceback.format_exc()
        finally:
            WATCHES.clear()
            interpreter.PYTHONS.clear()
    ended.out, ended.err = out.text(), err.text()
    after = files(top)
    changed = [path for path in before.keys() | after.keys() if before.get(path) != after.get(path)]
    allowed = [f"{top}/home", f"{top}/tmp"]
    if arguments and arguments[0] not in READ_ONLY:
        allowed += named(arguments, work)
    ended.strays += [
        path for path in changed if not any(f"{path}/".startswith(f"{one}/") for one in allowed)
    ]
    for path in map(Path, changed):
        if path.suffix in (".html", ".md", ".svg") and path.is_file():
            ended.pages[path.name] = path.read_text()
    if "--markdown" in arguments:
        ended.pages["stdout.md"] = ended.out
    return ended


def named(arguments: Sequence[str], work: Path) -> list[str]:
    """Return the folders that a command line names, or settings, and those used unnamed."""
    words = [word for one in arguments for word in (one, one.partition("=")[2]) if word]
    with suppress(OSError, ValueError, LookupError, TypeError, RecursionError):
        words.append(str(tomllib.loads((work / "diptych.toml").read_text())["run"]["out"]))
    found = [os.path.normpath(work / word) for word in (*words, "results")]
    return found + [str(work / "crib.html")] * (arguments[0] == "crib")


def files(top: str) -> dict[str, tuple[int, int, int]]:
    """Return all files below a folder, with what changes as they are written; links are files."""
    found = {}
    for folder, _, names in os.walk(top):
        for name in names:
            path = os.path.join(folder, name)  # noqa: PTH118  # many, and a Path is slow
            told = os.lstat(path)
            found[path] = (told.st_ino, told.st_size, told.st_mtime_ns)
    return found


def faults(ended: Ended) -> list[str]:
    """Return what a command did that none may do: some of FAULTS, each with what was seen."""
    found = []
    if ended.trace or "Traceback (most recent call last)" in ended.err:
        found.append(f"tracebacks: {ended.trace or ended.err}")
    elif ended.status not in STATUSES:
        found.append(f"other statuses: {ended.status!r}")
    elif ended.status == 2 and not told(ended):
        found.append(f"refusals without a line: {ended.err!r}")
    if ended.strays:
        found.append(f"writes outside: {ended.strays}")
    if ended.pickles:
        found.append("pickles read: a class was looked up")
    said = {name: text for name, text in ended.pages.items() if not name.endswith(".html")}
    for name, text in {"stdout": ended.out, "stderr": ended.err, **said}.items():
        shown = OURS.sub("", text) if ended.terminal else text
        if seen := CONTROLS.search(shown):
            found.append(f"control characters: {name}: {around(shown, seen)}")
    for name, text in ended.pages.items():
        tags = TAGS_IN_MARKDOWN if name.endswith(".md") else TAGS
        if seen := tags.search(text):
            found.append(f"tags: {name}: {around(text, seen)}")
    return found


def told(ended: Ended) -> bool:
    """Say whether the last thing on stderr is a line of ours that says something."""
    if ended.terminal:  # which breaks it at words
        return bool(re.search(r"^diptych:\s+\S", OURS.sub("", ended.err), re.MULTILINE))
    return any(re.match(r"diptych: \S", line) for line in ended.err.splitlines()[-1:])


def around(text: str, seen: re.Match) -> str:
    return repr(text[max(0, seen.start() - 60) : seen.end() + 60])


@dataclass
class Tally:
    """What was run of one kind of input, and what came."""

    inputs: int = 0
    seconds: float = 0.0
    faults: Counter = field(default_factory=Counter)
    statuses: Counter = field(default_factory=Counter)


TALLIES: dict[str, Tally] = defaultdict(Tally)  # by kind of input


def hold(kind: str, arguments: Sequence[str], work: Path, *, terminal: bool = False) -> Ended:
    """Run a command, count it, and fail for what it did that no command may do."""
    began, tally = monotonic(), TALLIES[kind]
    ended = run(arguments, work, terminal=terminal)
    found = faults(ended)
    tally.inputs += 1
    tally.seconds += monotonic() - began
    tally.statuses[str(ended.status)] += 1
    tally.faults.update(one.partition(":")[0] for one in found)
    assert not found, "\n".join([f"diptych {' '.join(map(repr, arguments))}", *found])
    return ended


def figures() -> dict[str, dict]:
    """Return the tallies as JSON."""
    return {
        kind: {"inputs": one.inputs, "statuses": dict(sorted(one.statuses.items()))}
        | {name: one.faults[name] for name in FAULTS}
        | {"seconds": round(one.seconds, 1)}
        for kind, one in TALLIES.items()
    }


def write_figures(file: Path) -> None:
    """Write the tallies, as JSON and as a Markdown table beside it.

    Kinds that were not run now keep the figures that they have in the file.
    """
    found = (json.loads(file.read_text()) if file.exists() else {}) | figures()
    file.write_text(json.dumps(found, indent=1) + "\n")
    file.with_suffix(".md").write_text(report(found))


def report(found: dict[str, dict]) -> str:
    """Return the Markdown of tallies: a row per kind of input, and their sum."""
    headings = ["input", "inputs", *(f"status {one}" for one in STATUSES), *FAULTS, "seconds"]
    rows = [
        [kind, one["inputs"]]
        + [one["statuses"].get(str(status), 0) for status in STATUSES]
        + [*(one[name] for name in FAULTS), one["seconds"]]
        for kind, one in found.items()
    ]
    rows.append(
        ["all", *(round(sum(column), 1) for column in zip(*(r[1:] for r in rows), strict=True))]
    )
    cells = [list(map(str, row)) for row in rows]
    return (
        "# Odd input\n\nWhat `make fuzz` ran, each a command on one input made at random, and what "
        "came that must not come. `fuzz.json` has the same figures.\n\n"
        f"{markdown_table(headings, headings[:1], cells)}\n"
    )
