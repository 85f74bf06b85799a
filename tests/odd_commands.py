"""Odd command lines, made by hypothesis from the parser: what people and scripts write."""

from collections.abc import Sequence
from typing import Any

from damage import TAG, TITLE
from hypothesis import strategies as st

import problems
from backends import BACKENDS
from compare.__main__ import parser
from compare.lessons._lesson import lessons

FRAGMENTS = (
    *(TITLE, TAG, '<img src=x onerror="alert(1)">', '" onfocus="alert(1)', "</style><script>"),
    *("[x](javascript:alert(1))", "[x]", "](javascript:alert(1))", "\\", "|", "`", "{{1}}", "%s"),
    *("\x1b[31m", "\x9b31m", "\x00", "\n", "\r", "\t", "\x7f", "\u202e", "\u2066", "\u200f"),
    *("\ud800", "\udcff", "\ufeff", "e\u0301", "\u4e16", "\U0001f600", " ", "-", "--", "="),
    *("@", ":", ":eager", "@again", "x" * 300, "0", "-1", "1e400", "nan", "9" * 30, "echo"),
)
# Text that is no path out of the folder that it is used in.
TEXT = (
    st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=4), min_size=1, max_size=3)
    .map("".join)
    .map(lambda text: text.replace("..", ".").lstrip("/~"))
)

COMMANDS = next(action for action in parser()._actions if action.choices).choices
ODD_NAME = f"run{TITLE}\u202e"  # of a results folder
FOLDERS = ("run", "good", ODD_NAME, "empty", "nowhere", "file", "run/runs.jsonl", "../outside", ".")
OUTS = (
    "out",
    ODD_NAME,
    "out/deep",
    "run",
    "file",
    "file/x",
    "empty",
    "../outside/new",
    "/dev/null/x",
)
NUMBERS = ("1", "2", "3", "0", "-1", "1.5", "1e3", "9" * 25, "\u0661", "0x1", "nan")
REFERENCES = ("nets.py:Net", "file:Net", "nowhere.py:Net(", "os:getcwd", "a:b", ":", "json:loads")
# Values of options and arguments that have no choices; those that are right, and nearly so.
VALUES: dict[str, Sequence[str]] = {
    **dict.fromkeys(("folder", "folders", "a", "b", "figures"), FOLDERS),
    "out": OUTS,
    **dict.fromkeys(("problem", "problems"), (*problems.names(), "ecko")),
    **dict.fromkeys(("backends", "aa"), (*BACKENDS, "pytorch@old", "pytorch:eager", "mxnet")),
    "python": tuple(f"{name}=/nowhere/python" for name in (*BACKENDS, "pytorch@old", "mxnet")),
    **dict.fromkeys(("seeds", "jobs", "threads", "batch_size", "units", "steps"), NUMBERS),
    "timeout": ("1", "0", "-1", "nan", "inf", "1e10", "1e300", "60"),
    "shard": ("1/2", "2/2", "3/2", "0/0", "1/", "auto", "auto/3", "99999/99999"),
    "ray": ("127.0.0.1:1", "[::1]:1", "127.0.0.1", ":", "127.0.0.1:99999", "x:y"),
    "ray_label": ("rack=1", "rack", "=", "rack="),
    "fail_on": ("score:1", "time:10", "time:nan", "score:-1", "score:inf", "time", "x:1"),
    **dict.fromkeys(("pytorch", "pytorch_loss", "pytorch_optimizer"), REFERENCES),
    **dict.fromkeys(("keras", "keras_loss", "keras_optimizer"), REFERENCES),
    **dict.fromkeys(("input", "target"), ("time=3; 0..9", "time=3 f=2", "time=0", "; x..y", ";")),
    "time": OUTS,
    "map": ("file", "nowhere"),
    "report": ("out.html", "empty", "file/x", "/dev/null/x"),
    "weights": ("drawn", "pytorch", "keras", "file", "nowhere.pt", "file.keras", ".h5", ""),
    "save_map": ("empty/map.json", "/dev/null/x"),
    "save": ("echo", "new", "a b"),
    "learning_rate": ("1e-3", "0", "-1", "nan"),
    "words": ("batchnorm", "clip"),
    "name": (*(lesson.name for lesson in lessons()), "1", "0", "99"),
}


def values_of(action: Any) -> st.SearchStrategy[str]:
    """Return what may stand for an argument: mostly what is right."""
    known = [*map(str, action.choices or VALUES.get(action.dest, ()))]
    return st.sampled_from([*known * 4, ""]) | TEXT


def words(action: Any) -> st.SearchStrategy[list[str]]:
    """Return the words by which an option or argument is given."""
    several = action.nargs in ("+", "*")
    values = st.lists(values_of(action), min_size=action.nargs == "+", max_size=3 if several else 1)
    if not action.option_strings:
        return values if several else values_of(action).map(lambda one: [one])
    names = st.sampled_from(action.option_strings)
    if action.nargs == 0:
        return names.map(lambda name: [name])
    apart = st.tuples(names, values).map(lambda one: [one[0], *one[1]])
    return apart | st.tuples(names, values_of(action)).map(lambda one: ["=".join(one)])


@st.composite
def command_lines(draw: st.DrawFn) -> list[str]:
    """Draw a command line: a command's arguments and some options, and maybe what is none."""
    name = draw(st.sampled_from(sorted(COMMANDS)))
    actions = COMMANDS[name]._actions
    options = [one for one in actions if one.option_strings and one.dest != "help"]
    chosen = draw(st.lists(st.sampled_from(options), max_size=4)) if options else []
    chosen += [one for one in options if one.required and draw(st.integers(0, 9))]
    given = [draw(words(one)) for one in actions if not one.option_strings]
    given += [draw(words(one)) for one in chosen]
    if draw(st.integers(0, 9)) == 0:
        given.append(draw(st.lists(TEXT, max_size=2)))
    return [name, *(word for one in draw(st.permutations(given)) for word in one)]


LINES = command_lines() | st.lists(TEXT | st.sampled_from(["--help", "--version"]), max_size=3)
