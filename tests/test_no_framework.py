"""What reads results needs no framework: where none can be imported, it works all the same."""

import json

import pytest
from conftest import COMPARED, run_python
from synthetic import record, write
from test_sweep import made_up

FRAMEWORKS = ("torch", "tensorflow", "keras", "jax")
BLOCK = f"import sys\nsys.modules.update(dict.fromkeys({FRAMEWORKS}))  # importing them fails\n"
# What is asked, and what is printed. A new command that reads results belongs here. RUN and SWEPT
# are results folders.
COMMANDS = {
    "table RUN": "score",
    "table RUN --markdown": "## Verdicts",
    "table RUN --json": '"verdicts": [',
    "diff RUN RUN": "no value differs",
    "export RUN --format pytest-benchmark": '"benchmarks"',
    "export RUN --format github-action-benchmark": '"unit"',
    "report RUN": "report.html",
    "plot RUN --out RUN/plots": "ratio-epoch_s.svg",
    "sweep cumsum --out SWEPT": "keras-tensorflow is faster than pytorch",
    "show echo": "class Echo",
}
ASK = """
import contextlib, io, json, traceback
import compare
from compare.__main__ import main

run, *commands = sys.argv[1:]
answers = []
for command in commands:
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said):
            status = main(command.split())
    except BaseException:
        status = traceback.format_exc()
    answers.append([status, said.getvalue()])
rows = [len(compare.load(run)), len(compare.load_epochs(run))]
print(json.dumps([rows, answers]))
"""


@pytest.fixture(scope="session")
def answers(pieces, tmp_path_factory):
    """What the commands answer, one after the other, in a process without a framework."""

    def ask(_):
        run, swept = (tmp_path_factory.mktemp(name) for name in ("run", "swept"))
        write(run, [record("echo", backend, seed) for backend in COMPARED for seed in (0, 1)])
        write(swept, made_up(), samples=False)
        asked = [one.replace("RUN", str(run)).replace("SWEPT", str(swept)) for one in COMMANDS]
        done = run_python("-c", BLOCK + ASK, str(run), *asked)
        assert done.returncode == 0, done.stderr
        rows, found = json.loads(done.stdout)
        return dict(zip(COMMANDS, found, strict=True)) | {"rows": rows}

    return pieces("no framework", ask)["all"]


@pytest.mark.parametrize(("command", "printed"), COMMANDS.items(), ids=COMMANDS)
def test_it_works_without_a_framework(answers, command, printed):
    status, said = answers[command]
    assert status == 0, said
    assert printed in " ".join(said.split())


def test_records_are_loaded_without_a_framework(answers):
    assert answers["rows"] == [4, 12], "a row for each training, and for each of its epochs"


TRY = """
for name in sys.argv[1:]:
    try:
        __import__(name)
    except ImportError as error:
        print(error)
"""


def test_there_no_framework_can_be_imported():
    said = run_python("-c", BLOCK + TRY, *FRAMEWORKS).stdout.splitlines()
    assert said == [f"import of {name} halted; None in sys.modules" for name in FRAMEWORKS]
