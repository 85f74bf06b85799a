"""What the file diptych.toml says: interpreters in [python], defaults of `diptych run` in [run]."""

import argparse
from pathlib import Path
from typing import Any

from compare.records.record import UsageError
from problems import _project

FILE = Path(_project.FILE)  # of the project, or else of the folder that the command is given in
TABLES = ("python", "run")


def table(name: str) -> dict[str, Any]:
    """Return a table of FILE; empty if there is no such file or table.

    Raises:
        UsageError: FILE cannot be read, or holds something else.
    """
    file = (_project.root() or Path()) / FILE
    if not file.exists():
        return {}
    if not file.is_file():
        raise UsageError(f"{FILE}: expected a file")
    import tomllib  # here, for few have such a file

    try:
        found = tomllib.loads(file.read_text("utf-8"))
    except UnicodeDecodeError:
        raise UsageError(f"{FILE}: expected text in UTF-8") from None
    except RecursionError:
        raise UsageError(f"{FILE}: nested too deeply") from None
    except ValueError as error:
        raise UsageError(f"{FILE}: {error}") from None
    for key, value in found.items():
        if key not in TABLES or not isinstance(value, dict):
            expected = " and ".join(f"[{one}]" for one in TABLES)
            raise UsageError(f"{FILE}: expected the tables {expected}, came {key}")
    return dict(found.get(name, {}))


def set_defaults(command: argparse.ArgumentParser, given: dict[str, Any]) -> None:
    """Have a command's options take these values where the command line does not name them.

    They are read by the command's own parser, so what is wrong there is wrong here. Options without
    a value cannot be set: the command line could not take them back.

    Raises:
        UsageError: there is no such option, or it does not take this value.
    """
    options = {
        option.removeprefix("--"): action
        for action in command._actions
        for option in action.option_strings
        if option.startswith("--") and action.nargs != 0
    }
    options = {name: action for name, action in options.items() if name not in NOT_SET}
    arguments: list[str] = []
    for name, value in given.items():
        if name not in options:
            raise UsageError(f"{FILE}: [run] has no {name}; it may have {', '.join(options)}")
        values = value if isinstance(value, list) else [value]
        if not all(type(one) in (str, int, float) for one in values):
            raise UsageError(f"{FILE}: [run] {name}: expected text or numbers, came {value}")
        if isinstance(value, list) and options[name].nargs is None:
            raise UsageError(f"{FILE}: [run] {name}: expected one value, came {value}")
        if any(str(one).startswith("-") for one in values):
            raise UsageError(f"{FILE}: [run] {name}: expected values, came an option in {value}")
        arguments += [f"--{name}", *map(str, values)]
    try:
        read = command.parse_args(arguments)
    except UsageError as error:
        raise UsageError(f"{FILE}: [run]: {error}") from None
    names = [options[name].dest for name in given]
    command.set_defaults(**{name: getattr(read, name) for name in names})


NOT_SET = ("aa", "python")  # one against --backends, and one with a table of its own
