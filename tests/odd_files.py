"""Odd files, made by hypothesis out of sound ones: what people, crashes and strangers leave.

Records are made from the published schema.
"""

import ast
import io
import json
import zipfile
from collections.abc import Sequence
from dataclasses import asdict
from functools import reduce
from typing import Any

import numpy as np
from damage import TAG, TITLE
from hypothesis import strategies as st
from odd_commands import COMMANDS, TEXT, VALUES, values_of
from synthetic import known, record

import problems
from backends import BACKENDS
from compare.processes.machine import ROOT
from compare.records.predictions import predictions_of
from compare.records.record import Run
from compare.records.schema import schema

# --- records -------------------------------------------------------------------------------------

SCHEMA = schema()
NUMBER_TEXTS = ("NaN", "-Infinity", "1e400", "-0.0", "5e-324", "1" + "0" * 400, "9" * 5000)
JSON_TEXTS = (*NUMBER_TEXTS, "[" * 3000, '{"a":' * 3000, r'"\ud800"', '"' + "x" * 5000 + '"', "")
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)
ANY_JSON = ANYTHING.map(json.dumps) | st.sampled_from(JSON_TEXTS)
OUT = "../../../outside/new"  # leads out of a results folder
# Fields whose values hang on what there is beside records.
KNOWN = {
    "problem": st.sampled_from([*problems.names(), OUT]),
    "backend": st.sampled_from([*BACKENDS, "pytorch@again", "pytorch@old", f"pytorch@{OUT}"]),
    "tier": st.sampled_from([None, "eager", "compiled"]),
    "mode": st.sampled_from(["matched", "native", "own-weights", "own-", "own-x"]),
    "started": st.sampled_from(
        ["2026-01-02T03:04:05+00:00", "2099-12-31T23:59:59-23:59", "2026-02-31T00:00:00+00:00"]
    ),
}


def of_schema(node: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Return the values that a part of the schema lets pass; of numbers, the ends too."""
    if "$ref" in node:
        node = SCHEMA["$defs"][node["$ref"].rpartition("/")[2]]
    if "anyOf" in node:
        return st.one_of(map(of_schema, node["anyOf"]))
    if "enum" in node or "const" in node:
        return st.sampled_from(node.get("enum") or [node["const"]])
    least, most = node.get("minimum"), node.get("maximum")
    kinds: dict[str, Any] = {
        "null": st.none,
        "boolean": st.booleans,
        "string": lambda: TEXT,
        "integer": lambda: st.integers(least, most) | st.sampled_from([least, most]),
        "number": lambda: st.floats(least, most) | st.sampled_from([least, most]),
        "array": lambda: st.lists(of_schema(node["items"]), max_size=4),
        "object": lambda: _object(node),
    }
    return kinds[node["type"]]()


def _object(node: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    if "properties" not in node:
        return st.dictionaries(TEXT, of_schema(node["additionalProperties"]), max_size=3)
    return st.fixed_dictionaries({name: of_schema(one) for name, one in node["properties"].items()})


FIELDS = SCHEMA["$defs"]["Record"]["properties"]
SOUND = {name: of_schema(one) | KNOWN.get(name, st.nothing()) for name, one in FIELDS.items()}


@st.composite
def record_lines(draw: st.DrawFn) -> bytes:
    """Draw a line of runs.jsonl: a sound record, some fields replaced, now and then torn."""
    backend = draw(st.sampled_from(["pytorch", "keras-tensorflow"]))
    values = json.loads(record("echo", backend, draw(st.integers(0, 7))).to_json())
    pairs = {name: json.dumps(value) for name, value in values.items()}
    for name in draw(st.lists(st.sampled_from(sorted(FIELDS)), max_size=6)):
        pairs[name] = json.dumps(draw(SOUND[name]))
    told = [f"{json.dumps(name)}: {text}" for name, text in pairs.items()]
    if draw(st.integers(0, 4)) == 0:
        name = draw(st.sampled_from(sorted(FIELDS)) | TEXT)
        told.append(f"{json.dumps(name)}: {draw(ANY_JSON)}")  # what stands there twice, or is none
    elif draw(st.integers(0, 4)) == 0:
        name = draw(st.sampled_from(sorted(FIELDS)))
        told[list(pairs).index(name)] = f"{json.dumps(name)}: {draw(ANY_JSON)}"
    line = f"{{{', '.join(told)}}}".encode()
    return draw(damaged(line)) if draw(st.integers(0, 9)) == 0 else line


@st.composite
def damaged(draw: st.DrawFn, whole: bytes) -> bytes:
    """Draw what is left of bytes: some flipped, the end or a piece lost, something put in."""
    found = bytearray(whole)
    for _ in range(draw(st.integers(0, 3))):
        found[draw(st.integers(0, len(found) - 1))] ^= draw(st.integers(1, 255))
    start, end = sorted(draw(st.tuples(*[st.integers(0, len(found))] * 2)))
    put = draw(st.binary(max_size=8))
    return draw(
        st.sampled_from(
            [bytes(found), bytes(found[:end]), bytes(found[:start] + put + found[end:])]
        )
    )


READERS = (
    *("table run", "table run --all", "table run --json", "table run --markdown"),
    *("diff good run", "diff run good --all", "diff run good --json", "diff good run --markdown"),
    *(
        "diff good run --fail-on score:1 --fail-on time:10",
        "status run",
        "merge good run --out out",
    ),
    *("export run --format pytest-benchmark", "export run --format github-action-benchmark"),
    *("export run --format parquet --out run", "export run --format tensorboard --out out"),
    *("run echo --quick --seeds 1 --out run", "sweep echo --out run", "report run"),
    *("plot run --out out", "explain echo --seeds 1 --out run"),
)

# Other files of JSON: what was asked for last, what the lessons measured, what a training left.
RUN = asdict(Run(problem="echo", backend="pytorch", device="cpu", seed=0))
PLAN = {"runs": [RUN], "at_a_time": 1}
LESSON = json.loads((ROOT / "results/lessons/figures.jsonl").read_text().partition("\n")[0])
OTHERS = {
    "run/plan.json": (PLAN, ("status run",)),
    "results/lessons/figures.jsonl": (LESSON, ("lessons", "lessons --markdown", "crib --out out")),
    "run/cells/a/record.json": (
        json.loads(record("echo", "pytorch", 3).to_json()),
        ("run echo --quick --seeds 1 --out run",),
    ),
}


@st.composite
def other_files(draw: st.DrawFn) -> tuple[str, bytes, str]:
    """Draw another file of JSON with a value replaced, where it is, and a command that reads it."""
    path = draw(st.sampled_from(sorted(OTHERS)))
    sound, commands = OTHERS[path]
    places: list[list[Any]] = [[]]  # of values in it: the keys that lead there
    for keys in places:
        inner = reduce(lambda value, key: value[key], keys, sound)
        if isinstance(inner, dict | list):
            pairs = inner.items() if isinstance(inner, dict) else enumerate(inner)
            places += [[*keys, key] for key, _ in pairs]
    mark, where = "to be replaced", draw(st.sampled_from(places))
    text = json.dumps(_with(sound, where, mark)).replace(json.dumps(mark), draw(ANY_JSON))
    content = text.encode() + b"\n"
    if draw(st.integers(0, 4)) == 0:
        content = draw(damaged(content))
    return path, content, draw(st.sampled_from(commands))


def _with(value: Any, keys: Sequence[Any], put: Any) -> Any:
    """Return a value of JSON with another one put in the place that keys lead to."""
    if not keys:
        return put
    first, *rest = keys
    new = _with(value[first], rest, put)
    if isinstance(value, dict):
        return value | {first: new}
    return [*value[:first], new, *value[first + 1 :]]


# --- samples -------------------------------------------------------------------------------------


def members() -> dict[str, bytes]:
    """Return the arrays of a sound sample of echo, as they stand in its file."""
    problem = problems.load("echo", quick=True)
    data = problem.make_data(0)
    arrays = predictions_of(problem, problem.ask(known(problem), data), data)
    return {f"{name}.npy": packed(array) for name, array in arrays.items()}


def packed(array: Any) -> bytes:
    """Return an array as the bytes of a .npy file; one of objects holds a pickle."""
    file = io.BytesIO()
    np.lib.format.write_array(file, np.asanyarray(array), allow_pickle=True)
    return file.getvalue()


MEMBERS = members()
ARRAYS = (
    *(np.zeros(()), np.zeros((6, 0)), np.zeros((1, 5, 10)), np.full((6, 10), np.nan)),
    *(np.array([object()] * 6, object), np.array(["<script>"] * 6), np.zeros(6, "M8[s]")),
    *(np.zeros(6, [("a", "f4")]), np.full((6, 5, 10), 1e300), np.ones((6, 10), complex)),
    *(np.zeros((6, 10), np.uint8), np.full(6, 2**62), np.full(6, -1), np.ones((6, 5, 10), bool)),
)
HEADERS = (
    *((b"(6,", b"(9999999999999,"), (b"'<f4'", b"'|O'  "), (b"'<f4'", b"'<c8'"), (b"(6,", b"(-6,")),
    *(
        (b"False", b"True "),
        (b"{", b"["),
        (b"descr", b"descx"),
        (b"NUMPY", b"NUMPX"),
        (b"(6", b"(5"),
    ),
)


@st.composite
def samples(draw: st.DrawFn) -> bytes:
    """Draw a sample.npz: another array, header or name in a sound one, then maybe damage."""
    found = dict(MEMBERS)
    for name in draw(st.lists(st.sampled_from(sorted(found)), max_size=3, unique=True)):
        change = draw(st.sampled_from(["array", "header", "name", "bytes", "none"]))
        if change == "array":
            found[name] = packed(draw(st.sampled_from(ARRAYS)))
        elif change == "header":
            found[name] = found[name].replace(*draw(st.sampled_from(HEADERS)), 1)
        elif change == "bytes":
            found[name] = draw(damaged(found[name]))
        else:
            moved = found.pop(name)
            found |= {draw(TEXT) + ".npy": moved} if change == "name" else {}
    file = io.BytesIO()
    with zipfile.ZipFile(
        file, "w", draw(st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]))
    ) as zipped:
        for name, content in found.items():
            zipped.writestr(name.encode(errors="replace").decode(), content)
    return draw(damaged(file.getvalue())) if draw(st.booleans()) else file.getvalue()


# --- settings ------------------------------------------------------------------------------------

RUN_OPTIONS = {
    option.removeprefix("--"): action
    for action in COMMANDS["run"]._actions
    for option in action.option_strings
    if option.startswith("--")
}
TOML_TEXTS = (*NUMBER_TEXTS, "nan", "-inf", "1979-05-27", "{}", "[[]]", "'''", "0o7", "[" * 3000)
TOML = st.one_of(ANYTHING.map(json.dumps), st.sampled_from(TOML_TEXTS))


@st.composite
def settings_files(draw: st.DrawFn) -> bytes:
    """Draw a diptych.toml: tables with options of `run` and interpreters, or something else."""
    lines = ["[run]"]
    for name in draw(st.lists(st.sampled_from(sorted(RUN_OPTIONS)), max_size=3)):
        action = RUN_OPTIONS[name]
        known = (
            values_of(action)
            if (action.nargs != 0 and action.dest in VALUES) or action.choices
            else TEXT
        )
        sound = st.one_of(known, st.lists(known, max_size=2)).map(json.dumps)
        lines.append(f"{name} = {draw(sound | TOML)}")
    if draw(st.booleans()):
        lines.append("[python]")
        name = draw(st.sampled_from([*BACKENDS, "pytorch@old"]) | TEXT)
        lines.append(f"{json.dumps(name)} = {draw(TEXT.map(json.dumps) | TOML)}")
    if draw(st.integers(0, 4)) == 0:
        lines.insert(draw(st.integers(0, len(lines))), draw(TEXT))
    text = "\n".join(lines).encode(errors="surrogatepass")
    return draw(damaged(text)) if draw(st.integers(0, 4)) == 0 else text


# --- problems ------------------------------------------------------------------------------------

ECHO = (problems.FOLDER / "echo.py").read_text().replace('name="echo"', 'name="wrong"')
EXPRESSIONS = (
    *(
        "None",
        "-1",
        "0",
        "1e400",
        "float('nan')",
        "10**400",
        "True",
        "b'x'",
        "[]",
        "{}",
        "()",
        "(1,)",
    ),
    *("object()", "lambda *_: 1 / 0", "lambda *_: None", "lambda *_: 'x'", "1 / 0", "{1: 2}"),
    *("__import__('sys').exit(0)", "__import__('sys').exit('a\\nb')", "not_there", "print", "int"),
    *("{'train': 1}", "'time=5 symbol=10'", "'batch'", "'x=-1'", "'x=0'", "np.zeros(3)", "np.nan"),
    *("(_ for _ in ())", "type('T', (str,), {'__str__': lambda _: 1 / 0})('x')", "10**9", "0.5"),
    *map(repr, (TITLE, TAG, "", "\ud800", "a\nb", "\u202e")),
)
PLACES = [
    node.value
    for node in ast.walk(ast.parse(ECHO))
    if isinstance(node, ast.keyword | ast.Assign | ast.Return) and node.value
]
STATEMENTS = (
    *("raise", "raise ValueError('a\\nb')", f"raise KeyError({TITLE!r})", "raise SystemExit(3)"),
    *(
        "raise KeyboardInterrupt",
        "import nothing_like_it",
        "del PROBLEM",
        "PROBLEM = 1",
        "def (",
        "\x00",
    ),
    *("raise RecursionError", "raise MemoryError", "\tx = 1", "raise OSError(5, 'x')"),
)


@st.composite
def problem_files(draw: st.DrawFn) -> str:
    """Draw the file of a problem called "wrong": a sound one, values, lines or its end changed."""
    lines = ECHO.splitlines()
    for node in draw(st.lists(st.sampled_from(PLACES), max_size=2, unique=True)):
        if node.lineno == node.end_lineno and node.end_col_offset <= len(lines[node.lineno - 1]):
            line = lines[node.lineno - 1]
            put = draw(st.sampled_from(EXPRESSIONS))
            lines[node.lineno - 1] = line[: node.col_offset] + put + line[node.end_col_offset :]
    if draw(st.integers(0, 2)) == 0:
        at = draw(st.integers(0, len(lines)))
        lines.insert(at, draw(st.sampled_from(STATEMENTS) | TEXT))
    if draw(st.integers(0, 9)) == 0:
        del lines[draw(st.integers(0, len(lines) - 1)) :]
    return "\n".join(lines) + "\n"


ABOUT_PROBLEMS = (
    *("list", "show wrong", "check wrong", "run wrong --quick --seeds 1", "report run"),
    *(
        "sweep wrong --batch-size 16 --seeds 1",
        "sweep wrong --units 8",
        "explain",
        "plot run --out out",
    ),
)
